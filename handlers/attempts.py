"""One send, for one row of the outbox or for several in one message: begun and ended in one
transaction each.

Several texts for one person become one message where they would otherwise be lost for want of
credits, and where a contact has released them together.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from handlers import consents, delivery, gates, outbox, takeover, windows, wording
from handlers.delivery import Route, TemplateIds
from handlers.gates import Pass
from handlers.windows import Credit, Shut
from models.outbox import Channel, Delivery, DeliveryResult, OutboxItem
from models.transactions import transactional

# A message that fails so often goes on without companions, so that a row which the platform
# refuses keeps no other from arriving.
TRIES_TOGETHER = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A row in a message. label: "（可能重复）" where an earlier attempt may have arrived."""

    item: OutboxItem
    delivery: Delivery
    label: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """A send under way. credit: what it costs in a window, None by other channels."""

    route: Route
    leave: Pass
    credit: Credit | None
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """What an asker reads in a customer-service message. A single text may be too long."""
        return _text([(part.item, part.label) for part in self.parts])


@transactional
async def begin(
    item: OutboxItem, template_ids: TemplateIds, *, a_minute: int, longest: int, now: datetime
) -> Attempt | None:
    """Take the next open channel and write down that sending begins.

    a_minute: the rate of calls, see `gates.enter`. longest: bytes that a merged text may have.
    Returns None when there is nothing to send now: the lease is no longer ours, the row was put
    back to wait at a gate, no channel is open, or a specialist has taken the conversation over.
    """
    if not await outbox.still_ours(item):
        return None
    if await takeover.silences(item, now=now):
        await outbox.drop(item, now=now)
        return None
    while (route := await delivery.next_route(item, template_ids)) is not None:
        credit = await _credit(route, now=now)
        if isinstance(credit, Shut):
            await _record(item, route.channel, now, DeliveryResult.FAILED, credit, final=True)
            continue
        leave = await gates.enter(route.channel, a_minute=a_minute, now=now)
        if leave is None:
            if credit is not None:
                await windows.give_back(credit)
            await outbox.wait_at(item, route.channel)
            return None
        rows = [item]
        if credit is not None:
            rows += await _companions(item, route.channel, credit, now=now)
        labelled = await _labelled(rows)
        labelled = labelled[: _fitting(labelled, longest)]
        await outbox.take_along(item, [row for row, _ in labelled[1:]])
        parts = [
            Part(row, await _record(row, route.channel, now), label) for row, label in labelled
        ]
        return Attempt(route, leave, credit, tuple(parts))
    await delivery.give_up(item, now=now)
    return None


@transactional
async def accepted(attempt: Attempt, *, message_id: str, now: datetime) -> None:
    """The platform took it. A row whose lease was no longer ours keeps its state."""
    for part in attempt.parts:
        await Delivery.filter(id=part.delivery.id).update(
            result=DeliveryResult.ACCEPTED, code="0", message_id=message_id
        )
        await outbox.done(part.item, now=now)
    route = attempt.route
    if route.channel == Channel.MINIAPP_SUBSCRIBE:
        await consents.spend_credit(route.identity.id, route.template_id)


@transactional
async def failed(
    attempt: Attempt,
    *,
    code: str,
    now: datetime,
    final: bool = False,
    maybe_sent: bool = False,
    shut: Shut | None = None,
) -> None:
    """The send did not succeed; its first row is still ours, the others wait behind it again.

    final: this channel is shut for these items in this round. maybe_sent: the request may have
    reached the platform, so the attempts stay unknown. shut: what the platform said of the window.
    """
    if attempt.credit is None:
        pass
    elif shut is not None:
        await windows.correct(attempt.credit, shut, now=now)
    elif maybe_sent:
        await windows.doubt(attempt.credit)
    else:
        await windows.give_back(attempt.credit)
    result = DeliveryResult.UNKNOWN if maybe_sent else DeliveryResult.FAILED
    for part in attempt.parts:
        await Delivery.filter(id=part.delivery.id).update(result=result, code=code, final=final)
    for part in attempt.parts[1:]:
        await outbox.leave_behind(part.item)


async def _credit(route: Route, *, now: datetime) -> Credit | Shut | None:
    if route.channel not in delivery.CUSTOM.values():
        return None
    return await windows.spend(route.identity.id, now=now)


async def _record(
    item: OutboxItem,
    channel: Channel,
    now: datetime,
    result: DeliveryResult = DeliveryResult.UNKNOWN,
    code: str = "",
    *,
    final: bool = False,
) -> Delivery:
    return await Delivery.create(
        item_id=item.id,
        channel=channel,
        round=item.round,
        result=result,
        code=code,
        final=final,
        at=now,
    )


async def _companions(
    item: OutboxItem, channel: Channel, credit: Credit, *, now: datetime
) -> list[OutboxItem]:
    """The rows that should go out in the same message as `item`, as far as they fit."""
    if item.notice in delivery.STAFF_NOTICES or item.attempts > TRIES_TOGETHER:
        return []
    waiting = await outbox.due_behind(item, now=now)
    shut = await outbox.shut_channels([item, *waiting])

    def goes_along(row: OutboxItem) -> bool:
        """Whether it is a text to the same asker, and this its first channel that is not shut."""
        # What is shut for the one is so for the other.
        closed = shut[item.id] | shut[row.id]
        first = next((c for c in delivery.plan(row) if c not in closed), None)
        return row.account_id == item.account_id and "text" in row.payload and first == channel

    rows = list(takewhile(goes_along, waiting))
    released = list(takewhile(lambda row: row.round > 0, rows)) if item.round > 0 else []
    messages = 1 + len(rows) - len(released)
    return released if credit.sure is None or messages <= credit.sure else rows


async def _labelled(rows: list[OutboxItem]) -> list[tuple[OutboxItem, str]]:
    uncertain = await outbox.maybe_sent_before(rows)
    return [(row, wording.LATE_PREFIX if row.id in uncertain else "") for row in rows]


def _fitting(labelled: list[tuple[OutboxItem, str]], longest: int) -> int:
    """How many of the rows fit into one message, whole; the first is always one of them."""
    count = 1
    while count < len(labelled) and len(_text(labelled[: count + 1]).encode()) <= longest:
        count += 1
    return count


def _text(labelled: list[tuple[OutboxItem, str]]) -> str:
    texts = [label + str(item.payload["text"]) for item, label in labelled]
    return wording.replies(texts, waited=labelled[0][0].round > 0)
