"""What must not be passed on or published as it is: a list of ours, which works without anybody.

It knows offers and threats, not moods: whoever is angry with us must get through. What it matches
in a chat is held for review (handlers.review); what it matches in a form is refused with words.
Pictures are not looked at.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from handlers import wording
from handlers.errors import DomainError
from models.conversations import Kind
from nlp.text import fold

# By which people say something; the text of other kinds is a key or a scene of ours.
SAID = frozenset(
    {Kind.TEXT, Kind.IMAGE, Kind.VOICE, Kind.VIDEO, Kind.LOCATION, Kind.LINK, Kind.FILE, Kind.CARD}
)
# Signs that nobody sees, put between the characters of a word to hide it.
_UNSEEN = re.compile("[\u200b-\u200d\u2060\ufeff\u00ad]")


class Unsafe(StrEnum):
    """Kinds of trouble; `wording.TROUBLES` has their names."""

    GAMBLING = "gambling"
    PORN = "porn"
    DRUGS = "drugs"
    WEAPONS = "weapons"
    FRAUD = "fraud"
    VIOLENCE = "violence"
    STATE = "state"
    SPAM = "spam"
    OTHER = "other"  # what only the platform's own check knows


class Unfit(DomainError):
    """What was typed into a form can't be taken like this."""

    code = "unfit"

    def __init__(self, kind: str) -> None:
        super().__init__(wording.unfit(kind))


def unsafe(text: str) -> Unsafe | None:
    """The first kind of trouble that our list finds in a text. Pure, some 30 µs."""
    plain = fold(_UNSEEN.sub("", text))
    kinds = _kinds()
    if not kinds.any.search(plain):
        return None
    return next(kind for kind, pattern in kinds.each.items() if pattern.search(plain))


def require_fit(*texts: str) -> None:
    """Raises Unfit where one of the texts is not to be published."""
    for text in texts:
        if kind := unsafe(text):
            raise Unfit(kind)


@dataclass(frozen=True, slots=True)
class _Kinds:
    any: re.Pattern[str]
    each: dict[Unsafe, re.Pattern[str]]


@cache
def _kinds() -> _Kinds:
    """The patterns of data/unsafe.txt, all in one and by kind.

    Each alternative begins with a plain character: by these `re` skips most of a text four times
    faster than by trying everywhere.
    """
    found: dict[Unsafe, list[str]] = {}
    for line in (files("handlers") / "data" / "unsafe.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, words, *rest = line.split("\t")
            patterns = [re.escape(word) + "".join(rest) for word in words.split()]
            found.setdefault(Unsafe(kind), []).extend(patterns)
    each = {kind: re.compile("|".join(patterns)) for kind, patterns in found.items()}
    return _Kinds(re.compile("|".join(pattern.pattern for pattern in each.values())), each)
