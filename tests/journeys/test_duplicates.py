"""WeChat sends things twice, at once and out of order; the end is always the same."""

import asyncio
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any
from weakref import WeakValueDictionary

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers import inbox
from handlers.house import House
from handlers.incoming import App, Incoming, Kind, Via
from models.accounts import Identity
from models.clock import Clock
from models.conversations import Conversation, InboundMessage, InboundState
from models.outbox import OutboxItem
from models.tickets import Ticket
from tests.cast import COLLEAGUE, EMPLOYEE
from tests.fixtures import Stack, fresh_database
from tests.product import MONDAY_MORNING, Product, config_for, running_product

ROUTED = "送检3个水样要多少钱"


async def test_four_deliveries_at_once_are_one(product: Product) -> None:
    fields = {
        **product.simulator.head("official", EMPLOYEE.openid, "text"),
        "Content": ROUTED,
        "MsgId": 77,
    }
    deliveries = await asyncio.gather(
        *(product.simulator.deliver("official", fields) for _ in range(4))
    )
    assert await InboundMessage.all().count() == 1
    assert await Ticket.all().count() == 1
    assert await Conversation.all().count() == 1
    assert {d.reply_text for d in deliveries} == {(await InboundMessage.get()).reply}


async def test_retry_gets_the_same_answer(product: Product) -> None:
    fields = {
        **product.simulator.head("official", EMPLOYEE.openid, "text"),
        "Content": ROUTED,
        "MsgId": 78,
    }
    first = await product.simulator.deliver("official", fields)
    product.clock.travel(timedelta(seconds=5))
    second = await product.simulator.deliver("official", fields)
    assert first.reply_text == second.reply_text
    assert await Ticket.all().count() == 1


async def test_same_id_from_two_people_is_two_messages(product: Product) -> None:
    for person in (EMPLOYEE, COLLEAGUE):
        fields = {
            **product.simulator.head("official", person.openid, "text"),
            "Content": "你好",
            "MsgId": 79,
        }
        await product.simulator.deliver("official", fields)
    assert await InboundMessage.all().count() == 2


async def test_two_quick_messages_are_one_conversation(product: Product) -> None:
    replies = await asyncio.gather(
        *(product.say(EMPLOYEE, text) for text in ("桶装水铜绿超标咋办", ROUTED, "你好"))
    )
    assert all(replies)
    assert await Conversation.all().count() == 1
    assert await Ticket.all().count() == 1


# Messages that mean the same whatever came before them.
SCRIPT: tuple[tuple[str, Kind, str], ...] = (
    (EMPLOYEE.openid, Kind.TEXT, ROUTED),
    (EMPLOYEE.openid, Kind.TEXT, "桶装水铜绿超标咋办"),
    (EMPLOYEE.openid, Kind.OTHER, ""),
    (COLLEAGUE.openid, Kind.TEXT, "报价 全项检测"),
    (COLLEAGUE.openid, Kind.UNFOLLOWED, ""),
    (COLLEAGUE.openid, Kind.FOLLOWED, ""),
    (COLLEAGUE.openid, Kind.TEXT, "你好"),
    (EMPLOYEE.openid, Kind.UNFOLLOWED, ""),
)


async def _play(house: House, order: list[list[int]]) -> dict[str, Any]:
    """Deliver the script's lines in waves; within a wave all at once. Returns the end state."""
    for wave in order:
        await asyncio.gather(*(_deliver(house, index) for index in wave))
    numbers = [ticket.number for ticket in await Ticket.all()]

    def comparable(text: str) -> str:
        # Which of two free specialists takes which question, and its number, may differ.
        return re.sub("|".join([*numbers, "王工", "孙工"]), "…", text)

    messages = await InboundMessage.all()
    assert all(m.state == InboundState.DONE for m in messages)
    return {
        "messages": {m.dedupe_key: comparable(m.reply) for m in messages},
        "tickets": Counter((t.question, t.topic, t.state) for t in await Ticket.all()),
        "conversations": await Conversation.all().count(),
        "outbox": Counter(o.notice for o in await OutboxItem.all()),
        "follows": {i.openid: i.follows for i in await Identity.all()},
    }


async def _deliver(house: House, index: int) -> None:
    openid, kind, text = SCRIPT[index]
    incoming = Incoming(
        app=App.OFFICIAL,
        openid=openid,
        kind=kind,
        dedupe_key=f"official:{openid}:{index}",
        sent_at=house.clock.now() + timedelta(seconds=index),
        text=text,
    )
    await inbox.passive_reply(house, incoming, via=Via.PASSIVE, seconds=10)


def _with_rest(waves: list[list[int]]) -> st.SearchStrategy[list[list[int]]]:
    """After the waves, everything once more in any order: nothing is missing in the end."""
    return st.permutations(range(len(SCRIPT))).map(
        lambda rest: [*waves, *([index] for index in rest)]
    )


orders = st.lists(
    st.lists(st.integers(0, len(SCRIPT) - 1), min_size=1, max_size=5), max_size=6
).flatmap(_with_rest)


def bounded(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@given(order=orders)
@bounded(15)
def test_duplicates_and_disorder_end_the_same(
    servers: Stack, engine: House, order: list[list[int]]
) -> None:
    _check_order(servers, engine, order)


@pytest.mark.soak
@given(order=orders)
@bounded(300)
def test_duplicates_and_disorder_end_the_same_for_long(
    servers: Stack, engine: House, order: list[list[int]]
) -> None:
    _check_order(servers, engine, order)


def _check_order(servers: Stack, engine: House, order: list[list[int]]) -> None:
    async def end_state(waves: list[list[int]]) -> dict[str, Any]:
        clock = Clock()
        clock.freeze(MONDAY_MORNING)
        async with fresh_database(servers) as url:
            config = config_for(url, servers.redis_url)
            house = replace(engine, clock=clock, turns=WeakValueDictionary())
            async with running_product(config, house, clock) as product:
                return await _play(product.house, waves)

    in_order = asyncio.run(end_state([[index] for index in range(len(SCRIPT))]))
    assert asyncio.run(end_state(order)) == in_order
