"""Passive text replies: the XML answered to a callback of the official account.

A mini-program callback has no passive text reply; there the caller answers `success`.
"""

import secrets
from datetime import datetime

from handlers.parting import split_text
from server.config import AppCredentials
from server.wechat.bodies import UNSTORABLE
from server.wechat.crypto import encrypt, signature
from server.wechat.messages import Envelope

SUCCESS = ("text/plain; charset=utf-8", b"success")
XML = "text/xml; charset=utf-8"


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


def _cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
