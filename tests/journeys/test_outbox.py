"""The outbox by itself: leases, order, back-off, the end of a row."""

import asyncio
from datetime import datetime, timedelta

from handlers import accounts, attempts, events, outbox
from handlers.attempts import Attempt
from models.accounts import App
from models.outbox import Channel, Delivery, DeliveryResult, Notice, OutboxItem, OutboxState
from tests.product import Product

SECOND = timedelta(seconds=1)


async def owe(key: str, now: datetime, *, stream: str = "", account: int = 0) -> None:
    account = account or (await accounts.identity_of(App.OFFICIAL, f"o{key}", now=now)).account_id
    await outbox.enqueue(
        Notice.REPLY,
        account_id=account,
        app=App.OFFICIAL,
        payload={"text": key},
        dedupe_key=key,
        stream=stream or key,
        now=now,
    )


async def begin(item: OutboxItem, now: datetime) -> Attempt | None:
    return await attempts.begin(item, {}, a_minute=10_000, longest=2000, now=now)


async def test_same_key_is_one_row(product: Product) -> None:
    for _ in range(2):
        await owe("a", product.clock.now())
    assert await OutboxItem.all().count() == 1


async def test_many_claimers_take_each_row_once(product: Product) -> None:
    now = product.clock.now()
    for number in range(60):
        await owe(f"k{number}", now)
    batches = await asyncio.gather(*(outbox.claim(now=now, limit=7) for _ in range(12)))
    taken = [item.id for batch in batches for item in batch]
    assert len(taken) == len(set(taken)) == 60


async def test_one_stream_goes_one_by_one_in_order(product: Product) -> None:
    now = product.clock.now()
    for number in range(3):
        await owe(f"k{number}", now, stream="s")
    sent = []
    for _ in range(3):
        (item,) = await outbox.claim(now=now, limit=10)
        assert await outbox.claim(now=now, limit=10) == []
        sent.append(item.payload["text"])
        attempt = await begin(item, now)
        assert attempt is not None
        await attempts.accepted(attempt, message_id="", now=now)
    assert sent == ["k0", "k1", "k2"]


async def test_lost_lease_is_taken_over_and_the_late_report_refused(product: Product) -> None:
    now = product.clock.now()
    await owe("a", now)
    (dead,) = await outbox.claim(now=now, limit=1)
    attempt = await begin(dead, now)
    assert attempt is not None
    later = now + outbox.LEASE + SECOND
    (alive,) = await outbox.claim(now=later, limit=1)
    assert await outbox.maybe_sent_before([alive]) == {alive.id}
    await attempts.accepted(attempt, message_id="", now=later)
    assert (await OutboxItem.get()).state == OutboxState.LEASED
    assert not await outbox.try_later(dead, now=later)
    assert await begin(dead, later) is None
    assert (await OutboxItem.get()).lease == alive.lease


async def test_tries_grow_apart_and_end(product: Product) -> None:
    now = product.clock.now()
    await owe("a", now)
    for number in range(outbox.MAX_ATTEMPTS):
        (item,) = await outbox.claim(now=now, limit=1)
        assert item.attempts == number + 1
        again = await outbox.try_later(item, now=now)
        assert again == (number + 1 < outbox.MAX_ATTEMPTS)
        row = await OutboxItem.get()
        if number + 1 < outbox.MAX_ATTEMPTS:
            assert now < row.due_at <= now + 1.5 * outbox.BACKOFF_LONGEST
            assert await outbox.claim(now=now, limit=1) == []
            now = row.due_at
    assert now - product.clock.now() > timedelta(hours=12)
    assert (await OutboxItem.get()).state == OutboxState.LEASED  # the sender parks it


async def test_report_about_an_unknown_message_is_nobodys(product: Product) -> None:
    for message_id in ("", "12345", "9" * 100):
        assert await events.sent_as(Channel.OFFICIAL_TEMPLATE, message_id) is None
    assert await Delivery.filter(result=DeliveryResult.DELIVERED).count() == 0
