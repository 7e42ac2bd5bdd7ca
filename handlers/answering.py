"""A specialist's work on a ticket 工单: accept it, write to the asker, answer."""

from datetime import datetime

from handlers import outbox, takeover, tickets, wording
from handlers.accounts import asker_stream
from handlers.errors import Conflict
from handlers.house import House
from handlers.safety import require_fit
from handlers.typed import typed
from handlers.worktime import add_working_days
from models.accounts import Staff, StaffRole
from models.outbox import Notice
from models.tickets import OPEN_STATES, EventKind, Ticket, TicketEvent, TicketState
from models.transactions import transactional

LONGEST_ANSWER = 5000


@transactional
async def accept(ticket: Ticket, staff: Staff, *, now: datetime) -> None:
    """The assignee takes the ticket on; service officer and manager may also take a parked one.

    A second tap changes nothing. Raises Conflict.
    """
    await tickets.lock(ticket)
    if ticket.state == TicketState.ACCEPTED and ticket.assignee_id == staff.id:
        return
    if ticket.state == TicketState.PARKED and staff.role != StaffRole.SPECIALIST:
        await tickets.move(ticket, TicketState.ASSIGNED, assignee_id=staff.id)
        await tickets.record(ticket, EventKind.ASSIGNED, at=now, text=f"由{staff.name}处理")
    if ticket.state != TicketState.ASSIGNED:
        raise Conflict(tickets.MOVED_ON)
    await tickets.move(ticket, TicketState.ACCEPTED, assignee_id=staff.id)
    await tickets.record(ticket, EventKind.ACCEPTED, at=now, actor=staff.name, text="专员已接单")


@transactional
async def answer(
    house: House, ticket: Ticket, staff: Staff, text: str, *, form_id: str, now: datetime
) -> None:
    """Send the specialist's answer to the asker, who has some days to say that it is no answer.

    form_id: made anew for every rendered form; the same form sent twice is one answer.
    Raises DomainError for an empty or overlong text, Unfit for an unsafe one, Conflict when the
    ticket has moved on.
    """
    text = typed(text, LONGEST_ANSWER, "答复")
    require_fit(text)
    dedupe_key = f"answer:{ticket.id}:{form_id}"
    if not await _begun(ticket, staff, dedupe_key=dedupe_key, now=now):
        return
    await tickets.move(
        ticket,
        TicketState.ANSWERED,
        assignee_id=staff.id,
        answered_at=now,
        close_due_at=add_working_days(now, house.platform.close_after_days, house.platform.spans),
    )
    event_id = await tickets.record(
        ticket, EventKind.ANSWERED, at=now, actor=staff.name, text=text, dedupe_key=dedupe_key
    )
    words = wording.answer(ticket.question, text, staff.name, ticket.number)
    await _tell_asker(Notice.TICKET_ANSWERED, ticket, staff, words, event_id=event_id, now=now)
    await takeover.take(house, ticket, now=now)


@transactional
async def write(
    house: House, ticket: Ticket, staff: Staff, text: str, *, form_id: str, now: datetime
) -> None:
    """The specialist writes to the asker without answering yet, and takes the conversation over.

    Errors and form_id as with `answer`.
    """
    text = typed(text, LONGEST_ANSWER, "留言")
    require_fit(text)
    dedupe_key = f"write:{ticket.id}:{form_id}"
    if not await _begun(ticket, staff, dedupe_key=dedupe_key, now=now):
        return
    if ticket.state not in OPEN_STATES or ticket.assignee_id != staff.id:
        raise Conflict(tickets.MOVED_ON)
    event_id = await tickets.record(
        ticket, EventKind.WRITTEN, at=now, actor=staff.name, text=text, dedupe_key=dedupe_key
    )
    words = wording.written(ticket.question, text, staff.name, ticket.number)
    await _tell_asker(Notice.TICKET_WRITTEN, ticket, staff, words, event_id=event_id, now=now)
    await takeover.take(house, ticket, now=now)


async def _begun(ticket: Ticket, staff: Staff, *, dedupe_key: str, now: datetime) -> bool:
    """Hold the ticket, taken on where it was not yet; False where this very form came before."""
    await tickets.lock(ticket)
    if await TicketEvent.filter(dedupe_key=dedupe_key).exists():
        return False
    if ticket.state in (TicketState.ASSIGNED, TicketState.PARKED):
        await accept(ticket, staff, now=now)
    return True


async def _tell_asker(
    notice: Notice, ticket: Ticket, staff: Staff, words: str, *, event_id: int, now: datetime
) -> None:
    """Owe the asker what the specialist wrote."""
    await outbox.enqueue(
        notice,
        account_id=ticket.asker_id,
        app=ticket.app,
        payload={
            "number": ticket.number,
            "question": ticket.question,
            "name": staff.name,
            "text": words,
        },
        dedupe_key=f"{notice.value}:{event_id}",
        stream=asker_stream(ticket.asker_id),
        now=now,
    )
