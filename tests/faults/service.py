"""`python -m server …` as operators run it: real processes, with the simulator in this process."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import redis.asyncio
from tortoise.backends.sqlite.client import SqliteClient
from tortoise.connection import get_connection

from handlers import accounts
from handlers.knowledge import import_corpus
from models import database
from models.clock import Clock
from models.conversations import InboundMessage, InboundState
from models.outbox import Gate, OutboxItem, OutboxState
from models.sql import fetch
from nlp import Corpus, load_packaged
from server.config import load_config
from server.dev import build_simulator
from server.wechat.simulator import Person, Simulator, running
from tests import cast
from tests.product import STAFF, environment
from tests.stack import free_port

ROOT = Path(__file__).parents[2]
ROUTED = "送检3个水样要多少钱"
CUSTOM = "/cgi-bin/message/custom/send"
LABEL = "（可能重复）"
# Enough people for a load; nobody gets more messages than a window allows.
CROWD = tuple(
    Person(f"oCrowd{n}", f"mCrowd{n}", f"uCrowd{n}", f"众{n}", "员工") for n in range(200)
)


def _little(corpus: Corpus) -> Corpus:
    """So little that a process starts in a moment, and nothing of it hangs in the air."""
    standards = corpus.standards[:400]
    known = {standard.number for standard in standards}
    return Corpus(
        standards=standards,
        limits=tuple(row for row in corpus.limits if row.number in known)[:20],
        articles=tuple(row for row in corpus.articles if set(row.standards) <= known)[:30],
        examples=corpus.examples[::10],
    )


KNOWLEDGE = _little(load_packaged())
# Asked whether one of these is in force, the service answers with a text that begins with it.
KNOWN = tuple(standard.number for standard in KNOWLEDGE.standards)


@dataclass(slots=True)
class Service:
    """A configured product over a migrated database with staff and a little knowledge."""

    variables: dict[str, str]
    simulator: Simulator
    http: httpx.AsyncClient
    log: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start one command; whatever still runs at the test's end is ended."""
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "server", *arguments],
                cwd=ROOT, env={**os.environ, **self.variables}, stdout=output, stderr=output,
            )  # fmt: skip
        self.processes.append(process)
        return process

    async def serve(self, *arguments: str, workers: int = 1) -> subprocess.Popen[bytes]:
        """Start `serve` with so many HTTP processes and wait until it answers."""
        self.variables["NQI_WORKERS"] = str(workers)
        process = self.start("serve", *arguments)
        await until(self.healthy)
        return process

    @property
    def scale(self) -> int:
        """Two HTTP processes where the stack allows more than one."""
        return 2 if self.variables["NQI_REDIS_URL"] else 1

    async def healthy(self) -> bool:
        """Whether HTTP lives."""
        try:
            return (await self.http.get("/healthz")).status_code == 200
        except httpx.HTTPError:
            return False

    async def end_locks(self) -> None:
        """Let the time pass that the shared store keeps a lock for a process that died."""
        if url := self.variables["NQI_REDIS_URL"]:
            client = redis.asyncio.Redis.from_url(url)
            await client.flushall()
            await client.aclose()

    async def called(self, path: str = CUSTOM, times: int = 1) -> None:
        """Wait until the platform has been called."""

        async def often() -> bool:
            return len(self.simulator.calls(path)) >= times

        await until(often)

    def texts_to(self, openid: str) -> list[str]:
        """All texts that this phone received, passive replies too."""
        return [
            m.content["text"]
            for m in self.simulator.chat(openid)
            if m.side == "in" and "text" in m.content
        ]


def children(supervisor: subprocess.Popen[bytes], role: str) -> list[int]:
    """Process ids of a supervisor's children that play this role: http or worker."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except (OSError, IndexError):
            continue
        if int(stat[1]) == supervisor.pid and role in words:
            found.append(int(entry.name))
    return found


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Look again and again; fails when it never comes true."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "it never happened"
        await asyncio.sleep(0.05)


async def ended(process: subprocess.Popen[bytes], seconds: float = 20) -> int:
    """The exit code; the simulator in this loop goes on answering meanwhile."""
    return await asyncio.to_thread(process.wait, seconds)


async def killed(process: subprocess.Popen[bytes]) -> None:
    """kill -9, and wait for the end."""
    process.kill()
    await ended(process)


async def frozen(pid: int) -> None:
    """Stop a process between its transactions: a frozen one would freeze everybody."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        if not await in_transaction():
            return
        os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(0.02)


async def in_transaction() -> bool:
    """Whether anybody holds a lock on the database."""
    connection = get_connection("default")
    if not isinstance(connection, SqliteClient):
        return bool(
            await fetch("SELECT 1 FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")
        )
    with closing(sqlite3.connect(connection.filename, timeout=0)) as probe:
        try:
            probe.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False


async def finish_messages() -> None:
    """Let the pauses pass, so that the sweep finishes what was left and everything is sent."""

    async def none_left() -> bool:
        past = Clock().now()
        await InboundMessage.filter(state=InboundState.RECEIVED).update(sweep_at=past)
        await OutboxItem.filter(state=OutboxState.PENDING).update(due_at=past)
        await Gate.filter(opens_at__not_isnull=True).update(opens_at=past)
        return not await unfinished() and await all_sent()

    await until(none_left)


async def unfinished() -> bool:
    """Whether a stored message still waits to be decided on."""
    return await InboundMessage.filter(state=InboundState.RECEIVED).exists()


async def all_sent() -> bool:
    """Whether nothing waits to be sent."""
    return not await OutboxItem.exclude(state=OutboxState.DONE).exists()


async def end_leases() -> int:
    """Let the time pass that a sender has for its rows. Returns how many rows are under way."""
    past = Clock().now()
    return await OutboxItem.filter(state=OutboxState.LEASED).update(lease_until=past)


@asynccontextmanager
async def surroundings(url: str, redis_url: str, folder: Path) -> AsyncIterator[Service]:
    """Everything around the processes: platform, staff, knowledge, people to play."""
    variables = environment(url, redis_url)
    platform_port = free_port()
    variables["NQI_WECHAT_API_BASE"] = f"http://127.0.0.1:{platform_port}/dev/wechat"
    config = load_config(variables)
    clock = Clock()
    simulator = build_simulator(config, cast=(*cast.EVERYBODY, *CROWD), clock=clock)
    await database.connect(url)
    try:
        for person, role, topics in STAFF:
            await accounts.register_staff(
                person.nickname, openid=person.openid, role=role, topics=topics, now=clock.now()
            )
        await import_corpus(KNOWLEDGE, now=clock.now())
        async with (
            running(simulator, port=platform_port),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{config.port}", timeout=20) as http,
        ):
            service = Service(variables, simulator, http, folder / "processes.log")
            try:
                yield service
            finally:
                for process in service.processes:
                    process.send_signal(signal.SIGCONT)
                    process.terminate()
                for process in service.processes:
                    await _ended_by_force(process)
    finally:
        await database.disconnect()


async def _ended_by_force(process: subprocess.Popen[bytes]) -> None:
    try:
        await ended(process)
    except subprocess.TimeoutExpired:
        await killed(process)
