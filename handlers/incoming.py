"""What a person or the platform did, whatever brought it: the input of the conversation.

`server.wechat.messages` and the mini-program's API build these; no handler sees XML or JSON.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models.accounts import App
from models.conversations import Kind, Via

__all__ = ["App", "Incoming", "Kind", "Via"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One inbound message or event.

    dedupe_key: unique by the platform's rule (WECHAT.md, "Duplicates"), at most 200 characters.
    text: typed words, recognised speech, event key or scene; "" where there is none.
    sent_at: the sender's clock, aware UTC.
    payload: all fields as received (strings, nested dicts and lists).
    doubt: the kind of trouble (`safety.Unsafe`) that the platform's own check sees, "" for none.
    """

    app: App
    openid: str
    kind: Kind
    dedupe_key: str
    sent_at: datetime
    text: str = ""
    media_id: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    doubt: str = ""
