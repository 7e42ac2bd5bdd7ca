"""The second half of an inbound message's way: think, then change everything in one transaction.

The engine works outside the transaction, so a slow match holds no lock. Several workers may be at
the same message; the first to commit wins and the others return its reply. Whoever decided on a
thread that has moved on meanwhile decides again.
"""

import asyncio
from dataclasses import asdict
from datetime import datetime
from typing import Any

import msgspec
from tortoise.exceptions import IntegrityError

from handlers import accounts, dialog, outbox, ticket_records, tickets, wording
from handlers.errors import DomainError, NotFound
from handlers.events import finish, note
from handlers.house import House
from handlers.topics import label
from models.accounts import Identity, Staff
from models.conversations import Conversation, InboundMessage, InboundState, Kind, Via
from models.outbox import Notice
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
MENU_WORDS = {"ask": "", "progress": "进度查询", "human": "转人工"}


class _Stale(Exception):
    """The thread moved on while we were thinking."""


async def respond(house: House, message_id: int) -> InboundMessage:
    """Do what the message asks for, once, whoever else is doing it. Returns the finished row."""
    message = await InboundMessage.get(id=message_id)
    # One person's messages take turns within this process; other processes are met by version.
    turn = house.turns.setdefault((message.app, message.openid), asyncio.Lock())
    async with turn:
        for attempt in range(ROUNDS):
            message = await InboundMessage.get(id=message_id)
            if message.state != InboundState.RECEIVED:
                return message
            try:
                return await _respond(house, message)
            except _Stale:
                await asyncio.sleep(0.01 * attempt)
    raise RuntimeError("a thread changed faster than it could be answered")


async def _respond(house: House, message: InboundMessage) -> InboundMessage:
    now = house.clock.now()
    identity = await accounts.identity_of(message.app, message.openid, now=now)
    if message.kind not in CONTACT:
        return await note(message, identity, now=now)
    await accounts.set_following(identity, follows=True, at=message.sent_at)
    if message.kind == Kind.FOLLOWED and not identity.unionid:
        await accounts.ask_unionid_again(identity.id, now)  # it is told of followers only
    conversation = await _thread_of(house, identity, now=now)
    state = msgspec.convert(conversation.state, dialog.State)
    # The engine is busy for about a millisecond; in a thread it can't hold up other callbacks.
    is_staff = await accounts.is_staff(identity.account_id)
    outcome = await asyncio.to_thread(_think, house, message, state, is_staff)
    try:
        return await _settle(house, message, identity, conversation, outcome, now=now)
    except DomainError as error:
        # What the person asked for can't be done; nothing was changed, and they are told why.
        outcome = dialog.Outcome(outcome.state, say=error.sentence, decision=outcome.decision)
        return await _settle(house, message, identity, conversation, outcome, now=now)


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
    identity: Identity,
    conversation: Conversation,
    outcome: dialog.Outcome,
    *,
    now: datetime,
) -> InboundMessage:
    """The second transaction: state, ticket, outbox and reply together, or nothing."""
    if not await finish(message):
        return await InboundMessage.get(id=message.id)
    moved = await Conversation.filter(id=conversation.id, version=conversation.version).update(
        version=conversation.version + 1,
        state=msgspec.to_builtins(outcome.state),
        active_at=now,
    )
    if moved != 1:
        raise _Stale
    waiting = False
    if message.via != Via.DIRECT:
        waiting = await outbox.unpark(identity.account_id, now=now)
    row = await InboundMessage.get(id=message.id)
    row.conversation_id = conversation.id
    row.decision = asdict(outcome.decision) if outcome.decision else None
    await row.save(update_fields=["conversation_id", "decision"])
    row.reply = await _carry_out(house, row, identity, conversation, outcome, now=now)
    if waiting and row.via == Via.PASSIVE:
        # What waited for this contact comes first, so our reply queues up behind it.
        row.via = Via.PUSH
    await row.save(update_fields=["reply", "via", "ticket_number"])
    if row.via == Via.PUSH and row.reply:
        await outbox.enqueue(
            Notice.REPLY,
            account_id=identity.account_id,
            app=row.app,
            payload={"text": row.reply},
            dedupe_key=f"reply:{row.id}",
            stream=accounts.asker_stream(identity.account_id),
            now=now,
        )
    return row


async def _carry_out(
    house: House,
    message: InboundMessage,
    identity: Identity,
    conversation: Conversation,
    outcome: dialog.Outcome,
    *,
    now: datetime,
) -> str:
    """The effects of a turn; returns what to say."""
    if outcome.on_duty is not None:
        await accounts.set_on_duty(identity.account_id, on_duty=outcome.on_duty)
        return wording.ON_DUTY if outcome.on_duty else wording.OFF_DUTY
    if outcome.number:
        return await _told_of(outcome.number, identity, now=now)
    if outcome.progress and (told := await _progress(identity, now=now)):
        return told
    if outcome.ticket is not None:
        present = await ticket_records.waiting_for_answer(
            identity.account_id, outcome.ticket.question
        )
        if present is not None:
            promised = wording.promise(present.answer_due_at, now)
            return wording.already(present.number, LABELS[present.state], promised)
        ticket = await tickets.open_ticket(
            house,
            outcome.ticket,
            identity=identity,
            conversation=conversation,
            transcript=await ticket_records.transcript_of(conversation.id),
            now=now,
        )
        message.ticket_number = ticket.number
        return await _receipt(ticket, now=now)
    if outcome.addition:
        return await _add(house, message, identity, outcome.addition, now=now)
    if message.kind == Kind.IMAGE and (
        noted := await _note_picture(house, message, identity, now=now)
    ):
        return noted
    return outcome.say or (wording.NO_TICKETS if outcome.progress else "")


async def _receipt(ticket: Ticket, *, now: datetime) -> str:
    promised = wording.promise(ticket.answer_due_at, now)
    if ticket.assignee_id is None:
        return wording.parked(ticket.number, promised)
    staff = await Staff.get(id=ticket.assignee_id)
    return wording.assigned(label(ticket.topic), staff.name, ticket.number, promised)


async def _add(
    house: House, message: InboundMessage, identity: Identity, text: str, *, now: datetime
) -> str:
    ticket = await ticket_records.latest(identity.account_id)
    if ticket is None:
        return wording.NO_TICKETS
    await tickets.add_message(house, ticket, text, dedupe_key=f"inbound:{message.id}", now=now)
    return wording.added(ticket.number)


async def _note_picture(
    house: House, message: InboundMessage, identity: Identity, *, now: datetime
) -> str:
    """A picture sent while a question waits is noted on it; "" when none waits."""
    ticket = await ticket_records.latest_open(identity.account_id)
    if ticket is None:
        return ""
    await tickets.add_message(
        house, ticket, wording.PICTURE_NOTED, dedupe_key=f"inbound:{message.id}", now=now
    )
    return wording.picture_noted(ticket.number)


async def _told_of(number: str, identity: Identity, *, now: datetime) -> str:
    """One ticket's state; somebody else's looks like one that does not exist."""
    try:
        ticket = await ticket_records.access_ticket_as_asker(identity.account_id, number)
    except NotFound as missing:
        return missing.sentence
    return wording.progress([_line(ticket, now=now)])


def _line(ticket: Ticket, *, now: datetime) -> tuple[str, str, str, str]:
    waiting = ticket.state in UNANSWERED_STATES
    promised = wording.promise(ticket.answer_due_at, now) if waiting else ""
    return ticket.number, LABELS[ticket.state], ticket.question, promised


async def _progress(identity: Identity, *, now: datetime) -> str:
    """The asker's latest tickets as a text, "" when there are none."""
    rows = await ticket_records.tickets_of(identity.account_id, limit=5)
    if not rows:
        return ""
    return wording.progress([_line(row, now=now) for row in rows])


async def _thread_of(house: House, identity: Identity, *, now: datetime) -> Conversation:
    """The person's open thread in this application; a new one after a long silence."""
    await Conversation.filter(
        open_key=identity.id, active_at__lt=now - house.context_ends_after
    ).update(open_key=None)
    for _ in range(ROUNDS):
        conversation = await Conversation.get_or_none(open_key=identity.id)
        if conversation is not None:
            return conversation
        try:
            return await Conversation.create(
                identity_id=identity.id, open_key=identity.id, created_at=now, active_at=now
            )
        except IntegrityError:
            continue  # a second quick message opened it
    raise RuntimeError("no thread could be opened")
