"""Every story of tests/stories, through the real callback; some once more, sent repeatedly."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.house import House
from models.clock import Clock
from server.config import Config
from tests.fixtures import Stack, fresh_database
from tests.product import MONDAY_MORNING, Product, config_for, running_product
from tests.stories.play import Stage, stories
from tests.stories.repeats import WAYS, Repeats, Way, end_state

STORIES = stories()


@pytest.mark.parametrize("name", STORIES)
async def test_story(name: str, config: Config, house: House, clock: Clock) -> None:
    await _play(name, config, house, clock, Repeats(["once"]))


def bounded(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


repeated = st.tuples(
    st.sampled_from(sorted(STORIES)), st.lists(st.sampled_from(WAYS), min_size=1, max_size=6)
)


@given(story=repeated)
@bounded(15)
def test_repeated_deliveries_end_the_same(
    servers: Stack, engine: House, story: tuple[str, list[Way]]
) -> None:
    _check(servers, engine, *story)


@pytest.mark.soak
@given(story=repeated)
@bounded(300)
def test_repeated_deliveries_end_the_same_for_long(
    servers: Stack, engine: House, story: tuple[str, list[Way]]
) -> None:
    _check(servers, engine, *story)


def _check(servers: Stack, engine: House, name: str, ways: list[Way]) -> None:
    async def once(way: list[Way]) -> dict[str, Any]:
        clock = Clock()
        clock.freeze(MONDAY_MORNING)
        house = replace(engine, clock=clock, turns=WeakValueDictionary())
        async with fresh_database(servers) as url:
            config = config_for(url, servers.redis_url)
            return await _play(name, config, house, clock, Repeats(way))

    assert asyncio.run(once(ways)) == asyncio.run(once(["once"]))


async def _play(
    name: str, config: Config, house: House, clock: Clock, repeats: Repeats
) -> dict[str, Any]:
    async with AsyncExitStack() as stack:

        async def start() -> Product:
            await stack.aclose()
            product = await stack.enter_async_context(running_product(config, house, clock))
            repeats.on(product.simulator)
            return product

        stage = Stage(await start(), start)
        await stage.play(STORIES[name])
        return await end_state()
