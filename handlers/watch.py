"""Questions about the state of the service, for operators: they read and change nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers import gates
from handlers.gates import LONGEST_SHUT
from handlers.heartbeats import WORKER
from models import database
from models.accounts import Staff, StaffRole
from models.conversations import InboundMessage, InboundState, QuarantinedBody
from models.heartbeats import Heartbeat
from models.media import Media, MediaState
from models.outbox import Delivery, DeliveryResult, OutboxItem, OutboxState
from models.sql import fetch
from models.tickets import UNANSWERED_STATES, Ticket

RECENT_QUESTIONS = 1000
MEDIA_TAKES = timedelta(minutes=15)  # a few tries
# What a worker could take now: due, first of its stream, and not waiting at a gate that is shut.
_OLDEST_DUE = """
SELECT o.id FROM outbox_item o
WHERE (o.state = 'pending' AND o.due_at <= $1 OR o.state = 'leased' AND o.lease_until < $1)
AND NOT EXISTS (SELECT 1 FROM outbox_item e WHERE e.stream = o.stream AND e.id < o.id
                AND e.state IN ('pending', 'leased'))
AND NOT EXISTS (SELECT 1 FROM gate g WHERE g.name = o.gate
                AND g.opens_at > $1 AND g.opens_at <= $2)
ORDER BY o.due_at LIMIT 1
"""
_OUTBOX_BY_STATE = """
SELECT state, count(*) AS number FROM outbox_item
WHERE state IN ('pending', 'leased', 'parked', 'dead') GROUP BY state
"""
_ACTIONS = """
SELECT action, count(*) AS number FROM (
    SELECT decision->>'action' AS action FROM inbound_message
    WHERE decision IS NOT NULL ORDER BY id DESC LIMIT $1
) AS recent GROUP BY action
"""


@dataclass(frozen=True, slots=True)
class ShutGate:
    """An API in trouble: nothing but a probe now and then. reason: "40164 1.2.3.4", "45009"."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Figures:
    """The service at one moment. Ages in seconds; None: unknown, because it never happened."""

    outbox: Mapping[OutboxState, int]
    outbox_lag: float
    worker_age: float | None
    gates: tuple[ShutGate, ...]
    overdue: int
    failed_messages: int
    quarantined: int
    credits: Mapping[str, int]
    unanswered_rate: float | None


async def worker_age(*, now: datetime) -> float | None:
    """Seconds since a worker last showed that it lives; None when none ever did."""
    heartbeat = await Heartbeat.get_or_none(name=WORKER)
    # A clock set back, or one that differs between hosts, must not look like a dead worker.
    return None if heartbeat is None else max(0.0, (now - heartbeat.at).total_seconds())


async def outbox_lag(*, now: datetime) -> float:
    """For how many seconds the longest waiting row could have been sent already.

    Rows at a shut gate and rows behind an earlier one of their stream wait for a reason.
    """
    rows = await fetch(_OLDEST_DUE, now, now + LONGEST_SHUT)
    item = await OutboxItem.get_or_none(id=rows[0]["id"]) if rows else None
    if item is None:
        return 0.0
    since = item.lease_until if item.state == OutboxState.LEASED else item.due_at
    return max(0.0, (now - (since or now)).total_seconds())


async def shut_gates() -> tuple[ShutGate, ...]:
    """The gates that trouble has shut, by name."""
    return tuple(ShutGate(gate.name, gate.reason) for gate in await gates.in_trouble())


async def unanswered_rate() -> float | None:
    """The share of the last 1,000 questions that went to a person; None before the first one."""
    rows = await fetch(_ACTIONS, RECENT_QUESTIONS)
    numbers = {row["action"]: int(row["number"]) for row in rows}
    return numbers.get("route", 0) / sum(numbers.values()) if numbers else None


async def failed_messages() -> int:
    """Messages that were given up: a person must look."""
    return await InboundMessage.filter(state=InboundState.FAILED).count()


async def oldest_held() -> datetime | None:
    """Since when the message waits for review that waits longest; None where none does."""
    row = await InboundMessage.filter(state=InboundState.HELD).order_by("id").first()
    return row.received_at if row else None


async def quarantined() -> int:
    """Bodies that nobody understood yet."""
    return await QuarantinedBody.all().count()


async def dead_rows() -> int:
    """Outbox rows that nothing will send any more by itself."""
    return await OutboxItem.filter(state=OutboxState.DEAD).count()


async def media_waiting(*, now: datetime) -> int:
    """Pictures and recordings that should have been fetched long ago."""
    since = now - MEDIA_TAKES
    return await Media.filter(state=MediaState.WANTED, created_at__lt=since).count()


async def refused_fields(*, now: datetime) -> list[str]:
    """What the platform refused in our templates during the last day: "47003 thing1", …"""
    codes = (
        await Delivery.filter(
            code__startswith="47003", result=DeliveryResult.FAILED, at__gt=now - timedelta(days=1)
        )
        .distinct()
        .values_list("code", flat=True)
    )
    return sorted(str(code) for code in codes)


async def roles_filled() -> set[StaffRole]:
    """The roles that somebody has."""
    return {staff.role for staff in await Staff.all()}


async def ping() -> None:
    """Raises what the database raises when it does not answer."""
    await fetch("SELECT 1 AS one")


async def missing_migrations() -> list[str]:
    """Migrations that this code knows and the database has not seen."""
    return await database.missing_migrations()


async def figures(template_ids: Mapping[str, str], *, now: datetime) -> Figures:
    """All of it. template_ids: the name under which a template's credits are counted."""
    counts = await fetch(_OUTBOX_BY_STATE)
    return Figures(
        outbox={OutboxState(row["state"]): int(row["number"]) for row in counts},
        outbox_lag=await outbox_lag(now=now),
        worker_age=await worker_age(now=now),
        gates=await shut_gates(),
        overdue=await Ticket.filter(state__in=UNANSWERED_STATES, answer_due_at__lt=now).count(),
        failed_messages=await failed_messages(),
        quarantined=await quarantined(),
        credits={name: await _credits(id_) for name, id_ in template_ids.items()},
        unanswered_rate=await unanswered_rate(),
    )


async def _credits(template_id: str) -> int:
    rows = await fetch(
        "SELECT coalesce(sum(credits), 0) AS number FROM consent WHERE template_id = $1",
        template_id,
    )
    return int(rows[0]["number"])
