"""Working time over lunch, nights, weekends, holidays and make-up days."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from handlers.worktime import (
    add_working_days,
    add_working_time,
    is_workday,
    outside_the_night,
)
from models.clock import SHANGHAI

SPANS = ((time(8, 30), time(12)), (time(14), time(17, 30)))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-23 09:00", 1, "2026-11-23 10:00"),
        ("2026-11-23 11:00", 1, "2026-11-23 12:00"),  # ends with the span
        ("2026-11-23 11:30", 1, "2026-11-23 14:30"),  # over lunch
        ("2026-11-23 12:30", 1, "2026-11-23 15:00"),  # asked at lunch
        ("2026-11-23 17:00", 1, "2026-11-24 09:00"),  # over night
        ("2026-11-23 03:00", 1, "2026-11-23 09:30"),  # before opening
        ("2026-11-27 17:00", 1, "2026-11-30 09:00"),  # over a weekend
        ("2026-11-28 10:00", 1, "2026-11-30 09:30"),  # asked on a Saturday
        ("2026-11-23 08:30", 14, "2026-11-24 17:30"),  # two whole days
        ("2026-09-30 17:00", 1, "2026-10-08 09:00"),  # over the National Day holiday
        ("2026-02-13 17:00", 1, "2026-02-14 09:00"),  # a Saturday that is worked
    ],
)
def test_time_runs_only_while_working(start: str, hours: int, end: str) -> None:
    assert add_working_time(at(start), timedelta(hours=hours), SPANS) == at(end)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-23 10:00", "2026-11-26 10:00"),
        ("2026-11-26 10:00", "2026-12-01 10:00"),  # over a weekend
        ("2026-11-28 10:00", "2026-12-02 17:30"),  # three whole days from Monday
        ("2026-09-30 10:00", "2026-10-10 10:00"),  # a holiday, and a Saturday that is worked
    ],
)
def test_three_working_days(start: str, end: str) -> None:
    moment = add_working_days(at(start), 3, SPANS)
    assert moment == at(end)
    # SQLite compares moments as text.
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("moment", "sent"),
    [
        ("2026-11-23 20:59", "2026-11-23 20:59"),
        ("2026-11-23 21:00", "2026-11-24 08:30"),
        ("2026-11-24 00:00", "2026-11-24 08:30"),
        ("2026-11-24 07:59", "2026-11-24 08:30"),
        ("2026-11-24 08:00", "2026-11-24 08:00"),
    ],
)
def test_nobody_is_woken(moment: str, sent: str) -> None:
    assert outside_the_night(at(moment)) == at(sent)


def test_nothing_is_promised_for_no_time() -> None:
    with pytest.raises(ValueError, match="positive"):
        add_working_time(at("2026-11-23 09:00"), timedelta(), SPANS)


def test_unknown_year_counts_monday_to_friday() -> None:
    assert is_workday(date(2090, 1, 4))
    assert not is_workday(date(2090, 1, 7))
    assert not is_workday(date(2090, 10, 2))  # a Monday, and National Day
