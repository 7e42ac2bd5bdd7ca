"""Anything may be said at any moment: nothing breaks, and nobody is stuck."""

import random
from pathlib import Path

import pytest

import tests.stories
from handlers.forms import forms
from handlers.house import House
from models.clock import Clock
from models.conversations import Conversation, InboundMessage, InboundState, Via
from models.outbox import OutboxItem, OutboxState
from tests.cast import EMPLOYEE
from tests.product import Product, config_for, running_product

WORDS = (Path(tests.stories.__path__[0]) / "words.txt").read_text("utf-8").split()
STARTS = [f"申请{form.title}" for form in forms().values()]
EVERYTHING = [*WORDS, *STARTS, " ", "1" * 300, "啊" * 2500]


@pytest.mark.parametrize("seed", range(4))
async def test_nobody_is_stuck(
    database_url: str, redis_url: str, house: House, clock: Clock, seed: int
) -> None:
    config = config_for(database_url, redis_url, RATE_LIMIT_FACTOR="1000")
    async with running_product(config, house, clock) as product:
        await talk(product, random.Random(seed), 60)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120))
async def test_nobody_is_stuck_for_long(
    database_url: str, redis_url: str, house: House, clock: Clock, seed: int
) -> None:
    config = config_for(database_url, redis_url, RATE_LIMIT_FACTOR="1000")
    async with running_product(config, house, clock) as product:
        await talk(product, random.Random(seed), 300)


async def talk(product: Product, dice: random.Random, messages: int) -> None:
    """So many random messages; then the way out that everybody has."""
    for number in range(messages):
        said = dice.choice(EVERYTHING if number % 3 else STARTS + WORDS)
        message = await say(product, said)
        assert message.reply, f"no word to {said!r}"
        if dice.random() < 0.05:
            await product.pass_time(product.house.takeover * dice.choice((1, 5)))
    # Whatever it was about, two words lead out of it.
    await say(product, "取消")
    assert "GB 19298-2014" in (await say(product, "桶装水铜绿超标咋办")).reply
    assert "单号NQ" in (await say(product, "转人工")).reply
    assert await Conversation.exclude(open_key=None).count() == 1
    await product.work()
    assert not await OutboxItem.filter(state=OutboxState.DEAD).exists()


async def say(product: Product, text: str) -> InboundMessage:
    """One message, answered."""
    before = await InboundMessage.all().count()
    await product.say(EMPLOYEE, text)
    assert await InboundMessage.all().count() == before + 1, f"{text!r} was not taken"
    message = await InboundMessage.all().order_by("-id").first()
    assert message is not None
    assert message.state == InboundState.DONE, text
    if message.via == Via.PUSH:
        await product.work()
    return message
