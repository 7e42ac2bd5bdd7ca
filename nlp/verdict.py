"""A measured value beside a limit: "亚硝酸盐0.006合格吗"."""

import re
from collections.abc import Iterable
from math import isclose

from msgspec import Struct

from nlp.corpus import StandardLimit
from nlp.standard_numbers import StandardNumber

_UNIT = (
    r"mg/l|g/l|[μµu]g/l|mg/kg|g/kg|[μµu]g/kg|mg/100ml|g/100ml|g/100g|%"
    r"|毫克/升|微克/升|克/公斤|克/千克"
)
# What follows a number that is no measured value: 2026年, 500ml, 3个样.
_COUNTED = (
    r"版|年|月|日|号|批|升|毫升|ml|l|个?样|桶|瓶|箱|袋|盒|家|天|周|小时|分钟?|℃|度|次|人|份|元|块|万"
    r"|项|吨|公斤|斤|kg|g"
)
_VALUE = re.compile(
    rf"(?<![\d.a-z/\-=])(\d+(?:\.\d+)?)(?! ?(?:{_COUNTED})(?![a-z/]))(?![\d.\-])(?: ?({_UNIT}))?"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_LIMIT = re.compile(r"([≤<≥>]?) ?(\d+(?:\.\d+)?)")
_NONE_ALLOWED = re.compile(r"n=\d+,c=0,m=0(?!\.\d)")
# Unit -> (what it measures, how much of that): only what measures the same can be compared.
_MEASURES = {
    "mg/l": ("L", 1.0),
    "g/l": ("L", 1e3),
    "μg/l": ("L", 1e-3),
    "毫克/升": ("L", 1.0),
    "微克/升": ("L", 1e-3),
    "mg/kg": ("kg", 1.0),
    "g/kg": ("kg", 1e3),
    "μg/kg": ("kg", 1e-3),
    "克/公斤": ("kg", 1e3),
    "克/千克": ("kg", 1e3),
}


class Value(Struct, frozen=True):
    """A number of a text that may be a measured value; the unit as written, "" where none is."""

    number: float
    written: str
    unit: str


def values(plain: str, numbers: Iterable[StandardNumber]) -> list[Value]:
    """The values of a cleaned text, in its order; numbers of standards and years are none."""
    taken = [number.span for number in numbers]
    return [
        Value(float(match[1]), match[1], _unit(match[2] or ""))
        for match in _VALUE.finditer(plain)
        if not any(match.start() < end and start < match.end() for start, end in taken)
        and (match[2] or not _YEAR.fullmatch(match[1]))
    ]


def verdict(given: Iterable[Value], row: StandardLimit) -> str:
    """The comparison in a sentence; "" where nothing, or more than one value, can be compared.

    Of several values one may be the limit itself: "标准200，我们230".
    """
    if _NONE_ALLOWED.match(row.limit):
        found = list(given)
        return _of_count(found[0]) if len(found) == 1 else ""
    limit = _LIMIT.fullmatch(row.limit)
    if limit is None:
        return ""
    held = float(limit[2])
    comparable = [(value, _in_unit_of(value, row.unit)) for value in given]
    others = [one for one in comparable if one[1] is None or not isclose(one[1], held)]
    kept = others or comparable
    value, number = kept[0] if len(kept) == 1 else (None, None)
    if value is None or number is None:
        return ""
    sign = limit[1] or ("≥" if "最小" in row.indicator else "≤")
    if isclose(number, held):
        fails = sign in {"<", ">"}
    else:
        fails = number < held if sign in {"≥", ">"} else number > held
    unit = "" if row.unit in {"", "-"} else row.unit
    said = f"{value.written} {value.unit.replace('/l', '/L')} " if value.unit else value.written
    if not value.unit and "/" in unit:
        said += f"（按 {unit} 计）"
    where = ("低于" if sign in {"≥", ">"} else "超出") if fails else "符合"
    judged = "此项不合格" if fails else "此项合格"
    return f"{said}{where}限值 {sign}{limit[2]} {unit}".rstrip() + f"，{judged}"


def _of_count(value: Value) -> str:
    allowed = "（三级采样方案 c=0、m=0：每份样品都不得检出）"
    if value.number:
        return f"检出 {value.written}，不符合{allowed}"
    return f"未检出，符合{allowed}"


def _unit(written: str) -> str:
    return re.sub("[µu]g/", "μg/", written)


def _in_unit_of(value: Value, unit: str) -> float | None:
    """The number in the limit's unit; a value without a unit is taken to be in it already."""
    target = _unit(unit.lower())
    if not value.unit or value.unit == target:
        return value.number
    given, wanted = _MEASURES.get(value.unit), _MEASURES.get(target)
    if given is None or wanted is None or given[0] != wanted[0]:
        return None
    return value.number * given[1] / wanted[1]
