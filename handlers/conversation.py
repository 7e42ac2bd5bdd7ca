"""The second half of an inbound message's way: think, then change everything in one transaction.

The engine works outside the transaction, so a slow match holds no lock. Several workers may be at
the same message; the first to commit wins and the others return its reply. Whoever decided on a
thread that has moved on meanwhile decides again.
"""

import asyncio
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from handlers import accounts, dialog, outbox, threads, ticket_records, tickets, windows, wording
from handlers.errors import DomainError, NotFound
from handlers.events import note
from handlers.house import House
from handlers.routing import Colleague
from handlers.threads import Thread
from handlers.topics import label
from models.accounts import App
from models.conversations import InboundMessage, InboundState, Kind, Via
from models.outbox import Notice
from models.sql import as_json, fetch
from models.tickets import LABELS, UNANSWERED_STATES, Ticket
from models.transactions import transactional

ROUNDS = 10

# Kinds by which a person gets in touch; the platform opens its sending window for them.
CONTACT = frozenset(
    {
        Kind.TEXT,
        Kind.IMAGE,
        Kind.VOICE,
        Kind.VIDEO,
        Kind.LOCATION,
        Kind.LINK,
        Kind.FILE,
        Kind.CARD,
        Kind.FOLLOWED,
        Kind.CLICKED,
        Kind.SCANNED,
        Kind.ENTERED,
    }
)
_FINISH = (
    "UPDATE inbound_message SET state = 'done', decision = $1, reply = $2,"
    " via = CASE via WHEN 'passive' THEN $3 ELSE via END, ticket_number = $4,"
    " conversation_id = $5 WHERE id = $6 AND state = 'received' RETURNING via"
)
MENU_WORDS = {"ask": "", "progress": "进度查询", "human": "转人工"}


class _Stale(Exception):
    """The thread moved on while we were thinking, or somebody else finished the message."""


async def respond(
    house: House, message: InboundMessage, thread: Thread | None = None
) -> InboundMessage:
    """Do what the message asks for, once, whoever else is doing it. Returns the finished row.

    thread: as found when the message was stored, just now.
    """
    if message.state != InboundState.RECEIVED:
        return message
    # One person's messages take turns within this process; other processes are met by version.
    turn = house.turns.setdefault((message.app, message.openid), asyncio.Lock())
    async with turn:
        for attempt in range(ROUNDS):
            if attempt or thread is None:
                message = await InboundMessage.get(id=message.id)
            if message.state != InboundState.RECEIVED:
                return message
            try:
                return await _respond(house, message, thread if attempt == 0 else None)
            except _Stale:
                await asyncio.sleep(0.01 * attempt)
    raise RuntimeError("a thread changed faster than it could be answered")


async def find_thread(house: House, app: App, openid: str, *, now: datetime) -> Thread:
    """The thread that a message of this person belongs to."""
    silent_since = now - house.context_ends_after
    return await threads.find(app, openid, now=now, silent_since=silent_since)


async def _respond(house: House, message: InboundMessage, thread: Thread | None) -> InboundMessage:
    now = house.clock.now()
    if message.kind not in CONTACT:
        identity = await accounts.identity_of(message.app, message.openid, now=now)
        return await note(message, identity, now=now)
    thread = thread or await find_thread(house, message.app, message.openid, now=now)
    outcome = await house.pace.think(
        partial(_think, house, message, thread.state, thread.is_staff), length=len(message.text)
    )
    try:
        return await _settle(house, message, thread, outcome, now=now)
    except DomainError as error:
        # What the person asked for can't be done; nothing was changed, and they are told why.
        outcome = dialog.Outcome(outcome.state, say=error.sentence, decision=outcome.decision)
        return await _settle(house, message, thread, outcome, now=now)


def _think(
    house: House, message: InboundMessage, state: dialog.State, is_staff: bool
) -> dialog.Outcome:
    """What the message means in its thread. Only text reaches the engine."""
    today = house.clock.today()

    def decide(question: str, context: str) -> Any:
        return house.matcher.decide(question, today=today, context=context)

    match message.kind:
        case Kind.TEXT:
            return dialog.advance(state, message.text, decide, is_staff=is_staff)
        case Kind.VOICE if message.text:
            return dialog.advance(state, message.text, decide)
        case Kind.CLICKED if word := MENU_WORDS.get(message.text):
            return dialog.advance(state, word, decide)
        case Kind.VOICE:
            return dialog.Outcome(state, say=wording.TYPE_PLEASE)
        case Kind.IMAGE:
            return dialog.Outcome(state, say=wording.SAY_WHAT_PICTURE)
        case Kind.FOLLOWED | Kind.SCANNED | Kind.CLICKED | Kind.ENTERED:
            return dialog.Outcome(state, say=wording.GREETING)
        case _:
            return dialog.Outcome(state, say=wording.GOT_FILE)


@transactional
async def _settle(
    house: House,
    message: InboundMessage,
    thread: Thread,
    outcome: dialog.Outcome,
    *,
    now: datetime,
) -> InboundMessage:
    """The second transaction: state, ticket, outbox and reply together, or nothing.

    Whoever moves the thread on is alone with it until the end, so that a second one who settles
    the same message finds the thread changed. Raises _Stale then, or when the message is finished.
    """
    if not await threads.move_on(thread, outcome.state, now=now):
        raise _Stale
    if message.conversation_id != thread.id:
        # It was left lying until another thread began: the transcript must have it.
        await fetch(
            "UPDATE inbound_message SET conversation_id = $1 WHERE id = $2 RETURNING id",
            thread.id,
            message.id,
        )
    await accounts.set_following(thread.identity_id, follows=True, at=message.sent_at)
    if message.kind == Kind.FOLLOWED and not thread.unionid_known:
        await accounts.ask_unionid_again(thread.identity_id, now)  # told of followers only
    await windows.opened(house.platform.allowances, thread.identity_id, message)
    waiting = await _is_contact(message) and await outbox.unpark(thread.account_id, now=now)
    message.decision = msgspec.to_builtins(outcome.decision) if outcome.decision else None
    message.reply = await _carry_out(house, message, thread, outcome, now=now)
    finished = await fetch(
        _FINISH,
        as_json(message.decision) if message.decision else None,
        message.reply,
        # What waited for this contact comes first, so our reply queues up behind it.
        Via.PUSH if waiting else Via.PASSIVE,
        message.ticket_number,
        thread.id,
        message.id,
    )
    if not finished:
        raise _Stale
    message.state, message.via = InboundState.DONE, Via(finished[0]["via"])
    if message.via == Via.PUSH and message.reply:
        await outbox.enqueue(
            Notice.REPLY,
            account_id=thread.account_id,
            app=message.app,
            payload={"text": message.reply},
            dedupe_key=f"reply:{message.id}",
            stream=accounts.asker_stream(thread.account_id),
            now=now,
        )
    return message


async def _is_contact(message: InboundMessage) -> bool:
    """Whether what waits for this person's next contact may go out now: not into the response to
    a request of the mini-program's own, unless that has been put off and goes out by message."""
    if message.via == Via.DIRECT:
        rows = await fetch("SELECT via FROM inbound_message WHERE id = $1", message.id)
        return bool(rows) and rows[0]["via"] != Via.DIRECT
    return True


async def _carry_out(
    house: House,
    message: InboundMessage,
    thread: Thread,
    outcome: dialog.Outcome,
    *,
    now: datetime,
) -> str:
    """The effects of a turn; returns what to say."""
    if outcome.on_duty is not None:
        await accounts.set_on_duty(thread.account_id, on_duty=outcome.on_duty)
        return wording.ON_DUTY if outcome.on_duty else wording.OFF_DUTY
    if outcome.number:
        return await _told_of(outcome.number, thread, now=now)
    if outcome.progress and (told := await _progress(thread, now=now)):
        return told
    if outcome.ticket is not None:
        present = await ticket_records.waiting_for_answer(
            thread.account_id, outcome.ticket.question
        )
        if present is not None:
            promised = wording.promise(present.answer_due_at, now)
            return wording.already(present.number, LABELS[present.state], promised)
        ticket, staff = await tickets.open_ticket(
            house,
            outcome.ticket,
            thread=thread,
            transcript=await ticket_records.transcript_of(thread.id),
            now=now,
        )
        message.ticket_number = ticket.number
        return _receipt(ticket, staff, now=now)
    if outcome.addition:
        return await _add(house, message, thread, outcome.addition, now=now)
    if message.kind == Kind.IMAGE and (
        noted := await _note_picture(house, message, thread, now=now)
    ):
        return noted
    return outcome.say or (wording.NO_TICKETS if outcome.progress else "")


def _receipt(ticket: Ticket, staff: Colleague | None, *, now: datetime) -> str:
    promised = wording.promise(ticket.answer_due_at, now)
    if staff is None:
        return wording.parked(ticket.number, promised)
    return wording.assigned(label(ticket.topic), staff.name, ticket.number, promised)


async def _add(
    house: House, message: InboundMessage, thread: Thread, text: str, *, now: datetime
) -> str:
    ticket = await ticket_records.latest(thread.account_id)
    if ticket is None:
        return wording.NO_TICKETS
    await tickets.add_message(house, ticket, text, dedupe_key=f"inbound:{message.id}", now=now)
    return wording.added(ticket.number)


async def _note_picture(
    house: House, message: InboundMessage, thread: Thread, *, now: datetime
) -> str:
    """A picture sent while a question waits is noted on it; "" when none waits."""
    ticket = await ticket_records.latest_open(thread.account_id)
    if ticket is None:
        return ""
    await tickets.add_message(
        house, ticket, wording.PICTURE_NOTED, dedupe_key=f"inbound:{message.id}", now=now
    )
    return wording.picture_noted(ticket.number)


async def _told_of(number: str, thread: Thread, *, now: datetime) -> str:
    """One ticket's state; somebody else's looks like one that does not exist."""
    try:
        ticket = await ticket_records.access_ticket_as_asker(thread.account_id, number)
    except NotFound as missing:
        return missing.sentence
    return wording.progress([_line(ticket, now=now)])


def _line(ticket: Ticket, *, now: datetime) -> tuple[str, str, str, str]:
    waiting = ticket.state in UNANSWERED_STATES
    promised = wording.promise(ticket.answer_due_at, now) if waiting else ""
    return ticket.number, LABELS[ticket.state], ticket.question, promised


async def _progress(thread: Thread, *, now: datetime) -> str:
    """The asker's latest tickets as a text, "" when there are none."""
    rows = await ticket_records.tickets_of(thread.account_id, limit=5)
    if not rows:
        return ""
    return wording.progress([_line(row, now=now) for row in rows])
