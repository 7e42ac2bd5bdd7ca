"""Access tokens: one per application, shared by all processes, fetched by one of them at a time.

The platform's rules (stable_token): normal mode returns the same token until it expires; old and
new overlap by 5 minutes; `force_refresh` at most 20 times a day, 30 seconds apart.
"""

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from redis.asyncio import Redis
from redis.exceptions import LockError, RedisError

from handlers.incoming import App
from models.clock import SHANGHAI, Clock

EARLY_SECONDS = 300
FORCE_PAUSE = timedelta(seconds=30)
FORCES_A_DAY = 20
# A lock must outlive two fetches at their slowest; whoever waits for it, a little less.
LOCK_SECONDS = 60.0
LOCK_WAIT_SECONDS = 45.0
LOCK_POLL_SECONDS = 0.02
TOKEN_LIFE_SECONDS = 7200
FORCES_LIFE_SECONDS = 2 * 24 * 3600

Fetch = Callable[[App, bool], Awaitable[tuple[str, int]]]


class StoreDown(Exception):
    """The shared store can't be reached, or its lock not be had."""


class StillDead(Exception):
    """The platform returns the dead token again, and a forced refresh is not allowed now."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and the moment (aware UTC) from which on it is not used any more."""

    value: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Forces:
    """Forced refreshes so far: how many on `day` (of China, ISO), and when the last one was."""

    day: str
    count: int
    last: datetime

    @staticmethod
    def next(known: "Forces | None", now: datetime) -> "Forces | None":
        """The record after one more forced refresh at `now`; None if the platform forbids it."""
        day = now.astimezone(SHANGHAI).date().isoformat()
        if known is None:
            return Forces(day, 1, now)
        # A clock set back must not forbid refreshes until it has caught up.
        if timedelta(0) <= now - known.last < FORCE_PAUSE:
            return None
        if known.day != day:
            return Forces(day, 1, now)
        return Forces(day, known.count + 1, now) if known.count < FORCES_A_DAY else None


class TokenStore(Protocol):
    """Where tokens live. Every method may raise StoreDown."""

    async def get(self, app: App) -> Token | None:
        """The token last put, expired or not."""

    async def put(self, app: App, token: str, expires_at: datetime) -> None:
        """Replace the token."""

    async def claim_force(self, app: App, now: datetime) -> bool:
        """Count one forced refresh, if the platform allows it now. Call it under the lock."""

    def lock(self, app: App) -> AbstractAsyncContextManager[None]:
        """Exclude every other holder of this store's lock for `app`."""


class MemoryTokenStore:
    """Tokens of a single process."""

    def __init__(self) -> None:
        self._tokens: dict[App, Token] = {}
        self._forces: dict[App, Forces] = {}
        self._locks: defaultdict[App, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, app: App) -> Token | None:
        """See TokenStore."""
        return self._tokens.get(app)

    async def put(self, app: App, token: str, expires_at: datetime) -> None:
        """See TokenStore."""
        self._tokens[app] = Token(token, expires_at)

    async def claim_force(self, app: App, now: datetime) -> bool:
        """See TokenStore."""
        forces = Forces.next(self._forces.get(app), now)
        if forces is None:
            return False
        self._forces[app] = forces
        return True

    def lock(self, app: App) -> AbstractAsyncContextManager[None]:
        """See TokenStore."""
        return self._locks[app]


class RedisTokenStore:
    """Tokens shared through Redis, under `prefix`. A flushed Redis costs one fetch.

    With each token every process reads the forced refreshes so far, and keeps them in mind: a
    flushed Redis must not make all of them forget what the platform still counts.
    """

    def __init__(self, redis: Redis, prefix: str = "nqi:token:") -> None:
        self._redis = redis
        self._prefix = prefix
        self._forces: dict[App, Forces] = {}

    async def get(self, app: App) -> Token | None:
        """See TokenStore."""
        stored = await self._load(app)
        if stored is None:
            return None
        return Token(stored["token"], datetime.fromisoformat(stored["expires_at"]))

    async def put(self, app: App, token: str, expires_at: datetime) -> None:
        """See TokenStore."""
        stored = {"token": token, "expires_at": expires_at.astimezone(UTC).isoformat()}
        await self._save("value", app, stored, TOKEN_LIFE_SECONDS)

    async def claim_force(self, app: App, now: datetime) -> bool:
        """See TokenStore."""
        await self._load(app)
        forces = Forces.next(self._forces.get(app), now)
        if forces is None:
            return False
        self._forces[app] = forces
        stored = {"day": forces.day, "count": str(forces.count), "last": now.isoformat()}
        await self._save("forces", app, stored, FORCES_LIFE_SECONDS)
        return True

    @contextlib.asynccontextmanager
    async def lock(self, app: App) -> AsyncIterator[None]:
        """See TokenStore."""
        lock = self._redis.lock(
            f"{self._prefix}lock:{app}",
            timeout=LOCK_SECONDS,
            blocking_timeout=LOCK_WAIT_SECONDS,
            sleep=LOCK_POLL_SECONDS,
        )
        try:
            if not await lock.acquire():
                raise StoreDown("token lock is held too long")
        except RedisError:
            raise StoreDown("Redis can't be reached") from None
        try:
            yield
        finally:
            # A lock that ran out, or a Redis that went away, frees itself by its timeout.
            with contextlib.suppress(LockError, RedisError):
                await lock.release()

    async def _load(self, app: App) -> dict[str, str] | None:
        """The stored token; the record of forced refreshes is kept in mind."""
        try:
            keys = [f"{self._prefix}{name}:{app}" for name in ("value", "forces")]
            found = await self._redis.mget(keys)
        except RedisError:
            raise StoreDown("Redis can't be reached") from None
        token, forces = (json.loads(raw) if raw else None for raw in found)
        if forces is not None:
            day, count = forces["day"], int(forces["count"])
            known = self._forces.get(app)
            if known is not None and known.day == day:
                count = max(count, known.count)
            self._forces[app] = Forces(day, count, datetime.fromisoformat(forces["last"]))
        return token

    async def _save(self, name: str, app: App, stored: dict[str, str], life: int) -> None:
        try:
            await self._redis.set(f"{self._prefix}{name}:{app}", json.dumps(stored), ex=life)
        except RedisError:
            raise StoreDown("Redis can't be reached") from None


class TokenKeeper:
    """Hands out the valid token and replaces it, by one fetch however many callers want it."""

    def __init__(self, store: TokenStore, clock: Clock, fetch: Fetch) -> None:
        self._store = store
        self._clock = clock
        self._fetch = fetch
        self._single: defaultdict[App, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._failures: dict[App, tuple[float, Exception]] = {}

    async def current(self, app: App) -> str:
        """A token to send with. Raises StoreDown and whatever `fetch` raises."""
        return await self._usable(app, "") or await self._obtain(app, "")

    async def replace(self, app: App, dead: str) -> str:
        """Another token than `dead`. Raises StillDead, StoreDown and whatever `fetch` raises."""
        return await self._obtain(app, dead)

    async def _usable(self, app: App, dead: str) -> str | None:
        token = await self._store.get(app)
        if token is None or token.value == dead or token.expires_at <= self._clock.now():
            return None
        return token.value

    async def _obtain(self, app: App, dead: str) -> str:
        asked = time.monotonic()
        async with self._single[app]:
            failed, error = self._failures.get(app, (0.0, None))
            # Whoever queued behind a fetch that failed shares its failure: no second attempt each.
            if error is not None and failed >= asked:
                raise error.with_traceback(None)
            try:
                async with self._store.lock(app):
                    return await self._usable(app, dead) or await self._renew(app, dead)
            except Exception as error:
                self._failures[app] = (time.monotonic(), error)
                raise

    async def _renew(self, app: App, dead: str) -> str:
        value, seconds = await self._fetch(app, False)
        if value == dead:
            if not await self._store.claim_force(app, self._clock.now()):
                raise StillDead
            value, seconds = await self._fetch(app, True)
            if value == dead:
                raise StillDead
        # A life of 5 minutes or less must still be used for a while, or each call would fetch.
        life = max(seconds - EARLY_SECONDS, seconds // 2)
        await self._store.put(app, value, self._clock.now() + timedelta(seconds=life))
        return value
