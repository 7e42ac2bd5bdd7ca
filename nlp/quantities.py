"""How many: Chinese and Arabic numerals as people count with them, estimates included.

The patterns read folded text (nlp/text.py).
"""

import re
from decimal import Decimal

from nlp.numerals import arabic

_CHINESE = "零〇一二三四五六七八九十百千万两"
# Possessive, and never begun inside a run: a run of any length is looked at once.
_ONE = (
    rf"(?:(?<![a-z])(?<![a-z]-)\d{{1,6}}+(?:\.\d{{1,3}}+)?+[百千万]?+"
    rf"|[零〇一二三四五六七八九十两][{_CHINESE}]{{0,8}}+|半)[多几来余]?+"
)
# AFS-9700两台 is two of them: a Chinese numeral may stand behind a digit.
_ALONE = rf"(?<![.{_CHINESE}])(?:(?<!\d)|(?=[{_CHINESE}]))"
# Of 一 with one of these before it nobody counts: 这一台, 万一, 哪一天.
_NO_COUNT = r"(?<![第每])(?!(?<=[这那另同任某哪上下首头统唯单])一)"
_ABOUT = r"(?:大概|大约|差不多|估计|将近|(?<![预节合签违邀])约) ?(?:要|有|是)? ?"
# In a pattern of its own, before a unit; `read` wants the groups.
QUANTITY = (
    rf"(?P<about>{_ABOUT})?{_ALONE}{_NO_COUNT}(?P<low>{_ONE})(?: ?[-到至] ?(?P<high>{_ONE}))?"
)
ROUGHLY = r"(?P<roughly> ?(?:左右|上下))?"
# What things are counted by. Behind a digit they make it a number, whatever stands before.
CLASSIFIER = (
    r"(?:个(?!别|体|工作日)|台|套|批次?|瓶|桶|份|人|名|位(?!数|小数)|支|块(?!钱)|只(?![有要是能需想])|件|组(?!织)|"
    r"项(?!目)|家|吨|毫升|升|公斤|千克|克|斤|箱|袋|盒|罐|包|条|款|根|片|张|种|次(?!性))"
)

_UNCERTAIN = re.compile(r"[多几来余]$")
_ARABIC = re.compile(r"(\d+(?:\.\d+)?)([百千万]?)")
_SCALES = {"": 1, "百": 100, "千": 1000, "万": 10_000}
_NEIGHBOURS = re.compile(r"一二|二三|三四|四五|五六|六七|七八|八九|三五")
# 一百二 is 120, 一万二 is 12000.
_SHORT = re.compile(r"([百千万])([一二三四五六七八九])$")
_BELOW = {"百": "十", "千": "百", "万": "千"}


def read(found: re.Match[str]) -> tuple[Decimal, bool]:
    """The number of a match of QUANTITY, and whether it's an estimate.

    Of two numbers the higher counts (七八台, 3到5台), of an open one the lower (十几台, 20多台).
    """
    number, rough = read_number(found["low"])
    if found["high"]:
        number, rough = max(number, read_number(found["high"])[0]), True
    return number, rough or bool(found["about"]) or bool(found["roughly"])


def read_number(words: str) -> tuple[Decimal, bool]:
    """Number and whether it's an estimate: 十几 -> 10, True; 1.5万 -> 15000; 半 -> 0.5."""
    certain = _UNCERTAIN.sub("", words)
    if certain == "半":
        return Decimal("0.5"), certain != words
    if plain := _ARABIC.fullmatch(certain):
        return Decimal(plain[1]) * _SCALES[plain[2]], certain != words
    digits = certain.replace("两", "二")
    estimate = _NEIGHBOURS.search(digits)
    if estimate and (len(digits) == 2 or any(scale in digits for scale in "十百千万")):
        digits = digits[: estimate.start()] + digits[estimate.start() + 1 :]
    digits = _SHORT.sub(lambda short: short[1] + short[2] + _BELOW[short[1]], digits)
    tens_of_thousands, mark, rest = digits.rpartition("万")
    number = int(arabic(rest) or 0)
    if mark:
        number += 10_000 * int(arabic(tens_of_thousands.replace("万", "")) or 1)
    return Decimal(number), certain != words or bool(estimate)
