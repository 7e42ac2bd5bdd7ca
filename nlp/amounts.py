"""Quantities of things in a text: "3个水样", "大概20台压力表", "两桶"."""

import re
from decimal import Decimal

from msgspec import Struct

from nlp.found import Found, masked
from nlp.phones import find_phones
from nlp.quantities import CLASSIFIER, QUANTITY, ROUGHLY, read
from nlp.standard_numbers import find_standard_numbers
from nlp.text import fold
from nlp.when import day_places, find_spans

# 18.9升桶装, 500克/袋, 24瓶装: what one piece holds.
_COUNTED = re.compile(
    rf"{QUANTITY} ?(?P<unit>{CLASSIFIER})(?!装|/|每|(?<=[升克斤])的?[装桶瓶袋盒罐箱包]){ROUGHLY}"
    r"|(?P<both>[俩仨])(?![月天年周]|星期|礼拜|小时|钟头)"
)
_BARE = rf"{QUANTITY}(?![\d.:/\-a-z%])"
_LABELLED = re.compile(rf"(?:数量|[人台份瓶桶批件样套]数)(?:是|为|改[成为])?[: ]*{_BARE}{ROUGHLY}")
_ALONE = re.compile(rf" *{_BARE}{ROUGHLY}[ 。.!,吧]*")
_BOTH = {"俩": 2, "仨": 3}


class Amount(Struct, frozen=True):
    """`unit` is the word said: 台, 个, 批; "" where none is."""

    number: Decimal
    unit: str = ""
    rough: bool = False


def find_numbers(text: str) -> tuple[Found[Amount], ...]:
    """All amounts: a numeral before a classifier, behind 数量 and the like, or all of the message.

    Numbers of standards, days, durations, telephone numbers, ordinals, names of models and what
    a package holds (500ml瓶装) are none. The text is folded first, which keeps places.
    """
    folded = fold(text)
    days = day_places(text)
    # 12.3 answers either question; 11.30-12.2 is two days.
    if (alone := _ALONE.fullmatch(folded)) and len(days) < 2:
        return (_found(alone, text, ""),)
    plain = masked(folded, (number.span for number in find_standard_numbers(folded)))
    plain = masked(plain, days)
    plain = masked(plain, (span.place for span in find_spans(text)))
    plain = masked(plain, (phone.place for phone in find_phones(text)))
    found = [
        _found(match, text, match["unit"]) if match["low"] else _both(match, text)
        for match in _COUNTED.finditer(plain)
    ]
    taken = masked(plain, (amount.place for amount in found))
    found += [_found(match, text, "") for match in _LABELLED.finditer(taken)]
    return tuple(sorted(found, key=lambda amount: amount.start))


def _found(match: re.Match[str], text: str, unit: str) -> Found[Amount]:
    number, rough = read(match)
    start = match.start("about") if match["about"] else match.start("low")
    end = max(match.end(group) for group in ("low", "high", "roughly"))
    end = max(end, match.end("unit")) if unit else end
    return Found(
        Amount(number, unit.removesuffix("次") or unit, rough), start, end, text[start:end]
    )


def _both(match: re.Match[str], text: str) -> Found[Amount]:
    start, end = match.span()
    return Found(Amount(Decimal(_BOTH[match["both"]]), "个"), start, end, text[start:end])
