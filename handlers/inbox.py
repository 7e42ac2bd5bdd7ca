"""What comes in: stored first, in a transaction of its own, then answered in a second one.

A crash between the two leaves a RECEIVED row, which `sweep` finishes.
"""

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from tortoise.exceptions import IntegrityError

from handlers.conversation import respond
from handlers.house import House
from handlers.incoming import Incoming
from models.accounts import App
from models.conversations import InboundMessage, InboundState, QuarantinedBody, Via
from models.transactions import own_task

# A row that nobody finished for so long belongs to a process that died.
ABANDONED_AFTER = timedelta(seconds=20)
# A row whose handling fails comes back after this, so that it can't hold up the others.
SWEEP_AGAIN_AFTER = timedelta(minutes=2)

log = structlog.get_logger(__name__)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


async def receive(incoming: Incoming, *, via: Via, now: datetime) -> InboundMessage:
    """Store what came in, or find what the same message left before; committed on return."""
    row = InboundMessage(
        dedupe_key=storable(incoming.dedupe_key),
        app=incoming.app,
        openid=storable(incoming.openid),
        kind=incoming.kind,
        text=storable(incoming.text),
        media_id=storable(incoming.media_id),
        payload=storable(incoming.payload),
        sent_at=incoming.sent_at,
        received_at=now,
        sweep_at=now + ABANDONED_AFTER,
        via=via,
    )
    try:
        await own_task(row.save(force_create=True))
    except IntegrityError:
        return await InboundMessage.get(dedupe_key=row.dedupe_key)
    return row


async def quarantine(app: App, *, reason: str, body: bytes, now: datetime) -> None:
    """Keep an authentic body that we do not understand, for a person to look at."""
    await own_task(QuarantinedBody.create(app=app, reason=reason[:200], body=body, received_at=now))


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished message for a client that shows more than text. pending: it will come later."""

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
    Raises what storing raises: then nothing was taken, and the sender will try again.
    """
    message = await _in_time(house, incoming, via=via, seconds=seconds)
    return message.reply if message.via == Via.PASSIVE else ""


async def ask(house: House, incoming: Incoming, *, seconds: float) -> Answer:
    """The same for the mini-program's own request, with what its cards show."""
    message = await _in_time(house, incoming, via=Via.DIRECT, seconds=seconds)
    if message.via != Via.DIRECT:
        return Answer(message.text, pending=True, reply="")
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
    message = await receive(incoming, via=via, now=house.clock.now())
    try:
        return await asyncio.wait_for(own_task(respond(house, message.id)), seconds)
    except TimeoutError:
        return await defer(message.id)
    except Exception:
        log.exception("answering failed, the sweep will try again", message=message.id)
        return await defer(message.id)


async def defer(message_id: int) -> InboundMessage:
    """The response can't wait any longer: let the answer follow through the outbox.

    Returns the row as it then stands: if the answer was there first, it stays passive.
    """
    await own_task(
        InboundMessage.filter(id=message_id, state=InboundState.RECEIVED).update(via=Via.PUSH)
    )
    return await InboundMessage.get(id=message_id)


async def sweep(house: House, *, now: datetime, limit: int = 50) -> int:
    """Finish what a crash left between the two transactions. Returns how many were finished."""
    rows = (
        await InboundMessage.filter(state=InboundState.RECEIVED, sweep_at__lte=now)
        .order_by("sweep_at")
        .limit(limit)
    )
    for row in rows:
        await InboundMessage.filter(id=row.id).update(sweep_at=now + SWEEP_AGAIN_AFTER)
        if row.via == Via.PASSIVE:
            await defer(row.id)
        await respond(house, row.id)
    return len(rows)


def storable(value: Any) -> Any:
    """`value` without NUL and lone surrogates, which PostgreSQL stores in no text or JSON."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("", value)
    if isinstance(value, dict):
        return {storable(k): storable(v) for k, v in value.items()}
    if isinstance(value, list):
        return [storable(v) for v in value]
    return value
