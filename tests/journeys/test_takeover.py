"""A specialist writes while the bot thinks, or while its words wait to be sent: it keeps silent."""

import asyncio
import threading
from datetime import timedelta
from typing import Any

from models.conversations import Conversation, InboundMessage
from models.outbox import Notice, OutboxItem, OutboxState
from models.tickets import EventKind, Ticket, TicketEvent
from server.wechat.simulator import Person
from tests.cast import EMPLOYEE, SPECIALIST
from tests.journeys.test_question import ROUTED
from tests.product import Product

WRITTEN = "请问是什么水？"


class Pondering:
    """The engine, which thinks on until it is let go."""

    def __init__(self, matcher: Any) -> None:
        self._matcher = matcher
        self.asked, self.go = threading.Event(), threading.Event()

    def decide(self, *args: Any, **kwargs: Any) -> Any:
        self.asked.set()
        assert self.go.wait(20)
        return self._matcher.decide(*args, **kwargs)

    def products_in(self, text: str) -> Any:
        return self._matcher.products_in(text)


async def write(product: Product, person: Person, text: str) -> None:
    number = (await Ticket.get()).number
    form = await product.desk_form_of(person, number)
    done = await product.http.post(
        f"/desk/tickets/{number}/write", data={"form": form, "text": text}
    )
    assert done.status_code == 303, done.text


async def pondering(product: Product) -> Pondering:
    """The next thought will take its time; it is had in a thread."""
    matcher = Pondering(product.house.matcher)
    product.replace_house(matcher=matcher)
    return matcher


async def test_answer_in_flight_is_dropped(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    matcher = await pondering(product)
    # Long enough that no thought about it is known to be quick.
    saying = asyncio.create_task(product.say(EMPLOYEE, "桶装水铜绿超标咋办" + "呢" * 200))
    assert await asyncio.to_thread(matcher.asked.wait, 10)
    await write(product, SPECIALIST, WRITTEN)
    matcher.go.set()
    assert await saying == ""
    heard = await TicketEvent.filter(kind=EventKind.MESSAGE).get()
    assert heard.text.startswith("桶装水铜绿超标咋办")
    await product.work()
    assert not any("GB 19298" in text for text in product.texts_to(EMPLOYEE))
    assert any(WRITTEN in text for text in product.texts_to(EMPLOYEE))


async def test_answer_that_waits_to_be_sent_is_dropped(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    conversation = await Conversation.get()
    message = await InboundMessage.get()
    # A reply that came too late for the response and waits for the worker.
    await OutboxItem.create(
        dedupe_key="late",
        stream=f"account:{(await Ticket.get()).asker_id}",
        account_id=(await Ticket.get()).asker_id,
        app=message.app,
        notice=Notice.REPLY,
        payload={"text": "迟到的自动答复"},
        due_at=product.clock.now(),
        created_at=product.clock.now(),
    )
    product.clock.travel(timedelta(seconds=1))
    await write(product, SPECIALIST, WRITTEN)
    await product.work()
    assert not any("迟到的自动答复" in text for text in product.texts_to(EMPLOYEE))
    assert (await OutboxItem.get(dedupe_key="late")).state == OutboxState.DROPPED
    assert any(WRITTEN in text for text in product.texts_to(EMPLOYEE))
    await conversation.refresh_from_db()
    assert conversation.taken_ticket_id is not None


async def test_what_the_bot_is_called_for_is_said_all_the_same(product: Product) -> None:
    # In the mini-program's chat every reply goes through the outbox.
    await product.simulator.say(EMPLOYEE.miniapp_openid, ROUTED)
    await product.work()
    await write(product, SPECIALIST, WRITTEN)
    product.clock.travel(timedelta(seconds=1))
    await product.simulator.say(EMPLOYEE.miniapp_openid, "转人工")
    await product.work()
    said = [m.content.get("text", "") for m in product.simulator.chat(EMPLOYEE.miniapp_openid)]
    assert any("王工正在处理" in text for text in said)


async def test_two_specialists_words_keep_the_first_moment(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    await write(product, SPECIALIST, WRITTEN)
    first = (await Conversation.get()).taken_at
    product.clock.travel(timedelta(minutes=5))
    await write(product, SPECIALIST, "还有，多少升一桶？")
    later = await Conversation.get()
    assert later.taken_at == first
    assert later.taken_until == product.clock.now() + product.house.takeover
