"""Chinese numerals inside standard numbers: 一九二九八, 七百, 一千零七十."""

import re

# Digits read out one by one, or a value below ten thousand.
RUN = r"[零〇一二三四五六七八九十百千]{2,8}"
_DIGITS = {mark: str(value) for value, mark in enumerate("零一二三四五六七八九")} | {"〇": "0"}
_SCALES = {"十": 10, "百": 100, "千": 1000}
_ANY = re.compile(r"[零〇一二三四五六七八九十百千]+")


def arabic(text: str) -> str:
    """`text` with its Chinese numerals as digits: "五七五〇.十二" -> "5750.12"."""
    return _ANY.sub(lambda found: _value(found[0]), text)


def _value(run: str) -> str:
    if not any(mark in _SCALES for mark in run):
        return "".join(_DIGITS[mark] for mark in run)
    total, digit = 0, 0
    for mark in run:
        if mark in _SCALES:
            total += max(digit, 1) * _SCALES[mark]
            digit = 0
        else:
            digit = int(_DIGITS[mark])
    return str(total + digit)
