"""Which standards belong to a question, best first: numbers, subject words, titles, articles."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import islice
from operator import itemgetter

from msgspec import Struct

from nlp.affinity import Affinity
from nlp.asked import asks_new
from nlp.corpus import Corpus, Standard
from nlp.finder import Finder
from nlp.index import Document, Hit
from nlp.limits import product_names
from nlp.lines import read_lines
from nlp.resolve import Resolver
from nlp.subjects import Subjects
from nlp.text import clean
from nlp.tokens import synonyms

# Numbers best first, the weight of the first of them, and the reason in Chinese.
Claim = tuple[Sequence[str], float, str]
# Topics of a question with their probabilities.
Chances = Sequence[tuple[str, float]]

MOST = 5
# From this weight on a claim rests on a number or a name in the text.
_NAMED = 1.6
_KNOWN_BY_CUE = 0.55
_KNOWN_BY_THING = 0.3
_PER_CHARACTER = 0.06
_TITLE = 1.6
TITLES = 6
_OF_A_PRODUCT = 3
_LEAST = 0.3
_INSTRUMENT = 1.4
_PRODUCT_STANDARD = 1.2
_PRODUCT = 0.45
# Weight of the further claims on a standard beside its strongest one.
_AGREEMENT = 0.3
# A later place in a list of standards is a weaker claim.
_STEP = 0.08
# More than the names of products in the corpus.
_NAMES = 4096


_ASKS_PRODUCT_STANDARD = re.compile(r"标准|国标|执行|套|按哪个|按什么|按啥")


class Cue(Struct, frozen=True):
    """Words that must all occur and the names of what governs them."""

    words: tuple[str, ...]
    names: tuple[str, ...]
    weight: float
    why: str


class Scored(Struct, frozen=True):
    number: str
    score: float
    why: str


class Governing:
    def __init__(self, corpus: Corpus, resolver: Resolver) -> None:
        self._corpus = corpus
        self._resolver = resolver
        cues = list(_read_cues())
        # All words of a cue must occur: the longest is the rarest, so it is looked for.
        self._cues = Finder((max(cue.words, key=len), cue) for cue in cues)
        self._spoken = Finder(synonyms().items())
        self._affinity = Affinity(corpus.articles, corpus.by_number)
        self._by_product: dict[str, list[Standard]] = {}
        for row in corpus.standards:
            for product in row.products:
                self._by_product.setdefault(clean(product), []).append(row)
        cue_words = (word for cue in cues for word in cue.words if len(cue.words) == 1)
        self.subjects = Subjects((*self._by_product, *cue_words, *product_names()))
        # What is in force changes from day to day, not from question to question.
        self._current = lru_cache(maxsize=_NAMES)(self._current_of)

    def titles(self) -> list[Document]:
        """What is searched for the titles that `rank` wants."""
        return [
            Document(row.number, row.number, f"{_plain_title(row)} {' '.join(row.products)}")
            for row in self._corpus.standards
        ]

    def rank(
        self,
        text: str,
        *,
        subjects: Iterable[str],
        claims: Iterable[Claim],
        titles: Iterable[Hit],
        topics: Chances,
        today: date,
    ) -> list[Scored]:
        """At most MOST standards. `claims` are (numbers, weight, reason) found by other means.

        `subjects` are the things that the text names, no matter in which order. `titles` are its
        TITLES best hits among the titles.
        """
        found: dict[str, list[tuple[float, str]]] = {}
        factors, otherwise = self._affinity.factors(topics)
        by_number = self._corpus.by_number
        for number, score, why in self._claimed(text, subjects, claims, titles, today):
            row = by_number.get(number)
            if row and score > 0:
                # What is named outright is meant whatever its topic; the rest fits more or less.
                fits = 1.0 if score >= _NAMED else factors.get(row.topic, otherwise)
                found.setdefault(number, []).append((score * fits, why))
        joined = [(*_joined(claimed), number) for number, claimed in found.items()]
        joined.sort(key=lambda one: (-one[0], one[2]))
        ranked = [Scored(number, score, why) for score, why, number in joined if score >= _LEAST]
        if asks_new(text):
            ranked = self._coming_first(ranked, today)
        return ranked[:MOST]

    def _claimed(
        self,
        text: str,
        subjects: Iterable[str],
        claims: Iterable[Claim],
        titles: Iterable[Hit],
        today: date,
    ) -> Iterator[tuple[str, float, str]]:
        """(number, score, reason) of every claim; a number may have several."""
        for numbers, weight, why in claims:
            for place, number in enumerate(numbers):
                yield number, weight - _STEP * place, why
        for cue in self._cues_in(text):
            for place, number in enumerate(self._resolver.in_force(cue.names, today)):
                yield number, cue.weight - _STEP * place, cue.why
        asks_product = bool(_ASKS_PRODUCT_STANDARD.search(text))
        for name in sorted(subjects):
            for place, row in enumerate(self._current(name, today)):
                weight = self._product_weight(row, asks_product) - _STEP * place
                yield row.number, weight, f"对象“{name}”"
        for hit in titles:
            usable = self._usable(self._corpus.by_number[hit.id], today)
            yield hit.id, _TITLE * hit.confidence * (1.0 if usable else 0.5), "题名相近"

    def _current_of(self, product: str, today: date) -> tuple[Standard, ...]:
        rows = (row for row in self._by_product.get(product, ()) if self._usable(row, today))
        return tuple(islice(rows, _OF_A_PRODUCT))

    def _usable(self, row: Standard, today: date) -> bool:
        return self._corpus.status(row.number, today) == "现行"

    @staticmethod
    def _product_weight(row: Standard, asks_product: bool) -> float:
        """An instrument is named to have it verified; a product for many reasons."""
        if row.kind in {"检定规程", "校准规范"}:
            return _INSTRUMENT
        return _PRODUCT_STANDARD if asks_product and row.topic == "product" else _PRODUCT

    def _coming_first(self, ranked: list[Scored], today: date) -> list[Scored]:
        ordered: dict[str, Scored] = {}
        for scored in ranked:
            for name in self._corpus.by_number[scored.number].replaced_by:
                if self._corpus.status(name, today) == "即将实施":
                    ordered.setdefault(name, Scored(name, scored.score, f"{scored.why}，新版"))
            ordered.setdefault(scored.number, scored)
        return list(ordered.values())

    def _cues_in(self, plain: str) -> list[Cue]:
        """Cues whose words all occur in the text or in the formal words of its spoken ones."""
        formal = (part for parts in self._spoken.find(plain) for part in parts)
        said = f"{plain} {' '.join(formal)}"
        return [cue for cue in self._cues.find(said) if all(word in said for word in cue.words)]


def _joined(claims: list[tuple[float, str]]) -> tuple[float, str]:
    """The strongest claim, raised a little by the strongest one of each other kind."""
    if len(claims) == 1:
        return claims[0]
    best, why = max(claims, key=itemgetter(0))
    kinds: dict[str, float] = {}
    for score, reason in claims:
        kind = reason[:2]
        kinds[kind] = max(kinds.get(kind, 0.0), score)
    rest = sum(kinds.values()) - best
    return best + _AGREEMENT * rest, why


def _plain_title(row: Standard) -> str:
    return row.title.removeprefix("食品安全国家标准 ")


def _read_cues() -> Iterable[Cue]:
    for line in read_lines("cues.txt"):
        words, names = line.removeprefix("~").split("\t")
        targets = tuple(name.strip() for name in names.split(";"))
        for choice in words.split("|"):
            parts = tuple(clean(word) for word in choice.split("+"))
            known = _KNOWN_BY_THING if line.startswith("~") else _KNOWN_BY_CUE
            weight = known + _PER_CHARACTER * sum(map(len, parts))
            yield Cue(parts, targets, weight, f"主题词“{'＋'.join(parts)}”")
