"""From the numbers in a text to the rows of the corpus, as of a day."""

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from nlp.corpus import Corpus, Standard
from nlp.standard_numbers import StandardNumber, find_bare_numbers, find_standard_numbers

# In force first, then what comes, then what is unverified, then what is gone.
_ORDER = {"现行": 0, "即将实施": 1, "unknown": 2, "废止": 3}
# A bare number prefers the families people leave the prefix off for.
_FAMILIES = ("GB", "JJF", "JJG", "TSG", "GBZ", "ISO")
# An edition named apart from its number: "2762都出25版了", "还是18年那个", "是不是还是18".
_EDITION = re.compile(
    r"(?<![\d.])(?:20)?([0-4]\d) ?年?(?:版|那个|那版)|还是(?:20)?([0-4]\d)年?(?:的|$|[? ])"
)
# More than the names of standards in the data files.
_NAMES = 4096
_DASHED = re.compile(r"\d-(\d\d?)$")


class Resolved(Struct, frozen=True):
    """A number of the text with its rows: the one meant first, other editions after it.

    `rows` is empty where the corpus has no edition at all; `edition_missing` is true where the
    year asked for is not among them.
    """

    asked: StandardNumber
    rows: tuple[Standard, ...]
    edition_missing: bool
    series: bool = False


class Resolver:
    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        # The names are those of the data files; what is in force changes once a day.
        self._number_in_force = lru_cache(maxsize=_NAMES)(self._edition_in_force)
        self._by_key: dict[str, list[tuple[int | None, Standard]]] = {}
        self._by_body: dict[str, list[str]] = {}
        self._series: dict[str, list[str]] = {}
        for row in corpus.standards:
            for number in find_standard_numbers(row.number)[:1]:
                self._by_key.setdefault(number.key, []).append((number.year, row))
                keys = self._by_body.setdefault(number.body, [])
                if number.key not in keys:
                    keys.append(number.key)
                if "." in number.body:
                    stem = f"{number.prefix}|{number.body.split('.')[0]}"
                    parts = self._series.setdefault(stem, [])
                    if number.key not in parts:
                        parts.append(number.key)

    def resolve(self, text: str, today: date) -> list[Resolved]:
        """All numbers of the text, prefixed ones first; bare numbers only where a row has them."""
        prefixed = find_standard_numbers(text)
        return self.resolve_numbers(text, prefixed, find_bare_numbers(text, prefixed), today)

    def resolve_numbers(
        self,
        text: str,
        prefixed: Iterable[StandardNumber],
        bare: Iterable[StandardNumber],
        today: date,
    ) -> list[Resolved]:
        """`resolve` where the numbers of the text are known."""
        years = [2000 + int(match[1] or match[2]) for match in _EDITION.finditer(text)]
        results = [
            self._look_up(self._dated(self._as_part(number, text), years), today)
            for number in prefixed
        ]
        for number in bare:
            found = self._look_up_bare(self._as_part(number, text), years, today)
            if found:
                results.append(found)
        unique = {result.asked.key: result for result in reversed(results)}
        return [result for result in results if unique[result.asked.key] is result]

    def in_force(self, names: Iterable[str], today: date) -> tuple[str, ...]:
        """Numbers or short names of laws, with or without year -> numbers of the corpus."""
        numbers = (self._number_in_force(name, today) for name in names)
        return tuple(dict.fromkeys(number for number in numbers if number))

    def _edition_in_force(self, name: str, today: date) -> str | None:
        if name in self._corpus.by_number:
            return name
        found = (
            row.number
            for number in find_standard_numbers(name)[:1]
            for row in self._look_up(number, today).rows[:1]
        )
        return next(found, None)

    def _as_part(self, number: StandardNumber, text: str) -> StandardNumber:
        """ "4806-9" and "5750-12" mean parts where there is no such standard but such a part."""
        dashed = _DASHED.search(text[slice(*number.span)])
        if dashed and number.body not in self._by_body:
            body = f"{number.body}.{int(dashed[1])}"
            if body in self._by_body:
                return replace(number, body=body, year=None)
        return number

    def _dated(self, number: StandardNumber, years: Iterable[int]) -> StandardNumber:
        """With the first of the years of which there is an edition, unless it has its own."""
        if number.year is not None:
            return number
        known = {year for year, _ in self._editions(number)}
        return replace(number, year=next((year for year in years if year in known), None))

    def _look_up_bare(
        self, number: StandardNumber, years: list[int], today: date
    ) -> Resolved | None:
        """The family that has the edition named, else the one people leave the prefix off for."""
        rank = {family: at for at, family in enumerate(_FAMILIES)}
        named = {number.year, *years}

        def order(key: str) -> tuple[bool, int]:
            known = {year for year, _ in self._by_key[key]}
            return not known & named, rank.get(key.split("|", maxsplit=1)[0], len(rank))

        keys = sorted(self._by_body.get(number.body, []), key=order)
        if not keys:
            stems = (f"{family}|{number.body}" for family in _FAMILIES)
            keys = [stem for stem in stems if stem in self._series]
        if not keys:
            return None
        prefix = keys[0].split("|")[0]
        return self._look_up(self._dated(replace(number, prefix=prefix), years), today)

    def _look_up(self, number: StandardNumber, today: date) -> Resolved:
        editions = self._editions(number)
        if not editions:
            parts = self._series.get(number.key, [])
            firsts = [self._newest_first(self._by_key[key], today)[0] for key in parts]
            return Resolved(number, tuple(firsts), edition_missing=False, series=bool(firsts))
        rows = self._newest_first(editions, today)
        if number.year is None:
            return Resolved(number, tuple(rows), edition_missing=False)
        named = [row for year, row in editions if year == number.year]
        if not named:
            return Resolved(number, tuple(rows), edition_missing=True)
        others = [row for row in rows if row not in named]
        return Resolved(number, tuple(named + others), edition_missing=False)

    def _editions(self, number: StandardNumber) -> list[tuple[int | None, Standard]]:
        """GB/Z is written GBZ and GB too; TSG 8 means TSG 08."""
        keys = [number.key, f"{number.prefix}|0{number.body}"]
        if number.prefix in {"GB", "GBZ"}:
            keys.append(f"{'GBZ' if number.prefix == 'GB' else 'GB'}|{number.body}")
        return next((self._by_key[key] for key in keys if key in self._by_key), [])

    def _newest_first(
        self, editions: list[tuple[int | None, Standard]], today: date
    ) -> list[Standard]:
        def order(edition: tuple[int | None, Standard]) -> tuple[int, int]:
            year, row = edition
            return _ORDER[self._corpus.status(row.number, today)], -(year or 0)

        return [row for _, row in sorted(editions, key=order)]
