"""Ranked search over any short or long documents; knows nothing of standards but their numbers."""

from collections.abc import Iterable, Sequence
from math import exp, inf

import numpy as np
from msgspec import Struct

from nlp.bm25 import Floats, Places, Postings, bm25, presence, sums
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
_ALIKE, _COVERED, _LEAD, _SIZE = 1.14, 4.81, 1.17, 4.12
_BIAS = -5.33
_LONG_QUERY = 20
_SAME_TEXT = 0.97
# A number in the query outranks any overlap of words; naming the edition outranks not naming it.
_NUMBER_BONUS = 100.0
_EDITION_BONUS = 50.0


class Document(Struct, frozen=True):
    id: str
    title: str
    text: str


class Hit(Struct, frozen=True):
    """A found document; `score` compares hits of one query, `confidence` (0..1) across queries."""

    id: str
    score: float
    confidence: float


class _Shelf:
    """One collection of documents: its own statistics, its own ranking.

    BM25 over words and character pairs, then a rerank of short texts by shared characters. The
    rerank is a symmetric Dice coefficient of distinct characters weighted by their idf.
    """

    def __init__(self, documents: Sequence[Document]) -> None:
        readings = [read(f"{document.title} {document.text}") for document in documents]
        self._ids = [document.id for document in documents]
        self.words = bm25([reading.words for reading in readings], 1.0)
        self.pairs = bm25([reading.pairs for reading in readings], _BIGRAM_WEIGHT)
        every = [reading.characters for reading in readings]
        self.characters = presence(every)
        masses = np.array([self.characters.mass(held) for held in every])
        sizes = np.array([len(held) for held in every])
        # What has no characters, or those of a whole passage, is like nothing: infinite mass.
        comparable = (sizes > 0) & (sizes <= _SHORT_TEXT)
        self._mass = np.where(comparable, masses, np.inf)
        self._by_body: dict[str, set[int]] = {}
        self._by_key: dict[str, set[int]] = {}
        self._by_edition: dict[tuple[str, int], set[int]] = {}
        for position, reading in enumerate(readings):
            for number in reading.numbers:
                self._by_body.setdefault(number.body, set()).add(position)
                self._by_key.setdefault(number.key, set()).add(position)
                if number.year:
                    self._by_edition.setdefault((number.key, number.year), set()).add(position)

    def __len__(self) -> int:
        return len(self._ids)

    def rank(self, query: Reading, scores: Floats, shared: Floats, k: int) -> list[Hit]:
        """The `k` best. `scores` and `shared`: of each document, BM25 and idf of shared characters.

        `scores` is changed.
        """
        bonus = self._number_bonus(query)
        for position, points in bonus.items():
            scores[position] += points
        count = min(max(_CANDIDATES, k), len(scores))
        if not count:
            return []
        # The other way round, from the many zeros up, this is ten times as slow.
        top = (-scores).argpartition(count - 1)[:count]
        top.sort()
        found = scores[top]
        if np.count_nonzero(found) < count:
            top = top[found > 0]
            found = scores[top]
        return self._reranked(query, top, found, shared[top], bonus, k=k) if len(top) else []

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
        top: Places,
        scores: Floats,
        shared: Floats,
        bonus: dict[int, float],
        *,
        k: int,
    ) -> list[Hit]:
        """The `k` best of the positions `top`; ties keep the order of the documents."""
        mass = self.characters.mass(query.characters)
        extra = np.array([bonus.get(at, 0.0) for at in top.tolist()]) if bonus else 0.0
        plain = scores - extra if bonus else scores
        best = max(plain.tolist())
        masses = self._mass[top]
        dice = 2 * shared / (mass + masses)
        final = (plain / best if best > 0 else 0.0) + dice + extra
        order = (-final).argsort(kind="stable")[: k + 1]
        columns = np.array((top, final, dice, shared, masses))[:, order].tolist()
        rows = zip(*columns, [*columns[1][1:], 0.0], strict=True)
        size = _BIAS + _SIZE * min(len(query.characters), _LONG_QUERY) / _LONG_QUERY
        hits: list[Hit] = []
        last = 1.0
        for place, score, alike, common, held, next_score in rows:
            at = int(place)
            if bonus and bonus.get(at):
                confidence = 0.5 if hits else 0.97
            else:
                covered = common / (mass or 1.0) if held < inf else 0.5
                lead = (score - next_score) / score if score > 0 else 0.0
                logit = size + _ALIKE * alike + _COVERED * covered + _LEAD * lead
                confidence = _SAME_TEXT if alike > 0.995 else 1 / (1 + exp(-logit))
                confidence = min(confidence, last)
            last = confidence
            hits.append(Hit(self._ids[at], score, confidence))
        return hits[:k]


class SearchIndex:
    """Documents of one or more collections, all of which are asked in one go.

    Their postings stand side by side, so that one addition gives all scores, and behind them all
    sums of shared characters.
    """

    def __init__(self, *collections: Sequence[Document]) -> None:
        self._shelves = [_Shelf(documents) for documents in collections]
        sizes = [len(shelf) for shelf in self._shelves]
        self._ends = np.cumsum(sizes).tolist()
        self._size = sum(sizes)
        starts = [end - size for end, size in zip(self._ends, sizes, strict=True)]
        self._words = Postings.joined([shelf.words for shelf in self._shelves], starts)
        self._pairs = Postings.joined([shelf.pairs for shelf in self._shelves], starts)
        self._characters = Postings.joined(
            [shelf.characters for shelf in self._shelves], [self._size + start for start in starts]
        )

    @classmethod
    def build(cls, documents: Iterable[Document]) -> "SearchIndex":
        return cls(list(documents))

    def search(self, query: str, k: int = 10) -> list[Hit]:
        """At most `k` hits, best first; none where nothing of the query is in any document.

        Of the first collection, where there are more.
        """
        return self.find(read(query[:MAX_QUESTION]), k)[0]

    def find(self, query: Reading, *most: int) -> list[list[Hit]]:
        """`search` in every collection, for a query that has been read already.

        `most` hits of each of the first collections.
        """
        if len(query.text) > MAX_QUESTION:
            query = read(query.text[:MAX_QUESTION])
        found = dict.fromkeys(query.words)
        formal = self._words.of(dict.fromkeys(formal_words(found)))
        postings = [
            *self._words.of(found),
            *((places, _SYNONYM_WEIGHT * weights) for places, weights in formal),
            *self._pairs.of(dict.fromkeys(query.pairs)),
            *self._characters.of(query.characters),
        ]
        scores, shared = sums(postings, 2 * self._size).reshape(2, -1)
        hits: list[list[Hit]] = []
        start = 0
        for shelf, end, k in zip(self._shelves, self._ends, most, strict=False):
            hits.append(shelf.rank(query, scores[start:end], shared[start:end], k) if k > 0 else [])
            start = end
        return hits
