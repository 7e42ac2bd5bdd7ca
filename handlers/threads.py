"""The open thread of a person in an application: found in one look, moved on by one update."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from handlers import accounts, dialog
from models.accounts import App
from models.conversations import Conversation
from models.sql import as_json, fetch, insert, moment
from models.transactions import transactional

_LOOK = (
    "SELECT i.id AS identity_id, i.account_id, i.unionid, s.id AS staff_id,"
    " c.id, c.version, c.state, c.active_at FROM identity i"
    " LEFT JOIN staff s ON s.account_id = i.account_id"
    " LEFT JOIN conversation c ON c.open_key = i.id"
    " WHERE i.app = $1 AND i.openid = $2"
)
_MOVE_ON = (
    "UPDATE conversation SET version = version + 1, state = $1, active_at = $2"
    " WHERE id = $3 AND version = $4 RETURNING id"
)
# First contact takes three looks: nobody there, no thread there, both there.
LOOKS = 10


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread as it was when looked at; `version` tells whether it still is so."""

    id: int
    version: int
    state: dialog.State
    identity_id: int
    account_id: int
    app: App
    openid: str
    unionid_known: bool
    is_staff: bool


@transactional
async def find(app: App, openid: str, *, now: datetime, silent_since: datetime) -> Thread:
    """The person's open thread; a new one at first contact, or after silence since then."""
    for _ in range(LOOKS):
        rows = await fetch(_LOOK, app, openid)
        if not rows:
            await accounts.first_contact(app, openid, now=now)
            continue
        row = rows[0]
        if row["id"] is None:
            identity_id = row["identity_id"]
            await insert(
                Conversation,
                identity_id=identity_id, open_key=identity_id, created_at=now, active_at=now,
            )  # fmt: skip
        elif moment(row["active_at"]) < silent_since:
            await Conversation.filter(id=row["id"]).update(open_key=None)
        else:
            return _thread(app, openid, row)
    raise RuntimeError("no thread could be opened")


async def move_on(thread: Thread, state: dialog.State, *, now: datetime) -> bool:
    """Write the next state. False when the thread has moved on meanwhile."""
    return bool(
        await fetch(_MOVE_ON, as_json(msgspec.to_builtins(state)), now, thread.id, thread.version)
    )


def _thread(app: App, openid: str, row: dict[str, Any]) -> Thread:
    return Thread(
        id=row["id"],
        version=row["version"],
        state=msgspec.json.decode(row["state"], type=dialog.State),
        identity_id=row["identity_id"],
        account_id=row["account_id"],
        app=app,
        openid=openid,
        unionid_known=row["unionid"] is not None,
        is_staff=row["staff_id"] is not None,
    )
