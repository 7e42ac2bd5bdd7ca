"""`serve` as operators run it: real processes, killed and stopped for real."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from handlers import accounts
from models import database
from models.clock import Clock
from models.conversations import InboundMessage
from models.outbox import OutboxItem, OutboxState
from models.tickets import Ticket
from server.config import load_config
from server.dev import build_simulator
from server.wechat.simulator import Simulator, running
from tests import cast
from tests.cast import EMPLOYEE
from tests.journeys.conftest import Stack
from tests.product import STAFF, environment
from tests.stack import free_port

ROOT = Path(__file__).parents[2]
ROUTED = "送检3个水样要多少钱"


@dataclass(slots=True)
class Service:
    """`python -m server serve` and what is around it."""

    process: subprocess.Popen[bytes]
    simulator: Simulator
    http: httpx.AsyncClient
    log: Path

    def children(self, role: str) -> list[int]:
        """Process ids of the children that play this role: http or worker."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                words = (entry / "cmdline").read_bytes().decode().split("\0")
            except (OSError, IndexError):
                continue
            if int(stat[1]) == self.process.pid and role in words:
                found.append(int(entry.name))
        return found


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "it never happened"
        await asyncio.sleep(0.1)


@pytest.fixture
async def service(database_url: str, servers: Stack, tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(database_url, servers, tmp_path) as running_service:
        yield running_service


@asynccontextmanager
async def serving(url: str, servers: Stack, folder: Path) -> AsyncIterator[Service]:
    workers = "2" if servers.server else "1"
    variables = environment(url, servers.redis_url, WORKERS=workers)
    platform_port = free_port()
    variables["NQI_WECHAT_API_BASE"] = f"http://127.0.0.1:{platform_port}/dev/wechat"
    config = load_config(variables)
    simulator = build_simulator(config, cast=cast.EVERYBODY, clock=Clock())
    log = folder / "serve.log"
    await database.connect(url)
    for person, role, topics in STAFF:
        await accounts.register_staff(
            person.nickname, openid=person.openid, role=role, topics=topics, now=Clock().now()
        )
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "server", "serve"],
            cwd=ROOT, env={**os.environ, **variables}, stdout=output, stderr=output,
        )  # fmt: skip
    base = f"http://127.0.0.1:{config.port}"
    try:
        async with (
            running(simulator, port=platform_port),
            httpx.AsyncClient(base_url=base, timeout=20) as http,
        ):
            service = Service(process, simulator, http, log)
            await until(lambda: _healthy(http))
            yield service
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)
        await database.disconnect()


async def _healthy(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/healthz")).status_code == 200
    except httpx.HTTPError:
        return False


async def test_story_runs_over_processes(service: Service) -> None:
    fields = {
        **service.simulator.head("official", EMPLOYEE.openid, "text"),
        "Content": ROUTED,
        "MsgId": 1,
    }
    deliveries = await asyncio.gather(
        *(service.simulator.deliver("official", fields) for _ in range(4))
    )
    replies = {d.reply_text for d in deliveries}
    assert len(replies) == 1
    assert await InboundMessage.all().count() == 1
    ticket = await Ticket.get()
    assert ticket.number in str(replies.pop())

    async def all_sent() -> bool:
        return not await OutboxItem.exclude(state=OutboxState.DONE).exists()

    await until(all_sent)
    assert service.simulator.sent_to(cast.SPECIALIST.openid) or service.simulator.sent_to(
        cast.OTHER_SPECIALIST.openid
    )
    # The simulator is for development: a served product has none.
    for path in ("/dev/phone", "/dev/wechat/cgi-bin/stable_token"):
        assert (await service.http.get(path)).status_code == 404


async def test_killed_processes_come_back(service: Service) -> None:
    for role in ("http", "worker"):
        before = service.children(role)
        assert before
        for pid in before:
            os.kill(pid, signal.SIGKILL)

        async def replaced(role: str = role, before: list[int] = before) -> bool:
            now = service.children(role)
            return len(now) == len(before) and not set(now) & set(before)

        await until(replaced)
    await until(lambda: _healthy(service.http))
    reply = (await service.simulator.say(EMPLOYEE.openid, "几点下班")).reply_text
    assert "17:30" in str(reply)


async def test_stops_cleanly(service: Service) -> None:
    await service.simulator.say(EMPLOYEE.openid, ROUTED)
    service.process.terminate()
    # In a thread: the simulator lives in this loop, and the worker may be waiting for its answer.
    assert await asyncio.to_thread(service.process.wait, 20) == 0
    log = service.log.read_text()
    assert "Traceback" not in log
    for secret in ("official-secret", "official-token", EMPLOYEE.openid, ROUTED):
        assert secret not in log


async def test_killed_supervisor_leaves_no_orphans(service: Service) -> None:
    children = [*service.children("http"), *service.children("worker")]
    service.process.kill()
    await asyncio.to_thread(service.process.wait, 10)

    async def all_gone() -> bool:
        return not any(Path(f"/proc/{pid}/cmdline").exists() for pid in children)

    await until(all_gone)
