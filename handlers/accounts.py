"""Who somebody is: one account, with a face in each WeChat application."""

from dataclasses import dataclass
from datetime import datetime

from tortoise.exceptions import IntegrityError

from models.accounts import Account, App, Consent, Identity, Staff, StaffRole
from models.sql import fetch
from models.transactions import transactional

__all__ = ["App", "Principal", "Staff", "StaffRole"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is acting in a request of the mini-program."""

    account_id: int
    identity_id: int
    openid: str


async def identity_of(app: App, openid: str, *, now: datetime, unionid: str = "") -> Identity:
    """The identity of this openid, made on first contact, once, also when two contacts race.

    A unionid seen in both applications joins them to one account.
    """
    try:
        return await _identity(app, openid, unionid=unionid, now=now)
    except IntegrityError:
        # Another request of the same person was first; its row is there now.
        return await _identity(app, openid, unionid=unionid, now=now)


@transactional
async def _identity(app: App, openid: str, *, unionid: str, now: datetime) -> Identity:
    identity = await Identity.get_or_none(app=app, openid=openid)
    if identity is not None:
        if unionid and identity.unionid != unionid:
            identity.unionid = unionid
            await identity.save(update_fields=["unionid"])
        return identity
    sibling = await Identity.filter(unionid=unionid).first() if unionid else None
    account_id = sibling.account_id if sibling else (await Account.create(created_at=now)).id
    return await Identity.create(
        account_id=account_id, app=app, openid=openid, unionid=unionid or None, created_at=now
    )


async def principal(identity_id: int) -> Principal | None:
    """Who holds this identity, or None when there is no such (any more)."""
    identity = await Identity.get_or_none(id=identity_id)
    if identity is None:
        return None
    return Principal(identity.account_id, identity.id, identity.openid)


async def staff_by_id(staff_id: int) -> Staff | None:
    """A member of staff, or None when there is no such (any more)."""
    return await Staff.get_or_none(id=staff_id)


async def set_following(identity: Identity, follows: bool) -> None:
    """Note that the person followed or unfollowed the official account."""
    await Identity.filter(id=identity.id).update(follows=follows)


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


@transactional
async def record_consents(
    identity: Identity, changes: list[tuple[str, str]], *, now: datetime
) -> None:
    """Keep the ledger of subscription credits; changes are (template id, what happened).

    "accept" is one credit more. "reject" takes the permission away. Other words change nothing:
    a send is counted by `spend_credit` when the platform has accepted it.
    """
    for template_id, what in changes:
        if what == "accept":
            await fetch(
                "INSERT INTO consent (identity_id, template_id, credits, long_term, updated_at)"
                " VALUES ($1, $2, 1, $3, $4) ON CONFLICT (identity_id, template_id)"
                " DO UPDATE SET credits = consent.credits + 1, updated_at = excluded.updated_at"
                " RETURNING id",
                identity.id,
                template_id,
                False,
                now,
            )
        elif what == "reject":
            await Consent.filter(identity_id=identity.id, template_id=template_id).update(
                credits=0, long_term=False, updated_at=now
            )


async def consents_of(identity_id: int) -> list[dict[str, str | int | bool]]:
    """What may still be sent to this person, by template."""
    rows = await Consent.filter(identity_id=identity_id).order_by("template_id")
    return [
        {"template_id": row.template_id, "credits": row.credits, "long_term": row.long_term}
        for row in rows
    ]


async def has_consent(identity: Identity, template_id: str) -> bool:
    """Whether a subscription message of this template may be sent now, as far as we know."""
    consent = await Consent.get_or_none(identity_id=identity.id, template_id=template_id)
    return consent is not None and (consent.long_term or consent.credits > 0)


async def spend_credit(identity_id: int, template_id: str, *, all_of_them: bool = False) -> None:
    """One credit less; none at all where the platform says that there are none (43101)."""
    consent = await Consent.get_or_none(identity_id=identity_id, template_id=template_id)
    if consent is None or consent.long_term:
        return
    left = 0 if all_of_them else max(consent.credits - 1, 0)
    await Consent.filter(id=consent.id, credits=consent.credits).update(credits=left)
