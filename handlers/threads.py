"""The open thread of a person in an application: found in one look, moved on by one update."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from handlers import accounts
from handlers.house import House
from handlers.takeover import Taken
from handlers.turns import State
from models.accounts import App
from models.conversations import Conversation
from models.sql import as_json, fetch, insert, moment
from models.transactions import transactional

_LOOK = (
    "SELECT i.id AS identity_id, i.account_id, i.unionid, s.id AS staff_id,"
    " c.id, c.version, c.state, c.active_at, c.taken_ticket_id, c.taken_until,"
    " t.number, t.state AS ticket_state, taker.name AS taker, a.phone, e.name AS enterprise"
    " FROM identity i"
    " JOIN account a ON a.id = i.account_id"
    " LEFT JOIN membership m ON m.open_key = i.account_id"
    " LEFT JOIN enterprise e ON e.id = m.enterprise_id"
    " LEFT JOIN staff s ON s.account_id = i.account_id"
    " LEFT JOIN conversation c ON c.open_key = i.id"
    " LEFT JOIN ticket t ON t.id = c.taken_ticket_id"
    " LEFT JOIN staff taker ON taker.id = t.assignee_id"
    " WHERE i.app = $1 AND i.openid = $2"
)
_MOVE_ON = (
    "UPDATE conversation SET version = version + 1, state = $1, active_at = $2"
    " WHERE id = $3 AND version = $4 RETURNING id"
)
_HOLD = "UPDATE conversation SET version = version + 1 WHERE id = $1 RETURNING version, state"
# First contact takes three looks: nobody there, no thread there, both there.
LOOKS = 10


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread as it was when looked at; `version` tells whether it still is so.

    taken: the specialist who has taken it over, also when the time for that is up.
    known: what we know of the person, by kind of slot.
    """

    id: int
    version: int
    state: State
    identity_id: int
    account_id: int
    app: App
    openid: str
    unionid_known: bool
    is_staff: bool
    taken: Taken | None = None
    known: Mapping[str, str] = field(default_factory=dict)

    def taken_at(self, now: datetime) -> Taken | None:
        """The specialist who has it now."""
        return self.taken if self.taken and self.taken.until > now else None


@transactional
async def find(house: House, app: App, openid: str, *, now: datetime) -> Thread:
    """The person's open thread; a new one at first contact, or after a long silence."""
    silent_since = now - house.context_ends_after
    left: dict[str, Any] = {}
    for _ in range(LOOKS):
        rows = await fetch(_LOOK, app, openid)
        if not rows:
            await accounts.first_contact(app, openid, now=now)
            continue
        row = rows[0]
        if row["id"] is None:
            await insert(
                Conversation,
                identity_id=row["identity_id"],
                open_key=row["identity_id"],
                state=left,
                created_at=now,
                active_at=now,
            )
        elif moment(row["active_at"]) < silent_since:
            left = _left_over(msgspec.json.decode(row["state"], type=State))
            await Conversation.filter(id=row["id"]).update(open_key=None)
        else:
            return _thread(app, openid, row)
    raise RuntimeError("no thread could be opened")


async def hold(thread: Thread) -> Thread:
    """The thread as it now is, and ours until the caller's transaction ends. Whoever is thinking
    about it finds that it has moved on."""
    row = (await fetch(_HOLD, thread.id))[0]
    state = msgspec.json.decode(row["state"], type=State)
    return replace(thread, version=row["version"], state=state)


async def forget(conversation_id: int) -> None:
    """The matter is closed: what is said next does not refer to it. A form stays open."""
    rows = await fetch("SELECT state FROM conversation WHERE id = $1", conversation_id)
    state = msgspec.json.decode(rows[0]["state"], type=State)
    kept = State(filling=state.filling, shelved=state.shelved)
    await fetch(
        "UPDATE conversation SET state = $1 WHERE id = $2 RETURNING id",
        as_json(msgspec.to_builtins(kept)),
        conversation_id,
    )


def _left_over(state: State) -> dict[str, Any]:
    """What a new thread takes from an old one: a form that is not finished, put aside."""
    if state.filling is None:
        return {}
    paused = State(filling=replace(state.filling, paused=True), shelved=state.shelved)
    left: dict[str, Any] = msgspec.to_builtins(paused)
    return left


async def move_on(thread: Thread, state: State, *, now: datetime) -> bool:
    """Write the next state. False when the thread has moved on meanwhile."""
    return bool(
        await fetch(_MOVE_ON, as_json(msgspec.to_builtins(state)), now, thread.id, thread.version)
    )


def _thread(app: App, openid: str, row: dict[str, Any]) -> Thread:
    return Thread(
        id=row["id"],
        version=row["version"],
        state=msgspec.json.decode(row["state"], type=State),
        identity_id=row["identity_id"],
        account_id=row["account_id"],
        app=app,
        openid=openid,
        unionid_known=row["unionid"] is not None,
        is_staff=row["staff_id"] is not None,
        taken=_taken(row),
        known={kind: row[kind] for kind in ("enterprise", "phone") if row[kind]},
    )


def _taken(row: dict[str, Any]) -> Taken | None:
    if row["taken_ticket_id"] is None:
        return None
    until = moment(row["taken_until"])
    answered = row["ticket_state"] in ("answered", "closed")
    return Taken(row["taken_ticket_id"], row["number"], row["taker"] or "专员", until, answered)
