"""What an asker types about an answer: solved, not solved, or three scores. Pure."""

import re
import unicodedata
from enum import StrEnum

# Longer texts say more than this, and the patterns would be slow on them.
LONGEST = 40
_BETWEEN = r"[\s,，。.!！~～、…;；]*"
_THANKS = r"(?:(?:谢谢|感谢|多谢|谢了|辛苦)(?:你们|您们|你|您|大家|专员|老师|[一-龥]工|了|啦)*)"
_SOLVED = re.compile(
    rf"{_BETWEEN}(?:好的?|嗯+|行|对|是的|OK)?{_BETWEEN}{_THANKS}?{_BETWEEN}"
    rf"(?:好的?|嗯+|行|对|是的|OK)?{_BETWEEN}"
    r"(?:我们?这边|这个问题|问题|现在|这下)?(?:已经|已|都|全部|全|终于)*"
    r"(?:解决|搞定|弄好|办好|办完|处理好|处理完|可以|没有?问题|好)(?:了|啦|咯|喽)"
    rf"{_BETWEEN}{_THANKS}?{_BETWEEN}",
    re.IGNORECASE,
)
_STILL = r"(?:还是|仍然|依然|依旧|仍|还|问题|这个问题|根本|并|完全)*"
_UNSOLVED = re.compile(
    rf"{_BETWEEN}(?:{_STILL}(?:没有?|未)(?:能|得到|被)?(?:解决|搞定|弄好|办好|处理好)(?:问题|掉)?"
    r"|(?:还是|仍然|依然|依旧)(?:不行|不可以|没用|有问题|不对|解决不了|老样子|一样))"
    # What comes after a pause is for the specialist to read: 没解决，还是超标.
    r"(?:啊|呀|呢|的|诶)?(?:[\s,，。.!！~～、…;；:：].*)?",
    re.DOTALL,
)
_SCORE = r"(?:(?:专业|及时|廉洁)性?)?[\s:：]*([1-5])\s*[分星]?"
_GAP = r"[\s,，、/;；-]*"
_RATING = re.compile(
    rf"\s*(?:评价|评分|打分)?{_GAP}:?{_GAP}{_SCORE}{_GAP}{_SCORE}{_GAP}{_SCORE}\s*[。.]?"
)
_DIGITS = str.maketrans("一二三四五", "12345")


class Verdict(StrEnum):
    """What the asker says of the answer."""

    SOLVED = "solved"
    UNSOLVED = "unsolved"


def parse(text: str) -> Verdict | None:
    """The verdict that the whole message is: "问题解决了吗" is a question, and none."""
    plain = unicodedata.normalize("NFKC", text)
    if len(plain) <= LONGEST and _SOLVED.fullmatch(plain):
        return Verdict.SOLVED
    return Verdict.UNSOLVED if _UNSOLVED.fullmatch(plain) else None


def parse_rating(text: str) -> tuple[int, int, int] | None:
    """Three scores of 1 to 5, professionalism, timeliness and integrity: "评价 5 5 4", "554"."""
    found = _rating(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def without_integrity(text: str) -> str:
    """A typed rating as it may be kept: the score of integrity must not stand beside a name."""
    found = _rating(text)
    return f"{found.string[: found.start(3)]}*{found.string[found.end(3) :]}" if found else text


def _rating(text: str) -> re.Match[str] | None:
    plain = unicodedata.normalize("NFKC", text).translate(_DIGITS)
    return _RATING.fullmatch(plain) if len(plain) <= LONGEST else None
