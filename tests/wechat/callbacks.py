"""Callbacks as the platform would make them, for the tests of the WeChat edge."""

import json
from datetime import UTC, datetime
from pathlib import Path

from handlers.incoming import App
from server.config import AppCredentials
from server.wechat.crypto import encrypt, signature
from server.wechat.messages import Envelope, open_callback

PAYLOADS = Path(__file__).parent.parent / "payloads"
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
PLAIN = AppCredentials(appid="wxplain", secret="secret-p", token="token-p", aes_key="")
SAFE = AppCredentials(appid="wxsafe", secret="secret-s", token="token-s", aes_key="k9" * 21 + "Z")

Query = dict[str, list[str]]


def payload(name: str) -> bytes:
    """A payload file, "messages/text.xml"."""
    return (PAYLOADS / name).read_bytes()


def payloads(folder: str) -> list[str]:
    """The names of a folder's payload files."""
    return sorted(f"{folder}/{path.name}" for path in (PAYLOADS / folder).iterdir())


def plain_query(*, moment: datetime = NOW, token: str = PLAIN.token) -> Query:
    """The query of a plaintext callback."""
    timestamp = str(int(moment.timestamp()))
    return {
        "timestamp": [timestamp],
        "nonce": ["nonce-1"],
        "signature": [signature(token, timestamp, "nonce-1")],
    }


def seal(
    body: bytes, *, form: str = "xml", credentials: AppCredentials = SAFE, moment: datetime = NOW
) -> tuple[Query, bytes]:
    """Query and body of a safe-mode callback, with the URL signature that real ones carry too."""
    sealed = encrypt(credentials, body)
    query = plain_query(moment=moment, token=credentials.token)
    query["msg_signature"] = [
        signature(credentials.token, query["timestamp"][0], query["nonce"][0], sealed)
    ]
    if form == "json":
        return query, json.dumps({"ToUserName": "gh", "Encrypt": sealed}).encode()
    outer = f"<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    return query, outer.encode()


def open_plain(body: bytes, *, app: App = App.OFFICIAL) -> Envelope:
    """Open an authentic plaintext callback."""
    return open_callback(app, PLAIN, plain_query(), body, NOW)


def open_safe(body: bytes, *, app: App = App.OFFICIAL, form: str = "xml") -> Envelope:
    """Open an authentic safe-mode callback."""
    query, sealed = seal(body, form=form)
    return open_callback(app, SAFE, query, sealed, NOW)
