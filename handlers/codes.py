"""One-time codes: made here, typed there. Whoever types one gets what it stands for, once."""

import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from tortoise.expressions import F

from handlers import accounts, enterprises, wording
from handlers.errors import Conflict
from models.accounts import Identity
from models.codes import Code, CodeTries, Purpose
from models.enterprises import Enterprise
from models.sql import fetch, insert, moment
from models.transactions import transactional
from nlp import find_standard_numbers

__all__ = ["Purpose"]

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without I, O, 0, 1
LENGTH = 8  # 40 bits: with the tries that anybody has, guessing is hopeless
VALID_FOR = {
    Purpose.JOIN_APPS: timedelta(minutes=10),
    Purpose.COLLEAGUE: timedelta(hours=24),
    Purpose.ENTERPRISE: timedelta(days=7),
}
HIDDEN = "****-****"
MOST_WRONG = 5
TRIES_COME_BACK_AFTER = timedelta(hours=1)
MOST_INVITATIONS = 20  # of one member, at a time

_WHOLE = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
# A word or number of the same letters may be hidden along with the codes.
_WITHIN = re.compile(r"(?<![0-9A-Za-z])(?:[2-9A-Za-z][\s\-–—]?){7}[2-9A-Za-z](?![0-9A-Za-z])")
_COUNT = (
    "INSERT INTO code_tries (identity_id, wrong, until) VALUES ($1, 1, $2)"
    " ON CONFLICT (identity_id) DO UPDATE SET"
    " wrong = CASE WHEN code_tries.until <= $3 THEN 1 ELSE code_tries.wrong + 1 END,"
    " until = CASE WHEN code_tries.until <= $3 THEN $2 ELSE code_tries.until END"
    " RETURNING wrong, until"
)
_USE = (
    "UPDATE code SET used_at = $1, used_by_id = $2"
    " WHERE id = $3 AND used_at IS NULL AND expires_at > $1 RETURNING id"
)


class Result(StrEnum):
    """How typing a code ended."""

    JOINED = "joined"
    CONFIRMED = "confirmed"
    ALREADY = "already"
    WRONG = "wrong"  # never existed, used, expired: they look the same
    TOO_MANY = "too_many"
    OTHER_APP = "other_app"  # one's own, to be typed in the other application
    LEAVE_FIRST = "leave_first"  # a confirmed member of another enterprise
    APART = "apart"  # these two accounts can't be one person's


@dataclass(frozen=True, slots=True)
class Redeemed:
    """How it ended, and what to say."""

    result: Result
    sentence: str

    @property
    def good(self) -> bool:
        """Whether the person now has what the code stands for."""
        return self.result in (Result.JOINED, Result.CONFIRMED, Result.ALREADY)


WRONG = Redeemed(Result.WRONG, wording.CODE_WRONG)
ALREADY = Redeemed(Result.ALREADY, wording.ALREADY_BOUND)


@dataclass(frozen=True, slots=True)
class Made:
    """A new code as it is shown, ABCD-2345: the only time that it is known."""

    shown: str
    expires_at: datetime


def normal(text: str) -> str:
    """A code as typed in any case, width and grouping; "" for what can't be one."""
    plain = re.sub(r"[\s\-–—]+", "", unicodedata.normalize("NFKC", text)).upper()
    return plain if _WHOLE.fullmatch(plain) else ""


def plain_code(code: str) -> bool:
    """Whether a normal code is one also without a word beside it: neither word nor telephone
    number nor the number of a standard looks like it. All that we make are such. "" is none."""
    mixed = code != "" and not code.isdigit() and not code.isalpha()
    return mixed and not find_standard_numbers(code)


def hidden(text: str) -> str:
    """`text` with every code in it made illegible."""

    def hide(found: re.Match[str]) -> str:
        return HIDDEN if plain_code(normal(found.group())) else found.group()

    return _WITHIN.sub(hide, text)


@transactional
async def make_to_join(account_id: int, *, now: datetime) -> Made:
    """A code that joins the account of whoever types it in the other application. Earlier ones
    of this person end."""
    mine = Code.filter(made_by_id=account_id, purpose=Purpose.JOIN_APPS, used_at=None)
    await mine.filter(expires_at__gt=now).update(expires_at=now)
    return await _make(Purpose.JOIN_APPS, made_by_id=account_id, now=now)


@transactional
async def make_to_invite(account_id: int, *, now: datetime) -> Made:
    """A code that makes one colleague a confirmed member. Raises Conflict for who is not one, or
    has many invitations that nobody took up."""
    enterprise_id = await enterprises.shares(account_id)
    if enterprise_id is None:
        raise Conflict(wording.MEMBERS_INVITE)
    mine = Code.filter(made_by_id=account_id, purpose=Purpose.COLLEAGUE, used_at=None)
    if await mine.filter(expires_at__gt=now).count() >= MOST_INVITATIONS:
        raise Conflict(wording.TOO_MANY_INVITATIONS)
    return await _make(
        Purpose.COLLEAGUE, made_by_id=account_id, enterprise_id=enterprise_id, now=now
    )


@transactional
async def make_for_enterprise(name: str, *, now: datetime) -> tuple[Enterprise, Made]:
    """Staff's code for the first member of an enterprise, which is made when new.

    Raises DomainError for a name that can't be one.
    """
    enterprise = await enterprises.enter(name, now=now)
    return enterprise, await _make(Purpose.ENTERPRISE, enterprise_id=enterprise.id, now=now)


@transactional
async def redeem(identity_id: int, text: str, *, now: datetime) -> Redeemed:
    """Do what a code stands for, once, whoever else types it. Raises nothing that would take the
    count of wrong tries back."""
    code = normal(text)
    if not code:
        return Redeemed(Result.WRONG, wording.CODE_MALFORMED)
    # Counted first, and the row held until the end: tries at the same time take turns.
    tries = (await fetch(_COUNT, identity_id, now + TRIES_COME_BACK_AFTER, now))[0]
    if tries["wrong"] > MOST_WRONG:
        until = wording.stamp(moment(tries["until"]))
        return Redeemed(Result.TOO_MANY, wording.too_many_tries(until))
    # Looked up only now: an earlier turn may have joined the person's account to another.
    identity = await Identity.get(id=identity_id)
    found = await Code.get_or_none(digest=_digest(code)).prefetch_related("used_by")
    redeemed = await _redeem(found, identity, now=now) if found else WRONG
    if redeemed.result not in (Result.WRONG, Result.APART):
        await CodeTries.filter(identity_id=identity_id).update(wrong=F("wrong") - 1)
    return redeemed


async def _redeem(code: Code, identity: Identity, *, now: datetime) -> Redeemed:
    joins = code.purpose == Purpose.JOIN_APPS
    if code.used_by is not None and code.used_by.account_id == identity.account_id:
        # Who has left the enterprise since does not come in again by the same code.
        present = joins or await enterprises.shares(identity.account_id) == code.enterprise_id
        return ALREADY if present else WRONG
    if code.used_at is not None or code.expires_at <= now:
        return WRONG
    return await (_join if joins else _confirm)(code, identity, now=now)


async def _join(code: Code, identity: Identity, *, now: datetime) -> Redeemed:
    if code.made_by_id is None:
        raise RuntimeError("a code that joins accounts was made by nobody")
    mine, made_by = identity.account_id, code.made_by_id
    if mine == made_by:
        if await Identity.filter(account_id=mine).count() > 1:
            return ALREADY
        return Redeemed(Result.OTHER_APP, wording.type_there(identity.app))
    if not await accounts.joinable(mine, made_by):
        return Redeemed(Result.APART, wording.KEPT_APART)
    if not await _use(code, identity, now=now):
        return WRONG
    await accounts.join((mine, made_by), now=now)
    return Redeemed(Result.JOINED, wording.JOINED)


async def _confirm(code: Code, identity: Identity, *, now: datetime) -> Redeemed:
    enterprise = await Enterprise.get(id=code.enterprise_id)
    # Who has left invites nobody any more, not by codes made before either.
    if code.made_by_id is not None and await enterprises.shares(code.made_by_id) != enterprise.id:
        return WRONG
    shared = await enterprises.shares(identity.account_id)
    if shared == enterprise.id:
        return ALREADY
    if shared is not None:
        return Redeemed(Result.LEAVE_FIRST, wording.LEAVE_FIRST)
    if not await _use(code, identity, now=now):
        return WRONG
    await enterprises.confirm(identity.account_id, enterprise.id, now=now)
    return Redeemed(Result.CONFIRMED, wording.confirmed(enterprise.name))


async def _use(code: Code, identity: Identity, *, now: datetime) -> bool:
    """Claim it: of all who try, exactly one gets it."""
    return bool(await fetch(_USE, now, identity.id, code.id))


async def _make(
    purpose: Purpose,
    *,
    made_by_id: int | None = None,
    enterprise_id: int | None = None,
    now: datetime,
) -> Made:
    code = _random()
    expires_at = now + VALID_FOR[purpose]
    added = await insert(
        Code,
        digest=_digest(code),
        purpose=purpose,
        made_by_id=made_by_id,
        enterprise_id=enterprise_id,
        created_at=now,
        expires_at=expires_at,
    )
    if added is None:
        raise RuntimeError("a code was drawn twice")
    return Made(f"{code[:4]}-{code[4:]}", expires_at)


def _random() -> str:
    while not plain_code(code := "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))):
        pass
    return code


def _digest(code: str) -> str:
    return sha256(code.encode()).hexdigest()
