"""The effects of a turn, inside the transaction that settles the message; each has its words."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from handlers import (
    accounts,
    closing,
    media,
    people,
    ratings,
    requests,
    takeover,
    threads,
    ticket_records,
    tickets,
    turns,
    visits,
    wording,
)
from handlers.errors import NotFound
from handlers.forms import forms
from handlers.house import House
from handlers.ratings import Axis
from handlers.routing import Colleague
from handlers.threads import Thread
from handlers.verdicts import Verdict, without_integrity
from models.accounts import App
from models.conversations import InboundMessage, Kind, Via
from models.tickets import LABELS, UNANSWERED_STATES, Ticket


@dataclass(frozen=True, slots=True)
class Turn:
    """What an effect has to do with. `outcome.say` is said where it has no words of its own."""

    house: House
    message: InboundMessage
    thread: Thread
    outcome: turns.Outcome
    now: datetime

    @property
    def key(self) -> str:
        """What this message does is done once."""
        return f"inbound:{self.message.id}"


async def carry_out(turn: Turn) -> str:
    """Do what the outcome says; returns the whole reply, "" for none."""
    effect = turn.outcome.effect
    done = turn.outcome.say if effect is None else await _DO[type(effect)](turn, effect)
    return "\n".join(filter(None, (done, turn.outcome.tail)))


async def _open(turn: Turn, wanted: turns.TicketWanted) -> str:
    return "\n".join(filter(None, (await _ticket(turn, wanted), turn.outcome.say)))


async def _ticket(turn: Turn, wanted: turns.TicketWanted) -> str:
    thread, now = turn.thread, turn.now
    present = await ticket_records.waiting_for_answer(thread.account_id, wanted.question)
    if present is not None:
        promised = wording.promise(present.answer_due_at, now)
        return wording.already(present.number, LABELS[present.state], promised)
    ticket, staff = await tickets.open_ticket(
        turn.house,
        wanted,
        thread=thread,
        transcript=await ticket_records.transcript_of(thread.id),
        now=now,
    )
    return await _opened(turn, ticket, staff)


async def _opened(turn: Turn, ticket: Ticket, staff: Colleague | None) -> str:
    """The receipt; what was sent before belongs to the ticket."""
    turn.message.ticket_number = ticket.number
    await media.attach_waiting(ticket, turn.thread.id, now=turn.now)
    return tickets.receipt(turn.house, ticket, staff, now=turn.now)


async def _submit(turn: Turn, submission: turns.Submission) -> str:
    ticket, staff = await requests.submit(
        turn.house, submission, thread=turn.thread, dedupe_key=turn.key, now=turn.now
    )
    return wording.submitted(forms()[submission.form].title, await _opened(turn, ticket, staff))


async def _add(turn: Turn, addition: turns.Addition) -> str:
    ticket = await ticket_records.latest(turn.thread.account_id)
    if ticket is None:
        return wording.NO_TICKETS
    await tickets.add_message(turn.house, ticket, addition.text, dedupe_key=turn.key, now=turn.now)
    await media.attach_waiting(ticket, turn.thread.id, now=turn.now)
    return wording.added(ticket.number)


async def _progress(turn: Turn, progress: turns.Progress) -> str:
    rows = await ticket_records.tickets_shared_with(turn.thread.account_id, limit=5)
    if rows:
        return wording.progress([_line(row, now=turn.now) for row in rows])
    if progress.otherwise is not None:
        return await _ticket(turn, progress.otherwise)
    return turn.outcome.say or wording.NO_TICKETS


async def _look_up(turn: Turn, lookup: turns.Lookup) -> str:
    """One ticket's state; somebody else's looks like one that does not exist."""
    try:
        ticket = await ticket_records.access_ticket_as_colleague(
            turn.thread.account_id, lookup.number
        )
    except NotFound as missing:
        return missing.sentence
    return wording.progress([_line(ticket, now=turn.now)])


def _line(ticket: Ticket, *, now: datetime) -> tuple[str, str, str, str]:
    waiting = ticket.state in UNANSWERED_STATES
    promised = wording.promise(ticket.answer_due_at, now) if waiting else ""
    return ticket.number, LABELS[ticket.state], ticket.question, promised


async def _on_duty(turn: Turn, duty: turns.Duty) -> str:
    await accounts.set_on_duty(turn.thread.account_id, on_duty=duty.on)
    return wording.ON_DUTY if duty.on else wording.OFF_DUTY


async def _judge(turn: Turn, judge: turns.Judge) -> str:
    """The asker's word on an answer closes the ticket or opens it again.

    Where the bot has answered something since, it was about that.
    """
    thread, heard = turn.thread, None
    ticket = await closing.concerned(thread.account_id, judge.verdict)
    if ticket is not None and not await ticket_records.bot_answered_since(ticket, thread.id):
        heard = await closing.hear(
            turn.house, judge.verdict, judge.text, thread=thread, dedupe_key=turn.key, now=turn.now
        )
    if heard is None:
        return await carry_out(replace(turn, outcome=judge.otherwise))
    turn.message.ticket_number = heard.ticket.number
    await threads.forget(thread.id)
    back = thread.taken_at(turn.now) and judge.verdict == Verdict.SOLVED
    return f"{heard.say}\n{wording.BOT_IS_BACK}" if back else heard.say


async def _rate(turn: Turn, scores: turns.Rate) -> str:
    """Two axes by word; a vote on integrity must not stand beside a name, so it is made illegible
    here and cast on the page."""
    message = turn.message
    message.text = without_integrity(message.text)
    await InboundMessage.filter(id=message.id).update(text=message.text)
    ticket = await ticket_records.closed_last(turn.thread.account_id)
    if ticket is None:
        return wording.NOTHING_TO_RATE
    given = {Axis.PROFESSIONALISM: scores.professionalism, Axis.TIMELINESS: scores.timeliness}
    await ratings.rate(ticket, given, now=turn.now)
    official = turn.thread.app == App.OFFICIAL
    return wording.rated(ticket.number, turn.house.rating_url(ticket.number) if official else "")


async def _hear(turn: Turn, heard: turns.Hear) -> str:
    """What is said to the specialist goes on the ticket; the bot says nothing."""
    taken = turn.thread.taken
    if taken is None:
        raise RuntimeError("heard in a thread that nobody has taken")
    ticket = await Ticket.get(id=taken.ticket_id)
    await takeover.extend(turn.house, turn.thread.id, now=turn.now)
    if heard.courtesy or not heard.text:
        await tickets.note_courtesy(ticket, heard.text, dedupe_key=turn.key, now=turn.now)
    else:
        await tickets.add_message(turn.house, ticket, heard.text, dedupe_key=turn.key, now=turn.now)
    if heard.called:
        return wording.with_specialist(taken.name, ticket.number)
    # The mini-program shows what became of a request of its own.
    told = heard.told or turn.message.via == Via.DIRECT
    return wording.heard(taken.name) if told else ""


async def _keep(turn: Turn, _sent: turns.Sent) -> str:
    """What is sent without words belongs to the open ticket, where there is one.

    Where a specialist has the conversation, to that ticket, and nothing is said.
    """
    message, taken = turn.message, turn.thread.taken_at(turn.now)
    ticket = (
        await Ticket.get(id=taken.ticket_id)
        if taken
        else await ticket_records.latest_open(turn.thread.account_id)
    )
    if ticket is None:
        return turn.outcome.say
    if full := await media.give(message, ticket, now=turn.now):
        return full
    picture = message.kind == Kind.IMAGE
    line = wording.PICTURE_NOTED if picture else wording.VOICE_NOTED
    await tickets.add_message(turn.house, ticket, line, dedupe_key=turn.key, now=turn.now)
    if taken:
        await takeover.extend(turn.house, turn.thread.id, now=turn.now)
        return ""
    return (wording.picture_noted if picture else wording.voice_noted)(ticket.number)


async def _arrive(turn: Turn, _arrived: turns.Arrived) -> str:
    site = await visits.note_visit(turn.house.platform, turn.message, turn.thread, now=turn.now)
    return wording.welcome(site.name) if site else turn.outcome.say


async def _release(turn: Turn, _release: turns.Release) -> str:
    await takeover.release(turn.thread.id)
    return turn.outcome.say


async def _know(turn: Turn, wish: people.Command) -> str:
    return await people.carry_out(
        wish, identity_id=turn.thread.identity_id, app=turn.message.app, now=turn.now
    )


_DO: dict[type[turns.Effect], Callable[[Turn, Any], Awaitable[str]]] = {
    people.Command: _know,
    turns.Addition: _add,
    turns.Arrived: _arrive,
    turns.Duty: _on_duty,
    turns.Hear: _hear,
    turns.Judge: _judge,
    turns.Lookup: _look_up,
    turns.Progress: _progress,
    turns.Rate: _rate,
    turns.Release: _release,
    turns.Sent: _keep,
    turns.Submission: _submit,
    turns.TicketWanted: _open,
}
