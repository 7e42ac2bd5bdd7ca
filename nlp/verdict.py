"""A measured value beside a limit: "亚硝酸盐0.006合格吗".

Only what is plainly a measured value is compared, and only with a plain limit: a wrong verdict
would make somebody ship or scrap goods, while none costs a look at the limit below it.
"""

import re
from collections.abc import Iterable, Sequence
from math import isclose

from msgspec import Struct

from nlp.corpus import StandardLimit
from nlp.standard_numbers import StandardNumber

# Unit -> (what it measures, how much of that): only what measures the same can be compared.
_MEASURES = {
    "g/l": ("L", 1e3),
    "mg/l": ("L", 1.0),
    "μg/l": ("L", 1e-3),
    "ug/l": ("L", 1e-3),
    "ng/l": ("L", 1e-6),
    "毫克每升": ("L", 1.0),
    "毫克/升": ("L", 1.0),
    "微克每升": ("L", 1e-3),
    "微克/升": ("L", 1e-3),
    "g/kg": ("kg", 1e3),
    "mg/kg": ("kg", 1.0),
    "μg/kg": ("kg", 1e-3),
    "ug/kg": ("kg", 1e-3),
    "克/千克": ("kg", 1e3),
    "克/公斤": ("kg", 1e3),
    "毫克/千克": ("kg", 1.0),
    "毫克/公斤": ("kg", 1.0),
    "微克/千克": ("kg", 1e-3),
    "%": ("100", 1.0),
    "g/100g": ("100", 1.0),
    "g/100ml": ("100", 1.0),
    "倍": ("times", 1.0),
    "cfu/ml": ("cfu/ml", 1.0),
    "cfu/g": ("cfu/g", 1.0),
}
# A share of a mass or, in water, of a litre: it measures what the limit does.
_SHARES = {"ppm": 1.0, "ppb": 1e-3}
_UNITS = "|".join(sorted(map(re.escape, (*_MEASURES, *_SHARES)), key=len, reverse=True))
_NUMBER = re.compile(rf"(?<![\d.a-z/\-:×x*])(\d{{1,5}}(?:\.\d+)?)(?: ?({_UNITS})(?![a-z/]))?")
_JUDGED = r"合格|超标|超没|超了|超不超|算|行不行|行吗|行不|达标|可以吗|过不过|能过|正常|怎么判|判"
_ASKS = re.compile(_JUDGED)
# Right behind number and unit. Anything else makes it a part of something: 3楼, 24h, 1.2e-2.
_ENDS = re.compile(r"(?: ?个)?(?:$| ?[,。?!;)]| (?![a-z\dμ%℃°×*^]))")
_JUDGED_BEHIND = re.compile(rf" ?个?[ ,。?!]*(?:{_JUDGED})")
_TOLD_BEFORE = re.compile(
    r"(?:是|为|有|到|了|出|测得|实测|结果|含量|检出|数值|测值|我们|显示|做出来)[:= ]*$"
)
# The limit quoted, an excess, or less than what can be measured: none of them is the value.
_NOT_BEFORE = re.compile(
    r"(?:限值?|限量|标准|要求|规定|上限|下限|国标|不得超过|不超过|超了?|超出|超过|超标|高出|差|低于|小于|不到|大于|<|>|≤|≥|"
    r"月|号|批|编号|单号|电话|微信|第|放了|养|每|共)[是为了:= ]*$"
)
_LESS = re.compile(r"(?<![a-z])nd(?![a-z])|未检出|没检出|检出限|定量限|小于|低于|不到|[<≤] ?\d")
_NONE_ALLOWED = re.compile(r"n=\d+,c=0,m=0(?!\.\d)|不应检出|不得检出")
_LIMIT = re.compile(r"([≤<≥>]?) ?(\d+(?:\.\d+)?)")
_RANGE = re.compile(r"(\d+(?:\.\d+)?) ?[~～-] ?(\d+(?:\.\d+)?)")
# Notes that make the bare number of the row only part of the rule.
_CONDITIONS = re.compile(r"折算|上限|不超过|限值|末梢|管网|甜醋|另|水温|一项")
_COUNTED_AS = re.compile(r"以 ?([a-z0-9]+)-? ?计")


class Value(Struct, frozen=True):
    """A measured value as somebody told it; the unit as written, "" where none is."""

    number: float
    written: str
    unit: str


def values(
    plain: str, numbers: Iterable[StandardNumber], named: Iterable[tuple[int, int]] = ()
) -> tuple[Value, ...]:
    """The measured values of a cleaned text, in its order.

    A number counts right before a word such as 合格, right behind one such as 检出 or the name of
    an indicator (`named`: the spans of these), or with a unit where such a verdict is asked for.
    Nothing but punctuation may follow it, and its unit. Numbers of
    standards, dates, quantities, quoted limits and excesses don't; and where something is below
    what can be measured, nothing does.
    """
    if _LESS.search(plain):
        return ()
    spans = list(named)
    taken = [number.span for number in numbers] + spans
    ends = {end for _, end in spans}
    found: list[Value] = []
    for match in _NUMBER.finditer(plain):
        start, end = match.span()
        before, after = plain[:start], plain[end:]
        if any(start < last and first < end for first, last in taken):
            continue
        if _NOT_BEFORE.search(before):
            continue
        told = (before.rstrip() and len(before.rstrip()) in ends) or _TOLD_BEFORE.search(before)
        judged = _JUDGED_BEHIND.match(after)
        if judged or (_ENDS.match(after) and (told or (match[2] and _ASKS.search(plain)))):
            found.append(Value(float(match[1]), match[1], match[2] or ""))
    return tuple(found)


def verdict(given: Sequence[Value], row: StandardLimit, asked: str = "") -> str:
    """The comparison in a sentence; "" where there is not exactly one value, or no plain limit.

    `asked`: the cleaned question; "以NO3计" must be what the row counts.
    """
    if len(given) != 1 or "界限指标" in row.indicator or _CONDITIONS.search(row.notes):
        return ""
    counted = _COUNTED_AS.search(asked)
    if counted and counted[1] not in row.indicator.lower():
        return ""
    (value,) = given
    if _NONE_ALLOWED.match(row.limit):
        return _of_count(value, row)
    number = _in_unit_of(value, row.unit)
    if number is None:
        return ""
    if within := _RANGE.fullmatch(row.limit):
        fails = not float(within[1]) <= number <= float(within[2])
        word = "不在" if fails else "符合"
    elif plain := _LIMIT.fullmatch(row.limit):
        held = float(plain[2])
        sign = plain[1] or ("≥" if "最小" in row.indicator else "≤")
        equal = isclose(number, held)
        if sign in {"≥", ">"}:
            fails = (number < held and not equal) or (equal and sign == ">")
            word = "未达到" if fails else "符合"
        else:
            fails = (number > held and not equal) or (equal and sign == "<")
            word = ("未低于" if equal else "超出") if fails else "符合"
    else:
        return ""
    unit = "" if row.unit in {"", "-"} else f" {row.unit}"
    said = f"{value.written} {_shown(value.unit)}".rstrip()
    meant = f"（按{unit} 计）" if not value.unit and "/" in unit else " "
    judged = "此项不合格" if fails else "此项合格"
    return f"{said}{meant}{word}限值 {_signed(row)}{unit}，{judged}"


def _signed(row: StandardLimit) -> str:
    if row.limit[:1].isdigit() and not _RANGE.fullmatch(row.limit):
        return ("≥" if "最小" in row.indicator else "≤") + row.limit
    return row.limit


def _of_count(value: Value, row: StandardLimit) -> str:
    plan = row.limit.startswith("n=")
    allowed = "（三级采样方案 c=0、m=0：每份样品都不得检出）" if plan else f"（{row.limit}）"
    if value.number:
        return f"检出 {value.written}，不符合{allowed}"
    return f"未检出，符合{allowed}"


def _shown(unit: str) -> str:
    return unit.replace("/l", "/L")


def _in_unit_of(value: Value, unit: str) -> float | None:
    """The number in the limit's unit; a value without a unit is taken to be in it already."""
    target = unit.lower().replace("µ", "μ")
    if not value.unit or value.unit == target:
        return value.number
    wanted = _MEASURES.get(target)
    if wanted is None:
        return None
    if value.unit in _SHARES and wanted[0] in {"L", "kg"}:
        return value.number * _SHARES[value.unit] / wanted[1]
    given = _MEASURES.get(value.unit)
    if given is None or given[0] != wanted[0]:
        return None
    return value.number * given[1] / wanted[1]
