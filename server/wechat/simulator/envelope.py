"""The platform's side of a callback: what is posted, and what may come back.

Encryption and signatures are wechatpy's, so that they check ours independently.
"""

import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from wechatpy.crypto import PrpCrypto, WeChatCrypto
from wechatpy.utils import WeChatSigner

from server.config import AppCredentials

Mode = Literal["plain", "safe", "compat"]
Format = Literal["xml", "json"]
PASSIVE_TEXT_BYTES = 2047
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_PASSIVE_KINDS = {"text", "image", "voice", "video", "music", "news", "transfer_customer_service"}


class BadReplyError(Exception):
    """The answer to a callback is none the platform accepts; str() says why, in Chinese."""


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """One callback, ready to be posted (and posted again)."""

    params: dict[str, str]
    body: bytes
    content_type: str
    mode: Mode


def sign(*parts: str) -> str:
    """The platform's SHA-1 signature over the sorted parts."""
    signer = WeChatSigner()
    signer.add_data(*parts)
    return str(signer.signature)


def seal(
    credentials: AppCredentials,
    fields: Mapping[str, Any],
    *,
    mode: Mode,
    form: Format,
    now: datetime,
) -> SignedRequest:
    """Render, encrypt where the mode asks for it, and sign."""
    timestamp, nonce = str(int(now.timestamp())), str(secrets.randbelow(9 * 10**9) + 10**9)
    params = {
        "signature": sign(credentials.token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": str(fields.get("FromUserName", "")),
    }
    outer = dict(fields)
    if mode != "plain":
        crypto = WeChatCrypto(credentials.token, credentials.aes_key, credentials.appid)
        encrypted = PrpCrypto(crypto.key).encrypt(_render(fields, form), credentials.appid)
        envelope = {"ToUserName": fields["ToUserName"], "Encrypt": encrypted.decode()}
        outer = envelope if mode == "safe" else {**outer, "Encrypt": envelope["Encrypt"]}
        params["encrypt_type"] = "aes"
        params["msg_signature"] = sign(credentials.token, timestamp, nonce, envelope["Encrypt"])
    content_type = "text/xml" if form == "xml" else "application/json"
    return SignedRequest(params, _render(outer, form).encode(), content_type, mode)


def open_reply(
    credentials: AppCredentials, sent: SignedRequest, raw: bytes, *, openid: str
) -> dict[str, Any] | None:
    """The passive reply's fields, None for success or nothing; raises BadReplyError."""
    if raw.strip() in {b"", b"success"}:
        return None
    reply = _parse(raw)
    if "Encrypt" in reply:
        reply = _parse(_decrypt(credentials, reply))
    elif sent.mode == "safe":
        raise BadReplyError("安全模式下的回复没有加密")
    _check(reply, openid)
    return reply


def _render(fields: Mapping[str, Any], form: Format) -> str:
    if form == "json":
        return json.dumps(fields, ensure_ascii=False)
    return "<xml>" + "".join(_element(name, value) for name, value in fields.items()) + "</xml>"


def _element(name: str, value: object) -> str:
    if isinstance(value, Mapping):
        inner = "".join(_element(key, item) for key, item in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(_element(name, item) for item in value)
    elif isinstance(value, int):
        inner = str(value)
    else:
        text = _CONTROL.sub("", str(value)).replace("]]>", "]]]]><![CDATA[>")
        inner = f"<![CDATA[{text}]]>"
    return f"<{name}>{inner}</{name}>"


def _parse(raw: bytes | str) -> dict[str, Any]:
    try:
        root = fromstring(raw)
    except (ParseError, DefusedXmlException, ValueError) as error:
        start = raw[:1] if isinstance(raw, str) else raw[:1].decode(errors="replace")
        kind = "JSON" if start in {"{", "["} else "无法解析的内容"
        raise BadReplyError(f"回复是{kind}，不是 XML：{error}") from error
    if root.tag != "xml":
        raise BadReplyError("回复的根元素不是 <xml>")
    return _fields(root)


def _fields(element: Element) -> dict[str, Any]:
    """Children by name; a repeated name becomes a list."""
    found: dict[str, Any] = {}
    for child in element:
        value = _fields(child) if len(child) else (child.text or "")
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found


def _decrypt(credentials: AppCredentials, envelope: Mapping[str, Any]) -> str:
    parts = [str(envelope.get(name, "")) for name in ("TimeStamp", "Nonce", "Encrypt")]
    expected = sign(credentials.token, *parts)
    if not hmac.compare_digest(expected.encode(), str(envelope.get("MsgSignature")).encode()):
        raise BadReplyError("回复的 MsgSignature 不对")
    crypto = WeChatCrypto(credentials.token, credentials.aes_key, credentials.appid)
    try:
        return str(PrpCrypto(crypto.key).decrypt(parts[2], credentials.appid))
    except Exception as error:  # wechatpy raises struct.error, IndexError, binascii.Error and more
        raise BadReplyError(f"回复无法解密：{type(error).__name__}") from error


def _check(reply: Mapping[str, Any], openid: str) -> None:
    missing = [
        name
        for name in ("ToUserName", "FromUserName", "CreateTime", "MsgType")
        if not reply.get(name)
    ]
    if missing:
        raise BadReplyError(f"回复缺少 {missing[0]}")
    if reply["ToUserName"] != openid:
        raise BadReplyError("回复的 ToUserName 不是发来消息的用户")
    kind = reply["MsgType"]
    if kind not in _PASSIVE_KINDS:
        raise BadReplyError(f"回复的 MsgType 不认识：{kind}")
    if kind == "text":
        length = len(str(reply.get("Content", "")).encode())
        if not 0 < length <= PASSIVE_TEXT_BYTES:
            raise BadReplyError(f"回复的文字为 {length} 字节，应为 1 至 {PASSIVE_TEXT_BYTES} 字节")
