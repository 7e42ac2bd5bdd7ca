"""Who holds the phones: one person, one openid in each app, one unionid over both."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from server.wechat.simulator.errors import PlatformError, UsageError

App = Literal["official", "miniapp"]
APPS: tuple[App, ...] = ("official", "miniapp")


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the cast. `role` is a word for the page only, such as 企业员工."""

    openid: str
    miniapp_openid: str
    unionid: str
    nickname: str
    role: str = ""
    phone: str = ""
    follower: bool = True


@dataclass(slots=True)
class User:
    """A person and what the platform knows of them at the moment."""

    person: Person
    follower: bool
    followed_at: datetime | None
    # msg_sec_check only knows users who opened the mini-program within two hours.
    seen_in_miniapp: datetime | None = None
    unread: dict[App, int] = field(default_factory=lambda: dict.fromkeys(APPS, 0))

    def openid(self, app: App) -> str:
        """The openid of this user in `app`."""
        return self.person.openid if app == "official" else self.person.miniapp_openid


class Directory:
    """All users, found by the openid of either app."""

    def __init__(self, cast: Iterable[Person], now: datetime) -> None:
        self._users: list[User] = []
        self._by_openid: dict[str, tuple[App, User]] = {}
        for person in cast:
            self.add(person, now)

    def __iter__(self) -> Iterator[User]:
        return iter(self._users)

    def add(self, person: Person, now: datetime) -> User:
        """Let a person join; both openids must be new."""
        user = User(person, person.follower, now if person.follower else None)
        for app in APPS:
            openid = user.openid(app)
            if not openid or openid in self._by_openid:
                raise UsageError(f"openid 缺失或重复：{openid!r}")
            self._by_openid[openid] = (app, user)
        self._users.append(user)
        return user

    def find(self, openid: str) -> tuple[App, User]:
        """The app the openid belongs to, and its user; raises UsageError."""
        try:
            return self._by_openid[openid]
        except KeyError:
            raise UsageError(f"没有这个用户：{openid!r}") from None

    def access(self, app: App, openid: object) -> User:
        """The user an API call of `app` addresses; error 40003 for any other openid."""
        if not isinstance(openid, str):
            raise PlatformError(40003)
        found = self._by_openid.get(openid)
        if found is None or found[0] != app:
            raise PlatformError(40003)
        return found[1]


DEMO_CAST = (
    Person("oDemoEmployee00000000000000a", "mDemoEmployee00000000000000a", "uDemoEmployee",
           "小林", "企业员工", "13800000001"),
    Person("oDemoColleague0000000000000b", "mDemoColleague0000000000000b", "uDemoColleague",
           "阿梅", "同事", "13800000002"),
    Person("oDemoSpecialist000000000000c", "mDemoSpecialist000000000000c", "uDemoSpecialist",
           "王工", "专员", "13800000003"),
    Person("oDemoManager000000000000000d", "mDemoManager000000000000000d", "uDemoManager",
           "陈主任", "主管", "13800000004"),
)  # fmt: skip
