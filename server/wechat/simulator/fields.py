"""Templates and the rules of their fields.

A field's name is a type and a number (`thing1`, `time3`); the type sets the rule. The rules are
those of the platform's page 参数值内容限制说明 and of design/WECHAT.md.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from server.wechat.simulator.errors import PlatformError

_DAY = r"(\d{4})年(\d{1,2})月(\d{1,2})日"
_HOUR = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
_TIME = re.compile(rf"({_DAY} ?)?{_HOUR}")
_DATE = re.compile(rf"{_DAY}( ?{_HOUR})?")
_DAY_IN_TEXT = re.compile(_DAY)

RULES: dict[str, re.Pattern[str]] = {
    "thing": re.compile(r".{1,20}"),
    "number": re.compile(r"(?=.{1,32}$)-?\d+(\.\d+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[\x20-\x7e]{1,32}"),
    "amount": re.compile(r"[¥￥$€£]?\d{1,10}(\.\d+)?元?"),
    "phone_number": re.compile(r"[-+()\d ]{1,17}"),
    "car_number": re.compile(r"[A-Za-z0-9\u4e00-\u9fff][A-Za-z0-9]{0,6}[A-Za-z0-9\u4e00-\u9fff]"),
    "name": re.compile(r"[\u4e00-\u9fff·]{1,10}|[A-Za-z .,'-]{1,20}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
}
LABELS = {
    "thing": "事项", "number": "数字", "letter": "字母", "symbol": "符号", "time": "时间",
    "character_string": "编号", "date": "日期", "amount": "金额", "phone_number": "电话",
    "car_number": "车牌", "name": "姓名", "phrase": "状态", "const": "类型", "enum": "类型",
}  # fmt: skip
_NAME = re.compile(r"([a-z_]+?)(\d+)")
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d\u20e3]")
_BREAK = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Template:
    """A template of the account.

    `fields` maps a field's name to the label on the card; `choices` lists the allowed values of
    const and enum fields. `long_term` marks a subscription that is not used up by a send.
    """

    template_id: str
    title: str
    fields: Mapping[str, str]
    long_term: bool = False
    choices: Mapping[str, Sequence[str]] | None = None

    @classmethod
    def from_names(cls, template_id: str, names: Sequence[str], *, long_term: bool) -> "Template":
        """Build from bare field names; `const4:甲|乙` lists a const field's values."""
        fields: dict[str, str] = {}
        choices: dict[str, list[str]] = {}
        for entry in names:
            name, _, values = entry.partition(":")
            fields[name] = LABELS[field_type(name)]
            if values:
                choices[name] = values.split("|")
        return cls(template_id, template_id, fields, long_term, choices)

    def check(self, data: object) -> list[tuple[str, str]]:
        """The card's (label, value) rows; raises 47003 naming the first wrong field."""
        if not isinstance(data, dict):
            raise PlatformError(47001)
        for name in (*self.fields, *data):
            if name not in self.fields or name not in data:
                raise _invalid(str(name))
        rows = []
        for name, label in self.fields.items():
            entry = data[name]
            value = entry.get("value") if isinstance(entry, dict) else None
            if not isinstance(value, str) or not self._fits(name, value):
                raise _invalid(name)
            rows.append((label, value))
        return rows

    def _fits(self, name: str, value: str) -> bool:
        allowed = (self.choices or {}).get(name)
        return value in allowed if allowed is not None else fits(field_type(name), value)


def field_type(name: str) -> str:
    """`character_string2` -> `character_string`; raises ValueError for an unknown type."""
    match = _NAME.fullmatch(name)
    if match is None or match[1] not in LABELS:
        raise ValueError(f"no such template field type: {name!r}")
    return match[1]


def fits(kind: str, value: str) -> bool:
    """Whether `value` keeps the rule of the field type `kind`."""
    if not value.strip() or _BREAK.search(value) or _EMOJI.search(value):
        return False
    if kind in {"time", "date"}:
        return _is_moment(_TIME if kind == "time" else _DATE, value)
    return RULES.get(kind, RULES["thing"]).fullmatch(value) is not None


def _is_moment(pattern: re.Pattern[str], value: str) -> bool:
    """One moment, or two joined by ~; the calendar day must exist."""
    parts = value.split("~")
    if len(parts) > 2 or not all(pattern.fullmatch(part.strip()) for part in parts):
        return False
    try:
        for year, month, day in _DAY_IN_TEXT.findall(value):
            date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _invalid(name: str) -> PlatformError:
    return PlatformError(47003, f"data.{name}.value invalid")
