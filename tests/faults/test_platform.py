"""WeChat's servers out of order: nothing is taken for sent, callbacks are answered meanwhile."""

import asyncio
from datetime import timedelta

import pytest

from handlers import gates
from models.accounts import App
from models.outbox import Channel, Delivery, OutboxItem, OutboxState
from server.worker import AT_ONCE
from tests.cast import EMPLOYEE
from tests.faults.service import CROWD, CUSTOM, LABEL, until
from tests.product import Product

TOKEN = "/cgi-bin/stable_token"
QUESTION = "几点下班"
ANSWER = "17:30"
UNUSABLE = ["http_500", "timeout", "reset", "html200", "empty200", "truncated"]


async def asked(product: Product) -> None:
    """A question whose answer can only come by message."""
    assert (await product.simulator.say(EMPLOYEE.miniapp_openid, QUESTION)).ok
    await product.work()


async def recovered(product: Product) -> list[str]:
    """The platform is well again; what the person's phone has an hour later."""
    product.simulator.faults.clear()
    for _ in range(12):
        await product.pass_time(timedelta(minutes=5))
    assert (await OutboxItem.get()).state == OutboxState.DONE
    return product.texts_to(EMPLOYEE, App.MINIAPP)


@pytest.mark.parametrize(
    "kind", ["http_500", "timeout", "reset", "html200", "empty200", "truncated"]
)
async def test_unusable_answer_is_no_delivery(product: Product, kind: str) -> None:
    product.simulator.switch_on(CUSTOM, kind, seconds=0.1)
    await asked(product)
    assert (await OutboxItem.get()).state == OutboxState.PENDING
    assert product.texts_to(EMPLOYEE, App.MINIAPP) == []
    assert ANSWER in await product.say(EMPLOYEE, QUESTION)
    (text,) = await recovered(product)
    assert ANSWER in text


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_token_refused_for_good_parks_the_send(product: Product, code: int) -> None:
    product.simulator.switch_on(CUSTOM, "errcode", errcode=code)
    await asked(product)
    assert len(product.simulator.calls(CUSTOM)) == 2
    item = await OutboxItem.get()
    assert (item.state, item.gate) == (OutboxState.PENDING, Channel.MINIAPP_CUSTOM)
    assert [gate.name for gate in await gates.in_trouble()] == [Channel.MINIAPP_CUSTOM]
    (text,) = await recovered(product)
    # A refused token means that nothing was sent, so there is nothing to warn of.
    assert not text.startswith(LABEL)


async def test_token_that_is_dead_on_arrival_parks_the_send(product: Product) -> None:
    product.simulator.switch_on(TOKEN, "dead_token")
    await asked(product)
    assert (await OutboxItem.get()).state == OutboxState.PENDING
    (text,) = await recovered(product)
    assert not text.startswith(LABEL)


async def test_callbacks_are_answered_while_every_send_hangs(product: Product) -> None:
    await asked(product)  # so that there is a token, and the sends themselves hang
    for person in CROWD[:AT_ONCE]:
        product.simulator.people.add(person, product.clock.now())
        assert (await product.simulator.say(person.miniapp_openid, QUESTION)).ok
    product.simulator.switch_on("*", "timeout", seconds=6)
    calls = len(product.simulator.calls(CUSTOM))
    worker = product.worker()
    working = asyncio.create_task(worker.run())

    async def all_hang() -> bool:
        return len(product.simulator.calls(CUSTOM)) == calls + AT_ONCE

    await until(all_hang)
    for person in CROWD[:AT_ONCE]:
        delivery = await product.simulator.say(person.openid, QUESTION)
        assert [attempt.status for attempt in delivery.attempts] == [200]
        assert ANSWER in (delivery.reply_text or "")
    # Not one of the sends has heard anything yet.
    assert await Delivery.filter(code="").count() == AT_ONCE
    product.simulator.faults.clear()
    worker.stop()
    await working
    assert await Delivery.filter(code="").count() == 0
