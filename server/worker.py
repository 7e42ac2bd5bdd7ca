"""The worker: drains the outbox and sweeps what is owed or overdue."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from handlers import deadlines, delivery, inbox, outbox
from handlers.house import House
from models.outbox import OutboxItem
from server.sender import Sender

BATCH = 16
IDLE = 0.2  # seconds between looks at an empty outbox
SWEEP_EVERY = 1.0
AFTER_ERROR = 2.0
POISON_AFTER = 8  # tries after which a row that breaks our own code is dead

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Worker:
    """Runs until told to stop; then finishes what it has in hand."""

    house: House
    sender: Sender
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """Take nothing new; `run` returns when the present batch is done."""
        self._stopping.set()

    async def run(self) -> None:
        """Drain and sweep side by side until stopped; none of them holds up another."""
        await asyncio.gather(
            self._forever(self.drain, IDLE),
            self._forever(self.sweep_inbox, SWEEP_EVERY),
            self._forever(self.sweep_deadlines, SWEEP_EVERY),
            self._forever(self.introduce, SWEEP_EVERY),
        )

    async def drain(self) -> int:
        """One batch of due rows. Returns how many were taken."""
        items = await outbox.claim(now=self.house.clock.now(), limit=BATCH)
        await asyncio.gather(*(self._send(item) for item in items))
        return len(items)

    async def sweep_inbox(self) -> int:
        """One look at messages left behind."""
        return await inbox.sweep(self.house, now=self.house.clock.now())

    async def sweep_deadlines(self) -> int:
        """One look at deadlines missed and parked tickets."""
        return await deadlines.sweep(now=self.house.clock.now())

    async def introduce(self) -> int:
        """Ask the platform who newcomers are, so that one person is one account."""
        return await self.sender.introduce()

    async def _send(self, item: OutboxItem) -> None:
        """One row's trouble stays its own: it is put back, and after enough tries it is dead."""
        try:
            await self.sender.send(item)
        except Exception:
            log.exception("sending failed", item=item.id, notice=item.notice)
            now = self.house.clock.now()
            if item.attempts < POISON_AFTER:
                await outbox.try_later(item, now=now)
            else:
                await delivery.give_up(item, now=now, for_good=True)

    async def _forever(self, step: Callable[[], Awaitable[int]], pause: float) -> None:
        while not self._stopping.is_set():
            try:
                busy = await step() > 0
            except Exception:
                # Whatever it was (the database is away, say), the worker outlives it.
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
