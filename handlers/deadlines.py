"""Deadlines are columns; this is the sweep that asks for them."""

from datetime import datetime

import structlog
from tortoise.expressions import Q

from handlers import closing, routing, tickets
from handlers.errors import Conflict
from models.accounts import Staff, StaffRole
from models.outbox import Notice
from models.tickets import UNANSWERED_STATES, Audience, EventKind, Ticket, TicketState
from models.transactions import transactional

log = structlog.get_logger(__name__)


async def sweep(*, now: datetime, limit: int = 100) -> int:
    """Mark missed deadlines once, give parked tickets to whoever came on duty, close what is done.

    Returns how many tickets were dealt with. Two sweeps at once deal with each ticket once.
    """
    done = 0
    overdue = (
        await Ticket.filter(state__in=UNANSWERED_STATES, answer_due_at__lt=now, overdue_at=None)
        .order_by("answer_due_at")
        .limit(limit)
    )
    for ticket in overdue:
        done += await _mark_overdue(ticket, now=now)
    for ticket in await _assignable(limit):
        done += await _assign_parked(ticket, now=now)
    return done + await closing.sweep(now=now, limit=limit)


async def _assignable(limit: int) -> list[Ticket]:
    """Parked tickets that somebody on duty could take now; asked once a topic, not a ticket."""
    parked = Ticket.filter(state=TicketState.PARKED)
    topics = await parked.distinct().values_list("topic", flat=True)
    staffed = [str(t) for t in topics if (await routing.choose(str(t))).staff is not None]
    if not staffed:
        return []
    return await parked.filter(topic__in=staffed).order_by("id").limit(limit)


@transactional
async def _mark_overdue(ticket: Ticket, *, now: datetime) -> bool:
    # Answered or given a new deadline meanwhile, it is not late.
    marked = await Ticket.filter(
        id=ticket.id, overdue_at=None, state__in=UNANSWERED_STATES, answer_due_at__lt=now
    ).update(overdue_at=now)
    if marked != 1:
        return False
    await tickets.record(
        ticket, EventKind.OVERDUE, at=now, audience=Audience.STAFF, text="超过答复时限"
    )
    for staff in await Staff.filter(Q(role=StaffRole.MANAGER) | Q(id=ticket.assignee_id or 0)):
        await tickets.notify_staff(
            Notice.TICKET_OVERDUE,
            ticket,
            staff,
            now=now,
            occasion=int(ticket.answer_due_at.timestamp()),
        )
    return True


async def _assign_parked(ticket: Ticket, *, now: datetime) -> bool:
    try:
        await _assign(ticket, now=now)
    except Conflict:
        return False  # another sweep was faster
    return ticket.state != TicketState.PARKED


@transactional
async def _assign(ticket: Ticket, *, now: datetime) -> None:
    await tickets.assign(ticket, now=now)
