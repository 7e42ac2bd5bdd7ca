"""Access tokens as stable_token issues them."""

import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from models.clock import SHANGHAI
from server.wechat.simulator.errors import PlatformError

LIFETIME = timedelta(seconds=7200)
OVERLAP = timedelta(minutes=5)
FORCED_A_DAY = 20
FORCED_APART = timedelta(seconds=30)
KEPT = 50


@dataclass(slots=True)
class Token:
    """One issued token. `revoked` is set when it died before its time."""

    value: str
    expires: datetime
    revoked: bool = False


@dataclass(slots=True)
class TokenOffice:
    """Issues and checks the tokens of one app.

    Normal mode returns the same token until its last five minutes, when it already issues the
    next one, so that both are valid for a while. A forced refresh leaves the old one five minutes
    as well, is not done within 30 s of the last (the same token comes back), and is refused with
    45009 after 20 on one day.
    """

    _issued: list[Token] = field(default_factory=list)
    _forced: tuple[date, int] | None = None
    _forced_at: datetime | None = None
    _stubborn: bool = False

    def issue(self, now: datetime, *, force: bool = False) -> tuple[str, int]:
        """The token to hand out and its remaining seconds."""
        current = self._issued[-1] if self._issued else None
        if current is not None and self._keeps(current, now, force=force):
            return current.value, max(1, int((current.expires - now).total_seconds()))
        if force:
            self._count_forced(now)
        return self._renew(now), int(LIFETIME.total_seconds())

    def check(self, value: str | None, now: datetime) -> None:
        """Raise 41001 missing, 40014 unknown, 42001 run out, 40001 superseded or revoked."""
        if not value:
            raise PlatformError(41001)
        for position, token in enumerate(reversed(self._issued)):
            if secrets.compare_digest(token.value.encode(), value.encode()):
                if token.revoked:
                    raise PlatformError(40001)
                if now >= token.expires:
                    raise PlatformError(42001 if position == 0 else 40001)
                return
        raise PlatformError(40014)

    def knows(self, value: str) -> bool:
        """Whether this office ever issued `value`."""
        return any(token.value == value for token in self._issued)

    def invalidate(self, *, still_returned: bool = False) -> None:
        """Kill all tokens now, as when somebody else refreshed.

        With `still_returned` normal mode goes on handing out the dead one until a forced refresh.
        """
        for token in self._issued:
            token.revoked = True
        self._stubborn = still_returned

    def dead_token(self, now: datetime) -> tuple[str, int]:
        """Any mode hands out a token that is already dead (fault `dead_token`)."""
        if not self._issued:
            self._renew(now)
        self._issued[-1].revoked = True
        return self._issued[-1].value, int(LIFETIME.total_seconds())

    def _keeps(self, current: Token, now: datetime, *, force: bool) -> bool:
        if force:
            return self._forced_at is not None and abs(now - self._forced_at) < FORCED_APART
        if self._stubborn:
            return True
        return not current.revoked and now < current.expires - OVERLAP

    def _count_forced(self, now: datetime) -> None:
        today = now.astimezone(SHANGHAI).date()
        count = self._forced[1] if self._forced and self._forced[0] == today else 0
        if count >= FORCED_A_DAY:
            raise PlatformError(45009)
        self._forced = (today, count + 1)
        self._forced_at = now

    def _renew(self, now: datetime) -> str:
        for token in self._issued:
            token.expires = min(token.expires, now + OVERLAP)
        # 97_ and 120 characters: real tokens look like this and need 512 characters of room.
        self._issued.append(Token("97_" + secrets.token_urlsafe(90), now + LIFETIME))
        del self._issued[:-KEPT]
        self._stubborn = False
        return self._issued[-1].value
