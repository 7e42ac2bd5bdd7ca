"""SQLite locked by somebody else for longer than anybody waits."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.cast import EMPLOYEE
from tests.faults.load import load
from tests.faults.service import CROWD, Service, finish_messages

HOLD = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
    "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()"
)


@asynccontextmanager
async def locked(service: Service) -> AsyncIterator[None]:
    """Another process writes to the database, and takes its time."""
    parts = urlsplit(service.variables["NQI_DATABASE_URL"])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, parts.netloc + parts.path, stdin=PIPE, stdout=PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"
    try:
        yield
    finally:
        process.stdin.close()
        await process.wait()


async def test_lock_held_for_long_is_unavailable_and_loses_nothing(service: Service) -> None:
    await service.serve()
    code = service.simulator.login_code(EMPLOYEE.miniapp_openid)
    login = await service.http.post("/api/v1/login", json={"code": code})
    me = {"Authorization": f"Bearer {login.json()['token']}"}
    async with load(service, CROWD[:4]) as asking:
        await asking.answered(4)
        async with locked(service):
            # Twice, for together they take longer than a statement waits for the lock.
            for _ in range(2):
                asked = await service.http.post(
                    "/api/v1/ask", json={"text": "几点下班"}, headers=me
                )
                assert asked.status_code == 503
                assert asked.json()["error"]["code"] == "unavailable"
        await asking.answered(8)
    assert 503 in asking.statuses()
    assert asking.statuses() <= {200, 503}
    await finish_messages()
    asking.check()
    assert "request failed" not in service.log.read_text()
