"""Who somebody is: one account, with a face in each WeChat application."""

from dataclasses import dataclass
from datetime import datetime

from models.accounts import Account, App, Identity, Staff, StaffRole
from models.outbox import OutboxItem
from models.sql import fetch, insert
from models.tickets import Ticket
from models.transactions import transactional
from models.visits import Visit

__all__ = ["App", "Principal", "Staff", "StaffRole"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is acting in a request of the mini-program."""

    account_id: int
    identity_id: int
    openid: str


async def identity_of(app: App, openid: str, *, now: datetime, unionid: str = "") -> Identity:
    """The identity of this openid, made on first contact, once, also when two contacts race.

    A unionid seen in both applications joins them to one account. The mini-program's sign-in
    brings it along; for the official account the worker asks the platform (`unionids_owed`).
    """
    identity = await _identity(app, openid, now=now)
    if unionid and identity.unionid != unionid:
        await learn_unionid(identity.id, unionid)
        await identity.refresh_from_db()
    return identity


@transactional
async def _identity(app: App, openid: str, *, now: datetime) -> Identity:
    identity = await Identity.get_or_none(app=app, openid=openid)
    if identity is None:
        await first_contact(app, openid, now=now)
        identity = await Identity.get(app=app, openid=openid)
    return identity


async def first_contact(app: App, openid: str, *, now: datetime) -> None:
    """Make an account for somebody who has none. Runs inside the caller's transaction."""
    account_id = await insert(Account, created_at=now)
    added = await insert(
        Identity,
        account_id=account_id,
        app=app,
        openid=openid,
        unionid_due_at=now if app == App.OFFICIAL else None,
        created_at=now,
    )
    if added is None:
        # Another contact of the same person was first.
        await Account.filter(id=account_id).delete()


async def unionids_owed(*, now: datetime, limit: int) -> list[Identity]:
    """Official-account identities whose unionid the platform has yet to be asked for."""
    return await Identity.filter(unionid_due_at__lte=now).order_by("unionid_due_at").limit(limit)


async def ask_unionid_again(identity_id: int, at: datetime | None) -> None:
    """Put the question off until `at`, or drop it with None."""
    await Identity.filter(id=identity_id).update(unionid_due_at=at)


@transactional
async def learn_unionid(identity_id: int, unionid: str) -> None:
    """Note a unionid; where another account has it too, that is the same person.

    The younger account's identities, tickets, visits and messages owed move to the older one; a
    member of staff keeps the account that the staff record hangs on. Two staff records are left
    apart: a person must sort that out.
    """
    await Identity.filter(id=identity_id).update(unionid=unionid, unionid_due_at=None)
    found = sorted({row.account_id for row in await Identity.filter(unionid=unionid)})
    staff = await Staff.filter(account_id__in=found)
    if len(found) < 2 or len(staff) > 1:
        return
    kept = staff[0].account_id if staff else found[0]
    for other in found:
        if other != kept:
            await Identity.filter(account_id=other).update(account_id=kept)
            await Ticket.filter(asker_id=other).update(asker_id=kept)
            await Visit.filter(account_id=other).update(account_id=kept)
            await OutboxItem.filter(stream=asker_stream(other)).update(stream=asker_stream(kept))
            await OutboxItem.filter(account_id=other).update(account_id=kept)


def asker_stream(account_id: int) -> str:
    """The outbox stream in which this person reads things in the order they happened."""
    return f"account:{account_id}"


async def principal(identity_id: int) -> Principal | None:
    """Who holds this identity, or None when there is no such (any more)."""
    identity = await Identity.get_or_none(id=identity_id)
    if identity is None:
        return None
    return Principal(identity.account_id, identity.id, identity.openid)


async def staff_by_id(staff_id: int) -> Staff | None:
    """A member of staff, or None when there is no such (any more)."""
    return await Staff.get_or_none(id=staff_id)


async def set_following(identity_id: int, *, follows: bool, at: datetime) -> None:
    """Note that the person followed, unfollowed or wrote at this moment by the sender's clock.

    What is older than what we know changes nothing, for events may come out of order.
    """
    await fetch(
        "UPDATE identity SET follows = $1, follows_at = $2"
        " WHERE id = $3 AND (follows_at IS NULL OR follows_at <= $2) RETURNING id",
        follows,
        at,
        identity_id,
    )


async def is_staff(account_id: int) -> bool:
    """Whether this person works for the platform."""
    return await Staff.filter(account_id=account_id).exists()


async def set_on_duty(account_id: int, *, on_duty: bool) -> None:
    """A member of staff comes on duty or leaves."""
    await Staff.filter(account_id=account_id).update(on_duty=on_duty)


@transactional
async def register_staff(
    name: str, *, openid: str, role: StaffRole, topics: list[str], now: datetime
) -> Staff:
    """Make the holder of this official-account openid a member of staff, or update the record."""
    identity = await identity_of(App.OFFICIAL, openid, now=now)
    await Account.filter(id=identity.account_id).update(display_name=name)
    staff, _ = await Staff.update_or_create(
        {"name": name, "role": role, "topics": topics}, account_id=identity.account_id
    )
    return staff
