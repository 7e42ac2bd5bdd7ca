"""What day is meant by each way of naming one (nlp/day_words.py), seen from today.

Each rule gets its match, today, and the day from which a bare weekday or 5号 counts; it returns the
day and whether that is rough. It raises ValueError or OverflowError where there is no such day.
"""

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Callable

from nlp import day_words
from nlp.day_words import number_of
from nlp.quantities import read_number

Rule = Callable[[re.Match[str], dt.date, dt.date], tuple[dt.date, bool]]

LOOK_BACK = dt.timedelta(days=60)

_NEAR = {"大前": -3, "前": -2, "昨": -1, "今": 0, "明": 1, "后": 2, "大后": 3}
_WHICH = {"上上": -2, "上": -1, "这": 0, "本": 0, "当": 0, "下": 1, "下下": 2}
_YEARS = {"前": -2, "去": -1, "今": 0, "明": 1, "后": 2}
WEEKDAYS = {mark: at for at, mark in enumerate("一二三四五六日")} | {"天": 6, "末": 5}
WEEKDAYS |= {str(at + 1): at for at in range(7)}


def _near(match: re.Match[str], today: dt.date, _: dt.date) -> tuple[dt.date, bool]:
    said = match[0].rstrip("天日儿")
    return today + dt.timedelta(_NEAR[said]), False


def _of_week(match: re.Match[str], today: dt.date, _: dt.date) -> tuple[dt.date, bool]:
    monday = today - dt.timedelta(today.weekday()) + dt.timedelta(weeks=_which(match))
    said = match["weekday"]
    if said is None:
        return _first_of(monday, monday + dt.timedelta(6), today), True
    day = monday + dt.timedelta(WEEKDAYS[said])
    if said == "末":
        return _first_of(day, day + dt.timedelta(1), today), True
    return day, False


def weekday(match: re.Match[str], _: dt.date, base: dt.date) -> tuple[dt.date, bool]:
    if match["weekday"] == "末" and base.weekday() == 6:
        return base, True
    ahead = (WEEKDAYS[match["weekday"]] - base.weekday()) % 7
    return base + dt.timedelta(ahead), match["weekday"] == "末"


def _of_year(match: re.Match[str], today: dt.date, _: dt.date) -> tuple[dt.date, bool]:
    """FULL and MONTH_DAY."""
    month, day = number_of(match["month"]), _day_number(match)
    return dt.date(_year(match["year"], month, day, today), month, day), False


def of_numbers(match: re.Match[str], today: dt.date, _: dt.date) -> tuple[dt.date, bool]:
    month, day = int(match["month"]), int(match["day"])
    return dt.date(_year(None, month, day, today), month, day), False


def _of_month(match: re.Match[str], today: dt.date, _: dt.date) -> tuple[dt.date, bool]:
    first = months_on(today.replace(day=1), _which(match))
    if match["period"]:
        return _within(first, match["period"], today), True
    if match["day"] or match["short"]:
        return first.replace(day=_day_number(match)), False
    return _first_of(first, _last_of(first), today), True


def _period(match: re.Match[str], today: dt.date, _: dt.date) -> tuple[dt.date, bool]:
    month = number_of(match["month"])
    # Of a month that goes on, or is over for less than LOOK_BACK, this year's is meant.
    first = dt.date(_year(match["year"], month, 31, today), month, 1)
    if match["period"]:
        return _within(first, match["period"], today), True
    return _first_of(first, _last_of(first), today), True


def _bare_period(match: re.Match[str], today: dt.date, _: dt.date) -> tuple[dt.date, bool]:
    if match["end"]:
        said = match["year"]
        year = int(said) if said and said.isdigit() else today.year + _YEARS[said or "今"]
        if match["end"] == "初":
            # The beginning of a year that has begun is the next one's.
            return dt.date(year if said else year + 1, 1, 1), True
        return dt.date(year, 12, 31), True
    period, first = match["edge"] or match["tenth"], today.replace(day=1)
    day = _within(first, period, today)
    return (_within(months_on(first, 1), period, today) if day < today else day), True


def _new_year(_match: re.Match[str], today: dt.date, _: dt.date) -> tuple[dt.date, bool]:
    return (today if (today.month, today.day) == (1, 1) else dt.date(today.year + 1, 1, 1)), False


def _day_of_month(match: re.Match[str], _: dt.date, base: dt.date) -> tuple[dt.date, bool]:
    day = number_of(match["day"] or match["said"])
    first = base.replace(day=1)
    while not (base.day <= day or first > base) or day > _last_of(first).day:
        first = months_on(first, 1)
    return first.replace(day=day), False


def _later(match: re.Match[str], today: dt.date, _: dt.date) -> tuple[dt.date, bool]:
    number, rough = read_number(match["count"])
    unit = match["unit"] or match["week"] or match["month"]
    sign = -1 if "前" in (match["way"] or "") else 1
    # 过两天 is soon, not the day after tomorrow.
    rough = rough or (match["count"] == "两" and match[0].startswith("过"))
    if unit in {"月", "年"}:
        whole, part = divmod(number * (12 if unit == "年" else 1), 1)
        return months_on(today, sign * int(whole)) + dt.timedelta(sign * int(30 * part)), rough
    days = number * (1 if unit in {"天", "日"} else 7)
    return today + dt.timedelta(sign * int(days)), rough


def _which(match: re.Match[str]) -> int:
    return _WHICH[match["which"].rstrip("一个")]


def _day_number(match: re.Match[str]) -> int:
    said = match.groupdict()
    return number_of(said["day"] or said["short"])


def _year(said: str | None, month: int, day: int, today: dt.date) -> int:
    if said is None:
        floor = today - LOOK_BACK
        return floor.year if (month, day) >= (floor.month, floor.day) else floor.year + 1
    year = said.rstrip(" 年")
    if year in _YEARS:
        return today.year + _YEARS[year]
    return int(year) if len(year) == 4 else 2000 + int(year)


def _within(first: dt.date, period: str, today: dt.date) -> dt.date:
    """The day meant by 上旬 … of the month that begins with `first`."""
    last = _last_of(first)
    if period in {"底", "末"}:
        return last
    if period == "初":
        return first
    begin, end = {"上旬": (1, 10), "中旬": (11, 20), "下旬": (21, last.day)}[period]
    return _first_of(first.replace(day=begin), first.replace(day=end), today)


def _first_of(first: dt.date, last: dt.date, today: dt.date) -> dt.date:
    return today if first <= today <= last else first


def _last_of(first: dt.date) -> dt.date:
    return first.replace(day=monthrange(first.year, first.month)[1])


def months_on(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first = dt.date(year, month + 1, 1)
    return first.replace(day=min(day.day, _last_of(first).day))


# In this order where two match the same words.
KINDS: tuple[tuple[re.Pattern[str], Rule], ...] = (
    (day_words.NEAR, _near),
    (day_words.NAMED_WEEK, _of_week),
    (day_words.WEEKDAY, weekday),
    (day_words.FULL, _of_year),
    (day_words.MONTH_DAY, _of_year),
    (day_words.NAMED_MONTH, _of_month),
    (day_words.PERIOD, _period),
    (day_words.BARE_PERIOD, _bare_period),
    (day_words.NEW_YEAR, _new_year),
    (day_words.NUMERIC, of_numbers),
    (day_words.DAY_OF_MONTH, _day_of_month),
    (day_words.LATER, _later),
    (day_words.OVER, _later),
)
# A weekday behind one of these must be its own: 12月3号（周四）.
DATED = {_of_year, _of_month, of_numbers, _day_of_month}
# These say neither week nor month.
BARE = {weekday, _day_of_month}
