"""Ranked search over any short or long documents; knows nothing of standards but their numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, inf
from operator import mul

import numpy as np
import numpy.typing as npt

from nlp.bm25 import Floats, bm25, presence
from nlp.reading import Reading, read
from nlp.text import MAX_QUESTION
from nlp.tokens import formal_words

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
        readings = [read(f"{document.title} {document.text}") for document in documents]
        self._ids = [document.id for document in documents]
        self._words = bm25([reading.words for reading in readings])
        self._pairs = bm25([reading.pairs for reading in readings])
        # Sorted, so that sums of floats come out the same in every process.
        self._characters = presence([sorted(reading.characters) for reading in readings])
        sizes = np.array([len(reading.characters) for reading in readings])
        # What has no characters, or those of a whole passage, is like nothing: infinite mass.
        comparable = (sizes > 0) & (sizes <= _SHORT_TEXT)
        self._mass = np.where(comparable, self._characters.totals(), np.inf)
        self._by_body: dict[str, set[int]] = {}
        self._by_key: dict[str, set[int]] = {}
        self._by_edition: dict[tuple[str, int], set[int]] = {}
        for position, reading in enumerate(readings):
            for number in reading.numbers:
                self._by_body.setdefault(number.body, set()).add(position)
                self._by_key.setdefault(number.key, set()).add(position)
                if number.year:
                    self._by_edition.setdefault((number.key, number.year), set()).add(position)

    @classmethod
    def build(cls, documents: Iterable[Document]) -> "SearchIndex":
        return cls(list(documents))

    def search(self, query: str, k: int = 10) -> list[Hit]:
        """At most `k` hits, best first; none where nothing of the query is in any document."""
        return self.find(read(query[:MAX_QUESTION]), k)

    def find(self, query: Reading, k: int) -> list[Hit]:
        """`search` for a query that has been read already."""
        if not self._ids or k < 1:
            return []
        if len(query.text) > MAX_QUESTION:
            query = read(query.text[:MAX_QUESTION])
        found = dict.fromkeys(query.words)
        scores = self._words.sums(found)
        scores += _BIGRAM_WEIGHT * self._pairs.sums(dict.fromkeys(query.pairs))
        formal = dict.fromkeys(formal_words(found))
        if formal:
            scores += _SYNONYM_WEIGHT * self._words.sums(formal)
        bonus = self._number_bonus(query)
        for position, points in bonus.items():
            scores[position] += points
        count = min(max(_CANDIDATES, k), len(self._ids))
        top = np.argpartition(-scores, count - 1)[:count]
        top = np.sort(top[scores[top] > 0])
        return self._reranked(query, top, scores[top], bonus, k) if len(top) else []

    def _number_bonus(self, query: Reading) -> dict[int, float]:
        bonus: dict[int, float] = {}
        for number in (*query.numbers, *query.bare_numbers):
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

    def _reranked(
        self,
        query: Reading,
        top: npt.NDArray[np.intp],
        scores: Floats,
        bonus: dict[int, float],
        k: int,
    ) -> list[Hit]:
        """The `k` best of the positions `top`; ties keep the order of the documents."""
        asked = sorted(query.characters)
        mass = self._characters.mass(asked)
        shared = self._characters.sums(asked)[top]
        extra = np.array([bonus.get(at, 0.0) for at in top.tolist()]) if bonus else 0.0
        plain = scores - extra
        best = plain.max()
        dice = 2 * shared / (mass + self._mass[top])
        final = (plain / best if best > 0 else 0.0) + dice + extra
        order = np.argsort(-final, kind="stable")[: k + 1]
        following = [*final[order].tolist()[1:], 0.0]
        rows = zip(
            top[order].tolist(),
            final[order].tolist(),
            following,
            dice[order].tolist(),
            shared[order].tolist(),
            self._mass[top[order]].tolist(),
            strict=True,
        )
        size = min(len(asked), _LONG_QUERY) / _LONG_QUERY
        hits: list[Hit] = []
        for at, score, next_score, alike, common, held in rows:
            if bonus.get(at):
                confidence = 0.5 if hits else 0.97
            else:
                covered = common / (mass or 1.0) if held < inf else 0.5
                lead = (score - next_score) / score if score > 0 else 0.0
                confidence = _confidence(alike, covered, lead, size)
                if hits:
                    confidence = min(confidence, hits[-1].confidence)
            hits.append(Hit(self._ids[at], score, confidence))
        return hits[:k]


def _confidence(*values: float) -> float:
    """Scale-free; the values are those of _WEIGHTS, Dice being the first of them."""
    if values[0] > 0.995:
        return _SAME_TEXT
    logit = _BIAS + sum(map(mul, _WEIGHTS, values))
    return 1 / (1 + exp(-logit))
