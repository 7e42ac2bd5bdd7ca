"""The worker: drains the outbox and sweeps what is owed or overdue."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import structlog

from handlers import deadlines, delivery, heartbeats, inbox, outbox
from handlers.house import House
from models.outbox import OutboxItem
from nlp import Matcher
from server.collector import Collector
from server.sender import Sender
from server.wiring import STORE_ERRORS

AT_ONCE = 16  # sends under way
IDLE = 0.2  # seconds between looks at an empty outbox
SWEEP_EVERY = 1.0
BEAT_EVERY = 5.0
AFTER_ERROR = 2.0
POISON_AFTER = 8  # tries after which a row that breaks our own code is dead
FINISH_WITHIN = 8.0  # seconds; a send takes up to 20 s, a stop may not

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Worker:
    """Runs until told to stop; then finishes what it has in hand."""

    house: House
    sender: Sender
    collector: Collector
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _sending: set[asyncio.Task[None]] = field(default_factory=set)

    def stop(self) -> None:
        """Take nothing new; `run` returns when what is in hand is done."""
        self._stopping.set()

    def use(self, matcher: Matcher) -> None:
        """Think with another engine from now on."""
        self.house = replace(self.house, matcher=matcher)

    async def run(self) -> None:
        """Send and sweep side by side until stopped; none of them holds up another.

        What can't end soon after is dropped: a row whose sending was cut off is sent again when
        its lease has run out, labelled, since it may have arrived.
        """
        steps = asyncio.gather(
            self._forever(self.send_due, IDLE),
            self._forever(self.sweep_inbox, SWEEP_EVERY),
            self._forever(self.sweep_deadlines, SWEEP_EVERY),
            self._forever(self.introduce, SWEEP_EVERY),
            self._forever(self.collect, SWEEP_EVERY),
            self._forever(self.beat, BEAT_EVERY),
        )
        await self._stopping.wait()
        try:
            async with asyncio.timeout(FINISH_WITHIN):
                await steps
                await self.sent()
        except TimeoutError:
            log.warning("stopped with sends under way", sends=len(self._sending))
            for task in self._sending:
                task.cancel()

    async def send_due(self) -> int:
        """Start sending due rows, as many as there is room for; a slow one holds up no other.

        Returns how many were started.
        """
        if len(self._sending) >= AT_ONCE:
            await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
        room = AT_ONCE - len(self._sending)
        items = await outbox.claim(now=self.house.clock.now(), limit=room)
        for item in items:
            task = asyncio.create_task(self._send(item))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return len(items)

    async def sent(self) -> None:
        """Wait until everything that was started has ended."""
        if self._sending:
            await asyncio.wait(set(self._sending))

    async def sweep_inbox(self) -> int:
        """One look at messages left behind."""
        return await inbox.sweep(self.house, now=self.house.clock.now())

    async def sweep_deadlines(self) -> int:
        """One look at deadlines missed and parked tickets."""
        return await deadlines.sweep(now=self.house.clock.now())

    async def beat(self) -> int:
        """Show that this worker lives; nothing to hurry for."""
        await heartbeats.beat(heartbeats.WORKER, now=self.house.clock.now())
        return 0

    async def introduce(self) -> int:
        """Ask the platform who newcomers are, so that one person is one account."""
        return await self.sender.introduce()

    async def collect(self) -> int:
        """Fetch pictures and recordings that people sent."""
        return await self.collector.collect()

    async def _send(self, item: OutboxItem) -> None:
        """One row's trouble stays its own: it is put back, and after enough tries it is dead.

        When not even that can be written down, the lease runs out by itself.
        """
        structlog.contextvars.bind_contextvars(item=item.id)  # each row has a task of its own
        try:
            await self.sender.send(item)
        except Exception:
            log.exception("sending failed", item=item.id, notice=item.notice)
            await self._put_back(item)

    async def _put_back(self, item: OutboxItem) -> None:
        now = self.house.clock.now()
        try:
            if item.attempts < POISON_AFTER:
                await outbox.try_later(item, now=now)
            else:
                log.critical("dead letter, see `redrive`", item=item.id, notice=item.notice)
                await delivery.give_up(item, now=now, for_good=True)
        except Exception:
            log.exception("a row could not be put back", item=item.id)

    async def _forever(self, step: Callable[[], Awaitable[int]], pause: float) -> None:
        while not self._stopping.is_set():
            try:
                busy = await step() > 0
            except STORE_ERRORS as error:
                log.error("store does not answer", error=type(error).__name__)
                await self._wait(AFTER_ERROR)
                continue
            except Exception:
                # Whatever it was, the worker outlives it.
                log.exception("worker step failed", step=getattr(step, "__name__", ""))
                await self._wait(AFTER_ERROR)
                continue
            if not busy:
                await self._wait(pause)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
