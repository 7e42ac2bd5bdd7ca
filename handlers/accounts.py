"""Who somebody is: one account, with a face in each WeChat application."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, cast

from tortoise.expressions import F, Q
from tortoise.fields.relational import BackwardFKRelation

from handlers import enterprises
from models.accounts import Account, App, Identity, Staff, StaffRole
from models.conversations import Conversation
from models.outbox import OutboxItem
from models.sql import fetch, hold, insert
from models.transactions import transactional

__all__ = ["App", "Principal", "Staff", "StaffRole"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is acting in a request: of the mini-program, or by a link of their own."""

    account_id: int
    identity_id: int
    app: App
    openid: str


async def identity_of(app: App, openid: str, *, now: datetime, unionid: str = "") -> Identity:
    """The identity of this openid, made on first contact, once, also when two contacts race.

    A unionid seen in both applications joins them to one account. The mini-program's sign-in
    brings it along; for the official account the worker asks the platform (`unionids_owed`).
    """
    identity = await _identity(app, openid, now=now)
    if unionid and identity.unionid != unionid:
        await learn_unionid(identity.id, unionid, now=now)
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
async def learn_unionid(identity_id: int, unionid: str, *, now: datetime) -> None:
    """Note a unionid; where another account has it too, that is the same person.

    Two staff records are left apart: a person must sort that out.
    """
    # Learnt of both applications at once, each must see the other.
    await hold(sha256(unionid.encode()).hexdigest())
    faces = await Identity.filter(Q(id=identity_id) | Q(unionid=unionid))
    found = {face.account_id for face in faces}
    if len(found) > 1 and await Staff.filter(account_id__in=found).count() < 2:
        await join(found, now=now)
    await Identity.filter(id=identity_id).update(unionid=unionid, unionid_due_at=None)


async def joinable(one: int, other: int) -> bool:
    """Whether two accounts can be two faces of one person whom the platform did not join.

    Not where they share an application, in which everybody has one openid, or have different
    unionids, which are one for each person; and not two members of staff.
    """
    faces = await Identity.filter(account_id__in=(one, other))
    unionids = {face.unionid for face in faces if face.unionid}
    staff = await Staff.filter(account_id__in=(one, other)).count()
    return len({face.app for face in faces}) == len(faces) and len(unionids) < 2 and staff < 2


async def join(found: Collection[int], *, now: datetime) -> None:
    """Make accounts one: everything that points at the younger ones moves to the oldest.

    A member of staff keeps the account that the staff record hangs on; there is one at most. Runs
    inside the caller's transaction.
    """
    staff = await Staff.get_or_none(account_id__in=found)
    kept = staff.account_id if staff else min(found)
    for other in found:
        if other != kept:
            await _move(other, into=kept, now=now)


async def _move(other: int, *, into: int, now: datetime) -> None:
    faces = [face.id for face in await Identity.filter(account_id=other)]
    # Whoever is answering one of these threads now would do it for the account as it was: they
    # find the thread changed and look again.
    await Conversation.filter(open_key__in=faces).update(version=F("version") + 1)
    await enterprises.merge(other, into=into, now=now)
    for relation in Account._meta.backward_fk_fields:
        pointing = cast(BackwardFKRelation[Any], Account._meta.fields_map[relation])
        column = pointing.relation_field
        await pointing.related_model.filter(**{column: other}).update(**{column: into})
    # Last, for a ticket that was being answered has owed its notice meanwhile.
    await OutboxItem.filter(account_id=other).update(account_id=into)
    await OutboxItem.filter(stream=asker_stream(other)).update(stream=asker_stream(into))
    left = await Account.get(id=other)
    await Account.filter(id=into, phone=None).update(phone=left.phone)
    await Account.filter(id=into, display_name="").update(display_name=left.display_name)
    await Account.filter(id=other).update(phone=None, display_name="")


async def account_of(identity_id: int) -> int:
    """The account that an identity belongs to now."""
    return (await Identity.get(id=identity_id)).account_id


def asker_stream(account_id: int) -> str:
    """The outbox stream in which this person reads things in the order they happened."""
    return f"account:{account_id}"


async def principal(identity_id: int) -> Principal | None:
    """Who holds this identity, or None when there is no such (any more)."""
    identity = await Identity.get_or_none(id=identity_id)
    if identity is None:
        return None
    return Principal(identity.account_id, identity.id, identity.app, identity.openid)


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
