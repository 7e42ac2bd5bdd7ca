"""What a person or the platform did, whatever brought it: the input of the conversation.

`server.wechat.messages` and the mini-program's API build these; no handler sees XML or JSON.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class App(StrEnum):
    """The WeChat application in whose scope an openid is valid."""

    OFFICIAL = "official"
    MINIAPP = "miniapp"


class Kind(StrEnum):
    """What happened, in the product's words."""

    TEXT = "text"
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    LOCATION = "location"
    LINK = "link"
    FILE = "file"
    CARD = "card"  # a mini-program card sent into a customer-service session
    FOLLOWED = "followed"
    UNFOLLOWED = "unfollowed"
    CLICKED = "clicked"  # menu item of type click; `text` holds its key
    SCANNED = "scanned"  # QR code with a scene; `text` holds the scene
    ENTERED = "entered"  # customer-service session of the mini-program opened
    CONSENT = "consent"  # subscribe_msg_popup / _change / _sent
    SEND_REPORT = "send_report"  # TEMPLATESENDJOBFINISH; arrives minutes after the send
    OTHER = "other"  # recorded, answered `success`


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One inbound message or event.

    dedupe_key: unique per message by the platform's rule (WECHAT.md, "Duplicates"), ≤ 200 characters.
    text: typed words, recognised speech, event key or scene; "" where there is none.
    sent_at: the sender's clock, aware UTC.
    payload: all fields as received (strings, nested dicts and lists).
    """

    app: App
    openid: str
    kind: Kind
    dedupe_key: str
    sent_at: datetime
    text: str = ""
    media_id: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
