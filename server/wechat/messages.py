"""From a raw callback to `Incoming`: who sent it is proved first, what it says is read second.

Plaintext mode: the URL's `signature` covers token, timestamp and nonce, not the body. Safe mode:
`msg_signature` covers the `Encrypt` field too; the same field in a body that also carries plain
fields (compatible mode) is the only part that is believed. With an AES key configured nothing
else is accepted, or a captured URL would sign any body. No nonce is stored: the platform's own
retries repeat it, so a replay is a duplicate (WECHAT.md, "Inbound").
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from handlers.incoming import App, Incoming, Kind
from server.config import AppCredentials
from server.wechat.bodies import BodyError, parse_body
from server.wechat.crypto import CryptoError, decrypt, matches, signature

Query = Mapping[str, Sequence[str]]

MAX_SKEW_SECONDS = 600
MAX_RAW = 64 * 1024
MAX_OPENID = 64
MAX_MEDIA_ID = 255
MAX_DEDUPE_KEY = 200
FOLLOW_SCENE = "qrscene_"
TIME_DIGITS = 12

MESSAGE_KINDS = {
    "text": Kind.TEXT,
    "image": Kind.IMAGE,
    "voice": Kind.VOICE,
    "video": Kind.VIDEO,
    "shortvideo": Kind.VIDEO,
    "location": Kind.LOCATION,
    "link": Kind.LINK,
    "file": Kind.FILE,
    "miniprogrampage": Kind.CARD,
}
EVENT_KINDS = {
    "subscribe": Kind.FOLLOWED,
    "unsubscribe": Kind.UNFOLLOWED,
    "scan": Kind.SCANNED,
    "click": Kind.CLICKED,
    "templatesendjobfinish": Kind.SEND_REPORT,
    "subscribe_msg_popup_event": Kind.CONSENT,
    "subscribe_msg_change_event": Kind.CONSENT,
    "subscribe_msg_sent_event": Kind.CONSENT,
    "user_enter_tempsession": Kind.ENTERED,
}
# The field that holds what the person said, by message type; the others say nothing in words.
WORDS = {
    "text": "Content",
    "voice": "Recognition",
    "location": "Label",
    "link": "Title",
    "file": "Title",
    "miniprogrampage": "Title",
}
# Without these the message is of no use to anyone.
NEEDED = {
    "image": "MediaId",
    "voice": "MediaId",
    "video": "MediaId",
    "shortvideo": "MediaId",
}
CONSENT_WRAPPERS = (
    "SubscribeMsgPopupEvent",
    "SubscribeMsgChangeEvent",
    "SubscribeMsgSentEvent",
)


class Refused(Exception):
    """Authentication failed: answer 403, store nothing."""


class Malformed(Exception):
    """Authentication held, the content can't be understood: quarantine it, answer `success`.

    reason: a short English phrase. raw: the (decrypted) body, cut at 64 KiB.
    """

    def __init__(self, reason: str, raw: bytes) -> None:
        super().__init__(reason)
        self.reason = reason
        self.raw = raw[:MAX_RAW]


@dataclass(frozen=True, slots=True)
class Envelope:
    """An authenticated callback. A reply goes from `to_user` to `from_user`, sealed if this was."""

    incoming: Incoming
    encrypted: bool
    from_user: str
    to_user: str


def verify_url(credentials: AppCredentials, query: Query, now: datetime) -> str:
    """Answer to the platform's verification GET: the echo string. Raises Refused.

    In safe mode too the platform may verify with the plain `signature`; then the echo is plain.
    """
    echo = _single(query, "echostr")
    # The plain signature does not cover it, and it is sent back.
    if not (echo.isascii() and echo.isprintable()):
        raise Refused("echo string is not plain text")
    if credentials.aes_key and "msg_signature" in query:
        _authenticate(credentials, query, now, "msg_signature", echo)
        try:
            return decrypt(credentials, echo).decode("utf-8")
        except (CryptoError, UnicodeDecodeError):
            raise Refused("echo string can't be decrypted") from None
    _authenticate(credentials, query, now, "signature")
    return echo


def open_callback(
    app: App, credentials: AppCredentials, query: Query, body: bytes, now: datetime
) -> Envelope:
    """Authenticate and read one callback POST. Raises Refused or Malformed, and nothing else."""
    encrypted = bool(credentials.aes_key)
    if encrypted:
        body = _unseal(credentials, query, body, now)
    else:
        _authenticate(credentials, query, now, "signature")
    try:
        fields = parse_body(body)
        incoming = _read(app, fields)
        to_user = _required(fields, "ToUserName")
    except BodyError as error:
        raise Malformed(str(error), body) from None
    return Envelope(incoming, encrypted, incoming.openid, to_user)


def _single(query: Query, name: str) -> str:
    values = query.get(name, ())
    if len(values) != 1 or not values[0]:
        raise Refused(f"{name} missing or doubled")
    return values[0]


def _authenticate(
    credentials: AppCredentials, query: Query, now: datetime, name: str, *covered: str
) -> None:
    given = _single(query, name)
    timestamp = _single(query, "timestamp")
    nonce = _single(query, "nonce")
    # SHA-1 over an empty token can be computed by anyone.
    if not credentials.token:
        raise Refused("no token configured")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= TIME_DIGITS):
        raise Refused("timestamp is no number")
    if abs(now.timestamp() - int(timestamp)) > MAX_SKEW_SECONDS:
        raise Refused("timestamp is more than 10 minutes off")
    if not matches(signature(credentials.token, timestamp, nonce, *covered), given):
        raise Refused(f"{name} is wrong")


def _unseal(credentials: AppCredentials, query: Query, body: bytes, now: datetime) -> bytes:
    try:
        sealed = parse_body(body).get("Encrypt")
    except BodyError as error:
        raise Refused(str(error)) from None
    if not isinstance(sealed, str) or not sealed:
        raise Refused("plaintext while a key is set")
    _authenticate(credentials, query, now, "msg_signature", sealed)
    try:
        return decrypt(credentials, sealed)
    except CryptoError as error:
        raise Refused(str(error)) from None


def _read(app: App, fields: dict[str, Any]) -> Incoming:
    openid = _required(fields, "FromUserName", limit=MAX_OPENID)
    message_type = _required(fields, "MsgType")
    sent_at = _moment(_required(fields, "CreateTime"))
    if message_type == "event":
        return _read_event(app, openid, sent_at, fields)
    if needed := NEEDED.get(message_type):
        _required(fields, needed)
    if message_type == "text" and not isinstance(fields.get("Content"), str):
        raise BodyError("missing Content")  # blanks are a message, if an empty one
    return Incoming(
        app=app,
        openid=openid,
        kind=MESSAGE_KINDS.get(message_type, Kind.OTHER),
        dedupe_key=_dedupe_key(app, openid, _required(fields, "MsgId")),
        sent_at=sent_at,
        text=_optional(fields, WORDS.get(message_type, "")),
        media_id=_optional(fields, "MediaId", limit=MAX_MEDIA_ID),
        payload=fields,
    )


def _read_event(app: App, openid: str, sent_at: datetime, fields: dict[str, Any]) -> Incoming:
    event = _required(fields, "Event")
    event_key = _optional(fields, "EventKey")
    kind = EVENT_KINDS.get(event.lower(), Kind.OTHER)
    job = _optional(fields, "trace_id") or _optional(fields, "MsgID")
    payload = fields
    if kind is Kind.CONSENT:
        consents = _consents(fields)
        payload = fields | {"consents": consents}
        # Two taps, or two reports, within one second differ in nothing but their items.
        job = ";".join("/".join(consent.values()) for consent in consents)
    text = ""
    if kind is Kind.FOLLOWED:
        text = event_key.removeprefix(FOLLOW_SCENE)
    elif kind in (Kind.SCANNED, Kind.CLICKED):
        text = event_key
    created = str(int(sent_at.timestamp()))
    return Incoming(
        app=app,
        openid=openid,
        kind=kind,
        dedupe_key=_dedupe_key(app, openid, created, event, event_key, job),
        sent_at=sent_at,
        text=text,
        payload=payload,
    )


def _consents(fields: dict[str, Any]) -> list[dict[str, str]]:
    """The items of a subscribe_msg_* event: template_id, status, message_id.

    status is accept or reject (popup, change) or the outcome of a send ("success", "failed:…").
    XML wraps `List` in an element named after the event, JSON does not; one item may be no list.
    """
    wrapper: Any = next((fields[name] for name in CONSENT_WRAPPERS if name in fields), fields)
    listed = wrapper.get("List") if isinstance(wrapper, dict) else None
    items = listed if isinstance(listed, list) else [listed]
    consents = []
    for item in items:
        if not isinstance(item, dict):
            raise BodyError("consent without items")
        status = _optional(item, "SubscribeStatusString") or _optional(item, "ErrorStatus")
        consents.append(
            {
                "template_id": _required(item, "TemplateId"),
                "status": status,
                "message_id": _optional(item, "MsgID"),
            }
        )
    return consents


def _required(fields: dict[str, Any], name: str, *, limit: int = 0) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BodyError(f"missing {name}")
    if limit and len(value) > limit:
        raise BodyError(f"{name} too long")
    return value


def _optional(fields: dict[str, Any], name: str, *, limit: int = 0) -> str:
    value = fields.get(name)
    if value is None or value == "":
        return ""
    if not isinstance(value, str):
        raise BodyError(f"{name} is no text")
    return _required(fields, name, limit=limit) if value.strip() else ""


def _moment(seconds: str) -> datetime:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= TIME_DIGITS):
        raise BodyError("bad CreateTime")
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (OverflowError, ValueError, OSError):
        raise BodyError("bad CreateTime") from None


def _dedupe_key(app: App, openid: str, *parts: str) -> str:
    """The key of WECHAT.md, "Duplicates"; its tail is hashed when it would be too long."""
    # Escaped, so that no choice of parts can imitate another one.
    tail = ":".join(part.replace("%", "%25").replace(":", "%3A") for part in parts)
    head = f"{app}:{openid}:"
    if len(head) + len(tail) <= MAX_DEDUPE_KEY:
        return head + tail
    return head + hashlib.sha256(tail.encode()).hexdigest()
