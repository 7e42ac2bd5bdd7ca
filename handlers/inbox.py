"""What comes in: stored first, in a transaction of its own, then answered in a second one.

A crash between the two leaves a RECEIVED row, which `sweep` finishes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from handlers import noticed, review, threads, wording
from handlers.conversation import CONTACT, respond
from handlers.errors import Conflict
from handlers.house import House
from handlers.incoming import Incoming
from handlers.parting import OURS, split_text
from handlers.safety import SAID, unsafe
from handlers.threads import Thread
from models.accounts import App
from models.conversations import InboundMessage, InboundState, Kind, QuarantinedBody, Via
from models.sql import create
from models.text import storable
from models.transactions import own_task, transactional

# A row that nobody finished for so long belongs to a process that died.
ABANDONED_AFTER = timedelta(seconds=20)
# A row whose handling fails comes back after this, doubling, so that it can't hold up the others.
SWEEP_AGAIN_AFTER = timedelta(minutes=2)
MAX_SWEEPS = 8

# An event that means nothing to us is kept, and that is all.
_FIRST = {Kind.OTHER: InboundState.DONE}

log = structlog.get_logger(__name__)


@transactional
async def receive(
    house: House, incoming: Incoming, *, via: Via, now: datetime
) -> tuple[InboundMessage, Thread | None]:
    """Store what came in, or find what the same message left before; committed on return.

    Where somebody got in touch just now, their thread is looked up along with it. What is unsafe is
    held from the first: neither a crash nor another message can get it past the review.
    """
    openid = storable(incoming.openid)
    thread = None
    if incoming.kind in CONTACT:
        thread = await threads.find(house, incoming.app, openid, now=now)
    key = storable(incoming.dedupe_key)
    trouble = _trouble(incoming)
    row = await create(
        InboundMessage,
        dedupe_key=key,
        app=incoming.app,
        openid=openid,
        kind=incoming.kind,
        text=storable(incoming.text),
        media_id=storable(incoming.media_id),
        payload=storable(incoming.payload),
        sent_at=incoming.sent_at,
        received_at=now,
        sweep_at=now + ABANDONED_AFTER,
        state=InboundState.HELD if trouble else _FIRST.get(incoming.kind, InboundState.RECEIVED),
        via=via,
        conversation_id=thread.id if thread else None,
        held_as=trouble,
        reply=wording.held(house.platform.service_phone) if trouble else "",
    )
    if row is None:
        noticed.duplicate(incoming.app)
        return await InboundMessage.get(dedupe_key=key), None
    if trouble and thread is not None:
        await review.note_held(house, row, thread, now=now)
    return row, thread


def _trouble(incoming: Incoming) -> str:
    """For which kind of trouble a message is held; "" for none. Keys and scenes are our own."""
    if incoming.kind not in SAID:
        return ""
    return incoming.doubt or unsafe(incoming.text) or ""


async def has(incoming: Incoming) -> bool:
    """Whether this very message was stored before."""
    return await InboundMessage.exists(dedupe_key=storable(incoming.dedupe_key))


async def quarantine(app: App, *, reason: str, body: bytes, now: datetime) -> None:
    """Keep an authentic body that we do not understand, for a person to look at."""
    await own_task(QuarantinedBody.create(app=app, reason=reason[:200], body=body, received_at=now))


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished message for a client that shows more than text.

    pending: the answer will come later; then `reply` is there only where it waits for review.
    """

    text: str
    pending: bool
    reply: str
    action: str = ""
    topic: str = ""
    standards: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    ticket: str = ""


async def passive_reply(house: House, incoming: Incoming, *, via: Via, seconds: float) -> str:
    """Store and answer; after `seconds` the answer follows through the outbox instead.

    Returns what to say in the response, "" for nothing. The work goes on when the caller is gone.
    Raises what storing raises, TimeoutError too: then the sender will try again.
    """
    message = await _in_time(house, incoming, via=via, seconds=seconds)
    # What is more than one reply can hold follows by message.
    return split_text(message.reply, OURS)[0] if message.via == Via.PASSIVE else ""


async def ask(house: House, incoming: Incoming, *, seconds: float) -> Answer:
    """The same for the mini-program's own request, with what its cards show.

    Raises Conflict when the same key came before with another text.
    """
    message = await _in_time(house, incoming, via=Via.DIRECT, seconds=seconds)
    if message.text != storable(incoming.text):
        raise Conflict("同一个 Idempotency-Key 已用于另一个问题。")
    if message.state != InboundState.DONE:
        return Answer(message.text, pending=True, reply=message.reply)
    decision = message.decision or {}
    return Answer(
        text=message.text,
        pending=False,
        reply=message.reply,
        action=decision.get("action", ""),
        topic=decision.get("topic", ""),
        standards=tuple(decision.get("standards", ())),
        options=tuple(option["label"] for option in decision.get("options", ())),
        ticket=message.ticket_number,
    )


async def _in_time(house: House, incoming: Incoming, *, via: Via, seconds: float) -> InboundMessage:
    stored: list[InboundMessage] = []

    async def work() -> InboundMessage:
        message, thread = await receive(house, incoming, via=via, now=house.clock.now())
        stored.append(message)
        return await respond(house, message, thread)

    try:
        return await own_task(work(), seconds)
    except TimeoutError:
        if not stored:
            raise
    except Exception:
        if not stored:
            raise
        log.exception("answering failed, the sweep will try again", message=stored[0].id)
    return await defer(stored[0].id)


async def defer(message_id: int) -> InboundMessage:
    """The response can't wait any longer: let the answer follow through the outbox.

    Returns the row as it then stands: if the answer was there first, it stays passive.
    """
    await own_task(
        InboundMessage.filter(id=message_id, state=InboundState.RECEIVED).update(via=Via.PUSH)
    )
    return await InboundMessage.get(id=message_id)


async def sweep(house: House, *, now: datetime, limit: int = 50) -> int:
    """Finish what a crash left between the two transactions. Returns how many were looked at.

    A row that fails is tried again later and later, and given up in the end; it stops no other.
    """
    rows = (
        await InboundMessage.filter(state=InboundState.RECEIVED, sweep_at__lte=now)
        .order_by("sweep_at")
        .limit(limit)
    )
    for row in rows:
        pause = SWEEP_AGAIN_AFTER * 2**row.sweeps
        state = InboundState.FAILED if row.sweeps >= MAX_SWEEPS else InboundState.RECEIVED
        await InboundMessage.filter(id=row.id, state=InboundState.RECEIVED).update(
            sweep_at=now + pause, sweeps=row.sweeps + 1, state=state
        )
        if state == InboundState.FAILED:
            log.error("message given up, a person must look", message=row.id)
            continue
        if row.via != Via.PUSH:
            await defer(row.id)  # nobody waits for the response any more
        try:
            await respond(house, row)
        except Exception:
            log.exception("message left for a later sweep", message=row.id)
    return len(rows)


async def clock_was_set_back(*, now: datetime) -> None:
    """Unfinished messages wait no longer for a moment that the clock has been taken back from."""
    await InboundMessage.filter(
        state=InboundState.RECEIVED, sweep_at__gt=now + ABANDONED_AFTER
    ).update(sweep_at=now + ABANDONED_AFTER)


async def redrive(*, now: datetime) -> int:
    """Try messages again that were given up, for an operator who has mended the cause. Returns
    how many."""
    return await InboundMessage.filter(state=InboundState.FAILED).update(
        state=InboundState.RECEIVED, sweeps=0, sweep_at=now
    )
