"""Ratings 评价 of closed tickets (clause 8.2 of the guide): two axes by ticket, integrity apart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from handlers import tickets, wording
from handlers.errors import Conflict, DomainError
from handlers.safety import require_fit
from handlers.typed import typed
from models.accounts import Staff, StaffRole
from models.clock import SHANGHAI
from models.ratings import HIGHEST, LOWEST, OPEN, Axis, IntegrityTally, Rating
from models.sql import fetch, insert
from models.tickets import Audience, EventKind, Ticket, TicketEvent, TicketState
from models.transactions import transactional

__all__ = ["Axis", "Rating"]

RATED_WITHIN = timedelta(days=7)  # of closing
LONGEST_COMMENT = 200
# Fewer votes on integrity would tell who gave them.
FEWEST_VOTES = 5

_SCORES = [f"score_{score}" for score in range(LOWEST, HIGHEST + 1)]
_ADD = (
    f"INSERT INTO integrity_tally (month, {', '.join(_SCORES)})"  # noqa: S608 -- our own names
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (month) DO UPDATE SET "
    + ", ".join(f"{name} = integrity_tally.{name} + excluded.{name}" for name in _SCORES)
    + f" RETURNING {', '.join(_SCORES)}"
)


class Group(StrEnum):
    """By what averages are taken."""

    STAFF = "staff"  # keys are ids
    TOPIC = "topic"
    MONTH = "month"  # "2026-11"


@dataclass(frozen=True, slots=True)
class Averages:
    """Averages from LOWEST to HIGHEST, None where nobody rated that axis; tickets: how many were
    rated on either."""

    professionalism: float | None
    timeliness: float | None
    tickets: int


def ends_at(ticket: Ticket) -> datetime | None:
    """Until when a ticket may be rated; None while it is not closed."""
    return ticket.closed_at and ticket.closed_at + RATED_WITHIN


def may_rate(ticket: Ticket, rating: Rating | None, *, now: datetime) -> tuple[Axis, ...]:
    """What the asker may rate now: two axes, again too; integrity until that vote was given."""
    ends = ends_at(ticket)
    if ends is None or now > ends:
        return ()
    cast = rating is not None and rating.integrity_cast
    return tuple(axis for axis in Axis if axis != Axis.INTEGRITY or not cast)


@transactional
async def rate(ticket: Ticket, scores: Mapping[Axis, int], *, now: datetime) -> None:
    """Set the given axes; the last word counts, but on integrity the first.

    A second vote on integrity changes nothing, for nobody knows any more what the first one was.
    Raises DomainError for no score or one out of range, Conflict when the ticket is not closed, or
    was closed too long ago.
    """
    if not scores:
        raise DomainError(wording.NO_SCORE)
    if any(not LOWEST <= score <= HIGHEST for score in scores.values()):
        raise DomainError(wording.BAD_SCORE)
    await _hold_open(ticket, now=now)
    await insert(Rating, ticket_id=ticket.id)
    row = Rating.filter(ticket_id=ticket.id)
    axes = {axis.value: score for axis, score in scores.items() if axis != Axis.INTEGRITY}
    if axes:
        await row.update(at=now, **axes)
    # No time is written with it: `at` beside the counts would tell whose vote was whose.
    if Axis.INTEGRITY in scores and await row.filter(integrity_cast=False).update(
        integrity_cast=True
    ):
        await _count(scores[Axis.INTEGRITY], now=now)


@transactional
async def comment(ticket: Ticket, text: str, *, now: datetime) -> None:
    """One line beside the rating, for staff only; the same one again changes nothing.

    Raises DomainError for an empty or overlong one, Unfit for an unsafe one, Conflict when there is
    another already, or the ticket can't be rated.
    """
    text = typed(" ".join(text.split()), LONGEST_COMMENT, "留言")
    require_fit(text)
    await _hold_open(ticket, now=now)
    before = await TicketEvent.get_or_none(dedupe_key=_comment_key(ticket))
    if before is not None:
        if before.text != text:
            raise Conflict(wording.COMMENTED_ALREADY)
        return
    await tickets.record(
        ticket,
        EventKind.COMMENTED,
        at=now,
        audience=Audience.STAFF,
        actor="提问人",
        text=text,
        dedupe_key=_comment_key(ticket),
    )


async def rating_of(ticket: Ticket) -> Rating | None:
    """The ticket's rating, None where there is none."""
    return await Rating.get_or_none(ticket_id=ticket.id)


async def has_comment(ticket: Ticket) -> bool:
    """Whether the one line beside the rating was written."""
    return await TicketEvent.filter(dedupe_key=_comment_key(ticket)).exists()


async def averages(first: str, last: str, *, by: Group) -> dict[str, Averages]:
    """Averages of tickets closed in the months from `first` to `last` ("2026-11", inclusive)."""
    rows = await Rating.filter(
        at__isnull=False,
        ticket__closed_at__gte=_begins(first),
        ticket__closed_at__lt=_begins(_after(last)),
    ).values_list(
        "professionalism", "timeliness", "ticket__assignee_id", "ticket__topic", "ticket__closed_at"
    )
    found: dict[str, list[tuple[int | None, int | None]]] = {}
    for professionalism, timeliness, staff_id, topic, closed_at in rows:
        keys = {Group.STAFF: str(staff_id), Group.TOPIC: topic, Group.MONTH: month_of(closed_at)}
        found.setdefault(keys[by], []).append((professionalism, timeliness))
    return {
        key: Averages(_mean(p for p, _ in pairs), _mean(t for _, t in pairs), len(pairs))
        for key, pairs in sorted(found.items())
    }


async def integrity_of(first: str, last: str) -> tuple[float, int] | None:
    """Average and number of the votes on integrity that could be shown from the month `first` to
    `last` ("2026-11", inclusive); None where there are none.

    The number is a multiple of FEWEST_VOTES: figures taken one after the other, or for ranges
    that overlap, never differ by fewer votes than that.
    """
    shown = IntegrityTally.exclude(month=OPEN)
    rows = await shown.filter(month__gte=first, month__lte=last)
    counts = [sum(getattr(row, name) for row in rows) for name in _SCORES]
    votes = sum(counts)
    if votes == 0:
        return None
    return sum(score * count for score, count in enumerate(counts, LOWEST)) / votes, votes


@dataclass(frozen=True, slots=True)
class Lately:
    """A year's ratings of the whole platform. integrity: its average and votes, or None."""

    averages: Averages
    integrity: tuple[float, int] | None


async def lately(staff: Staff, *, now: datetime) -> Lately | None:
    """The last twelve months, for those who answer for the service; None for others."""
    if staff.role == StaffRole.SPECIALIST:
        return None
    first, last = month_of(now - timedelta(days=335)), month_of(now)
    months = list((await averages(first, last, by=Group.MONTH)).values())
    total = Averages(
        _weighted((m.professionalism, m.tickets) for m in months),
        _weighted((m.timeliness, m.tickets) for m in months),
        sum(m.tickets for m in months),
    )
    return Lately(total, await integrity_of(first, last))


def _weighted(parts: Iterable[tuple[float | None, int]]) -> float | None:
    given = [(average, count) for average, count in parts if average is not None]
    total = sum(count for _, count in given)
    return sum(average * count for average, count in given) / total if total else None


def month_of(moment: datetime) -> str:
    """The month in China: "2026-11"."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m}"


async def _count(score: int, *, now: datetime) -> None:
    """Add a vote to the open batch; a full one becomes part of this month."""
    batch = await _add(OPEN, [int(score == each) for each in range(LOWEST, HIGHEST + 1)])
    if sum(batch) >= FEWEST_VOTES:
        await _add(month_of(now), batch)
        await IntegrityTally.filter(month=OPEN).update(**dict.fromkeys(_SCORES, 0))


async def _add(month: str, counts: list[int]) -> list[int]:
    """Add to a row, and hold it until the transaction ends. Returns what it has then."""
    rows = await fetch(_ADD, month, *counts)
    return [int(rows[0][name]) for name in _SCORES]


async def _hold_open(ticket: Ticket, *, now: datetime) -> None:
    """Lock a ticket that may be rated now. Raises Conflict."""
    await tickets.lock(ticket)
    ends = ends_at(ticket)
    if ticket.state != TicketState.CLOSED or ends is None:
        raise Conflict(wording.RATE_WHEN_CLOSED)
    if now > ends:
        raise Conflict(wording.RATED_TOO_LATE)


def _comment_key(ticket: Ticket) -> str:
    return f"rating-comment:{ticket.id}"


def _mean(scores: Iterable[int | None]) -> float | None:
    given = [score for score in scores if score is not None]
    return sum(given) / len(given) if given else None


def _begins(month: str) -> datetime:
    return datetime.strptime(f"{month}-01", "%Y-%m-%d").replace(tzinfo=SHANGHAI)


def _after(month: str) -> str:
    return f"{_begins(month) + timedelta(days=31):%Y-%m}"
