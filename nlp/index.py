"""Ranked search over any short or long documents; knows nothing of standards but their numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp

import numpy as np

from nlp.bm25 import Bm25
from nlp.standard_numbers import find_bare_numbers, find_standard_numbers
from nlp.text import MAX_QUESTION
from nlp.tokens import bigrams, characters, formal_words, words

_CANDIDATES = 50
_BIGRAM_WEIGHT = 0.5
_SYNONYM_WEIGHT = 0.6
# Above this a text is a passage: overlap of character sets says little there.
_SHORT_TEXT = 120
# Logistic regression of "the first hit is right" on Dice, share of the query's idf covered, lead
# over the next hit, and length of the query (1.0 = 20 distinct characters or more). Fitted on
# held-out phrasings of the packaged articles, 40 % of the articles being absent.
_WEIGHTS = (1.14, 4.81, 1.17, 4.12)
_BIAS = -5.33
_LONG_QUERY = 20
_SAME_TEXT = 0.97
# A number in the query outranks any overlap of words; naming the edition outranks not naming it.
_NUMBER_BONUS = 100.0
_EDITION_BONUS = 50.0


@dataclass(frozen=True, slots=True)
class Document:
    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A found document; `score` compares hits of one query, `confidence` (0..1) across queries."""

    id: str
    score: float
    confidence: float


class SearchIndex:
    """BM25 over words and character pairs, then a rerank of short texts by shared characters.

    The rerank is a symmetric Dice coefficient of distinct characters weighted by their idf.
    """

    def __init__(self, documents: list[Document]) -> None:
        texts = [f"{document.title} {document.text}".strip() for document in documents]
        self._ids = [document.id for document in documents]
        self._words = Bm25([words(text) for text in texts])
        self._pairs = Bm25([bigrams(text) for text in texts])
        sets = [characters(text) for text in texts]
        self._characters = Bm25([sorted(found) for found in sets])
        self._sets = [found if len(found) <= _SHORT_TEXT else None for found in sets]
        self._mass = [sum(map(self._characters.idf, found)) for found in sets]
        self._by_body: dict[str, set[int]] = {}
        self._by_key: dict[str, set[int]] = {}
        self._by_edition: dict[tuple[str, int], set[int]] = {}
        for position, text in enumerate(texts):
            for number in find_standard_numbers(text):
                self._by_body.setdefault(number.body, set()).add(position)
                self._by_key.setdefault(number.key, set()).add(position)
                if number.year:
                    self._by_edition.setdefault((number.key, number.year), set()).add(position)

    @classmethod
    def build(cls, documents: Iterable[Document]) -> "SearchIndex":
        return cls(list(documents))

    def search(self, query: str, k: int = 10) -> list[Hit]:
        """At most `k` hits, best first; none where nothing of the query is in any document."""
        if not self._ids or k < 1:
            return []
        query = query[:MAX_QUESTION]
        found = words(query)
        weighted = [(word, 1.0) for word in dict.fromkeys(found)]
        weighted += [(word, _SYNONYM_WEIGHT) for word in dict.fromkeys(formal_words(found))]
        scores = self._words.scores(weighted)
        scores += _BIGRAM_WEIGHT * self._pairs.scores((pair, 1.0) for pair in set(bigrams(query)))
        bonus = self._number_bonus(query)
        for position, points in bonus.items():
            scores[position] += points
        count = min(max(_CANDIDATES, k), len(self._ids))
        top = np.argpartition(-scores, count - 1)[:count]
        ranked = self._rerank(query, [int(at) for at in top if scores[at] > 0], scores, bonus)
        if not ranked:
            return []
        confidences = self._confidences(query, ranked, bonus)
        return [
            Hit(self._ids[position], score, confidence)
            for (score, _, position), confidence in zip(ranked[:k], confidences, strict=False)
        ]

    def _number_bonus(self, query: str) -> dict[int, float]:
        bonus: dict[int, float] = {}
        for number in find_standard_numbers(query) + find_bare_numbers(query):
            if number.bare:
                same = self._by_body.get(number.body, set())
            else:
                same = self._by_key.get(number.key, set())
            for position in same:
                bonus[position] = bonus.get(position, 0.0) + _NUMBER_BONUS
            if number.year:
                for position in self._by_edition.get((number.key, number.year), set()):
                    bonus[position] += _EDITION_BONUS
        return bonus

    def _rerank(
        self, query: str, positions: list[int], scores: "np.ndarray", bonus: dict[int, float]
    ) -> list[tuple[float, float, int]]:
        """(score, dice, position), best first; ties keep the order of the documents."""
        asked = characters(query)
        mass = sum(map(self._characters.idf, asked))
        best = max((float(scores[at]) - bonus.get(at, 0.0) for at in positions), default=0.0)
        ranked: list[tuple[float, float, int]] = []
        for at in positions:
            known = self._sets[at]
            plain = (float(scores[at]) - bonus.get(at, 0.0)) / best if best > 0 else 0.0
            dice = 0.0
            if known is not None and mass + self._mass[at] > 0:
                shared = sum(map(self._characters.idf, asked & known))
                dice = 2 * shared / (mass + self._mass[at])
            ranked.append((plain + dice + bonus.get(at, 0.0), dice, at))
        ranked.sort(key=lambda item: (-item[0], item[2]))
        return ranked

    def _confidences(
        self, query: str, ranked: list[tuple[float, float, int]], bonus: dict[int, float]
    ) -> list[float]:
        """Scale-free: how much of the query's idf a hit covers, and its lead over the next one."""
        asked = characters(query)
        mass = sum(map(self._characters.idf, asked)) or 1.0
        confidences: list[float] = []
        for place, (score, dice, at) in enumerate(ranked):
            if bonus.get(at):
                confidences.append(0.97 if place == 0 else 0.5)
                continue
            known = self._sets[at]
            shared = sum(map(self._characters.idf, asked & known)) / mass if known else 0.5
            following = ranked[place + 1][0] if place + 1 < len(ranked) else 0.0
            lead = (score - following) / score if score > 0 else 0.0
            size = min(len(asked), _LONG_QUERY) / _LONG_QUERY
            logit = _BIAS + sum(
                weight * value
                for weight, value in zip(_WEIGHTS, (dice, shared, lead, size), strict=True)
            )
            value = _SAME_TEXT if dice > 0.995 else 1 / (1 + exp(-logit))
            confidences.append(value if place == 0 else min(value, confidences[-1]))
        return confidences
