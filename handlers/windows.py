"""The ledger of the platform's windows (WECHAT.md, Sending): what may still be sent to whom.

It tries to err on the generous side only: a send too many is refused by the platform, whose word
corrects the ledger, while a window wrongly shut stays shut until the person's next contact.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from tortoise.expressions import F
from tortoise.queryset import QuerySet

from models.accounts import App
from models.conversations import InboundMessage, Kind
from models.sql import fetch, insert
from models.windows import Act, MessageWindow

# What a person does where -> how many messages may follow, and for how long. The platform file
# can say otherwise.
Allowances = Mapping[tuple[App, Act], tuple[int, timedelta]]
ALLOWANCES: Allowances = {
    (App.OFFICIAL, Act.MESSAGE): (5, timedelta(hours=48)),
    (App.OFFICIAL, Act.CLICK): (3, timedelta(minutes=1)),
    (App.OFFICIAL, Act.FOLLOW): (3, timedelta(minutes=1)),
    (App.OFFICIAL, Act.SCAN): (3, timedelta(minutes=1)),
    (App.MINIAPP, Act.MESSAGE): (5, timedelta(hours=48)),
    (App.MINIAPP, Act.ENTER): (2, timedelta(minutes=1)),
}
_EVENTS = {
    Kind.CLICKED: Act.CLICK,
    Kind.FOLLOWED: Act.FOLLOW,
    Kind.SCANNED: Act.SCAN,
    Kind.ENTERED: Act.ENTER,
}
_OPEN = (
    "INSERT INTO message_window (identity_id, act, opened_at, closes_at, credits, unsure)"
    " VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (identity_id, act) DO UPDATE SET"
    " opened_at = excluded.opened_at, closes_at = excluded.closes_at,"
    " credits = excluded.credits, unsure = 0"
    " WHERE message_window.opened_at <= excluded.opened_at RETURNING id"
)
# For a window of which only its end was heard: every contact is newer.
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Shut(StrEnum):
    """Why no message may be sent now, in the words of a Delivery's code."""

    OVER = "window_shut"  # the platform's 45015
    USED_UP = "window_used_up"  # the platform's 45047


@dataclass(frozen=True, slots=True)
class Credit:
    """Leave to send one message, already taken from the ledger.

    seen: all windows as they were then; the first is the one that pays. None are known of a
    person who was last in touch before the ledger began: the platform will say. sure: how many
    messages the platform will surely take, this one included; None where that is not known.
    """

    identity_id: int
    seen: tuple[MessageWindow, ...]
    sure: int | None
    unsure: bool = False


async def opened(allowances: Allowances, identity_id: int, message: InboundMessage) -> None:
    """Note what a contact allows, counted from when it was sent. Call in its own transaction.

    A contact older than the one known changes nothing, for they may come out of order.
    """
    act = _act(message)
    if act is not None and (allowance := allowances.get((message.app, act))):
        count, length = allowance
        at = message.sent_at
        await fetch(_OPEN, identity_id, act, at, at + length, count)


async def unfollowed(identity_id: int, *, at: datetime) -> None:
    """The person left the account at this moment by the sender's clock: what was open is shut."""
    await MessageWindow.filter(identity_id=identity_id, opened_at__lte=at).update(
        credits=0, unsure=0, closes_at=at
    )


async def spend(identity_id: int, *, now: datetime) -> Credit | Shut:
    """Take one credit, of the window that closes first. Call inside the sending transaction."""
    known = await MessageWindow.filter(identity_id=identity_id).order_by("id").select_for_update()
    if not known:
        return Credit(identity_id, (), sure=None)
    live = sorted((w for w in known if now < w.closes_at), key=lambda window: window.closes_at)
    if not live:
        return Shut.OVER
    payer = next((window for window in live if window.credits or window.unsure), None)
    if payer is None:
        return Shut.USED_UP
    # Where all may be used up and nobody knows, it is better to ask than to keep silent.
    unsure = not payer.credits
    seen = (payer, *(window for window in known if window is not payer))
    credit = Credit(identity_id, seen, sum(window.credits for window in live), unsure)
    await _add(credit, -1, unsure=unsure)
    return credit


async def give_back(credit: Credit) -> None:
    """The platform surely did not take the message."""
    await _add(credit, 1, unsure=credit.unsure)


async def doubt(credit: Credit) -> None:
    """The platform may have taken the message and may not have."""
    await _add(credit, 1, unsure=True)


async def correct(credit: Credit, shut: Shut, *, now: datetime) -> None:
    """The platform refused the message for this reason, whatever the ledger said.

    Windows opened since are left alone: the platform did not speak of them.
    """
    for window in credit.seen:
        closes_at = now if shut is Shut.OVER else window.closes_at
        await _still(window).update(credits=0, unsure=0, closes_at=closes_at)
    if not credit.seen:
        await insert(
            MessageWindow,
            identity_id=credit.identity_id, act=Act.MESSAGE, credits=0,
            opened_at=_LONG_AGO, closes_at=now,
        )  # fmt: skip


async def forget() -> None:
    """After a restore: since the backup people may have opened windows that are not in it."""
    await MessageWindow.all().delete()


def _act(message: InboundMessage) -> Act | None:
    """Which window this contact opens; None for what did not come by way of the platform's own
    chat, such as a question by the mini-program's API."""
    if "MsgType" not in message.payload:
        return None
    # A tap on an item of a 菜单消息 reads like a text and counts as a click.
    if "bizmsgmenuid" in message.payload:
        return Act.CLICK
    return _EVENTS.get(message.kind, Act.MESSAGE)


async def _add(credit: Credit, number: int, *, unsure: bool) -> None:
    if not credit.seen:
        return
    payer = _still(credit.seen[0])
    if unsure:
        await payer.update(unsure=F("unsure") + number)
    else:
        await payer.update(credits=F("credits") + number)


def _still(window: MessageWindow) -> QuerySet[MessageWindow]:
    """The row, unless another contact has refilled it since."""
    return MessageWindow.filter(id=window.id, opened_at=window.opened_at)
