"""The effects of a turn, inside the transaction that settles the message; each has its words."""

from datetime import datetime

from handlers import accounts, people, requests, takeover, ticket_records, tickets, wording
from handlers.errors import NotFound
from handlers.forms import forms
from handlers.house import House
from handlers.routing import Colleague
from handlers.threads import Thread
from handlers.topics import label
from handlers.turns import (
    Addition,
    Duty,
    Hear,
    Lookup,
    Outcome,
    Progress,
    Release,
    Submission,
    TicketWanted,
)
from models.conversations import InboundMessage, Via
from models.tickets import LABELS, UNANSWERED_STATES, Ticket


async def carry_out(
    house: House, message: InboundMessage, thread: Thread, outcome: Outcome, *, now: datetime
) -> str:
    """Do what the outcome says; returns the whole reply, "" for none."""
    done = await _done(house, message, thread, outcome, now=now)
    return "\n".join(filter(None, (done, outcome.tail)))


async def _done(
    house: House, message: InboundMessage, thread: Thread, outcome: Outcome, *, now: datetime
) -> str:
    match outcome.effect:
        case TicketWanted() as wanted:
            receipt = await _ticket(house, message, thread, wanted, now=now)
            return "\n".join(filter(None, (receipt, outcome.say)))
        case Submission() as submission:
            return await _submit(house, message, thread, submission, now=now)
        case Addition(text):
            return await _add(house, message, thread, text, now=now)
        case Progress():
            return await _progress(house, message, thread, outcome, now=now)
        case Lookup(number):
            return await _told_of(number, thread, now=now)
        case Duty(on):
            await accounts.set_on_duty(thread.account_id, on_duty=on)
            return wording.ON_DUTY if on else wording.OFF_DUTY
        case Hear() as heard:
            return await _hear(house, message, thread, heard, now=now)
        case Release():
            await takeover.release(thread.id)
        case people.Command() as wish:
            return await people.carry_out(
                wish, identity_id=thread.identity_id, app=message.app, now=now
            )
    return outcome.say


async def _ticket(
    house: House, message: InboundMessage, thread: Thread, wanted: TicketWanted, *, now: datetime
) -> str:
    present = await ticket_records.waiting_for_answer(thread.account_id, wanted.question)
    if present is not None:
        promised = wording.promise(present.answer_due_at, now)
        return wording.already(present.number, LABELS[present.state], promised)
    ticket, staff = await tickets.open_ticket(
        house,
        wanted,
        thread=thread,
        transcript=await ticket_records.transcript_of(thread.id),
        now=now,
    )
    message.ticket_number = ticket.number
    return _receipt(house, ticket, staff, now=now)


async def _submit(
    house: House, message: InboundMessage, thread: Thread, submission: Submission, *, now: datetime
) -> str:
    ticket, staff = await requests.submit(
        house, submission, thread=thread, dedupe_key=f"inbound:{message.id}", now=now
    )
    message.ticket_number = ticket.number
    await requests.remember(thread.account_id, submission, now=now)
    title = forms()[submission.form].title
    return wording.submitted(title, _receipt(house, ticket, staff, now=now))


def _receipt(house: House, ticket: Ticket, staff: Colleague | None, *, now: datetime) -> str:
    promised = wording.promise(ticket.answer_due_at, now)
    closed = "" if house.platform.is_open(now) else wording.closed_now(house.platform.hours_text())
    if staff is None:
        return wording.parked(ticket.number, promised, closed)
    return wording.assigned(label(ticket.topic), staff.name, ticket.number, promised, closed)


async def _add(
    house: House, message: InboundMessage, thread: Thread, text: str, *, now: datetime
) -> str:
    ticket = await ticket_records.latest(thread.account_id)
    if ticket is None:
        return wording.NO_TICKETS
    await tickets.add_message(house, ticket, text, dedupe_key=f"inbound:{message.id}", now=now)
    return wording.added(ticket.number)


async def _hear(
    house: House, message: InboundMessage, thread: Thread, heard: Hear, *, now: datetime
) -> str:
    """What is said to the specialist goes on the ticket; the bot says nothing."""
    if thread.taken is None:
        raise RuntimeError("heard in a thread that nobody has taken")
    ticket = await Ticket.get(id=thread.taken.ticket_id)
    await takeover.extend(thread.id, now=now)
    key = f"inbound:{message.id}"
    if heard.courtesy or not heard.text:
        await tickets.note_courtesy(ticket, heard.text, dedupe_key=key, now=now)
        return ""
    await tickets.add_message(house, ticket, heard.text, dedupe_key=key, now=now)
    if heard.called:
        return wording.with_specialist(thread.taken.name, ticket.number)
    # The mini-program shows what became of a request of its own.
    return wording.heard(thread.taken.name) if message.via == Via.DIRECT else ""


async def _told_of(number: str, thread: Thread, *, now: datetime) -> str:
    """One ticket's state; somebody else's looks like one that does not exist."""
    try:
        ticket = await ticket_records.access_ticket_as_colleague(thread.account_id, number)
    except NotFound as missing:
        return missing.sentence
    return wording.progress([_line(ticket, now=now)])


def _line(ticket: Ticket, *, now: datetime) -> tuple[str, str, str, str]:
    waiting = ticket.state in UNANSWERED_STATES
    promised = wording.promise(ticket.answer_due_at, now) if waiting else ""
    return ticket.number, LABELS[ticket.state], ticket.question, promised


async def _progress(
    house: House, message: InboundMessage, thread: Thread, outcome: Outcome, *, now: datetime
) -> str:
    """The asker's latest tickets; where there are none, what is to be done instead."""
    rows = await ticket_records.tickets_shared_with(thread.account_id, limit=5)
    if rows:
        return wording.progress([_line(row, now=now) for row in rows])
    if isinstance(outcome.effect, Progress) and outcome.effect.otherwise is not None:
        return await _ticket(house, message, thread, outcome.effect.otherwise, now=now)
    return outcome.say or wording.NO_TICKETS
