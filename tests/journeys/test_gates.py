"""Gates before the platform's APIs: pause, breaker, bucket; what waits there goes in order."""

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers import gates, heartbeats, inbox, outbox
from handlers.gates import Trouble
from models.accounts import App, Identity
from models.conversations import InboundMessage, InboundState, Via
from models.outbox import Channel, Delivery, Gate, Notice, OutboxItem, OutboxState
from server.worker import POISON_AFTER
from tests.cast import COLLEAGUE, EMPLOYEE, SPECIALIST
from tests.journeys.test_delivery import ANSWER, CUSTOM, TEMPLATE, answer_item, asked
from tests.product import Product

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


async def owe(product: Product, count: int, notice: Notice = Notice.REPLY) -> None:
    """Debts to the employee, each in a stream of its own."""
    identity = await Identity.get(openid=EMPLOYEE.openid)
    for number in range(count):
        await outbox.enqueue(
            notice,
            account_id=identity.account_id,
            app=App.OFFICIAL,
            payload={"text": f"{notice.value}-{number}", "number": "NQ2611230001"},
            dedupe_key=f"{notice.value}:{number}",
            stream=f"{notice.value}:{number}",
            now=product.clock.now(),
        )


async def gate_of(channel: Channel = Channel.OFFICIAL_CUSTOM) -> Gate:
    return await Gate.get(name=channel)


def calls(product: Product, path: str = CUSTOM) -> int:
    return len(product.simulator.calls(path))


@pytest.mark.parametrize("code", [45009, 45011])
async def test_throttled_api_rests_for_all_and_the_urgent_go_first(
    product: Product, code: int
) -> None:
    await product.say(EMPLOYEE, "你好")
    product.simulator.switch_on(CUSTOM, "errcode", errcode=code)
    await owe(product, 3, Notice.TICKET_ANSWERED)
    await product.work()
    before = calls(product)
    assert (await gate_of()).reason == str(code)
    await owe(product, 1, Notice.REPLY)
    await product.pass_time(30 * SECOND)
    assert calls(product) == before, "the API rests, for new messages as well"
    assert await OutboxItem.filter(state=OutboxState.PENDING, attempts=0).count() == 4
    # The same minute again: it rests for longer now.
    await product.pass_time(31 * SECOND)
    assert calls(product) == before + 1
    await product.pass_time(MINUTE)
    assert calls(product) == before + 1
    product.simulator.faults.clear()
    await product.pass_time(MINUTE)
    await product.work()
    assert await OutboxItem.filter(state=OutboxState.DONE).count() == 4
    assert (await gate_of()).failures == 0


async def test_what_waited_goes_by_urgency_then_age(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    product.simulator.switch_on(CUSTOM, "errcode", errcode=45009, left=1)
    await owe(product, 1, Notice.TICKET_ASSIGNED)  # less urgent, and older
    await OutboxItem.all().update(priority=5)
    await product.work()
    product.clock.travel(10 * SECOND)
    await owe(product, 2, Notice.REPLY)
    product.clock.travel(MINUTE)
    order = []
    for _ in range(3):
        (item,) = await outbox.claim(now=product.clock.now(), limit=1)
        order.append(item.dedupe_key)
        await outbox.park(item)
    assert order == ["reply:0", "reply:1", "ticket_assigned:0"]


async def test_breaker_opens_probes_once_and_closes(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    product.simulator.switch_on(CUSTOM, "http_500")
    await owe(product, 4)
    for _ in range(gates.TRIP_AFTER):
        await product.pass_time(5 * SECOND)
    tripped = calls(product)
    assert (await gate_of()).failures >= gates.TRIP_AFTER
    assert gates.is_shut(await gate_of(), product.clock.now())
    await product.pass_time(5 * SECOND)
    assert calls(product) == tripped
    # One call alone finds out whether it is over.
    await product.pass_time(16 * SECOND)
    assert calls(product) == tripped + 1
    product.simulator.faults.clear()
    for _ in range(3):
        await product.pass_time(MINUTE)
    assert await OutboxItem.filter(state=OutboxState.DONE).count() == 4
    texts = [t for t in product.texts_to(EMPLOYEE) if "reply-" in t]
    assert len(texts) == 4


async def test_callbacks_are_answered_while_the_platform_is_away(product: Product) -> None:
    await asked(product)
    product.simulator.switch_on("*", "http_500")
    await product.answer(SPECIALIST, (await answer_number()), ANSWER)
    await product.work()
    assert "17:30" in await product.say(COLLEAGUE, "几点下班")


async def answer_number() -> str:
    return str((await OutboxItem.get(notice=Notice.TICKET_ASSIGNED)).payload["number"])


async def test_wrong_setting_waits_at_the_gate_and_is_named(product: Product) -> None:
    product.simulator.switch_on("/cgi-bin/stable_token", "errcode", errcode=40164)
    await asked(product)
    item = await OutboxItem.get(notice=Notice.TICKET_ASSIGNED)
    assert (item.state, item.gate, item.attempts) == (
        OutboxState.PENDING, Channel.OFFICIAL_TEMPLATE, 0,
    )  # fmt: skip
    assert [g.reason.split()[0] for g in await gates.in_trouble()] == ["40164", "40164"]
    product.simulator.faults.clear()
    await product.pass_time(timedelta(minutes=6))
    assert (await OutboxItem.get(id=item.id)).state == OutboxState.DONE
    assert await gates.in_trouble() == []


async def test_dead_token_is_tried_once_more_then_waits(product: Product) -> None:
    await asked(product)
    product.simulator.switch_on(CUSTOM, "errcode", errcode=42001)
    await product.answer(SPECIALIST, await answer_number(), ANSWER)
    before = calls(product)
    await product.work()
    assert calls(product) == before + 2
    assert (await answer_item()).gate == Channel.OFFICIAL_CUSTOM
    assert (await gate_of()).reason == "42001"


async def test_refused_field_is_named(product: Product) -> None:
    product.simulator.switch_on(TEMPLATE, "errcode", errcode=47003)
    await asked(product)
    assert await Delivery.filter(channel=Channel.OFFICIAL_TEMPLATE, final=True).exists()
    # The API itself is in order.
    assert (await gate_of(Channel.OFFICIAL_TEMPLATE)).failures == 0


async def test_bucket_is_shared_and_fills_with_time(product: Product) -> None:
    now, name = product.clock.now(), "any"
    granted = [await gates.enter(name, a_minute=60, now=now) is not None for _ in range(10)]
    assert granted == [True] * gates.BURST_SECONDS + [False] * 4
    assert await gates.enter(name, a_minute=60, now=now + SECOND / 2) is None
    assert await gates.enter(name, a_minute=60, now=now + SECOND) is not None
    assert await gates.enter(name, a_minute=60, now=now + SECOND) is None


async def test_slow_rate_sends_all_in_the_end(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    wiring = product.app.ctx.wiring
    slow = replace(wiring.sender, sends_a_minute=60)
    product.app.ctx.wiring = replace(wiring, sender=slow)
    await owe(product, 5)
    await Gate.create(name=Channel.OFFICIAL_CUSTOM, tokens=2, filled_at=product.clock.now())
    await product.work()
    assert calls(product) == 2
    for _ in range(3):
        await product.pass_time(2 * SECOND)
    assert calls(product) == 5


async def test_failures_under_way_together_are_one(product: Product) -> None:
    now = product.clock.now()
    leaves = [await gates.enter("any", a_minute=6000, now=now) for _ in range(16)]
    for leave in leaves:
        assert leave is not None
        await gates.refused(leave, Trouble.THROTTLED, reason="45009", now=now)
    gate = await Gate.get(name="any")
    assert (gate.failures, gate.opens_at) == (1, now + MINUTE)


async def test_clock_set_back_or_forward_makes_no_storm(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    await heartbeats.beat(heartbeats.WORKER, now=product.clock.now())
    product.simulator.switch_on(CUSTOM, "http_500", left=1)
    await owe(product, 1)
    await product.work()
    waiting = await OutboxItem.get()
    assert waiting.due_at > product.clock.now()
    product.clock.travel(-timedelta(hours=1))
    await product.worker().beat()
    assert (await OutboxItem.get()).due_at == product.clock.now()
    await product.work()
    assert (await OutboxItem.get()).state == OutboxState.DONE
    sent = calls(product)
    for step in (timedelta(hours=1), timedelta(days=1)):
        product.clock.travel(step)
        await product.worker().beat()
        await product.work()
    assert calls(product) == sent


async def test_day_and_hour_are_kept_when_the_clock_is_set_back(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    now = product.clock.now()
    await owe(product, 1)
    await OutboxItem.all().update(due_at=now + timedelta(hours=20))
    await outbox.clock_was_set_back(timedelta(hours=1), now=now)
    assert (await OutboxItem.get()).due_at == now + timedelta(hours=20)


async def test_leases_and_messages_from_a_later_clock_are_taken_over(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    now = product.clock.now()
    await owe(product, 1)
    await outbox.claim(now=now + timedelta(hours=1), limit=1)
    message = await InboundMessage.get()
    await InboundMessage.all().update(
        state=InboundState.RECEIVED, sweep_at=now + timedelta(hours=1), via=Via.PUSH
    )
    await heartbeats.beat(heartbeats.WORKER, now=now + timedelta(hours=1))
    await heartbeats.beat(heartbeats.WORKER, now=now)
    assert (await OutboxItem.get()).lease_until == now + outbox.LEASE
    message = await InboundMessage.get(id=message.id)
    assert message.sweep_at == now + inbox.ABANDONED_AFTER


async def test_poison_row_dies_alone_and_is_redriven(product: Product) -> None:
    ticket = await asked(product)
    await product.answer(SPECIALIST, ticket.number, ANSWER)
    product.clock.travel(SECOND)
    await owe(product, 1)
    # What our own code can't read: a payload without its text.
    item = await answer_item()
    whole = item.payload
    await OutboxItem.filter(id=item.id).update(payload={"number": ticket.number})
    for _ in range(POISON_AFTER):
        await product.pass_time(timedelta(minutes=5))
    assert (await answer_item()).state == OutboxState.DEAD
    assert (await OutboxItem.get(notice=Notice.REPLY)).state == OutboxState.DONE
    assert await outbox.redrive([item.id + 100], now=product.clock.now()) == 0
    await OutboxItem.filter(id=item.id).update(payload=whole)
    assert await outbox.redrive([], now=product.clock.now()) == 1
    await product.work()
    assert (await answer_item()).state == OutboxState.DONE
    assert any(ANSWER in text for text in product.texts_to(EMPLOYEE))
