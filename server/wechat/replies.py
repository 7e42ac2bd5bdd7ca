"""Passive text replies: the XML answered to a callback of the official account.

A mini-program callback has no passive text reply; there the caller answers `success`.
"""

import re
import secrets
import unicodedata
from datetime import datetime

from server.config import AppCredentials
from server.wechat.bodies import UNSTORABLE
from server.wechat.crypto import encrypt, signature
from server.wechat.messages import Envelope

SUCCESS = ("text/plain; charset=utf-8", b"success")
XML = "text/xml; charset=utf-8"
LIMIT = 2047  # bytes of UTF-8 (WECHAT.md, "Inbound")

SENTENCE_END = re.compile(r"[。！？；!?;\n]+[”’」』）》)]*")
CLAUSE_END = re.compile(r"[，、：,:]+")
JOINER = "\u200d"
SKIN_TONES = range(0x1F3FB, 0x1F400)
FLAG_LETTERS = range(0x1F1E6, 0x1F200)


def text_reply(
    envelope: Envelope, text: str, now: datetime, credentials: AppCredentials
) -> tuple[str, bytes]:
    """Content type and body of a passive reply, encrypted if the callback was.

    Only the first 2047 bytes of text go out, up to a sentence end: whoever has more to say
    splits it first and sends the rest as messages. Nothing to say is `success`.
    """
    words = split_text(clean_text(text).strip())[0]
    if not words:
        return SUCCESS
    created = int(now.timestamp())
    plain = (
        f"<xml><ToUserName>{_cdata(envelope.from_user)}</ToUserName>"
        f"<FromUserName>{_cdata(envelope.to_user)}</FromUserName>"
        f"<CreateTime>{created}</CreateTime>"
        f"<MsgType>{_cdata('text')}</MsgType>"
        f"<Content>{_cdata(words)}</Content></xml>"
    ).encode()
    if not envelope.encrypted:
        return XML, plain
    sealed = encrypt(credentials, plain)
    nonce = secrets.token_hex(8)
    signed = signature(credentials.token, str(created), nonce, sealed)
    return XML, (
        f"<xml><Encrypt>{_cdata(sealed)}</Encrypt>"
        f"<MsgSignature>{_cdata(signed)}</MsgSignature>"
        f"<TimeStamp>{created}</TimeStamp>"
        f"<Nonce>{_cdata(nonce)}</Nonce></xml>"
    ).encode()


def clean_text(text: str) -> str:
    """Text without the characters that XML 1.0 forbids: controls, lone surrogates."""
    return UNSTORABLE.sub("", text)


def split_text(text: str, limit: int = LIMIT) -> list[str]:
    """Cut text into parts of at most `limit` bytes of UTF-8; at least one part, maybe empty.

    Cuts fall after a sentence, else after a clause, else between two whole characters as the
    reader sees them. Whitespace at a cut is dropped, nothing else. A limit below one character's
    size still yields that character.
    """
    parts: list[str] = []
    rest = text
    while (fit := _fitting(rest, limit)) < len(rest):
        cut = _last_end(SENTENCE_END, rest, fit) or _last_end(CLAUSE_END, rest, fit)
        cut = cut or _whole_characters(rest, fit)
        if part := rest[:cut].rstrip():
            parts.append(part)
        rest = rest[cut:].lstrip()
    if rest or not parts:
        parts.append(rest)
    return parts


def _fitting(text: str, limit: int) -> int:
    """How many characters from the start fit into `limit` bytes; at least one, if there is one."""
    if len(text.encode("utf-8", "surrogatepass")) <= limit:
        return len(text)
    used = 0
    for index, character in enumerate(text[: limit + 1]):
        used += len(character.encode("utf-8", "surrogatepass"))
        if used > limit:
            return max(index, 1)
    return len(text)


def _last_end(pattern: re.Pattern[str], text: str, fit: int) -> int:
    return max((match.end() for match in pattern.finditer(text, 0, fit)), default=0)


def _whole_characters(text: str, fit: int) -> int:
    """The last border at or before `fit` that parts no emoji, accent or flag; `fit` if none."""
    for cut in range(fit, 0, -1):
        if not _belongs_to_previous(text, cut):
            return cut
    return fit


def _belongs_to_previous(text: str, index: int) -> bool:
    character = text[index]
    code = ord(character)
    if character == JOINER or text[index - 1] == JOINER or code in SKIN_TONES:
        return True
    if code in FLAG_LETTERS:
        start = index
        while start and ord(text[start - 1]) in FLAG_LETTERS:
            start -= 1
        return (index - start) % 2 == 1
    return unicodedata.category(character) in ("Mn", "Me", "Mc")


def _cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
