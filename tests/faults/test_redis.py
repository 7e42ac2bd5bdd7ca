"""Redis gone or emptied: it holds nothing that can't be fetched again."""

import asyncio
from pathlib import Path

import redis.asyncio

from handlers import gates
from server.wechat.simulator import Person
from tests.faults.load import load
from tests.faults.service import CROWD, Service, finish_messages, surroundings, until
from tests.stack import Server

# Their answers come by message, so each takes the token that Redis shares.
READERS = CROWD[10:34]


async def ask_by_message(service: Service, people: tuple[Person, ...]) -> None:
    for person in people:
        assert (await service.simulator.say(person.miniapp_openid, "几点下班")).ok


async def test_stopped_and_emptied_under_load_loses_nothing(
    database_url: str, own_redis: Server, tmp_path: Path
) -> None:
    async with surroundings(database_url, own_redis.url, tmp_path) as service:
        await service.serve()
        async with load(service, CROWD[:4]) as asking:
            await ask_by_message(service, READERS[:8])
            await asking.answered(4)
            await asyncio.to_thread(own_redis.stop)
            await ask_by_message(service, READERS[8:16])
            await until(_sends_fail)
            await asking.answered(8)  # without Redis
            await asyncio.to_thread(own_redis.start)
            client = redis.asyncio.Redis.from_url(own_redis.url)
            for person in READERS[16:]:
                await client.flushall()
                await ask_by_message(service, (person,))
            await client.aclose()
            await asking.answered(4)
        assert asking.statuses() == {200}
        await finish_messages()
        asking.check()
        for person in READERS:
            (text,) = service.texts_to(person.miniapp_openid)
            assert "17:30" in text


async def _sends_fail() -> bool:
    """Whether the first have been tried without a token, and the gate is shut for the others."""
    return bool(await gates.in_trouble())
