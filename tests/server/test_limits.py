"""Counting who asks how often: minutes end, and a Redis that hangs stops nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from server.http.limits import MINUTE, REDIS_RESTS_FOR, Limits, Rate, TooMany, limits_for
from tests.product import config_for
from tests.stack import free_port

FEW = Rate("few", 3)
URL = "sqlite://none"


class Time:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_a_minute_ends() -> None:
    time = Time()
    limits = Limits(config_for(URL), None, clock=time)
    for _ in range(3):
        await limits.check(FEW, "a")
    time.now += 20.5
    with pytest.raises(TooMany) as refused:
        await limits.check(FEW, "a")
    assert refused.value.retry_after == 40
    assert "40 秒" in refused.value.sentence
    await limits.check(FEW, "b")
    await limits.check(Rate("other", 3), "a")
    time.now += 40
    await limits.check(FEW, "a")


async def test_factor_multiplies_every_rate() -> None:
    limits = Limits(config_for(URL, RATE_LIMIT_FACTOR="2"), None)
    assert [limits.wait_here(FEW, "a") > 0 for _ in range(7)] == [False] * 6 + [True]


@asynccontextmanager
async def hanging_redis() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that takes everything and never answers: (port, what it was sent)."""
    port, received = free_port(), list[bytes]()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(4096))
        await reader.read(-1)
        writer.close()

    async with await asyncio.start_server(swallow, "127.0.0.1", port):
        yield port, received


async def test_a_hanging_redis_is_asked_once_and_then_left_alone() -> None:
    time = Time()
    async with hanging_redis() as (port, received):
        config = config_for(URL, f"redis://127.0.0.1:{port}")
        async with limits_for(config, clock=time) as limits:
            for _ in range(3):
                await limits.check(FEW, "a")
            # Memory counts meanwhile.
            with pytest.raises(TooMany):
                await limits.check(FEW, "a")
            assert len(received) == 1
            time.now += REDIS_RESTS_FOR
            await limits.check(FEW, "b")
            assert len(received) == 2
            assert time.now < 100 + MINUTE


async def test_without_redis_there_all_is_counted_in_memory() -> None:
    async with limits_for(config_for(URL, f"redis://127.0.0.1:{free_port()}")) as limits:
        for _ in range(3):
            await limits.check(FEW, "a")
        with pytest.raises(TooMany):
            await limits.check(FEW, "a")
