"""Everything that sends goes through here: rows written with the change, claimed with leases."""

import random
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any
from uuid import uuid4

from tortoise.expressions import F, Q

from handlers.gates import LONGEST_SHUT
from models.accounts import App
from models.outbox import Channel, Delivery, DeliveryResult, Notice, OutboxItem, OutboxState
from models.sql import fetch, insert, skip_locked
from models.transactions import transactional

# No user text is ever part of a statement; what varies is the locking clause of the database.
_CLAIM = (
    "UPDATE outbox_item SET state = 'leased', lease = $1, lease_until = $2,"
    " attempts = attempts + 1 WHERE id IN ("
    " SELECT o.id FROM outbox_item o WHERE"
    " ((o.state = 'pending' AND o.due_at <= $3) OR (o.state = 'leased' AND o.lease_until < $3))"
    " AND NOT EXISTS (SELECT 1 FROM outbox_item e WHERE e.stream = o.stream AND e.id < o.id"
    " AND e.state IN ('pending', 'leased'))"
    " AND NOT EXISTS (SELECT 1 FROM gate g WHERE g.name = o.gate"
    " AND g.opens_at > $3 AND g.opens_at <= $5)"
    " ORDER BY o.priority, o.due_at, o.id LIMIT $4 {locking}) RETURNING id"
)
# What was parked, or has been released and is not sent yet.
_OWED_ON_CONTACT = (
    "SELECT id FROM outbox_item WHERE account_id = $1 AND (state = 'parked'"
    " OR (state IN ('pending', 'leased') AND round > 0)) LIMIT 1"
)

# Longer than the longest send with its token fetches and time-outs.
LEASE = timedelta(seconds=120)
# With the longest pause of 15 min, about a day.
MAX_ATTEMPTS = 100
MOST_ALONG = 20  # rows in one message beside the first; more than fit
# A reply waits behind what a contact released, but not for ever: sending may be broken.
RELEASE_GOES_FIRST_FOR = timedelta(seconds=30)
BACKOFF_FIRST = timedelta(seconds=2)
BACKOFF_LONGEST = timedelta(minutes=15)

PRIORITY = {
    Notice.REPLY: 1,
    Notice.TICKET_ANSWERED: 1,
    Notice.TICKET_WRITTEN: 1,
    Notice.TICKET_ASSIGNED: 2,
    Notice.TICKET_MESSAGE: 2,
    Notice.TICKET_PARKED: 3,
    Notice.TICKET_OVERDUE: 3,
    Notice.TICKET_CLOSED: 4,
}


async def enqueue(
    notice: Notice,
    *,
    account_id: int,
    app: App,
    payload: dict[str, Any],
    dedupe_key: str,
    stream: str,
    now: datetime,
    due_at: datetime | None = None,
) -> None:
    """Owe somebody a notice. The same dedupe_key twice is one row. Call inside the transaction
    of the change that is being told.

    due_at: not before then; such a row wants a stream of its own, for what follows it waits too.
    """
    await insert(
        OutboxItem,
        notice=notice,
        account_id=account_id,
        app=app,
        payload=payload,
        dedupe_key=dedupe_key,
        stream=stream,
        priority=PRIORITY[notice],
        due_at=due_at or now,
        created_at=now,
    )


@transactional
async def claim(*, now: datetime, limit: int) -> list[OutboxItem]:
    """Take up to `limit` due rows for `LEASE`, the urgent first; two claimers take different rows.

    A row whose lease has run out is taken again: its sender died. Within one stream only the
    first unsent row is taken, so a person reads things in the order in which they happened. Rows
    that wait at a shut gate are left alone until it opens.
    """
    lease = uuid4().hex
    rows = await fetch(
        _CLAIM.format(locking=skip_locked()), lease, now + LEASE, now, limit, now + LONGEST_SHUT
    )
    ids = [row["id"] for row in rows]
    return await OutboxItem.filter(id__in=ids, lease=lease).order_by("priority", "id")


async def still_ours(item: OutboxItem) -> bool:
    """Whether nobody else has taken the row since: a lease may run out during a send."""
    return await OutboxItem.filter(id=item.id, lease=item.lease, state=OutboxState.LEASED).exists()


async def due_behind(item: OutboxItem, *, now: datetime) -> list[OutboxItem]:
    """What may go out along with a row of ours: those that come next in its stream, in order, as
    far as each is due. They are locked until the transaction ends."""
    rows = (
        await OutboxItem.filter(
            stream=item.stream,
            id__gt=item.id,
            state__in=(OutboxState.PENDING, OutboxState.LEASED),
        )
        .order_by("id")
        .limit(MOST_ALONG)
        .select_for_update()
    )
    return list(takewhile(lambda row: _is_free(row, now), rows))


async def take_along(item: OutboxItem, rows: list[OutboxItem]) -> None:
    """Lease rows that `due_behind` gave in this transaction, for as long as `item` is leased."""
    if not rows:
        return
    await OutboxItem.filter(id__in=[row.id for row in rows]).update(
        state=OutboxState.LEASED, lease=item.lease, lease_until=item.lease_until
    )
    for row in rows:
        row.lease = item.lease


async def leave_behind(row: OutboxItem) -> bool:
    """Put a row that was taken along back in its place, as if it had not been touched. False
    when the lease was no longer ours."""
    return await _move(row, OutboxState.PENDING)


async def done(item: OutboxItem, *, now: datetime) -> bool:
    """The platform took it. False when the lease was no longer ours."""
    return await _move(item, OutboxState.DONE, done_at=now)


async def drop(item: OutboxItem, *, now: datetime) -> bool:
    """It is not wanted any more."""
    return await _move(item, OutboxState.DROPPED, done_at=now)


@transactional
async def try_later(item: OutboxItem, *, now: datetime) -> bool:
    """Put the row back, with growing, jittered pauses.

    False when the tries are used up, or the lease was no longer ours: then nothing changed.
    """
    if item.attempts >= MAX_ATTEMPTS:
        return False
    return await _move(item, OutboxState.PENDING, due_at=now + backoff(item))


@transactional
async def wait_at(item: OutboxItem, gate: str) -> bool:
    """Put the row back, in its place, until the gate opens. It costs no try: the fault is not
    the row's. False when the lease was no longer ours."""
    return await _move(item, OutboxState.PENDING, gate=gate, attempts=item.attempts - 1)


@transactional
async def park(item: OutboxItem) -> bool:
    """No channel is open: wait for the person's next contact."""
    return await _move(item, OutboxState.PARKED)


@transactional
async def bury(item: OutboxItem) -> bool:
    """Nothing will make this row sendable by itself; staff must look."""
    return await _move(item, OutboxState.DEAD)


async def take_back(dedupe_key: str) -> bool:
    """Owe it no more. False when it has gone out, is being sent or never was."""
    taken = await OutboxItem.filter(
        dedupe_key=dedupe_key, state__in=(OutboxState.PENDING, OutboxState.PARKED)
    ).delete()
    return taken == 1


async def unpark(account_id: int, *, now: datetime) -> bool:
    """The person is in touch again: what waited for that is due now.

    Returns whether anything released just now still stands before its first attempt, so that a
    reply must queue up behind it. Once that has failed or takes long it no longer counts: a reply
    in the response may then be the only thing that gets through.
    """
    if not await fetch(_OWED_ON_CONTACT, account_id):
        return False
    await fetch(
        "UPDATE outbox_item SET state = 'pending', due_at = $1, round = round + 1, attempts = 0"
        " WHERE account_id = $2 AND state = 'parked' RETURNING id",
        now,
        account_id,
    )
    untried = Q(state=OutboxState.PENDING, attempts=0) | Q(state=OutboxState.LEASED, attempts=1)
    return await OutboxItem.filter(
        untried, account_id=account_id, round__gt=0, due_at__gt=now - RELEASE_GOES_FIRST_FOR
    ).exists()


async def redrive(ids: list[int], *, now: datetime) -> int:
    """Send dead rows again, with fresh tries: these, or all where none are named.

    Returns how many. For an operator who has mended what killed them.
    """
    named = Q(id__in=ids) if ids else Q()
    return await OutboxItem.filter(named, state=OutboxState.DEAD).update(
        state=OutboxState.PENDING, due_at=now, attempts=0, round=F("round") + 1
    )


async def clock_was_set_back(by: timedelta, *, now: datetime) -> None:
    """What waits for a moment that the clock has been taken back from waits no longer for it.

    Rows due much later than any pause were meant for a day and an hour, and keep it.
    """
    await OutboxItem.filter(
        state=OutboxState.PENDING, due_at__gt=now, due_at__lte=now + by + 2 * BACKOFF_LONGEST
    ).update(due_at=now)
    # Whoever still holds such a lease has it for as long as any other.
    await OutboxItem.filter(state=OutboxState.LEASED, lease_until__gt=now + LEASE).update(
        lease_until=now + LEASE
    )


async def shut_channels(items: list[OutboxItem]) -> dict[int, set[Channel]]:
    """Channels that are known to be shut for each of these in its present round, by their ids."""
    rounds = {item.id: item.round for item in items}
    shut: dict[int, set[Channel]] = {item.id: set() for item in items}
    for row in await Delivery.filter(item_id__in=list(rounds), final=True):
        if row.round == rounds[row.item_id]:
            shut[row.item_id].add(row.channel)
    return shut


async def maybe_sent_before(items: list[OutboxItem]) -> set[int]:
    """The ids of those of which an attempt was begun and never reported: it may have arrived."""
    ids = [item.id for item in items]
    rows = await Delivery.filter(item_id__in=ids, result=DeliveryResult.UNKNOWN)
    return {row.item_id for row in rows}


def backoff(item: OutboxItem) -> timedelta:
    """2 s doubling to 15 min, times 0.5 to 1.5 so that rows do not come back together."""
    doublings = min(item.attempts - 1, 10)  # more would only overflow
    pause = min(BACKOFF_FIRST * 2.0**doublings, BACKOFF_LONGEST)
    return pause * random.uniform(0.5, 1.5)  # noqa: S311 -- jitter needs no secrecy


def _is_free(row: OutboxItem, now: datetime) -> bool:
    if row.state == OutboxState.LEASED:
        return row.lease_until is not None and row.lease_until < now
    return row.due_at <= now


async def _move(item: OutboxItem, state: OutboxState, **columns: Any) -> bool:
    changed = await OutboxItem.filter(
        id=item.id, lease=item.lease, state=OutboxState.LEASED
    ).update(**{"state": state, "lease": None, "lease_until": None, "gate": None, **columns})
    return changed == 1
