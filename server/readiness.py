"""Whether this service does its whole job: one check a part, each bounded, none of them costly.

`fail` is what keeps people from getting their answers; `warn` is what an operator should know in
time and no restart heals.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from handlers import watch
from handlers.incoming import App
from handlers.watch import Figures, ShutGate
from handlers.worktime import first_unknown_day
from server.wechat.advice import NO_TOKEN_CODES
from server.wiring import Wiring

T = TypeVar("T")

ANSWER_WITHIN = 1.0  # seconds
LAG_TOO_LONG = 120.0  # seconds; a lease, and so the longest send, is over by then
WORKER_TOO_OLD = 30.0  # seconds; it beats every five
CALENDAR_DAYS = 60


class Status(StrEnum):
    """How a check ended, and how all of them did: the worst of them."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One part. detail: ages, names and figures, for operators only."""

    status: Status
    detail: str = ""


@dataclass(slots=True)
class Look(Generic[T]):
    """A question to something that may hang. While it does, whoever asks next waits for the same
    answer: probes that come every second must not pile up."""

    ask: Callable[[], Awaitable[T]]
    _task: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """The answer. Raises TimeoutError after ANSWER_WITHIN seconds, and what `ask` raises."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._asked())
            # Retrieved here too, for the case that nobody waits any more when it fails.
            self._task.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.wait_for(asyncio.shield(self._task), ANSWER_WITHIN)

    async def _asked(self) -> T:
        return await self.ask()


@dataclass(slots=True)
class Readiness:
    """Asks the parts that one process is wired to."""

    wiring: Wiring
    _age: Look[float | None] = field(init=False)
    _figures: Look[Figures] = field(init=False)
    _parts: dict[str, Look[Check]] = field(init=False)

    def __post_init__(self) -> None:
        """One Look a part, kept from probe to probe."""
        self._age = Look(self._worker_age)
        self._figures = Look(self._all_figures)
        parts = {
            "database": self._database,
            "migrations": self._migrations,
            "outbox": self._outbox,
            "worker": self._worker,
            "token": self._token,
            "workdays": self._workdays,
        }
        self._parts = {name: Look(ask) for name, ask in parts.items()}

    async def worker_age(self) -> float | None:
        """Seconds since the worker's heartbeat; None when there was none, or nobody can say."""
        try:
            return await self._age()
        except Exception:  # noqa: BLE001 -- whatever it is, HTTP lives
            return None

    async def figures(self) -> Figures | None:
        """What the database knows of the service; None when it does not answer."""
        try:
            return await self._figures()
        except Exception:  # noqa: BLE001 -- that the database is away is itself a figure
            return None

    async def checks(self) -> dict[str, Check]:
        """All parts, asked side by side."""
        results = await asyncio.gather(*(_caught(look) for look in self._parts.values()))
        return dict(zip(self._parts, results, strict=True))

    async def _worker_age(self) -> float | None:
        return await watch.worker_age(now=self.wiring.clock.now())

    async def _all_figures(self) -> Figures:
        ids = self.wiring.templates.ids.items()
        consented = {notice.value: id_ for (app, notice), id_ in ids if app == App.MINIAPP}
        return await watch.figures(consented, now=self.wiring.clock.now())

    async def _database(self) -> Check:
        await watch.ping()
        return Check(Status.OK)

    async def _migrations(self) -> Check:
        missing = await watch.missing_migrations()
        return Check(Status.FAIL, "missing " + ", ".join(missing)) if missing else Check(Status.OK)

    async def _outbox(self) -> Check:
        lag = await watch.outbox_lag(now=self.wiring.clock.now())
        status = Status.FAIL if lag > LAG_TOO_LONG else Status.OK
        return Check(status, f"the oldest sendable row has waited {lag:.0f} s")

    async def _worker(self) -> Check:
        age = await self._worker_age()
        if age is None:
            return Check(Status.FAIL, "never seen")
        return Check(Status.FAIL if age > WORKER_TOO_OLD else Status.OK, f"seen {age:.0f} s ago")

    async def _token(self) -> Check:
        """What the store and the gates say; a probe must not fetch. No token and no failure is
        fine: nobody has needed one yet, or another process keeps its own."""
        now = self.wiring.clock.now()
        refused = [gate for gate in await watch.shut_gates() if _lacks_token(gate)]
        if refused:
            return Check(Status.FAIL, ", ".join(f"{g.name} {g.reason}" for g in refused))
        ages = []
        for app in App:
            token = await self.wiring.tokens.get(app)
            usable = token is not None and token.expires_at > now
            ages.append(f"{app} {'present' if usable else 'not fetched'}")
        return Check(Status.OK, ", ".join(ages))

    async def _workdays(self) -> Check:
        """Unknown days make promises provisional and nothing else: no reason to stop serving."""
        unknown = first_unknown_day(self.wiring.clock.today(), CALENDAR_DAYS)
        if unknown is None:
            return Check(Status.OK)
        return Check(Status.WARN, f"holidays unknown from {unknown} on")


def worst(checks: dict[str, Check]) -> Status:
    """How the service is: as its worst part."""
    return max((check.status for check in checks.values()), key=list(Status).index)


def _lacks_token(gate: ShutGate) -> bool:
    code = gate.reason.partition(" ")[0]
    return code.isdecimal() and int(code) in NO_TOKEN_CODES


async def _caught(look: Look[Check]) -> Check:
    try:
        return await look()
    except TimeoutError:
        return Check(Status.FAIL, f"no answer within {ANSWER_WITHIN:g} s")
    except Exception as error:  # noqa: BLE001 -- whatever it is, this part does not work
        return Check(Status.FAIL, type(error).__name__)
