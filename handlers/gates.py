"""One gate stands before each API of the platform, for all senders together.

It is a token bucket, a circuit breaker, and the pause that the platform asks for (45009, 45011) or
that a wrong setting needs. What meets a shut gate waits at it, in the order of the outbox, and is
not even looked at before the gate opens. After trouble a single call goes first, as a probe.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from models.outbox import Gate
from models.transactions import transactional

# Unavailable so often in a row, and the breaker opens the circuit.
TRIP_AFTER = 3
# For how long a probe keeps the others waiting: longer than the longest call.
PROBE = timedelta(seconds=30)
# No gate stays shut for longer without a probe; later moments come from a clock since set back.
LONGEST_SHUT = timedelta(minutes=30)
BURST_SECONDS = 6  # a full bucket holds the calls of so many seconds


class Trouble(Enum):
    """Why a gate shuts: for how long at first, and at most while it lasts."""

    UNAVAILABLE = (timedelta(seconds=15), timedelta(minutes=5))
    THROTTLED = (timedelta(minutes=1), LONGEST_SHUT)
    MISCONFIGURED = (timedelta(minutes=5), timedelta(minutes=5))


@dataclass(frozen=True, slots=True)
class Pass:
    """Leave for one call. failures: how many there had been in a row when it was given."""

    gate: str
    failures: int


def is_shut(gate: Gate, now: datetime) -> bool:
    """Whether calls must wait now."""
    return gate.opens_at is not None and now < gate.opens_at <= now + LONGEST_SHUT


@transactional
async def enter(name: str, *, a_minute: int, now: datetime) -> Pass | None:
    """Ask for one call at a rate of `a_minute`; None where it must wait for the gate to open."""
    gate = await _gate(name, a_minute=a_minute, now=now)
    if is_shut(gate, now):
        return None
    per_second = a_minute / 60
    passed = max((now - gate.filled_at).total_seconds(), 0.0)
    gate.tokens = min(gate.tokens + passed * per_second, max(per_second * BURST_SECONDS, 1.0))
    gate.filled_at = now
    allowed = gate.tokens >= 1
    if allowed:
        gate.tokens -= 1
        probing = gate.opens_at is not None and gate.failures > 0
        gate.opens_at = now + PROBE if probing else None
    else:
        # Opens for a second's worth of calls rather than for each single one.
        lacking = max(per_second, 1.0) - gate.tokens
        gate.opens_at = now + timedelta(seconds=lacking / per_second)
    await gate.save()
    return Pass(name, gate.failures) if allowed else None


async def answered(leave: Pass) -> None:
    """The platform answered, whatever it said about the message itself."""
    if leave.failures:
        await Gate.filter(name=leave.gate, failures=leave.failures).update(
            failures=0, opens_at=None, reason=""
        )


@transactional
async def refused(leave: Pass, trouble: Trouble, *, reason: str, now: datetime) -> None:
    """The API itself is in trouble.

    Calls under way at the same time are one failure: the first to report it counts.
    """
    gate = await Gate.select_for_update().get(name=leave.gate)
    if gate.failures != leave.failures:
        return
    gate.failures += 1
    first, longest = trouble.value
    free = TRIP_AFTER - 1 if trouble == Trouble.UNAVAILABLE else 0
    if gate.failures > free:
        doublings = min(gate.failures - free - 1, 10)  # more would only overflow
        gate.opens_at = now + min(first * 2**doublings, longest)
        gate.reason = reason[:80]
    await gate.save()


async def in_trouble() -> list[Gate]:
    """The gates that trouble has shut and no probe has opened yet."""
    return await Gate.exclude(reason="").order_by("name")


async def _gate(name: str, *, a_minute: int, now: datetime) -> Gate:
    rows = Gate.select_for_update()
    gate = await rows.get_or_none(name=name)
    if gate is None:
        full = max(a_minute / 60 * BURST_SECONDS, 1.0)
        await Gate.bulk_create([Gate(name=name, tokens=full, filled_at=now)], ignore_conflicts=True)
        gate = await rows.get(name=name)
    return gate
