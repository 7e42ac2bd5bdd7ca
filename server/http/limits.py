"""How often somebody may ask: counts of a minute, by person where one is known, else by address.

Requests are counted in Redis where there is one, so that all processes count together. What comes
by WeChat's callbacks is counted in this process's memory only: that path has no time for a network.
"""

import hmac
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from sanic import Request

from handlers.errors import DomainError
from server.config import Config
from server.http.address import client_address

MINUTE = 60
# Counting may cost a request this much at most; then memory counts, and Redis has a rest.
REDIS_ANSWERS_WITHIN = 0.2  # seconds
REDIS_RESTS_FOR = 5.0

log = structlog.get_logger(__name__)


class TooMany(DomainError):
    """Somebody asks too often. retry_after: whole seconds, at least 1."""

    status = 429
    code = "too_many_requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"操作太频繁了，请过 {retry_after} 秒再试。")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Rate:
    """So many times a minute. name: a word for the store, one for each rate."""

    name: str
    a_minute: int


LOGIN = Rate("login", 30)  # an address's sign-ins
STRANGER = Rate("stranger", 120)  # an address that has not signed in
PERSON = Rate("person", 120)  # a person's calls of the API
ASK = Rate("ask", 20)  # a person's questions by the API
DESK = Rate("desk", 240)  # a member of staff's pages
MESSAGES = Rate("messages", 60)  # a person's messages by callback
FORGED = Rate("forged", 30)  # an address's callbacks that are not WeChat's


class Window:
    """Counts of the running minute. All of them end together, so memory holds one minute's names.

    Twice the rate can pass around a minute's end; against floods that is good enough.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._ends = 0.0
        self._counts: dict[str, int] = {}

    def hit(self, who: str) -> int:
        """Count once; returns 0, or the seconds to wait."""
        now = self._clock()
        if now >= self._ends:
            self._counts.clear()
            self._ends = now + MINUTE
        count = self._counts[who] = self._counts.get(who, 0) + 1
        return 0 if count <= self._most else math.ceil(self._ends - now)


class Limits:
    """Counts for one process; `limits_for` makes it."""

    def __init__(
        self, config: Config, redis: Redis | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._config = config
        self._redis = redis
        self._clock = clock
        self._redis_rests_until = 0.0
        self._windows: dict[Rate, Window] = {}

    def address(self, request: Request) -> str:
        """Where the request comes from, as far as that can be believed."""
        forwarded = request.headers.getall("x-forwarded-for", ())
        return client_address(request.ip, forwarded, self._config.trusted_proxies)

    async def check(self, rate: Rate, who: str) -> None:
        """Count one request of `who`, an id or an address. Raises TooMany."""
        wait = await self._wait(rate, who)
        if wait:
            raise TooMany(wait)

    async def check_address(self, rate: Rate, request: Request) -> None:
        """The same for whoever asks from the request's address."""
        await self.check(rate, self.address(request))

    def wait_here(self, rate: Rate, who: str) -> int:
        """Count in this process alone; returns 0, or the seconds to wait."""
        window = self._windows.get(rate)
        if window is None:
            window = self._windows[rate] = Window(self._most(rate), self._clock)
        return window.hit(who)

    def _most(self, rate: Rate) -> int:
        return rate.a_minute * self._config.rate_limit_factor

    async def _wait(self, rate: Rate, who: str) -> int:
        if self._redis is None or self._clock() < self._redis_rests_until:
            return self.wait_here(rate, who)
        minute, passed = divmod(time.time(), MINUTE)
        # Neither names nor addresses stand in Redis, and who reads there can't try them out.
        mark = hmac.digest(self._config.secret_key.encode(), who.encode(), "sha256").hex()[:32]
        key = f"nqi:rate:{rate.name}:{int(minute)}:{mark}"
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.incr(key)
                pipeline.expire(key, 2 * MINUTE)
                count = int((await pipeline.execute())[0])
        except RedisError as error:
            log.warning("rates are counted in memory", error=type(error).__name__)
            self._redis_rests_until = self._clock() + REDIS_RESTS_FOR
            return self.wait_here(rate, who)
        return 0 if count <= self._most(rate) else math.ceil(MINUTE - passed)


@asynccontextmanager
async def limits_for(
    config: Config, *, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[Limits]:
    """The counters of one process; its connections to Redis are closed on leaving."""
    if not config.redis_url:
        yield Limits(config, None, clock=clock)
        return
    redis = Redis.from_url(
        config.redis_url,
        socket_timeout=REDIS_ANSWERS_WITHIN,
        socket_connect_timeout=REDIS_ANSWERS_WITHIN,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        yield Limits(config, redis, clock=clock)
    finally:
        await redis.aclose()
