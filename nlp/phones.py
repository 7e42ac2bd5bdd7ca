"""Telephone numbers of the mainland in a text.

Numbering: 11 digits from 13 to 19 for mobiles; area codes of three digits (010, 02x) or four, and
seven or eight digits for fixed lines (工业和信息化部《电信网编号计划》).
"""

import re

from nlp.found import Found
from nlp.text import fold

_GAP = r" ?-? ?"
_COUNTRY = r"(?:(?:\(?\+ ?86\)?|0086|(?<!\d)86(?=[ -]|1[3-9]\d{9}(?!\d)))[ -]?)?"
_PHONE = re.compile(
    rf"(?<![\d.a-z])(?<!\d-){_COUNTRY}(?:"
    rf"(?P<mobile>1[3-9]\d{_GAP}\d{{4}}{_GAP}\d{{4}}"
    r"|1[3-9]\d\d[ -]\d{3}[ -]\d{4}|1[3-9]\d[ -]\d{3}[ -]\d{5})"
    rf"|\(?(?P<area>0(?:10|2\d|[3-9]\d\d))\)?{_GAP}(?P<line>[2-8]\d{{2,3}} ?-?\d{{4}})"
    r"(?: ?(?:-|转|分机) ?(?P<extension>\d{1,5}))?"
    r"|(?P<nearly>1\d{2}[ -]?\d{4}[ -]?(?:\d{5}|\d{3,4})|1\d{9}(?:\d{1,2})?)"
    r")(?!\d|-\d|\.\d)"
)
# What has 10 or 12 digits as well.
_NO_PHONE = re.compile(r"(?:批|编|单|证|账|卡|qq|微信|代码|条码)[号码]?[是为: ]*$")
# As voice input writes it down: 幺三八…
_SPOKEN = re.compile(r"[零〇一二三四五六七八九幺]{10,12}")
_DIGITS = str.maketrans("零〇一二三四五六七八九幺", "001234567891")


def find_phones(text: str) -> tuple[Found[str | None], ...]:
    """Mobiles as "13812345678", fixed lines as "0551-62345678" or "0551-62345678-803".

    The value is None for what is nearly one: 10 or 12 digits that begin with 1, or 11 of no
    mobile network. Full-width and spoken digits are read; places are those of the text.
    """
    folded = _SPOKEN.sub(lambda said: said[0].translate(_DIGITS), fold(text))
    found: list[Found[str | None]] = []
    for match in _PHONE.finditer(folded):
        start, end = match.span()
        if match["nearly"] and _NO_PHONE.search(folded, max(0, start - 8), start):
            continue
        found.append(Found(_normal(match), start, end, text[start:end]))
    return tuple(found)


def _normal(match: re.Match[str]) -> str | None:
    if match["nearly"]:
        return None
    if match["mobile"]:
        return _digits(match["mobile"])
    parts = (match["area"], _digits(match["line"]), match["extension"])
    return "-".join(part for part in parts if part)


def _digits(said: str) -> str:
    return said.replace(" ", "").replace("-", "")
