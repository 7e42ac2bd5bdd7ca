"""What a question wants done, read off its wording by the labelling rules of the corpus README."""

import re
from functools import cache

from msgspec import Struct

from nlp.courtesies import is_greeting
from nlp.lines import read_lines
from nlp.text import clean

# Letters that spell nothing we know: one key held down, a cat on the keyboard, a lone digit.
_NONSENSE = re.compile(r"[a-z]{4,}|(.)\1{3,}|\d{1,3}|[a-z]")
# "那矿泉水呢": anything longer says itself what it is about.
_LONGEST_ELLIPSIS = 16


class Intents(Struct, frozen=True):
    """Signals of the wording; several may be true at once."""

    empty: bool
    greeting: bool
    unlawful: bool
    others_data: bool
    personal: bool
    enterprise_other: bool
    complaint: bool
    green_channel: bool
    progress: bool
    clue: bool
    vague: bool
    subjectless: bool
    service: bool
    route: bool
    price: bool
    material: bool
    expert: bool
    export_unspecific: bool
    platform_fact: bool


@cache
def _wordings() -> dict[str, re.Pattern[str]]:
    """Name -> alternatives of data/intents.txt; compiled once, at the first use."""
    alternatives: dict[str, list[str]] = {}
    for line in read_lines("intents.txt"):
        name, pattern = line.split("\t")
        alternatives.setdefault(name, []).append(pattern)
    return {name: re.compile("|".join(patterns)) for name, patterns in alternatives.items()}


@cache
def _signals() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The wordings that show an intent wherever they stand in a text."""
    others = {"generic", "elliptic", "latin_word"}
    return tuple(item for item in _wordings().items() if item[0] not in others)


def read_intents(text: str) -> Intents:
    plain = clean(text)
    said = {name for name, pattern in _signals() if pattern.search(plain)}
    lawful = "lawful" in said
    greeting = is_greeting(plain)
    return Intents(
        empty=_is_garbled(plain) and not greeting,
        greeting=greeting,
        unlawful="unlawful" in said and not lawful,
        others_data="others_data" in said and not lawful,
        personal="personal" in said,
        enterprise_other="enterprise_other" in said,
        complaint="complaint" in said,
        green_channel="green_channel" in said,
        progress="progress" in said,
        clue="clue" in said,
        vague="vague" in said,
        subjectless=not any(map(str.isalnum, _wordings()["generic"].sub("", plain))),
        service="service" in said,
        route="route" in said,
        price="price" in said,
        material="material" in said,
        expert="expert" in said,
        export_unspecific="export_unspecific" in said,
        platform_fact="platform_fact" in said,
    )


def is_elliptic(text: str) -> bool:
    """Short and leaning on what was said before: "那矿泉水呢"."""
    plain = clean(text)
    leaning = _wordings()["elliptic"].search(plain) or _wordings()["vague"].search(plain)
    return len(plain) <= _LONGEST_ELLIPSIS and bool(leaning)


def _is_garbled(plain: str) -> bool:
    letters = [mark for mark in plain if mark.isalnum()]
    if not letters:
        return True
    if not any("一" <= mark <= "鿿" for mark in letters):
        return bool(_NONSENSE.fullmatch("".join(letters))) and not _wordings()["latin_word"].search(
            plain
        )
    return len(set(letters)) == 1 and len(letters) >= 4
