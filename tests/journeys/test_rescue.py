"""What breaks halfway: a slow engine, a crash between two transactions, a client that hangs up."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from handlers import accounts, conversation, inbox, outbox
from handlers.incoming import App, Incoming, Kind, Via
from models.accounts import Account, Identity
from models.conversations import InboundMessage, InboundState
from models.outbox import Notice, OutboxItem, OutboxState
from models.tickets import Ticket
from models.transactions import transactional
from tests.cast import EMPLOYEE
from tests.product import MONDAY_MORNING, Product

NOW = MONDAY_MORNING
ROUTED = "送检3个水样要多少钱"


class SlowMatcher:
    """The engine, slowed down."""

    def __init__(self, matcher: Any, seconds: float) -> None:
        self._matcher = matcher
        self._seconds = seconds

    def decide(self, *args: Any, **kwargs: Any) -> Any:
        time.sleep(self._seconds)
        return self._matcher.decide(*args, **kwargs)

    def products_in(self, text: str) -> Any:
        return self._matcher.products_in(text)


async def test_slow_match_answers_success_in_time_and_follows_as_message(
    product: Product,
) -> None:
    product.replace_house(matcher=SlowMatcher(product.house.matcher, 10))
    started = time.perf_counter()
    delivery = await product.simulator.say(EMPLOYEE.openid, "桶装水铜绿超标咋办")
    assert time.perf_counter() - started < 4.5
    assert [a.body for a in delivery.attempts] == ["success"]
    deadline = time.monotonic() + 20
    while not await OutboxItem.exists():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    await product.work()
    assert "GB 19298-2014" in product.texts_to(EMPLOYEE)[-1]
    assert (await InboundMessage.get()).state == InboundState.DONE


def incoming(key: str, text: str = ROUTED) -> Incoming:
    return Incoming(
        app=App.OFFICIAL,
        openid=EMPLOYEE.openid,
        kind=Kind.TEXT,
        dedupe_key=key,
        sent_at=NOW,
        text=text,
    )


async def test_crash_between_the_transactions_is_finished_by_the_sweep(product: Product) -> None:
    # The window in which the platform lets us write is opened by the message itself.
    await product.say(EMPLOYEE, "你好")
    await inbox.receive(product.house, incoming("k"), via=Via.PASSIVE, now=product.clock.now())
    await product.work()
    assert await Ticket.all().count() == 0  # not abandoned yet
    await product.pass_time(inbox.ABANDONED_AFTER)
    ticket = await Ticket.get()
    assert any(ticket.number in text for text in product.texts_to(EMPLOYEE))
    await product.pass_time(inbox.SWEEP_AGAIN_AFTER)
    assert await Ticket.all().count() == 1


async def test_failing_message_does_not_hold_up_the_others(product: Product) -> None:
    class Failing(SlowMatcher):
        def decide(self, text: str, **kwargs: Any) -> Any:
            if text == "毒":
                raise RuntimeError("poison")
            return self._matcher.decide(text, **kwargs)

    product.replace_house(matcher=Failing(product.house.matcher, 0))
    assert await product.say(EMPLOYEE, "毒") == ""
    await inbox.receive(product.house, incoming("k"), via=Via.PASSIVE, now=product.clock.now())
    product.clock.travel(inbox.ABANDONED_AFTER)
    await product.work()
    assert await Ticket.all().count() == 1
    assert (await InboundMessage.get(text="毒")).state == InboundState.RECEIVED


@transactional
async def slow_change(name: str) -> None:
    account = await Account.create(display_name=name, created_at=NOW)
    await asyncio.sleep(0.01)
    await Account.filter(id=account.id).update(display_name=name + "!")


async def test_cancelled_requests_leave_no_lock_behind(product: Product) -> None:
    for round_ in range(60):
        task = asyncio.create_task(slow_change(f"r{round_}"))
        await asyncio.sleep(0.0005 * (round_ % 20))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with asyncio.timeout(10):
        await slow_change("last")
    started = [a for a in await Account.all() if a.display_name.startswith("r")]
    assert all(a.display_name.endswith("!") for a in started)


async def test_hanging_up_mid_request_does_not_stop_the_answer(product: Product) -> None:
    product.replace_house(matcher=SlowMatcher(product.house.matcher, 0.3))
    fields = {
        **product.simulator.head("official", EMPLOYEE.openid, "text"),
        "Content": ROUTED,
        "MsgId": 5,
    }
    product.simulator.courier.seconds = 0.1
    await product.simulator.deliver("official", fields)
    # Three tries of 0.1 s have been cut off; the work they began ends in 0.3 s.
    await asyncio.sleep(1.5)
    assert await Ticket.all().count() == 1
    assert await InboundMessage.all().count() == 1


async def test_transaction_that_fails_leaves_nothing(product: Product) -> None:
    @transactional
    async def fails() -> None:
        await Account.create(display_name="half", created_at=NOW)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await fails()
    assert not await Account.filter(display_name="half").exists()


async def test_sqlite_writers_wait_for_each_other(product: Product) -> None:
    """Read-then-write in several transactions at once: no "database is locked"."""

    @transactional
    async def read_then_write(number: int) -> None:
        await Identity.all().count()
        await asyncio.sleep(0)
        await Account.create(display_name=f"w{number}", created_at=NOW)

    await asyncio.gather(*(read_then_write(n) for n in range(30)))
    assert await Account.filter(display_name__startswith="w").count() == 30
    async with in_transaction():
        assert await OutboxItem.filter(state=OutboxState.DEAD).count() == 0


async def test_impossible_wish_is_answered_not_retried(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    reply = await product.say(EMPLOYEE, "补充 " + "长" * 1999 + "长长")
    assert "最多2000字" in reply or "有点长" in reply
    assert await InboundMessage.filter(state=InboundState.RECEIVED).count() == 0


async def test_hopeless_message_is_given_up_in_the_end(product: Product) -> None:
    class Failing(SlowMatcher):
        def decide(self, *_args: Any, **_kwargs: Any) -> Any:
            raise RuntimeError("poison")

    product.replace_house(matcher=Failing(product.house.matcher, 0))
    await inbox.receive(product.house, incoming("k"), via=Via.PASSIVE, now=product.clock.now())
    for _ in range(inbox.MAX_SWEEPS + 2):
        product.clock.travel(timedelta(hours=20))
        await product.work()
    assert (await InboundMessage.get()).state == InboundState.FAILED


async def test_many_quick_messages_are_all_answered(product: Product) -> None:
    replies = await asyncio.gather(*(product.say(EMPLOYEE, f"GB {19298 + n}") for n in range(25)))
    assert all(replies)
    assert await InboundMessage.filter(state=InboundState.DONE).count() == 25


async def test_one_person_is_one_account_whatever_came_first(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    code = product.simulator.login_code(EMPLOYEE.miniapp_openid)
    token = (await product.http.post("/api/v1/login", json={"code": code})).json()["token"]
    me = {"Authorization": f"Bearer {token}"}
    assert (await product.http.get("/api/v1/tickets", headers=me)).json()["tickets"] == []
    await product.work()  # asks the platform who the newcomer is
    listed = (await product.http.get("/api/v1/tickets", headers=me)).json()["tickets"]
    assert [t["number"] for t in listed] == [(await Ticket.get()).number]
    assert len({i.account_id for i in await Identity.filter(unionid=EMPLOYEE.unionid)}) == 1


async def test_late_unfollow_does_not_undo_a_follow(product: Product) -> None:
    await product.simulator.follow(EMPLOYEE.openid)
    old = {
        **product.simulator.head("official", EMPLOYEE.openid, "event"),
        "Event": "unsubscribe",
        "EventKey": "",
    }
    old["CreateTime"] = int(old["CreateTime"]) - 60
    await product.simulator.deliver("official", old)
    assert (await Identity.get(openid=EMPLOYEE.openid)).follows


async def test_broken_sending_does_not_silence_the_bot(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    account = (await Identity.get(openid=EMPLOYEE.openid)).account_id
    for number in range(2):
        await OutboxItem.create(
            notice=Notice.REPLY, account_id=account, app=App.OFFICIAL,
            payload={"text": f"等着的{number}"}, dedupe_key=f"w{number}",
            stream=f"account:{account}", state=OutboxState.PARKED,
            due_at=NOW, created_at=NOW,
        )  # fmt: skip
    product.simulator.switch_on("/cgi-bin/message/custom/send", "http_500")
    assert await product.say(EMPLOYEE, "你好") == ""  # what waited goes first
    await product.pass_time(timedelta(minutes=1))
    assert await product.say(EMPLOYEE, "几点下班") != ""


async def test_what_was_left_lying_stands_in_the_transcript_of_its_new_thread(
    product: Product,
) -> None:
    await product.say(EMPLOYEE, "你好")
    house, clock = product.house, product.clock
    # Stored just before the thread falls silent, and then the process dies.
    clock.travel(house.context_ends_after - timedelta(minutes=1))
    await inbox.receive(house, incoming("k"), via=Via.PASSIVE, now=clock.now())
    await product.pass_time(timedelta(minutes=5))
    ticket = await Ticket.get()
    assert ticket.transcript[-1]["text"] == ROUTED
    message = await InboundMessage.get(dedupe_key="k")
    assert message.conversation_id == ticket.conversation_id


@pytest.mark.parametrize(
    ("deferred", "state"), [(True, OutboxState.PENDING), (False, OutboxState.PARKED)]
)
async def test_request_of_the_app_is_a_contact_once_it_is_answered_by_message(
    product: Product, deferred: bool, state: OutboxState
) -> None:
    house, now = product.house, product.clock.now()

    def asked(key: str) -> Incoming:
        return replace(incoming(key, "你好"), app=App.MINIAPP, openid=EMPLOYEE.miniapp_openid)

    await inbox.ask(house, asked("first"), seconds=5)
    person = await Identity.get(app=App.MINIAPP, openid=EMPLOYEE.miniapp_openid)
    await outbox.enqueue(
        Notice.REPLY, account_id=person.account_id, app=App.MINIAPP, payload={"text": "旧答复"},
        dedupe_key="old", stream=accounts.asker_stream(person.account_id), now=now,
    )  # fmt: skip
    await OutboxItem.filter(dedupe_key="old").update(state=OutboxState.PARKED)
    message, thread = await inbox.receive(house, asked("second"), via=Via.DIRECT, now=now)
    if deferred:
        await inbox.defer(message.id)
    await conversation.respond(house, message, thread)
    assert (await OutboxItem.get(dedupe_key="old")).state == state
