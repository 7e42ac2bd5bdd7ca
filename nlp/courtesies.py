"""Greetings, thanks and the like: what is said around a question, or instead of one."""

import re
from functools import cache

from nlp.lines import read_lines

_PUNCTUATION = re.compile(r"\W")
_AROUND = " ,.!?~;:。、…-"  # of cleaned texts


@cache
def _words() -> dict[str, frozenset[str]]:
    """Kind -> words of data/courtesies.txt."""
    words: dict[str, set[str]] = {}
    for line in read_lines("courtesies.txt"):
        kind, *known = line.split()
        words.setdefault(kind, set()).update(known)
    return {kind: frozenset(known) for kind, known in words.items()}


@cache
def _longest(kind: str) -> int:
    return max(map(len, _words()[kind]))


def is_greeting(plain: str) -> bool:
    """Courtesies alone, with fillers and punctuation between them.

    Each place is looked at once. A regular expression would try every way of cutting "你好你好"
    into 你, 好 and 你好, which doubles with each of them.
    """
    courtesies, fillers = _words()["courtesy"], _words()["filler"]
    longest = max(_longest("courtesy"), _longest("filler"))
    # Places up to which all is courtesies and fillers, and those behind a courtesy.
    reached, greeted = {0}, set[int]()
    farthest = 0
    for start in range(len(plain)):
        if start > farthest:
            return False
        if start not in reached:
            continue
        for end in range(start + 1, min(start + longest, len(plain)) + 1):
            word = plain[start:end]
            if word in courtesies:
                greeted.add(end)
            elif word not in fillers and not (end == start + 1 and _PUNCTUATION.match(word)):
                continue
            elif start in greeted:
                greeted.add(end)
            reached.add(end)
            farthest = max(farthest, end)
    return len(plain) in greeted


def without_courtesies(plain: str) -> str:
    """The question without what is said before and after it; all of it where nothing else is said.

    "你好，移液枪几年检一次谢谢" -> "移液枪几年检一次"
    """
    rest = plain
    openings, closings = _longest_first("opening"), _longest_first("closing")
    while rest.startswith(openings):
        rest = rest[len(next(filter(rest.startswith, openings))) :].lstrip(_AROUND)
    while (bare := rest.rstrip(_AROUND)).endswith(closings):
        rest = bare[: -len(next(filter(bare.endswith, closings)))].rstrip(_AROUND)
    return rest or plain


@cache
def _longest_first(kind: str) -> tuple[str, ...]:
    return tuple(sorted(_words()[kind], key=len, reverse=True))
