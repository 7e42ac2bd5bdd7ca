"""Tickets 工单: opened, accepted, answered, added to. One verb, one transaction each."""

from datetime import datetime, timedelta
from typing import Any

from handlers import outbox, routing, wording
from handlers.enterprises import shares
from handlers.errors import Conflict
from handlers.house import House
from handlers.routing import Colleague
from handlers.threads import Thread
from handlers.ticket_numbers import next_number
from handlers.topics import label
from handlers.turns import TicketWanted
from handlers.typed import typed
from handlers.worktime import add_working_time, is_open
from models.accounts import Staff, StaffRole
from models.outbox import Notice
from models.sql import create, insert
from models.tickets import (
    TRANSITIONS,
    Audience,
    EventKind,
    Ticket,
    TicketEvent,
    TicketState,
)
from models.transactions import transactional

LONGEST_MESSAGE = 2000
MOVED_ON = "工单状态已变化，请刷新后再试。"
KEY_TAKEN = "同一个 Idempotency-Key 已用于另一段内容。"
# DOMAIN.md: reopened within 7 days keeps number and specialist.
REOPENED_WITHIN = timedelta(days=7)


async def open_ticket(
    house: House,
    wanted: TicketWanted,
    *,
    thread: Thread,
    transcript: list[dict[str, str]],
    now: datetime,
    follows: Ticket | None = None,
) -> tuple[Ticket, Colleague | None]:
    """Register a question and give it to somebody, or park it where nobody is on duty.

    follows: the older ticket that it goes on with, whose specialist takes it when on duty.
    Runs inside the caller's transaction.
    """
    choice = await routing.choose(wanted.topic, known_to=follows.assignee_id if follows else None)
    parked = choice.staff is None
    ticket = await create(
        Ticket,
        number=await next_number(now),
        asker_id=thread.account_id,
        enterprise_id=await shares(thread.account_id),
        app=thread.app,
        conversation_id=thread.id,
        assignee_id=choice.staff.id if choice.staff else None,
        topic=wanted.topic,
        state=TicketState.PARKED if parked else TicketState.ASSIGNED,
        question=wanted.question,
        transcript=transcript,
        reasons=[*wanted.reasons, *(() if parked else choice.reasons)],
        standards=list(wanted.standards),
        created_at=now,
        answer_due_at=promise(house, now),
        follows_id=follows.id if follows else None,
    )
    if ticket is None:
        raise RuntimeError("a ticket's number was given out twice")
    await record(ticket, EventKind.OPENED, at=now, text=wanted.question)
    if choice.staff is not None:
        await _hand_to(ticket, choice.staff, now=now)
        return ticket, choice.staff
    reasons = "；".join(choice.reasons)
    await record(ticket, EventKind.PARKED, at=now, audience=Audience.STAFF, text=reasons)
    for manager in await Staff.filter(role=StaffRole.MANAGER):
        await notify_staff(Notice.TICKET_PARKED, ticket, manager, now=now)
    return ticket, None


async def assign(ticket: Ticket, *, now: datetime) -> None:
    """Give a parked ticket to somebody who is on duty now, if anybody is. Raises Conflict."""
    choice = await routing.choose(ticket.topic)
    if choice.staff is None:
        return
    ticket.reasons = [*ticket.reasons, *choice.reasons]
    await move(ticket, TicketState.ASSIGNED, assignee_id=choice.staff.id, reasons=ticket.reasons)
    ticket.assignee_id = choice.staff.id
    await _hand_to(ticket, choice.staff, now=now)


async def _hand_to(ticket: Ticket, staff: Colleague, *, now: datetime) -> None:
    text = f"已转{label(ticket.topic)}专员{staff.name}"
    await record(ticket, EventKind.ASSIGNED, at=now, text=text)
    await notify_staff(Notice.TICKET_ASSIGNED, ticket, staff, now=now)


@transactional
async def add_message(
    house: House,
    ticket: Ticket,
    text: str,
    *,
    author: str = wording.BY_ASKER,
    dedupe_key: str,
    now: datetime,
) -> None:
    """The asker, or a colleague, adds something. A ticket answered lately is reopened with a new
    deadline.

    Raises DomainError for an empty or overlong text, Conflict when the ticket is withdrawn, was
    answered long ago, or the key came before with another text.
    """
    text = typed(text, LONGEST_MESSAGE, "补充内容")
    await lock(ticket)
    before = await TicketEvent.get_or_none(dedupe_key=dedupe_key)
    if before is not None:
        if before.text != text:
            raise Conflict(KEY_TAKEN)
        return
    await take_addition(house, ticket, text, author=author, dedupe_key=dedupe_key, now=now)


async def note_courtesy(ticket: Ticket, text: str, *, dedupe_key: str, now: datetime) -> None:
    """Thanks and the like are kept in the history and ask nothing of anybody."""
    text = text or "［无文字］"
    await record(
        ticket, EventKind.MESSAGE, at=now, actor=wording.BY_ASKER, text=text, dedupe_key=dedupe_key
    )


async def take_addition(
    house: House, ticket: Ticket, text: str, *, author: str, dedupe_key: str, now: datetime
) -> None:
    """Write down what was added, reopen a ticket answered lately, tell its assignee.

    Runs inside the caller's transaction, which holds the ticket's lock. Raises Conflict.
    """
    if ticket.state == TicketState.WITHDRAWN:
        raise Conflict("这张工单已撤回，请重新提问。")
    if is_over(ticket, now):
        raise Conflict("这张工单已答复超过7天，请直接重新提问，会新开一张。")
    event_id = await record(
        ticket, EventKind.MESSAGE, at=now, actor=author, text=text, dedupe_key=dedupe_key
    )
    if ticket.state in (TicketState.ANSWERED, TicketState.CLOSED, TicketState.WAITING_CUSTOMER):
        await _reopen(house, ticket, now=now)
    if ticket.assignee_id is not None:
        staff = await Staff.get(id=ticket.assignee_id)
        await notify_staff(Notice.TICKET_MESSAGE, ticket, staff, now=now, occasion=event_id)


async def _reopen(house: House, ticket: Ticket, *, now: datetime) -> None:
    """It goes on with the same specialist, and a new deadline."""
    columns: dict[str, Any] = {
        "answer_due_at": promise(house, now),
        "overdue_at": None,
        "answered_at": None,
        "close_due_at": None,
        "closed_at": None,
    }
    staff = await Staff.get(id=ticket.assignee_id)
    if not staff.on_duty:
        columns["reasons"] = [*ticket.reasons, wording.kept_off_duty(staff.name)]
    if await outbox.take_back(invitation_key(ticket)):
        columns["invited_at"] = None
    await move(ticket, TicketState.ACCEPTED, **columns)
    ticket.update_from_dict(columns)


def is_over(ticket: Ticket, now: datetime) -> bool:
    """Whether it was answered too long ago to be opened again."""
    return ticket.answered_at is not None and now - ticket.answered_at > REOPENED_WITHIN


def invitation_key(ticket: Ticket) -> str:
    """The outbox key of the invitation to rate a ticket."""
    return f"closed:{ticket.id}"


async def lock(ticket: Ticket) -> None:
    """Hold the row until the transaction ends, and see it as it now is."""
    await Ticket.select_for_update().get(id=ticket.id)
    await ticket.refresh_from_db()


def promise(house: House, now: datetime) -> datetime:
    """By when a question asked now is to be answered, in working time of the platform file."""
    amount = timedelta(hours=house.platform.answer_hours)
    return add_working_time(now, amount, house.platform.spans)


def receipt(house: House, ticket: Ticket, staff: Colleague | None, *, now: datetime) -> str:
    """What the asker is told of a new ticket: who has it, and by when they answer."""
    promised = wording.promise(ticket.answer_due_at, now)
    closed = ""
    if not is_open(now, house.platform.spans):
        closed = wording.closed_now(house.platform.hours_text())
    if staff is None:
        return wording.parked(ticket.number, promised, closed)
    return wording.assigned(label(ticket.topic), staff.name, ticket.number, promised, closed)


async def notify_staff(
    notice: Notice, ticket: Ticket, staff: Staff | Colleague, *, now: datetime, occasion: int = 0
) -> None:
    """Owe a member of staff a notice about a ticket, once for each occasion."""
    await outbox.enqueue(
        notice,
        account_id=staff.account_id,
        app=ticket.app,
        payload={
            "number": ticket.number,
            "topic": label(ticket.topic),
            "question": ticket.question,
            "due": ticket.answer_due_at.isoformat(),
            "ticket_id": ticket.id,
            "staff_id": staff.id,
        },
        dedupe_key=f"{notice.value}:{ticket.id}:{staff.id}:{occasion}",
        stream=f"ticket:{ticket.id}:staff:{staff.id}",
        now=now,
    )


async def move(ticket: Ticket, state: TicketState, **columns: Any) -> None:
    """Change the state if the table allows it and nobody was faster. Raises Conflict."""
    if state not in TRANSITIONS[ticket.state]:
        raise Conflict(MOVED_ON)
    changed = await Ticket.filter(id=ticket.id, state=ticket.state).update(state=state, **columns)
    if changed != 1:
        raise Conflict(MOVED_ON)
    ticket.state = state


async def record(
    ticket: Ticket,
    kind: EventKind,
    *,
    at: datetime,
    audience: Audience = Audience.EVERYONE,
    actor: str = "",
    text: str = "",
    dedupe_key: str | None = None,
) -> int:
    """Add a line to a ticket's history; its id. Raises Conflict when the key came before."""
    event_id = await insert(
        TicketEvent,
        ticket_id=ticket.id,
        kind=kind,
        audience=audience,
        actor=actor,
        text=text,
        dedupe_key=dedupe_key,
        at=at,
    )
    if event_id is None:
        raise Conflict(MOVED_ON)
    return event_id
