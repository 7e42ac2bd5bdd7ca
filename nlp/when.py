"""The days that a text names: "下周三", "12月3号上午", "三天后", "下个月中旬".

Rules, where people leave something out:
- A week begins on Monday. 下周三 is Wednesday of the next one, 这周三 of this one even if it has
  passed; a bare 周三 is the next Wednesday from today on, today included.
- 12月3日 without a year is the first such day that is at most LOOK_BACK ago: 11月25日 said on 28
  November has passed, 9月1日 is next year's. A bare 3号 is the next 3rd, today included.
- A weekday or a 5号 right behind another day counts from there: "1月3号到5号", "下周三到周五".
- 12.3 is a day only in the company of dates (see day_words.is_numeric_day).
- Of the holidays only 元旦 is found: what 国庆后 or 春节前 is, each year's calendar says.
- An hour from 1 to 5 without 上午 or 下午 is in the afternoon, when laboratories are open.
"""

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct

from nlp.day_rules import BARE, DATED, KINDS, WEEKDAYS, Rule, of_numbers, weekday
from nlp.day_words import DATED_TAIL, TAIL, is_numeric_day, number_of
from nlp.found import Found, masked
from nlp.quantities import QUANTITY, ROUGHLY, read
from nlp.standard_numbers import find_standard_numbers
from nlp.text import fold

_PARTS = {
    **dict.fromkeys(("早上", "早晨", "清晨", "早", "晨", "上午"), "上午"),
    **dict.fromkeys(("午后", "下午"), "下午"),
    **dict.fromkeys(("傍晚", "晚上", "晚间", "夜里", "晚"), "晚上"),
}
_RANGE = re.compile(r" ?[-到至]{1,2} ?")
_LIST = re.compile(r" ?(?:或者?|和|跟|、|,)? ?")


class Day(Struct, frozen=True):
    """`part` is 凌晨, 上午, 中午, 下午, 晚上 or "".

    Of a rough day (下个月中旬, 周末, 下周) `date` is the first that is meant and has not passed,
    or the first where all have; of 月底 and 年底 the last.
    """

    date: dt.date
    time: dt.time | None = None
    part: str = ""
    rough: bool = False


class _Mention(Struct, frozen=True):
    match: re.Match[str]
    tail: re.Match[str]
    rule: Rule
    start: int
    end: int


def find_days(text: str, today: dt.date) -> tuple[Found[Day | None], ...]:
    """All days in the order of the text, those that have passed as well.

    The value is None for a day that doesn't exist: 2月30日, 13月1日, 12月3日周三 where the 3rd is a
    Thursday. The text is folded first, which keeps places.
    """
    folded = fold(text)
    found: list[Found[Day | None]] = []
    before: _Mention | None = None
    for mention in _mentions(folded):
        known = found[-1].value if found else None
        base = today
        if before is not None and known is not None:
            base = _base(folded[before.end : mention.start], before, known.date, mention, today)
        day = _day(mention, today, base)
        found.append(Found(day, mention.start, mention.end, text[mention.start : mention.end]))
        before = mention
    return tuple(found)


def day_places(text: str) -> list[tuple[int, int]]:
    """Where days are named, whatever day it is today."""
    return [(mention.start, mention.end) for mention in _mentions(fold(text))]


def _mentions(folded: str) -> Iterator[_Mention]:
    """Without overlaps: what begins first counts, then what is longer."""
    matches = [(match, rule) for pattern, rule in KINDS for match in pattern.finditer(folded)]
    matches.sort(key=lambda entry: (entry[0].start(), -entry[0].end()))
    end = 0
    for match, rule in matches:
        if match.start() < end:
            continue
        if rule is of_numbers:
            linked = end > 0 and bool(_RANGE.fullmatch(folded, end, match.start()))
            if not is_numeric_day(match, folded, linked) or _in_standard(match, folded):
                continue
        # A tail may be empty, so the first one is right behind the day.
        tail = next((DATED_TAIL if rule in DATED else TAIL).finditer(folded, match.end()))
        end = tail.end()
        yield _Mention(match, tail, rule, match.start(), end)


def _in_standard(match: re.Match[str], folded: str) -> bool:
    return any(
        number.span[0] < match.end() and match.start() < number.span[1]
        for number in find_standard_numbers(folded)
    )


def _day(mention: _Mention, today: dt.date, base: dt.date) -> Day | None:
    try:
        day, rough = mention.rule(mention.match, today, base)
    except (ValueError, OverflowError):
        return None
    tail = mention.tail.groupdict()
    own = tail.get("weekday")
    if own and WEEKDAYS[own] != day.weekday():
        return None
    part = _PARTS.get(tail["part"] or "", tail["part"] or "")
    return Day(day, _time(tail, part), part, rough)


def _base(gap: str, before: _Mention, known: dt.date, mention: _Mention, today: dt.date) -> dt.date:
    """From where `mention` counts, if it's a bare weekday or day of the month: see the rules."""
    if _RANGE.fullmatch(gap):
        return known
    if before.rule in BARE or not _LIST.fullmatch(gap):
        return today
    return (
        known - dt.timedelta(known.weekday()) if mention.rule is weekday else known.replace(day=1)
    )


def _time(tail: dict[str, str | None], part: str) -> dt.time | None:
    said = tail["hour"]
    if said is None:
        return None
    hour = number_of(said)
    minute = tail["digits"] or tail["minute"]
    minutes = number_of(minute) if minute else 0
    if tail["half"]:
        minutes = 30
    elif tail["quarter"]:
        minutes = 15 * number_of(tail["quarter"])
    afternoon = part in {"下午", "晚上"} or (part == "中午" and hour < 3)
    if not part and 1 <= hour <= 5 and not said.startswith("0"):
        afternoon = True
    if part == "晚上" and (hour < 5 or hour == 12):
        return None  # of the next day, or of this one: not for us to say
    if afternoon and hour < 12:
        hour += 12
    return dt.time(hour, minutes) if hour < 24 and minutes < 60 else None


# 第三天, 这两天 and 提前3天 are no durations; nor is 3小时后, which is a time.
_SPAN = re.compile(
    rf"(?<![第这前近每提]){QUANTITY} ?(?:"
    r"个?(?P<extra>半)?(?P<hour>小时(?![代候工])|钟头)|(?P<h>h)(?![a-z])"
    r"|(?P<day>天(?![平气津数然猫])|日(?=[之以]?内))"
    rf"|(?P<week>周(?![年岁边期转围报末一二三四五六日])|个?(?:星期|礼拜)(?![一二三四五六日天末\d]))"
    r"|个(?P<plus>半)?(?P<month>月)|(?P<year>年(?![级版度份货龄代月底初\d])))"
    rf"(?P<half>半(?![个天年]))?(?![之以]?[后前]){ROUGHLY}(?P<within>[之以]?内)?"
)
_UNITS = {
    "hour": "hour",
    "h": "hour",
    "day": "day",
    "week": "week",
    "month": "month",
    "year": "year",
}


class Span(Struct, frozen=True):
    """How long: `unit` is hour, day, week, month or year; `within` marks 两天内."""

    amount: Decimal
    unit: str
    rough: bool = False
    within: bool = False


def find_spans(text: str) -> tuple[Found[Span], ...]:
    """All durations. 后天 and 三天后 are days; 三月 is a month of the year, 26年 a year."""
    plain = masked(fold(text), day_places(text))
    found: list[Found[Span]] = []
    for match in _SPAN.finditer(plain):
        amount, rough = read(match)
        unit = next(_UNITS[group] for group in _UNITS if match[group])
        if unit == "year" and amount >= 20 and match["low"].isascii():
            continue
        if match["extra"] or match["plus"] or match["half"]:
            amount += Decimal("0.5")
        span = Span(amount, unit, rough, within=bool(match["within"]))
        found.append(Found(span, match.start(), match.end(), text[match.start() : match.end()]))
    return tuple(found)
