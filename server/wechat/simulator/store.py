"""Media files and one-time codes, both bounded and forgetful."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from server.wechat.simulator.errors import PlatformError

MEDIA_KEPT = 200
MEDIA_BYTES = 64 * 1024 * 1024
MEDIA_LIFETIME = timedelta(days=3)
LIMITS = {"image": (10 * 1024 * 1024, 40009), "voice": (2 * 1024 * 1024, 40010)}
CODES_KEPT = 400
CODE_LIFETIME = timedelta(minutes=5)
_KINDS = {
    b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif",
    b"#!AMR": "voice/amr", b"ID3": "voice/mp3",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Media:
    """A temporary file of the platform."""

    media_id: str
    content_type: str
    body: bytes
    stored: datetime


class MediaStore:
    """Temporary media, dropped after three days or when there are too many."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, Media] = OrderedDict()

    def put(self, body: bytes, now: datetime, kind: Literal["image", "voice"] = "image") -> Media:
        """Store a file; 40004 when it is not of this kind, 40009 or 40010 when too large."""
        limit, too_large = LIMITS[kind]
        if len(body) > limit:
            raise PlatformError(too_large)
        content_type = next((name for mark, name in _KINDS.items() if body.startswith(mark)), "")
        if not content_type.startswith(kind):
            raise PlatformError(40004)
        media = Media(secrets.token_urlsafe(48), content_type, body, now)
        self._files[media.media_id] = media
        while len(self._files) > MEDIA_KEPT or self._size() > MEDIA_BYTES:
            self._files.popitem(last=False)
        return media

    def get(self, media_id: object, now: datetime) -> Media:
        """The file; 40007 when unknown or too old."""
        media = self._files.get(media_id) if isinstance(media_id, str) else None
        if media is None or now - media.stored > MEDIA_LIFETIME:
            raise PlatformError(40007)
        return media

    def _size(self) -> int:
        return sum(len(media.body) for media in self._files.values())


@dataclass(slots=True)
class _Code:
    openid: str
    expires: datetime
    used: bool = False


class CodeDesk:
    """Codes of one kind that work once and for five minutes."""

    def __init__(self) -> None:
        self._codes: OrderedDict[str, _Code] = OrderedDict()

    def hand_out(self, openid: str, now: datetime) -> str:
        """A new code that stands for `openid`."""
        code = "0" + secrets.token_urlsafe(24)[:31]
        self._codes[code] = _Code(openid, now + CODE_LIFETIME)
        while len(self._codes) > CODES_KEPT:
            self._codes.popitem(last=False)
        return code

    def redeem(self, code: object, now: datetime) -> str:
        """The openid; 40029 when unknown or expired, 40163 when already used."""
        entry = self._codes.get(code) if isinstance(code, str) else None
        if entry is None or now >= entry.expires:
            raise PlatformError(40029)
        if entry.used:
            raise PlatformError(40163)
        entry.used = True
        return entry.openid
