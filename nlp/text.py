"""Folding of what people type into one comparable form, character by character."""

import re
from functools import lru_cache

from nlp.lines import read_lines

# What is read of a question: a chat message holds 2,048 bytes, a longer paste says nothing new.
MAX_QUESTION = 1000

_DASHES = "-‐‑‒–—―−﹘﹣－~～〜﹏˗⁃➖"
_BLANKS = "\t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
_BLANKS += "\u2028\u2029\u202f\u205f\u3000\u200b\u200c\u200d\u2060\ufeff\u00ad"
_SLASHES = "／⁄∕÷\\＼"
_DIGITS = {**dict(zip("０１２３４５６７８９", "0123456789", strict=True))}

_FOLD: dict[int, str] = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    # Lone surrogates cannot be encoded; a segmenter written in Rust refuses them.
    **dict.fromkeys((*range(32), 127, *range(0xD800, 0xE000)), " "),
    **{ord(mark): "-" for mark in _DASHES},
    **{ord(mark): " " for mark in _BLANKS},
    **{ord(mark): "/" for mark in _SLASHES},
    **{ord(wide): narrow for wide, narrow in _DIGITS.items()},
    ord("µ"): "μ",
    ord("ü"): "v",
    ord("【"): "(",
    ord("】"): ")",
    ord("〔"): "(",
    ord("〕"): ")",
}
# Full-width capitals become small in the same pass, so that one translate is enough.
_FOLD |= {code: chr(code + 32) for code in range(ord("A"), ord("Z") + 1)}
_FOLD |= {code: chr(code - 0xFEE0 + 32) for code in range(0xFF21, 0xFF3B)}

# One character for one, so that the length stays.
_FOLD |= {
    ord(mark): simple
    for simple, marks in map(str.split, read_lines("traditional.txt"))
    for mark in marks
}

_RUN_OF_BLANKS = re.compile(r" {2,}")


# Each part of the engine folds what it is given; within one question that is mostly the same.
_remembered = lru_cache(maxsize=16)


@_remembered
def fold(text: str) -> str:
    """Same length as `text`: half-width, small ASCII letters, one dash, one blank, one slash,
    simplified characters.

    The length is kept so that a position in the folded text is a position in the original.
    """
    return text.translate(_FOLD)


@_remembered
def clean(text: str) -> str:
    """Folded text with blanks collapsed; for matching, not for display."""
    return _RUN_OF_BLANKS.sub(" ", fold(text)).strip()


def clip_bytes(text: str, limit: int) -> str:
    """The longest beginning of whole lines, then whole characters, within `limit` UTF-8 bytes."""
    if len(text.encode("utf-8", "replace")) <= limit:
        return text
    kept: list[str] = []
    used = 0
    for line in text.splitlines():
        size = len(line.encode("utf-8", "replace")) + 1
        if used + size > limit:
            break
        kept.append(line)
        used += size
    if kept:
        return "\n".join(kept)
    return text.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")
