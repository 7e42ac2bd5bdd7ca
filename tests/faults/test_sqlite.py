"""SQLite locked by somebody else for longer than anybody waits."""

import asyncio
import sqlite3
import sys
import threading
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tortoise.exceptions import DBConnectionError, OperationalError

from models import database
from models.accounts import Account
from models.transactions import transactional
from tests.cast import EMPLOYEE
from tests.faults.load import load
from tests.faults.service import CROWD, Service, finish_messages, until

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
            # Three times, for together they take longer than a callback waits for the lock.
            for _ in range(3):
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


@contextmanager
def held(url: str) -> Iterator[sqlite3.Connection]:
    """Another connection writes to the database, and takes its time."""
    parts = urlsplit(url)
    with closing(sqlite3.connect(parts.netloc + parts.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


@transactional
async def write() -> None:
    """One use-case."""
    await Account.create(display_name="甲", created_at=datetime.now(UTC))


async def test_statement_of_someone_who_left_does_not_hold_up_the_loop(database_url: str) -> None:
    await database.connect(database_url)
    with held(database_url) as other:
        leaving = asyncio.create_task(
            Account.create(display_name="乙", created_at=datetime.now(UTC))
        )
        await asyncio.sleep(0.1)
        leaving.cancel()
        writing = asyncio.create_task(write())
        longest = 0.0
        for _ in range(30):
            begun = time.perf_counter()
            await asyncio.sleep(0.02)
            longest = max(longest, time.perf_counter() - begun)
        assert longest < 1
        other.execute("ROLLBACK")
        await writing
    await database.disconnect()


async def test_what_waits_when_the_database_is_closed_fails_and_opens_nothing(
    database_url: str,
) -> None:
    before = set(threading.enumerate())
    await database.connect(database_url)
    with held(database_url):
        first = asyncio.create_task(write())
        await asyncio.sleep(0.1)
        second = asyncio.create_task(write())
        await asyncio.sleep(0.1)
        await database.disconnect()
        ended = await asyncio.gather(first, second, return_exceptions=True)
    assert all(isinstance(error, OperationalError | DBConnectionError) for error in ended)

    async def nobody_left() -> bool:
        return set(threading.enumerate()) <= before

    await until(nobody_left, 10)


async def test_use_case_that_is_broken_off_leaves_nobody_waiting(database_url: str) -> None:
    await database.connect(database_url)

    @transactional
    async def broken() -> None:
        raise asyncio.CancelledError

    async with asyncio.timeout(5):
        ended = await asyncio.gather(write(), broken(), write(), return_exceptions=True)
    assert any(isinstance(error, DBConnectionError) for error in ended)
    async with asyncio.timeout(5):
        await write()  # and the next one works
    await database.disconnect()
