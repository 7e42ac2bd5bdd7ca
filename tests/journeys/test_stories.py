"""Every story of tests/stories, through the real callback; once more with doubled deliveries."""

from contextlib import AsyncExitStack
from typing import Any

import pytest

from handlers.house import House
from models.clock import Clock
from server.config import Config
from tests.product import Product, running_product
from tests.stories.play import Stage, stories

STORIES = stories()


@pytest.mark.parametrize("name", STORIES)
async def test_story(name: str, config: Config, house: House, clock: Clock) -> None:
    async with AsyncExitStack() as stack:
        await _play(STORIES[name], stack, config, house, clock, doubled=False)


async def _play(
    lines: list[dict[str, Any]],
    stack: AsyncExitStack,
    config: Config,
    house: House,
    clock: Clock,
    *,
    doubled: bool,
) -> None:
    async def start() -> Product:
        await stack.aclose()
        return await stack.enter_async_context(running_product(config, house, clock))

    await Stage(await start(), start).play(lines)
