"""What a user allowed: customer-service windows and subscription credits."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from server.wechat.simulator.errors import PlatformError, UsageError
from server.wechat.simulator.fields import Template
from server.wechat.simulator.people import App

Act = Literal["message", "click", "follow", "scan", "enter"]
# (app, what the user did) -> how many messages may follow, and for how long.
ALLOWANCES: Mapping[tuple[App, Act], tuple[int, timedelta]] = {
    ("official", "message"): (5, timedelta(hours=48)),
    ("official", "click"): (3, timedelta(minutes=1)),
    ("official", "follow"): (3, timedelta(minutes=1)),
    ("official", "scan"): (3, timedelta(minutes=1)),
    ("miniapp", "message"): (5, timedelta(hours=48)),
    ("miniapp", "enter"): (2, timedelta(minutes=1)),
}
TEMPLATES_A_TAP = 3


@dataclass(slots=True)
class Window:
    """Messages left until `closes`."""

    left: int
    closes: datetime


class Windows:
    """Customer-service windows by openid; each kind of act opens its own."""

    def __init__(self) -> None:
        self._open: dict[str, dict[Act, Window]] = {}

    def opened(self, app: App, openid: str, act: Act, now: datetime) -> None:
        """Open (or refill) the window that `act` of the user grants."""
        count, length = ALLOWANCES[app, act]
        self._open.setdefault(openid, {})[act] = Window(count, now + length)

    def spend(self, openid: str, now: datetime) -> None:
        """Use one message, of the window closing first; 45015 none open, 45047 none left."""
        live = [window for window in self._open.get(openid, {}).values() if now < window.closes]
        if not live:
            raise PlatformError(45015)
        usable = [window for window in live if window.left > 0]
        if not usable:
            raise PlatformError(45047)
        min(usable, key=lambda window: window.closes).left -= 1

    def left(self, openid: str, now: datetime) -> int:
        """How many messages may still be sent at `now`."""
        live = self._open.get(openid, {}).values()
        return sum(window.left for window in live if now < window.closes)

    def close(self, openid: str) -> None:
        """Forget all windows, as when the user leaves."""
        self._open.pop(openid, None)


class Credits:
    """Consent by (openid, template): counted for one-time, standing for long-term templates."""

    def __init__(self) -> None:
        self._left: Counter[tuple[str, str]] = Counter()

    def grant(self, openid: str, templates: Sequence[Template]) -> None:
        """One tap of consent, for up to three templates of one kind."""
        if not 1 <= len(templates) <= TEMPLATES_A_TAP:
            raise UsageError("20003：一次可订阅 1 至 3 个模板")
        if len({template.long_term for template in templates}) > 1:
            raise UsageError("20002：一次性订阅和长期订阅不能一起请求")
        for template in templates:
            key = (openid, template.template_id)
            self._left[key] = 1 if template.long_term else self._left[key] + 1

    def revoke(self, openid: str, template: Template) -> None:
        """The user turned the template off in the settings."""
        self._left.pop((openid, template.template_id), None)

    def spend(self, openid: str, template: Template) -> None:
        """Use one credit; 43101 when there is none."""
        key = (openid, template.template_id)
        if self._left[key] < 1:
            raise PlatformError(43101)
        if not template.long_term:
            self._left[key] -= 1

    def left(self, openid: str) -> dict[str, int]:
        """Credits of one user by template id."""
        return dict(self._items(openid))

    def _items(self, openid: str) -> Iterator[tuple[str, int]]:
        return ((key[1], count) for key, count in self._left.items() if key[0] == openid and count)
