"""Working time: spans of a working day, holidays and make-up days."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import chinese_calendar
import structlog

from models.clock import SHANGHAI

log = structlog.get_logger(__name__)

# 全国年节及纪念日放假办法: the holidays that stand on the same day every year.
STATUTORY = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
NIGHT_BEGINS, NIGHT_ENDS, AFTER_THE_NIGHT = time(21), time(8), time(8, 30)
Spans = tuple[tuple[time, time], ...]
_warned: set[int] = set()


@lru_cache(maxsize=366)
def is_workday(day: date) -> bool:
    """Whether China works on `day`, by the State Council's arrangement.

    A year that the library does not know yet counts Monday to Friday but for the holidays with a
    fixed date, and a warning is logged once: promises in it are provisional.
    """
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        if day.year not in _warned:
            _warned.add(day.year)
            log.warning("holidays unknown for this year, counting Monday to Friday", year=day.year)
        return day.weekday() < 5 and (day.month, day.day) not in STATUTORY


def first_unknown_day(start: date, days: int) -> date | None:
    """The first of `days` days from `start` on whose arrangement nobody has told us yet."""
    for day in (start + timedelta(days=n) for n in range(days)):
        try:
            chinese_calendar.is_workday(day)
        except NotImplementedError:
            return day
    return None


def is_open(now: datetime, spans: Spans) -> bool:
    """Whether `now` (aware) lies in a span of a working day; spans in China's time."""
    local = now.astimezone(SHANGHAI)
    inside = any(opens <= local.time() < closes for opens, closes in spans)
    return inside and is_workday(local.date())


def outside_the_night(moment: datetime) -> datetime:
    """`moment`, or where people sleep (21:00 to 8:00 in China) the next 8:30."""
    local = moment.astimezone(SHANGHAI)
    if NIGHT_ENDS <= local.time() < NIGHT_BEGINS:
        return moment
    day = local.date() + timedelta(days=local.time() >= NIGHT_BEGINS)
    return datetime.combine(day, AFTER_THE_NIGHT, SHANGHAI).astimezone(UTC)


def add_working_time(
    start: datetime,
    amount: timedelta,
    spans: Spans,
    workday: Callable[[date], bool] = is_workday,
) -> datetime:
    """The moment when `amount` of working time has passed since `start` (both aware).

    spans: opening and closing times of a working day in China's time, in order.
    The result, in UTC, lies inside a span or at its end. Raises ValueError when `amount` is not
    positive.
    """
    if amount <= timedelta():
        raise ValueError("amount must be positive")
    local = start.astimezone(SHANGHAI)
    day = local.date()
    while True:
        if workday(day):
            for opens, closes in spans:
                begin = max(local, datetime.combine(day, opens, SHANGHAI))
                end = datetime.combine(day, closes, SHANGHAI)
                if begin >= end:
                    continue
                if begin + amount <= end:
                    return (begin + amount).astimezone(UTC)  # SQLite compares moments as text
                amount -= end - begin
        day += timedelta(days=1)


def add_working_days(start: datetime, days: int, spans: Spans) -> datetime:
    """The moment when the working time of `days` working days (at least 1) has passed."""
    edges = [[datetime.combine(date.min, edge, SHANGHAI) for edge in span] for span in spans]
    whole_day = sum((closes - opens for opens, closes in edges), timedelta())
    return add_working_time(start, days * whole_day, spans)
