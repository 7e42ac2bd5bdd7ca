"""The token shared by real processes: one fetch, one more send, and forced refreshes counted."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest
import redis.asyncio

from models.clock import Clock
from server.config import load_config
from server.dev import build_simulator
from server.wechat.simulator import Simulator, running
from server.wechat.simulator.tokens import FORCED_A_DAY
from tests import cast
from tests.faults.service import CROWD, CUSTOM, ROOT
from tests.product import MONDAY_MORNING, environment
from tests.stack import free_port

FETCH = "/cgi-bin/stable_token"
MIDNIGHT_IN_CHINA = 14 * 3600  # seconds after MONDAY_MORNING


@dataclass(slots=True)
class User:
    """One process of token_user.py."""

    process: Process

    async def obey(self, order: str) -> str:
        """Give an order and wait for the answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{order}\n".encode())
        return (await self.process.stdout.readline()).decode().strip()


@dataclass(slots=True)
class Office:
    """The platform, its clock and the processes that use its token."""

    simulator: Simulator
    clock: Clock
    users: list[User]
    redis_url: str

    async def all_send(self) -> set[str]:
        """Every process sends once, all together."""
        return set(await asyncio.gather(*(user.obey("send") for user in self.users)))

    async def travel(self, seconds: int) -> None:
        """Move the clock of platform and processes; everybody is in touch again then."""
        self.clock.travel(timedelta(seconds=seconds))
        self.open_windows()
        await asyncio.gather(*(user.obey(f"travel {seconds}") for user in self.users))

    def open_windows(self) -> None:
        """The platform lets each process write to its person five times."""
        for person, _ in zip(CROWD, self.users, strict=False):
            self.simulator.windows.opened("official", person.openid, "message", self.clock.now())

    async def flush(self) -> None:
        """Empty Redis."""
        client = redis.asyncio.Redis.from_url(self.redis_url)
        await client.flushall()
        await client.aclose()

    def forced(self) -> list[int]:
        """The errcodes of the forced refreshes so far."""
        return [c.errcode for c in self.simulator.calls(FETCH) if c.body["force_refresh"]]


Opening = Callable[[int], Awaitable[Office]]


@pytest.fixture
async def open_office(redis_url: str) -> AsyncIterator[Opening]:
    """Makes an office with so many processes."""
    async with AsyncExitStack() as stack:

        async def make(processes: int) -> Office:
            port = free_port()
            variables = environment("sqlite://none", redis_url)
            variables["NQI_WECHAT_API_BASE"] = f"http://127.0.0.1:{port}/dev/wechat"
            clock = Clock()
            clock.freeze(MONDAY_MORNING)
            simulator = build_simulator(
                load_config(variables), cast=(*cast.EVERYBODY, *CROWD), clock=clock
            )
            await stack.enter_async_context(running(simulator, port=port))
            users = []
            for person in CROWD[:processes]:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "tests.faults.token_user",
                    person.openid, MONDAY_MORNING.isoformat(),
                    cwd=ROOT, env={**os.environ, **variables}, stdin=PIPE, stdout=PIPE,
                )  # fmt: skip
                users.append(User(process))
            stack.push_async_callback(end, users)
            for user in users:
                assert user.process.stdout is not None
                assert await user.process.stdout.readline() == b"ready\n"
            office = Office(simulator, clock, users, redis_url)
            office.open_windows()
            return office

        yield make


async def end(users: list[User]) -> None:
    """Without orders they end by themselves."""
    for user in users:
        assert user.process.stdin is not None
        user.process.stdin.close()
    await asyncio.gather(*(user.process.wait() for user in users))


async def test_twelve_processes_that_meet_an_invalid_token_fetch_once(
    open_office: Opening,
) -> None:
    office = await open_office(12)
    assert await office.all_send() == {"sent"}
    assert len(office.simulator.calls(FETCH)) == 1
    office.simulator.offices["official"].invalidate()
    assert await office.all_send() == {"sent"}
    assert len(office.simulator.calls(FETCH)) == 2
    assert len(office.simulator.calls(CUSTOM)) == 12 + 24
    # Here normal mode goes on handing out the dead token: one of them notices, and forces.
    office.simulator.offices["official"].invalidate(still_returned=True)
    assert await office.all_send() == {"sent"}
    assert office.forced() == [0]


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_dead_token_is_one_refresh_and_one_more_send(open_office: Opening, code: int) -> None:
    office = await open_office(1)
    assert await office.all_send() == {"sent"}
    office.simulator.offices["official"].invalidate()
    office.simulator.switch_on(CUSTOM, "errcode", errcode=code)
    assert await office.all_send() == {f"TokenDead {code}"}
    assert len(office.simulator.calls(CUSTOM)) == 1 + 2
    assert len(office.simulator.calls(FETCH)) == 1 + 1


async def test_forced_refreshes_are_shared_and_survive_a_flushed_redis(
    open_office: Opening,
) -> None:
    office = await open_office(2)
    first, second = office.users
    assert await office.all_send() == {"sent"}

    def kill_token() -> None:
        office.simulator.offices["official"].invalidate(still_returned=True)

    for forced in range(1, FORCED_A_DAY + 1):
        await office.travel(30)
        kill_token()
        assert await first.obey("send") == "sent"
        assert len(office.forced()) == forced
        assert await second.obey("send") == "sent"
        if forced in (3, FORCED_A_DAY):
            # Nobody may forget what was forced: not within 30 s, nor the twentieth of the day.
            await office.flush()
        if forced <= 3:
            kill_token()
            assert (await second.obey("send")).startswith("TokenDead")
            assert (await first.obey("send")).startswith("TokenDead")
            assert len(office.forced()) == forced
    await office.travel(31)
    kill_token()
    for user in office.users:
        assert (await user.obey("send")).startswith("TokenDead")
    assert office.forced() == [0] * FORCED_A_DAY
    await office.travel(MIDNIGHT_IN_CHINA)
    assert await office.all_send() == {"sent"}
    assert office.forced() == [0] * (FORCED_A_DAY + 1)
