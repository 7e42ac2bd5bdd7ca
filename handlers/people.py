"""What people write in the chat about who they are: join my two accounts, invite, leave."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from handlers import accounts, codes, enterprises, wording
from models.accounts import App


class Word(StrEnum):
    """What is wanted."""

    REDEEM = "redeem"
    JOIN_APPS = "join_apps"
    INVITE = "invite"
    LEAVE = "leave"
    LEAVE_FOR_CERTAIN = "leave_for_certain"
    WHO_AM_I = "who_am_i"


@dataclass(frozen=True, slots=True)
class Command:
    """A wish, and the code as typed where there is one."""

    word: Word
    code: str = ""


_END = re.compile(r"[\s。.!?~]+$")
_WORDS = {
    Word.JOIN_APPS: re.compile(r"(?:绑定|关联)(?:一下)?(?:微信)?(?:小程序|公众号)"),
    Word.INVITE: re.compile(r"(?:我要)?邀请(?:一下|一个|一位)?同事"),
    Word.LEAVE: re.compile(
        r"(?:我要|我想)?(?:解绑|解除绑定|取消绑定)(?:企业|单位|公司)?|我?(?:已经)?离职了?"
    ),
    Word.LEAVE_FOR_CERTAIN: re.compile(r"确认(?:解绑|解除绑定|离职)"),
    Word.WHO_AM_I: re.compile(r"(?:我的)(?:企业|单位|公司)|绑定|绑定(?:企业|单位|公司)"),
}
# As typed, and within an invitation that was passed on whole.
_TYPED = re.compile(r"(?:绑定码?|邀请码)[\s:]*([0-9A-Z][0-9A-Z\s\-–—]*)")
_PASSED_ON = re.compile(r"(?:绑定码?|邀请码)[\s:]*([0-9A-Z]{4}[\s\-–—]*[0-9A-Z]{4})(?![0-9A-Z])")


def parse(text: str) -> Command | None:
    """The wish in a message, None where it is about something else. Pure.

    A code may stand alone; then it must look like nothing else.
    """
    plain = _END.sub("", unicodedata.normalize("NFKC", text).strip().upper())
    for word, pattern in _WORDS.items():
        if pattern.fullmatch(plain):
            return Command(word)
    if found := _TYPED.fullmatch(plain) or _PASSED_ON.search(plain):
        return Command(Word.REDEEM, found.group(1))
    code = codes.normal(plain)
    return Command(Word.REDEEM, code) if codes.plain_code(code) else None


async def carry_out(command: Command, *, identity_id: int, app: App, now: datetime) -> str:
    """Do it; what to say. Raises Conflict. Runs inside the caller's transaction.

    The person's account may be another one afterwards.
    """
    account_id = await accounts.account_of(identity_id)
    match command.word:
        case Word.REDEEM:
            return (await codes.redeem(identity_id, command.code, now=now)).sentence
        case Word.JOIN_APPS:
            made = await codes.make_to_join(account_id, now=now)
            return wording.code_to_join(made.shown, app)
        case Word.INVITE:
            made = await codes.make_to_invite(account_id, now=now)
            facts = await enterprises.facts_of(account_id)
            return wording.invitation(made.shown, facts.enterprise)
        case Word.LEAVE:
            facts = await enterprises.facts_of(account_id)
            return wording.really_leave(facts.enterprise) if facts.enterprise else wording.NO_FIRM
        case Word.LEAVE_FOR_CERTAIN:
            left = await enterprises.leave(account_id, now=now)
            return wording.HAS_LEFT if left else wording.NO_FIRM
        case Word.WHO_AM_I:
            return await _who_am_i(account_id)


async def _who_am_i(account_id: int) -> str:
    facts = await enterprises.facts_of(account_id)
    if not facts.enterprise:
        return wording.NO_FIRM
    if not facts.confirmed:
        return wording.unconfirmed(facts.enterprise)
    return wording.member_of(facts.enterprise, len(await enterprises.colleagues_of(account_id)))
