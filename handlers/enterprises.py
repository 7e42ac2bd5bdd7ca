"""Whom people work for. A name that somebody typed is known of them and proves nothing: only a
confirmed, present member shares what is the enterprise's."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from handlers import wording
from handlers.errors import Conflict, DomainError, NotFound
from handlers.ids import possible_id
from models.accounts import Account, Identity
from models.enterprises import Enterprise, Membership
from models.sql import fetch, insert, moment
from models.transactions import transactional

LONGEST_NAME = 60
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"})  # Unicode's general categories
# Numbering plan: 11 digits from 13; area codes of 3 digits have 8 behind them, others 7 or 8.
_PHONE = re.compile(r"1[3-9][0-9]{9}|0(?:10|2[0-9])[2-9][0-9]{7}|0[3-9][0-9]{2}[2-9][0-9]{6,7}")
_COUNTRY = re.compile(r"^(?:\+|00)?86(?=1[3-9][0-9]{9}$)")
_FACTS = (
    "SELECT a.phone, e.name, m.confirmed_at FROM account a"
    " LEFT JOIN membership m ON m.open_key = a.id"
    " LEFT JOIN enterprise e ON e.id = m.enterprise_id WHERE a.id = $1"
)
_SHARES = "SELECT enterprise_id FROM membership WHERE open_key = $1 AND confirmed_at IS NOT NULL"
_MEMBERS = (
    "SELECT m.id, m.account_id, a.display_name, a.phone, m.since, m.confirmed_at"
    " FROM membership m JOIN account a ON a.id = m.account_id"
    " WHERE m.enterprise_id = $1 AND m.open_key IS NOT NULL ORDER BY m.id"
)
_ALL = (
    "SELECT e.name, COUNT(m.confirmed_at) AS confirmed, COUNT(m.id) AS named FROM enterprise e"
    " LEFT JOIN membership m ON m.enterprise_id = e.id AND m.open_key IS NOT NULL"
    " GROUP BY e.id, e.name ORDER BY e.id"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a person for forms of their own; "" where nothing is. phone: unmasked."""

    enterprise: str = ""
    confirmed: bool = False
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who is with an enterprise now. id: the membership's. phone: masked."""

    id: int
    account_id: int
    name: str
    phone: str
    since: datetime
    confirmed: bool


def enterprise_name(text: str) -> str:
    """A name as it is compared and kept: NFKC, no blanks, nothing invisible. Raises DomainError."""
    plain = unicodedata.normalize("NFKC", text)
    name = "".join(c for c in plain if unicodedata.category(c) not in INVISIBLE)
    if not 2 <= len(name) <= LONGEST_NAME:
        raise DomainError(wording.ENTERPRISE_NAME.format(longest=LONGEST_NAME))
    return name


def phone_number(text: str) -> str:
    """The digits of a mainland mobile, or of a landline with its area code. Raises DomainError."""
    plain = re.sub(r"[\s()\-–—]+", "", unicodedata.normalize("NFKC", text))
    digits = _COUNTRY.sub("", plain)
    if not _PHONE.fullmatch(digits):
        raise DomainError(wording.PHONE_WANTED)
    return digits


async def facts_of(account_id: int) -> Facts:
    """What is known of a person: one query, on the path of every turn of a form."""
    rows = await fetch(_FACTS, account_id)
    if not rows:
        return Facts()
    row = rows[0]
    return Facts(row["name"] or "", row["confirmed_at"] is not None, row["phone"] or "")


async def shares(account_id: int) -> int | None:
    """The enterprise whose tickets this person shares: a confirmed member's who has not left."""
    rows = await fetch(_SHARES, account_id)
    return int(rows[0]["enterprise_id"]) if rows else None


@transactional
async def remember(
    account_id: int, *, enterprise: str = "", phone: str = "", now: datetime
) -> None:
    """Keep what somebody wrote into a form of theirs, to offer it next time. Raises DomainError.

    The name replaces one that was only typed as well; who is a confirmed member stays that, for
    a form may be filled in for another firm.
    """
    if phone:
        await Account.filter(id=account_id).update(phone=phone_number(phone))
    if not enterprise:
        return
    row = await enter(enterprise, now=now)
    claimed = Membership.filter(open_key=account_id, confirmed_at=None)
    await claimed.exclude(enterprise_id=row.id).update(open_key=None, left_at=now)
    # Nothing is added where one is open still, this one's or a confirmed one.
    await insert(
        Membership, account_id=account_id, enterprise_id=row.id, open_key=account_id, since=now
    )


@transactional
async def enter(name: str, *, now: datetime) -> Enterprise:
    """The enterprise of this name, made when new. Raises DomainError."""
    name = enterprise_name(name)
    await insert(Enterprise, name=name, created_at=now)
    return await Enterprise.get(name=name)


async def confirm(account_id: int, enterprise_id: int, *, now: datetime) -> None:
    """It is proven that this person works there. What they only typed before ends.

    Runs inside the caller's transaction. Raises Conflict for a confirmed member of any enterprise.
    """
    claimed = Membership.filter(open_key=account_id, confirmed_at=None)
    if await claimed.filter(enterprise_id=enterprise_id).update(confirmed_at=now):
        return
    await claimed.update(open_key=None, left_at=now)
    added = await insert(
        Membership,
        account_id=account_id,
        enterprise_id=enterprise_id,
        open_key=account_id,
        since=now,
        confirmed_at=now,
    )
    if added is None:
        raise Conflict(wording.LEAVE_FIRST)


@transactional
async def leave(account_id: int, *, now: datetime) -> bool:
    """解绑: from now on this person sees only what they asked themselves. False when they were
    with nobody."""
    left = await Membership.filter(open_key=account_id).update(open_key=None, left_at=now)
    return left == 1


@transactional
async def remove(name: str, member: str, *, now: datetime) -> None:
    """Staff end a membership. member: its id, or the person's openid in either application.

    Raises NotFound.
    """
    enterprise = await by_name(name)
    present = Membership.filter(enterprise_id=enterprise.id, left_at=None)
    if member.isascii() and member.isdigit():
        found = present.filter(id=int(member) if possible_id(int(member)) else 0)
    else:
        accounts = [row.account_id for row in await Identity.filter(openid=member)]
        found = present.filter(account_id__in=accounts)
    if not await found.update(open_key=None, left_at=now):
        raise NotFound("没有找到这个成员。")


async def merge(other: int, *, into: int, now: datetime) -> None:
    """Two accounts turn out to be one person: one membership of theirs stays open, a confirmed
    one before one that is not, a later one before an earlier. Runs inside the caller's transaction.
    """
    present = await Membership.filter(open_key__in=(into, other))
    present.sort(key=lambda m: (m.confirmed_at is not None, m.confirmed_at or m.since))
    for ended in present[:-1]:
        await Membership.filter(id=ended.id).update(open_key=None, left_at=now)
    await Membership.filter(account_id=other).update(account_id=into)
    await Membership.filter(open_key=other).update(open_key=into)


async def by_name(name: str) -> Enterprise:
    """The enterprise of this name. Raises NotFound, DomainError."""
    enterprise = await Enterprise.get_or_none(name=enterprise_name(name))
    if enterprise is None:
        raise NotFound("没有找到这家企业。")
    return enterprise


async def members_of(enterprise_id: int) -> list[Member]:
    """Who is with an enterprise now, those too who only say so, in the order they came."""
    return [
        Member(
            id=row["id"],
            account_id=row["account_id"],
            name=row["display_name"] or wording.NO_NAME,
            phone=wording.masked(row["phone"] or ""),
            since=moment(row["since"]),
            confirmed=row["confirmed_at"] is not None,
        )
        for row in await fetch(_MEMBERS, enterprise_id)
    ]


async def colleagues_of(account_id: int) -> list[Member]:
    """The other confirmed members of a confirmed member's enterprise; nobody, for anyone else."""
    enterprise_id = await shares(account_id)
    if enterprise_id is None:
        return []
    members = await members_of(enterprise_id)
    return [m for m in members if m.confirmed and m.account_id != account_id]


async def all_enterprises() -> list[tuple[str, int, int]]:
    """Every enterprise: (name, confirmed members, all who say they work there)."""
    return [(row["name"], row["confirmed"], row["named"]) for row in await fetch(_ALL)]
