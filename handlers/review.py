"""Messages that were held for review: listed, and passed or turned down by staff, once.

One that has passed is taken up by the worker's sweep as if it came now. Until then nothing of it
reaches engine, ticket, transcript or specialist.
"""

from datetime import datetime

from handlers import accounts, outbox, windows, wording
from handlers.accounts import Staff, StaffRole, asker_stream
from handlers.errors import Conflict, NotFound
from handlers.house import House
from handlers.threads import Thread
from models.conversations import InboundMessage, InboundState, Via
from models.outbox import Notice
from models.transactions import transactional

REVIEWERS = frozenset({StaffRole.SERVICE_OFFICER, StaffRole.MANAGER})


async def note_held(
    house: House, message: InboundMessage, thread: Thread, *, now: datetime
) -> None:
    """What a contact brings with it whatever it says; and the word that it is held, where no
    response carries that. Runs inside the transaction that stores the message."""
    await windows.opened(house.platform.allowances, thread.identity_id, message)
    if message.via != Via.DIRECT:
        await outbox.unpark(thread.account_id, now=now)
    if message.via == Via.PUSH:
        await _tell(message, thread.account_id, key=f"held:{message.id}", now=now)


def may_review(staff: Staff) -> bool:
    """Whether this member of staff decides on what is held."""
    return staff.role in REVIEWERS


async def waiting(staff: Staff, *, limit: int = 50) -> list[InboundMessage]:
    """What is held, oldest first. Raises NotFound for who may not review."""
    _require_reviewer(staff)
    return await InboundMessage.filter(state=InboundState.HELD).order_by("id").limit(limit)


async def number_waiting(staff: Staff) -> int:
    """How much is held, as far as this member of staff has to do with it."""
    if not may_review(staff):
        return 0
    return await InboundMessage.filter(state=InboundState.HELD).count()


@transactional
async def decide(
    house: House, message_id: int, staff: Staff, *, passes: bool, now: datetime
) -> None:
    """Pass a held message on, or turn it down and tell its sender. The first word counts; the same
    person's same word again changes nothing.

    Raises NotFound, also for who may not review, and Conflict when somebody has decided already.
    """
    _require_reviewer(staff)
    message = await InboundMessage.get_or_none(id=message_id)
    if message is None or not message.held_as:
        raise NotFound(wording.NOTHING_HELD)
    phone = house.platform.service_phone
    message.reply = "" if passes else wording.turned_down(message.sent_at, phone)
    decided = await InboundMessage.filter(id=message_id, state=InboundState.HELD).update(
        state=InboundState.RECEIVED if passes else InboundState.DONE,
        # As if it came now, and nobody waits for the response any more.
        via=Via.PUSH,
        received_at=now,
        sweep_at=now,
        reply=message.reply,
        passed=passes,
        reviewed_at=now,
        reviewed_by_id=staff.id,
    )
    if not decided:
        await message.refresh_from_db()
        if (message.reviewed_by_id, message.passed) != (staff.id, passes):
            raise Conflict(wording.REVIEWED_ALREADY)
    elif not passes:
        identity = await accounts.identity_of(message.app, message.openid, now=now)
        await _tell(message, identity.account_id, key=f"turned-down:{message.id}", now=now)


def _require_reviewer(staff: Staff) -> None:
    if not may_review(staff):
        raise NotFound(wording.NOTHING_HELD)


async def _tell(message: InboundMessage, account_id: int, *, key: str, now: datetime) -> None:
    await outbox.enqueue(
        Notice.REPLY,
        account_id=account_id,
        app=message.app,
        payload={"text": message.reply, "of_review": True},
        dedupe_key=key,
        stream=asker_stream(account_id),
        now=now,
    )
