"""Our ledger of the windows beside the platform's own, over weeks of whatever may happen."""

import random
from itertools import count

import pytest

from models.accounts import App
from models.outbox import Delivery, OutboxItem, OutboxState
from models.windows import MessageWindow
from tests.journeys.test_delivery import CUSTOM
from tests.journeys.test_windows import HOUR, MINIAPP, MINUTE, OFFICIAL, SECOND, owe
from tests.product import Product

_numbers = count(1)


async def act(product: Product, dice: random.Random) -> None:
    """The person does something with the phone, if it can be done."""
    phone = product.simulator
    follows = phone.people.find(OFFICIAL)[1].follower
    deeds = [
        lambda: phone.scan(OFFICIAL, "window-1"),
        lambda: phone.say(MINIAPP, "几点下班"),
        lambda: phone.enter_session(MINIAPP),
    ]
    if follows:
        deeds += [
            lambda: phone.say(OFFICIAL, "几点下班"),
            lambda: phone.click_menu(OFFICIAL, "ask"),
            lambda: phone.tap_menu_item(OFFICIAL, "1", "你好"),
            lambda: phone.unfollow(OFFICIAL),
        ]
    await dice.choice(deeds)()


async def owe_some(product: Product, dice: random.Random) -> None:
    """We owe the person one text or several, by either application."""
    texts = [f"文{next(_numbers)}" for _ in range(dice.choice((1, 1, 2, 4)))]
    await owe(product, *texts, app=dice.choice(list(App)), apart=dice.random() < 0.5)


def break_next(product: Product, dice: random.Random) -> None:
    """The next send fails, and we may not be told whether the platform took it."""
    kind = dice.choice(("http_500", "reset", "errcode"))
    took = kind != "errcode" and dice.random() < 0.5
    product.simulator.switch_on(
        CUSTOM, kind, left=1, processed=took, errcode=dice.choice((45009, -1))
    )


@pytest.mark.parametrize("faulty", [False, True])
async def test_ledger_agrees_with_the_platform_over_a_long_run(
    product: Product, faulty: bool
) -> None:
    dice = random.Random(20261123)
    phone = product.simulator
    for openid in (OFFICIAL, MINIAPP):
        await phone.say(openid, "你好")
    await product.work()
    steps = (SECOND,) * 6 + (20 * SECOND, 59 * SECOND, MINUTE, HOUR, 11 * HOUR, 48 * HOUR)
    for _ in range(250):
        # Two events within one second are one to the platform, and so to us.
        product.clock.travel(dice.choice(steps))
        if faulty and dice.random() < 0.3:
            break_next(product, dice)
        await dice.choice((act, owe_some))(product, dice)
        await product.work()
        now = product.clock.now()
        for openid in (OFFICIAL, MINIAPP):
            rows = await MessageWindow.filter(identity__openid=openid, closes_at__gt=now)
            sure, unsure = sum(r.credits for r in rows), sum(r.unsure for r in rows)
            allowed = phone.windows.left(openid, now)
            assert allowed <= sure + unsure, "what may be sent is never held back"
            assert faulty or (sure, unsure) == (allowed, 0)
    assert faulty or not await Delivery.filter(code__in=("45015", "45047")).exists()
    phone.faults.clear()
    await phone.scan(OFFICIAL, "window-1")
    for _ in range(6):
        product.clock.travel(HOUR)
        await phone.say(OFFICIAL, "你好")
        await phone.say(MINIAPP, "你好")
        await product.work()
    assert await OutboxItem.exclude(state=OutboxState.DONE).count() == 0
