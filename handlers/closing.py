"""The end of a ticket: closed by the asker, by staff or by time; opened again or gone on with."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from handlers import outbox, takeover, ticket_records, tickets, wording
from handlers.errors import Conflict
from handlers.house import House
from handlers.ratings import RATED_WITHIN
from handlers.routing import Colleague
from handlers.threads import Thread
from handlers.topics import label
from handlers.turns import TicketWanted
from handlers.typed import typed
from handlers.verdicts import Verdict
from handlers.worktime import outside_the_night
from models.accounts import App, Staff
from models.outbox import Notice, OutboxItem, OutboxState
from models.tickets import LABELS, EventKind, Ticket, TicketState
from models.transactions import transactional


class ClosedBy(StrEnum):
    """Who, or what, ends a ticket."""

    ASKER = "asker"
    STAFF = "staff"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Continued:
    """Where an asker's matter goes on. follows: it is a new ticket, given to `staff` if anybody."""

    ticket: Ticket
    follows: bool
    staff: Colleague | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What is said to an asker's verdict, and the ticket that it is about now."""

    say: str
    ticket: Ticket


_TOLD = {
    ClosedBy.ASKER: wording.CLOSED_BY_ASKER,
    ClosedBy.STAFF: wording.CLOSED_BY_STAFF,
    ClosedBy.TIME: wording.CLOSED_BY_TIME,
}


@transactional
async def close(ticket: Ticket, by: ClosedBy, *, actor: str = "", now: datetime) -> None:
    """End an answered ticket; one that is closed already stays as it is.

    The asker is invited to rate it, once in a ticket's life: by a notice, or where the asker ended
    it, in whatever the caller says to that. actor: the member of staff, for the history.
    Raises Conflict when it is not answered.
    """
    await tickets.lock(ticket)
    if ticket.state == TicketState.CLOSED:
        return
    if ticket.state != TicketState.ANSWERED:
        raise Conflict(wording.NOT_ANSWERED_YET)
    invited_before = ticket.invited_at is not None
    columns = {
        "closed_at": now,
        "close_due_at": None,
        "invited_at": ticket.invited_at or now,
    }
    await tickets.move(ticket, TicketState.CLOSED, **columns)
    ticket.update_from_dict(columns)
    await tickets.record(ticket, EventKind.CLOSED, at=now, actor=actor, text=_TOLD[by])
    await takeover.release_of(ticket)
    if by != ClosedBy.ASKER and not invited_before:
        await _invite(ticket, now=now)


async def sweep(*, now: datetime, limit: int = 100) -> int:
    """Close what was answered and left alone for long enough. Returns how many were closed.

    Two sweeps at once close each ticket once. Invitations that still wait for their person's next
    contact when it is too late to rate are taken back.
    """
    waiting = OutboxItem.filter(notice=Notice.TICKET_CLOSED, state=OutboxState.PARKED)
    stale = waiting.filter(due_at__lt=now - RATED_WITHIN).limit(limit)
    for key in await stale.values_list("dedupe_key", flat=True):
        await outbox.take_back(str(key))
    due = (
        await Ticket.filter(state=TicketState.ANSWERED, close_due_at__lte=now)
        .order_by("close_due_at")
        .limit(limit)
    )
    return sum([await _close_if_due(ticket, now=now) for ticket in due])


@transactional
async def reopen_or_follow(
    house: House,
    ticket: Ticket,
    text: str,
    *,
    thread: Thread,
    transcript: list[dict[str, str]],
    dedupe_key: str,
    now: datetime,
) -> Continued:
    """The asker says that it was not solved. Within 7 days of the answer the ticket goes on, with
    its number and specialist; later a new one goes on with it, with the same specialist if on duty.

    Where a new one is there already, that one is meant. dedupe_key: of the asker's message.
    Raises DomainError for an empty or overlong text, Conflict for a withdrawn ticket.
    """
    await tickets.lock(ticket)
    while later := await _follower(ticket):
        ticket = later
        await tickets.lock(ticket)
    if ticket.state == TicketState.WITHDRAWN or not tickets.is_over(ticket, now):
        await tickets.add_message(house, ticket, text, dedupe_key=dedupe_key, now=now)
        return Continued(ticket, follows=False)
    text = typed(text, tickets.LONGEST_MESSAGE, "补充内容")
    wanted = TicketWanted(
        wording.follow_up(ticket.number, ticket.question, text),
        ticket.topic,
        (wording.goes_on(ticket.number),),
        tuple(ticket.standards),
    )
    new, staff = await tickets.open_ticket(
        house, wanted, thread=thread, transcript=transcript, follows=ticket, now=now
    )
    return Continued(new, follows=True, staff=staff)


@transactional
async def hear(
    house: House, verdict: Verdict, text: str, *, thread: Thread, dedupe_key: str, now: datetime
) -> Heard | None:
    """Do what an asker's verdict asks for. None where there is no ticket that it can be about, or
    the text is too long for one."""
    ticket = await concerned(thread.account_id, verdict)
    if ticket is None or len(text) > tickets.LONGEST_MESSAGE:
        return None
    if verdict == Verdict.SOLVED:
        await close(ticket, ClosedBy.ASKER, now=now)
        # The mini-program rates on a page of its own.
        url = house.rating_url(ticket.number) if thread.app == App.OFFICIAL else ""
        return Heard(wording.closed(ticket.number, url), ticket)
    went_on = await reopen_or_follow(
        house,
        ticket,
        text,
        thread=thread,
        transcript=await ticket_records.transcript_of(thread.id),
        dedupe_key=dedupe_key,
        now=now,
    )
    new = went_on.ticket
    promised = wording.promise(new.answer_due_at, now)
    if not went_on.follows:
        return Heard(wording.reopened(new.number, promised), new)
    name = went_on.staff.name if went_on.staff else ""
    return Heard(wording.followed(ticket.number, new.number, name, promised), new)


async def concerned(account_id: int, verdict: Verdict) -> Ticket | None:
    """The ticket that the asker's verdict is about: of those that can be meant, the one answered
    last. Only an answered one can be told to be solved."""
    states = [TicketState.ANSWERED]
    if verdict == Verdict.UNSOLVED:
        states.append(TicketState.CLOSED)
    return (
        await Ticket.filter(asker_id=account_id, state__in=states).order_by("-answered_at").first()
    )


async def _follower(ticket: Ticket) -> Ticket | None:
    followers = Ticket.filter(follows_id=ticket.id).exclude(state=TicketState.WITHDRAWN)
    return await followers.order_by("-id").first()


@transactional
async def _close_if_due(ticket: Ticket, *, now: datetime) -> bool:
    await tickets.lock(ticket)
    # Opened again, answered anew or closed meanwhile, it is not due.
    if ticket.close_due_at is None or ticket.close_due_at > now:
        return False
    await close(ticket, ClosedBy.TIME, now=now)
    return True


async def _invite(ticket: Ticket, *, now: datetime) -> None:
    staff = await Staff.get_or_none(id=ticket.assignee_id)
    await outbox.enqueue(
        Notice.TICKET_CLOSED,
        account_id=ticket.asker_id,
        app=ticket.app,
        payload={
            "number": ticket.number,
            "question": ticket.question,
            "name": staff.name if staff else "平台",
            "topic": label(ticket.topic),
            "state": LABELS[ticket.state],
            "text": wording.closed(ticket.number),
        },
        dedupe_key=tickets.invitation_key(ticket),
        # A stream of its own: what waits for the morning must hold up nothing else.
        stream=tickets.invitation_key(ticket),
        due_at=outside_the_night(now),
        now=now,
    )
