"""A specialist takes a conversation over: the bot is silent until it is closed or time is up.

It is a mark on the thread. Making it moves the thread on, so that whatever the bot was about to
say there must be decided anew; and a bot's answer that waits in the outbox is dropped there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.house import House
from models.outbox import Notice, OutboxItem
from models.sql import fetch
from models.tickets import Ticket, TicketState

# After the answer the bot is back sooner.
AFTER_ANSWER = timedelta(minutes=10)

_TAKE = (
    "UPDATE conversation SET version = version + 1, taken_ticket_id = $1, taken_until = $2,"
    " taken_at = CASE WHEN taken_until > $3 THEN taken_at ELSE $3 END, active_at = $3"
    " WHERE open_key = (SELECT id FROM identity WHERE account_id = $4 AND app = $5"
    " ORDER BY id LIMIT 1) {unless} RETURNING id"
)
# An answer does not come between somebody and the form that they are filling in.
_UNLESS_FILLING = "AND state->>'filling' IS NULL"

_TAKEN = (
    "SELECT c.id FROM conversation c JOIN identity i ON c.open_key = i.id"
    " WHERE i.account_id = $1 AND i.app = $2 AND c.taken_until > $3 AND c.taken_at > $4"
)


@dataclass(frozen=True, slots=True)
class Taken:
    """Who has a thread: the ticket's specialist."""

    ticket_id: int
    number: str
    name: str
    until: datetime
    answered: bool = False


async def take(house: House, ticket: Ticket, *, now: datetime) -> None:
    """The specialist of this ticket wrote: the asker's thread is theirs. In the transaction of
    what was written."""
    answered = ticket.state == TicketState.ANSWERED
    hold = min(AFTER_ANSWER, house.takeover) if answered else house.takeover
    take = _TAKE.format(unless=_UNLESS_FILLING if answered else "")
    await fetch(take, ticket.id, now + hold, now, ticket.asker_id, ticket.app)


async def extend(house: House, conversation_id: int, *, now: datetime) -> None:
    """The asker wrote on: time runs anew."""
    await fetch(
        "UPDATE conversation SET taken_until = $1 WHERE id = $2 RETURNING id",
        now + house.takeover,
        conversation_id,
    )


async def release(conversation_id: int) -> None:
    """The bot is back in this thread."""
    await fetch(
        "UPDATE conversation SET taken_ticket_id = NULL, taken_at = NULL,"
        " taken_until = NULL WHERE id = $1"
        " RETURNING id",
        conversation_id,
    )


async def release_of(ticket: Ticket) -> None:
    """The ticket is closed: its specialist has the thread no longer."""
    await fetch(
        "UPDATE conversation SET version = version + 1, taken_ticket_id = NULL,"
        " taken_at = NULL, taken_until = NULL WHERE taken_ticket_id = $1 RETURNING id",
        ticket.id,
    )


async def silences(item: OutboxItem, *, now: datetime) -> bool:
    """Whether this is a bot's answer into a conversation that a specialist has taken over since.

    What the bot says after that, to a menu click or a call for a person, is meant to be said; and
    that a message is held, or turned down, nobody else tells.
    """
    if item.notice != Notice.REPLY or item.payload.get("of_review"):
        return False
    return bool(await fetch(_TAKEN, item.account_id, item.app, now, item.created_at))
