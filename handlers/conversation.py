"""The second half of an inbound message's way: think, then change everything in one transaction.

The engine works outside the transaction, so a slow match holds no lock. Several workers may be at
the same message; the first to commit wins and the others return its reply. Whoever decided on a
thread that has moved on meanwhile decides again.
"""

import asyncio
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import msgspec
from tortoise.exceptions import IntegrityError

from handlers import accounts, dialog, outbox, ticket_records, tickets, wording
from handlers.house import House
from handlers.topics import label
from models.accounts import App, Identity, Staff
from models.conversations import Conversation, InboundMessage, InboundState, Kind, Via
from models.outbox import Channel, Notice
from models.tickets import LABELS, UNANSWERED_STATES, Ticket
from models.transactions import transactional

# The platform's report on a send may arrive before we have written down the send's number.
REPORTS_MAY_OVERTAKE = timedelta(minutes=5)
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
    for _ in range(ROUNDS):
        message = await InboundMessage.get(id=message_id)
        if message.state == InboundState.DONE:
            return message
        try:
            return await _respond(house, message)
        except _Stale:
            continue
    raise RuntimeError("a thread changed faster than it could be answered")


async def _respond(house: House, message: InboundMessage) -> InboundMessage:
    now = house.clock.now()
    identity = await accounts.identity_of(message.app, message.openid, now=now)
    if message.kind not in CONTACT:
        return await _note(message, identity, now=now)
    conversation = await _thread_of(house, identity, now=now)
    state = msgspec.convert(conversation.state, dialog.State)
    # The engine is busy for about a millisecond; in a thread it can't hold up other callbacks.
    outcome = await asyncio.to_thread(_think, house, message, state)
    return await _settle(house, message, identity, conversation, outcome, now=now)


def _think(house: House, message: InboundMessage, state: dialog.State) -> dialog.Outcome:
    """What the message means in its thread. Only text reaches the engine."""
    today = house.clock.today()

    def decide(question: str, context: str) -> Any:
        return house.matcher.decide(question, today=today, context=context)

    match message.kind:
        case Kind.TEXT:
            return dialog.advance(state, message.text, decide)
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
    if not await _finish(message):
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
            stream=f"account:{identity.account_id}",
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
    if outcome.progress and (told := await _progress(identity, now=now)):
        return told
    if outcome.ticket is not None:
        present = await ticket_records.waiting_for_answer(
            identity.account_id, outcome.ticket.question
        )
        if present is not None:
            promise = wording.due(present.answer_due_at, now)
            return wording.already(present.number, LABELS[present.state], promise)
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
    if message.kind == Kind.IMAGE and (ticket_or_none := await _attach(house, message, identity)):
        return wording.added(ticket_or_none.number)
    return outcome.say or (wording.NO_TICKETS if outcome.progress else "")


async def _receipt(ticket: Ticket, *, now: datetime) -> str:
    promise = wording.due(ticket.answer_due_at, now)
    if ticket.assignee_id is None:
        return wording.parked(ticket.number, promise)
    staff = await Staff.get(id=ticket.assignee_id)
    return wording.assigned(label(ticket.topic), staff.name, ticket.number, promise)


async def _add(
    house: House, message: InboundMessage, identity: Identity, text: str, *, now: datetime
) -> str:
    ticket = await ticket_records.latest(identity.account_id)
    if ticket is None:
        return wording.NO_TICKETS
    await tickets.add_message(house, ticket, text, dedupe_key=f"inbound:{message.id}", now=now)
    return wording.added(ticket.number)


async def _attach(house: House, message: InboundMessage, identity: Identity) -> Ticket | None:
    """A picture sent while a question waits belongs to it."""
    ticket = await ticket_records.latest_open(identity.account_id)
    if ticket is not None:
        await tickets.add_message(
            house,
            ticket,
            "［图片］",
            dedupe_key=f"inbound:{message.id}",
            now=message.received_at,
        )
    return ticket


async def _progress(identity: Identity, *, now: datetime) -> str:
    """The asker's latest tickets as a text, "" when there are none."""
    rows = await ticket_records.tickets_of(identity.account_id, limit=5)
    if not rows:
        return ""
    return wording.progress(
        [
            (
                row.number,
                LABELS[row.state],
                row.question,
                wording.due(row.answer_due_at, now) if row.state in UNANSWERED_STATES else "",
            )
            for row in rows
        ]
    )


@transactional
async def _note(message: InboundMessage, identity: Identity, *, now: datetime) -> InboundMessage:
    """An event that is no contact: write down what it says, answer nothing."""
    known = [
        await outbox.report_delivered(channel, message_id, status=status, now=now)
        for channel, message_id, status in _reports(message)
    ]
    if not all(known) and now - message.received_at < REPORTS_MAY_OVERTAKE:
        return message  # it overtook the send it is about; the sweep comes back to it
    if not await _finish(message):
        return await InboundMessage.get(id=message.id)
    if message.kind == Kind.UNFOLLOWED:
        await accounts.set_following(identity, follows=False)
    elif message.kind == Kind.CONSENT:
        changes = [
            (str(c["template_id"])[:64], str(c["status"])) for c in message.payload["consents"]
        ]
        await accounts.record_consents(identity, changes, now=now)
    return await InboundMessage.get(id=message.id)


def _reports(message: InboundMessage) -> list[tuple[Channel, str, str]]:
    """What an event says of earlier sends: (channel, the platform's message id, status)."""
    payload = message.payload
    if message.kind == Kind.SEND_REPORT:
        status = str(payload.get("Status", ""))
        return [(Channel.OFFICIAL_TEMPLATE, str(payload.get("MsgID", "")), status)]
    if message.kind == Kind.CONSENT and message.app == App.MINIAPP:
        return [
            (Channel.MINIAPP_SUBSCRIBE, str(c["message_id"]), str(c["status"]))
            for c in payload["consents"]
            if c["message_id"]
        ]
    return []


async def _finish(message: InboundMessage) -> bool:
    """Claim the right to answer: exactly one of all who try gets it."""
    changed = await InboundMessage.filter(id=message.id, state=InboundState.RECEIVED).update(
        state=InboundState.DONE
    )
    return changed == 1


async def _thread_of(house: House, identity: Identity, *, now: datetime) -> Conversation:
    """The person's open thread in this application; a new one after a long silence."""
    if identity.follows is False:
        await accounts.set_following(identity, follows=True)
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
