"""The second half of an inbound message's way: think, then change everything in one transaction.

The engine works outside the transaction, so a slow match holds no lock. Several workers may be at
the same message; the first to commit wins and the others return its reply. Whoever decided on a
thread that has moved on meanwhile decides again.
"""

import asyncio
from dataclasses import replace
from datetime import datetime
from functools import partial

import msgspec

from handlers import (
    accounts,
    dialog,
    effects,
    media,
    oddments,
    outbox,
    sheets,
    takeover,
    threads,
    windows,
    wording,
)
from handlers.effects import Turn
from handlers.errors import DomainError
from handlers.events import note
from handlers.house import House
from handlers.parting import OURS, split_text
from handlers.slots import Scene
from handlers.threads import Thread
from handlers.ticket_records import KIND_WORDS
from handlers.turns import Arrived, Hear, Outcome, Senses, Sent, State
from models.conversations import InboundMessage, InboundState, Kind, Via
from models.outbox import Notice
from models.sql import as_json, fetch
from models.transactions import transactional
from nlp import Decision

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
MENU_WORDS = {
    "ask": "",
    "services": "办业务",
    "progress": "进度查询",
    "human": "转人工",
    "complaint": "投诉",
    "sites": "服务站地址",
    "phone": "服务电话",
    "turnaround": "检测报告几天能出",
}


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


async def _respond(house: House, message: InboundMessage, thread: Thread | None) -> InboundMessage:
    now = house.clock.now()
    if message.kind not in CONTACT:
        identity = await accounts.identity_of(message.app, message.openid, now=now)
        return await note(message, identity, now=now)
    thread = thread or await threads.find(house, message.app, message.openid, now=now)
    outcome = await house.pace.think(
        partial(_think, house, message, thread, now), length=len(message.text)
    )
    try:
        return await _settle(house, message, thread, outcome, now=now)
    except DomainError as error:
        # What the person asked for can't be done; nothing was changed, and they are told why.
        refused = Outcome(thread.state, say=error.sentence, decision=outcome.decision)
        return await _settle(house, message, thread, refused, now=now)


def _think(house: House, message: InboundMessage, thread: Thread, now: datetime) -> Outcome:
    """What the message means in its thread. Only text reaches the engine."""
    today = house.clock.today()
    matcher, state = house.matcher, thread.state

    def decide(question: str, context: str) -> Decision:
        return matcher.decide(question, today=today, context=context)

    taken = thread.taken_at(now)
    senses = Senses(
        decide=decide,
        scene=Scene(today, matcher.products_in),
        known=thread.known,
        is_staff=thread.is_staff,
        with_specialist=taken.name if taken else "",
        lapsed=_lapsed(thread, now),
    )
    odd = oddments.reply_to(message.kind, message.payload, message.text, house.platform, now)
    match message.kind:
        case Kind.TEXT if odd and state.filling is None and not taken:
            return Outcome(state, say=odd)
        case Kind.TEXT:
            return dialog.advance(state, message.text, senses)
        case Kind.VOICE if message.text:
            return dialog.advance(state, message.text, replace(senses, is_staff=False))
        case Kind.CLICKED if word := MENU_WORDS.get(message.text):
            return _clicked(state, message.text, word, senses)
        case Kind.VOICE:
            return Outcome(state, effect=Sent(), say=wording.TYPE_PLEASE)
        case Kind.IMAGE:
            return Outcome(state, effect=Sent(), say=wording.SAY_WHAT_PICTURE)
        case Kind.FOLLOWED | Kind.SCANNED | Kind.CLICKED | Kind.ENTERED:
            return Outcome(state, effect=Arrived(), say=wording.GREETING)
        case _ if taken:
            what = f"［{KIND_WORDS[message.kind]}］{message.text}"
            return Outcome(state, effect=Hear(what))
        case _:
            return Outcome(state, say=odd)


def _clicked(state: State, key: str, word: str, senses: Senses) -> Outcome:
    """The menu is for the bot, also where a specialist listens; but no talk begins there then."""
    if senses.with_specialist and key == "services":
        return Outcome(state, say=wording.busy(senses.with_specialist))
    if key == "human":
        return dialog.advance(state, word, senses)
    return dialog.advance(state, word, replace(senses, with_specialist=""))


def _lapsed(thread: Thread, now: datetime) -> str:
    """Who had the conversation until time was up, and still waits for what they asked."""
    taken = thread.taken
    waits = taken is not None and taken.until <= now and not taken.answered
    return taken.name if taken is not None and waits else ""


@transactional
async def _settle(
    house: House, message: InboundMessage, thread: Thread, outcome: Outcome, *, now: datetime
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
    if not message.held_as:  # else all that it opened was noted when it came
        await windows.opened(house.platform.allowances, thread.identity_id, message)
    waiting = await _is_contact(message) and await outbox.unpark(thread.account_id, now=now)
    message.decision = msgspec.to_builtins(outcome.decision) if outcome.decision else None
    await media.note(message, thread, now=now)
    message.reply = await effects.carry_out(Turn(house, message, thread, outcome, now))
    if offered := sheets.offer(house, thread, outcome, occasion=message.id):
        message.reply += f"\n{offered}"
    if thread.taken is not None and thread.taken.until <= now:
        await takeover.release(thread.id)
        message.reply = "\n".join((wording.back_to_bot(thread.taken.name), message.reply)).strip()
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
    if message.reply and message.via != Via.DIRECT:
        await _push(message, thread, now=now)
    return message


async def _push(message: InboundMessage, thread: Thread, *, now: datetime) -> None:
    """What the response does not carry follows by message: the whole reply, or all but its first
    part."""
    parts = split_text(message.reply, OURS)
    answered = 1 if message.via == Via.PASSIVE else 0
    if answered == len(parts):
        return
    account_id = await accounts.account_of(thread.identity_id)  # a code may have joined two
    for number, part in enumerate(parts[answered:], answered):
        await outbox.enqueue(
            Notice.REPLY,
            account_id=account_id,
            app=message.app,
            payload={"text": part},
            dedupe_key=f"reply:{message.id}:{number}",
            stream=accounts.asker_stream(account_id),
            now=now,
        )


async def _is_contact(message: InboundMessage) -> bool:
    """Whether what waits for this person's next contact may go out now: not into the response to
    a request of the mini-program's own, unless that has been put off and goes out by message; and
    not when staff have passed what was held, for then the person is not there."""
    if message.held_as:
        return False
    if message.via == Via.DIRECT:
        rows = await fetch("SELECT via FROM inbound_message WHERE id = $1", message.id)
        return bool(rows) and rows[0]["via"] != Via.DIRECT
    return True
