"""Working time over lunch, nights, weekends, holidays and make-up days."""

from datetime import date, datetime, time, timedelta

import pytest

from handlers.worktime import add_working_time, is_workday
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


def test_nothing_is_promised_for_no_time() -> None:
    with pytest.raises(ValueError, match="positive"):
        add_working_time(at("2026-11-23 09:00"), timedelta(), SPANS)


def test_unknown_year_counts_monday_to_friday() -> None:
    assert is_workday(date(2090, 1, 4))
    assert not is_workday(date(2090, 1, 7))
    assert not is_workday(date(2090, 10, 2))  # a Monday, and National Day
