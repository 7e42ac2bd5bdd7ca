"""What happened, newest few hundred of each kind, under one running number."""

import asyncio
import secrets
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

from server.wechat.simulator.people import App

KEPT = 400
Side = Literal["in", "out", "system"]


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call the platform received. `body` holds no token or secret."""

    seq: int
    at: datetime
    app: App | None
    path: str
    body: dict[str, Any]
    http_status: int
    errcode: int
    answer: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at delivering a callback. `status` 0: no answer; `problem` says why it failed."""

    status: int
    seconds: float
    body: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One callback, with all its tries and what the user got out of it.

    `reply` holds the decrypted fields of the passive reply; None when there was none.
    """

    seq: int
    at: datetime
    app: App
    openid: str
    kind: str
    fields: dict[str, Any]
    attempts: tuple[Attempt, ...]
    reply: dict[str, Any] | None
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether the platform accepted the answer."""
        return not self.problem

    @property
    def reply_text(self) -> str:
        """The text of the passive reply, or an empty string."""
        return str((self.reply or {}).get("Content", ""))

    @property
    def latency(self) -> float:
        """Seconds over all tries."""
        return sum(attempt.seconds for attempt in self.attempts)


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One thing seen on a phone. `side` in: from the account; out: from the user.

    `channel` says how it came: passive, custom, template, subscribe, user or system.
    """

    seq: int
    at: datetime
    app: App
    openid: str
    side: Side
    channel: str
    kind: str
    content: dict[str, Any] = field(default_factory=dict)


Entry = ApiCall | Delivery | ChatMessage
E = TypeVar("E", ApiCall, Delivery, ChatMessage)


class Journal:
    """Bounded lists of entries, and a way to wait for the next one on the same loop."""

    def __init__(self) -> None:
        # Tells a page that the server has started again and its numbers from zero.
        self.run = secrets.token_hex(4)
        self.seq = 0
        self.calls: deque[ApiCall] = deque(maxlen=KEPT)
        self.deliveries: deque[Delivery] = deque(maxlen=KEPT)
        self.messages: deque[ChatMessage] = deque(maxlen=KEPT * 2)
        self._closed = False
        self._waiting: set[asyncio.Future[None]] = set()

    def next_seq(self) -> int:
        """A fresh running number."""
        self.seq += 1
        return self.seq

    def add(self, entry: Entry) -> None:
        """Keep an entry and wake whoever waits."""
        if isinstance(entry, ApiCall):
            self.calls.append(entry)
        elif isinstance(entry, Delivery):
            self.deliveries.append(entry)
        else:
            self.messages.append(entry)
        self.wake()

    def touch(self) -> None:
        """Something but the lists changed (a clock, a fault): wake whoever waits."""
        self.seq += 1
        self.wake()

    def wake(self) -> None:
        """Let all waiters look again."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    def close(self) -> None:
        """Nobody waits any more: the server is going down."""
        self._closed = True
        self.wake()

    async def wait(self, since: int, seconds: float) -> None:
        """Return when something newer than `since` is there, at the latest after `seconds`."""
        if self._closed or self.seq > since or seconds <= 0:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait_for(future, seconds)
        except TimeoutError:
            return
        finally:
            self._waiting.discard(future)


def newer(entries: deque[E], since: int) -> Iterator[E]:
    """Entries after the running number `since`."""
    return (entry for entry in entries if entry.seq > since)
