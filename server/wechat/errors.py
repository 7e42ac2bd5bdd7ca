"""Failures of calls to the platform, one class per consequence.

str() of every one of them is the API's short name, the code and the code's name, or a fixed
phrase of ours: never a token, a secret, an openid or an address. `hint` is what the operator must
know beside the code.
Codes: WECHAT.md "Sending" and the platform's list of global return codes.
"""

import re
from ipaddress import IPv6Address, ip_address

from wechatpy.constants import WeChatErrorCode

TOKEN_CODES = frozenset({40001, 40014, 42001})
# 47003 reads "argument invalid! data.thing1.value is empty".
FIELD = re.compile(r"\bdata\.([A-Za-z_]{1,32}\d{0,3})\b")
# 40164 reads "invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist".
ADDRESS = re.compile(r"\binvalid ip ([0-9A-Fa-f:.]{2,45})")


class PlatformError(Exception):
    """A call failed; the base class itself stands for any code without a class below.

    code: the platform's errcode, or 0 where it gave none. api: the short name, "custom/send".
    hint: what the platform's message named: the field of 47003, our IP address of 40164, or "".
    permanent: sending the same again by the same channel can't succeed.
    """

    permanent = True

    def __init__(self, code: int, api: str, detail: str = "", *, hint: str = "") -> None:
        super().__init__(f"{api}: {detail or f'{code} {code_name(code)}'}")
        self.code = code
        self.api = api
        self.hint = hint

    @property
    def reason(self) -> str:
        """Code and hint, as gates and delivery rows keep them: "40164 1.2.3.4", "45009"."""
        return f"{self.code} {self.hint}".rstrip()


class ChannelClosed(PlatformError):
    """The person can't be reached this way now: take the next channel at once."""


class BadRequest(PlatformError):
    """The request breaks a rule of the platform: our bug."""


class CodeRejected(PlatformError):
    """A login code is unknown, used or out of date: let the person log in again."""


class TooLarge(PlatformError):
    """The media file exceeds the limit that the caller set."""


class Throttled(PlatformError):
    """A quota is used up or calls come too fast: pause this API."""

    permanent = False


class Unavailable(PlatformError):
    """No usable answer: retry with back-off. `maybe_sent`: it may have had its effect."""

    permanent = False

    def __init__(self, code: int, api: str, *, maybe_sent: bool, detail: str = "") -> None:
        super().__init__(code, api, detail)
        self.maybe_sent = maybe_sent


class TokenDead(PlatformError):
    """The access token is refused even after one refresh: park the send."""

    permanent = False


class Misconfigured(PlatformError):
    """Secret, appid, address list or permission is wrong: park until the operator acts."""

    permanent = False


CONSEQUENCES: dict[int, type[PlatformError]] = {
    code: consequence
    for consequence, codes in (
        # Not a follower, blocked, no credit, window over, count used up, unknown openid.
        (ChannelClosed, (40003, 43004, 43005, 43019, 43101, 45015, 45047)),
        (CodeRejected, (40029, 40163, 40226, 41008)),
        (Throttled, (45009, 45011)),
        (Misconfigured, (40013, 40125, 40164, 40243, 41002, 41004, 43107, 48001, 48004, 50002)),
        # Calls from this address wait for, or were refused by, the account's administrator.
        (Misconfigured, (89501, 89503, 89506, 89507)),
        (BadRequest, (40008, 40033, 40035, 40036, 40037, 40097, 40165)),
        (BadRequest, (41006, 41028, 41029, 41030, 44002, 44004, 45002, 47001, 47003)),
    )
    for code in codes
}


def code_name(code: int) -> str:
    """The code's name in wechatpy's table, in capitals."""
    try:
        return str(WeChatErrorCode(code).name)
    except ValueError:
        return "UNKNOWN"


def error_for(code: int, api: str, message: str, *, with_token: bool) -> PlatformError:
    """The error that an errcode other than 0 stands for.

    message: the platform's errmsg, only searched for the hint. with_token: the call carried an
    access token; without one, 40001 speaks of the app secret.
    """
    if code == -1:
        return Unavailable(code, api, maybe_sent=False)
    if code in TOKEN_CODES:
        return TokenDead(code, api) if with_token else Misconfigured(code, api)
    return CONSEQUENCES.get(code, PlatformError)(code, api, hint=_hint(code, message))


def _hint(code: int, message: str) -> str:
    """The field or the address that a message names; nothing else of it goes further."""
    if code == 40164:
        found = ADDRESS.search(message)
        return _plain_address(found[1]) if found else ""
    found = FIELD.search(message)
    return found[1] if found else ""


def _plain_address(text: str) -> str:
    """`text` as an address, an IPv4 one without its IPv6 clothes; "" if it is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
