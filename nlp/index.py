"""Ranked search over any short or long documents; knows nothing of standards but their numbers."""

from collections.abc import Iterable, Sequence
from math import inf

import numpy as np
from msgspec import Struct

from nlp.bm25 import Floats, Lists, Places, Terms, sums
from nlp.confidence import DEFAULT, features, fit, probability
from nlp.reading import Reading, read
from nlp.text import MAX_QUESTION
from nlp.tokens import formal_words

_CANDIDATES = 50
# From so many documents on, only those are put in order that score so near to the best.
_MANY, _NEAR = 500, 0.3
# What is compared, the weight of its BM25 among the candidates, and that of its overlap in the
# rerank. Sounds find what a slip of the keyboard or of voice input has changed.
_KINDS: tuple[tuple[str, float, float], ...] = (
    ("words", 1.0, 0.4),
    ("pairs", 0.5, 0.0),
    ("sounds", 0.3, 0.4),
    ("characters", 0.0, 1.0),
)
_SYNONYM_WEIGHT = 0.6
# How much the order of the candidates still says in the rerank; overlap says the rest.
_RANK_WEIGHT = 0.25
# Above this a text is a passage: overlap of character sets says little there.
_SHORT_TEXT = 120
# A text that shares so much with the query is the same, and this much is that worth.
_SAME, _SAME_TEXT = 0.995, 0.97
# So many hits tell how sure the first of them is.
_COMPARED = 5
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


# Id and score of a document, and what its confidence follows from: a word, or its features.
_Found = tuple[str, float, float, list[float] | None]


class _Shelf:
    """One collection of documents: its own statistics, its own ranking.

    BM25 finds candidates. Short texts are then reranked by a symmetric Dice coefficient of what
    they share with the query, weighted by idf.
    """

    def __init__(self, documents: Sequence[Document]) -> None:
        readings = [read(f"{document.title} {document.text}") for document in documents]
        self._ids = [document.id for document in documents]
        self.confidence: Sequence[float] = DEFAULT
        self.terms = {
            kind: Terms([getattr(reading, kind) for reading in readings]) for kind, *_ in _KINDS
        }
        compared = [(kind, share, self.terms[kind]) for kind, _, share in _KINDS if share]
        self._compared = [(kind, share, terms.telling) for kind, share, terms in compared]
        sizes = np.array([len(reading.characters) for reading in readings])
        # What has no characters, or those of a whole passage, is like nothing: infinite mass.
        comparable = (sizes > 0) & (sizes <= _SHORT_TEXT)
        masses = sum(share * terms.masses() for _, share, terms in compared)
        self._mass = np.where(comparable, masses, np.inf)
        self._by_body: dict[str, set[int]] = {}
        self._by_key: dict[str, set[int]] = {}
        self._by_edition: dict[tuple[str, int | None], set[int]] = {}
        for position, reading in enumerate(readings):
            for number in reading.numbers:
                self._by_body.setdefault(number.body, set()).add(position)
                self._by_key.setdefault(number.key, set()).add(position)
                for name in (number.key, number.body) if number.year else ():
                    self._by_edition.setdefault((name, number.year), set()).add(position)

    def __len__(self) -> int:
        return len(self._ids)

    def rank(self, query: Reading, scores: Floats, shared: Floats, k: int) -> list[_Found]:
        """The `k` best. `scores` and `shared`: of each document, BM25 and the mass of what it
        shares with the query. `scores` is changed.
        """
        bonus = self._number_bonus(query)
        for position, points in bonus.items():
            scores[position] += points
        count = min(max(_CANDIDATES, k), len(scores))
        if not count:
            return []
        top = _highest(scores, count)
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
            name = number.body if number.bare else number.key
            for position in self._by_edition.get((name, number.year), set()):
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
    ) -> list[_Found]:
        """The `k` best of the positions `top`; ties keep the order of the documents."""
        mass = sum(
            [share * known.mass(set(getattr(query, kind))) for kind, share, known in self._compared]
        )
        extra = np.array([bonus.get(at, 0.0) for at in top.tolist()]) if bonus else 0.0
        plain = scores - extra if bonus else scores
        best = max(plain.tolist())
        masses = self._mass[top]
        dice = 2 * shared / (mass + masses)
        final = (plain * (_RANK_WEIGHT / best) if best > 0 else 0.0) + dice + extra
        order = (-final).argsort(kind="stable")[: max(k, _COMPARED)]
        columns = np.array((top, final, dice, shared, masses))[:, order].tolist()
        places, ranked, alike, common, held = columns
        found: list[_Found] = []
        for rank in range(min(k, len(places))):
            at = int(places[rank])
            if bonus and bonus.get(at):
                sure, seen = 0.5 if found else 0.97, None
            elif alike[rank] > _SAME:
                sure, seen = _SAME_TEXT, None
            else:
                sure, seen = (
                    1.0,
                    features(
                        ranked[rank : rank + _COMPARED],
                        alike[rank],
                        common[rank] / mass if mass and held[rank] < inf else 0.5,
                        common[rank] / held[rank] if 0 < held[rank] < inf else 0.5,
                        len(query.characters),
                    ),
                )
            found.append((self._ids[at], ranked[rank], sure, seen))
        return found

    def hits(self, found: Sequence[_Found]) -> list[Hit]:
        """With their confidence, which falls from hit to hit."""
        hits: list[Hit] = []
        last = 1.0
        for key, score, sure, seen in found:
            last = min(last, sure if seen is None else probability(self.confidence, seen))
            hits.append(Hit(key, score, last))
        return hits


def _highest(scores: Floats, count: int) -> Places:
    """The places of the `count` highest scores, in their own order."""
    near: Places | None = None
    if len(scores) > _MANY:
        # Few of many come near the best: the others need not be put in order.
        near = np.flatnonzero(scores > _NEAR * scores.max())
        near = near if len(near) >= count else None
    part = scores if near is None else scores[near]
    # The other way round, from the many zeros up, this is ten times as slow.
    top = (-part).argpartition(count - 1)[:count]
    top.sort()
    return top if near is None else near[top]


class SearchIndex:
    """Documents of one or more collections, all of which are asked in one go.

    Their postings stand side by side, so that one addition gives all scores, and behind them all
    masses of what is shared.
    """

    def __init__(self, *collections: Sequence[Document]) -> None:
        self._shelves = [_Shelf(documents) for documents in collections]
        sizes = [len(shelf) for shelf in self._shelves]
        self._ends = np.cumsum(sizes).tolist()
        self._size = sum(sizes)
        starts = [end - size for end, size in zip(self._ends, sizes, strict=True)]
        self._lists = {
            kind: Lists(
                shelf.terms[kind].postings(ranked, start, share, self._size + start)
                for shelf, start in zip(self._shelves, starts, strict=True)
            )
            for kind, ranked, share in _KINDS
        }
        self._formal = Lists(
            shelf.terms["words"].postings(_SYNONYM_WEIGHT, start, 0.0, 0)
            for shelf, start in zip(self._shelves, starts, strict=True)
        )
        for shelf in self._shelves:
            shelf.terms.clear()  # the lists are made of them, and that was all

    @classmethod
    def build(cls, documents: Iterable[Document]) -> "SearchIndex":
        return cls(list(documents))

    def search(self, query: str, k: int = 10) -> list[Hit]:
        """At most `k` hits, best first; none where nothing of the query is in any document.

        Of the first collection, where there are more.
        """
        return self.find(read(query[:MAX_QUESTION]), k)[0]

    def calibrate(self, pairs: Iterable[tuple[str, str | None]]) -> None:
        """Fit the confidence of the first collection's hits to cases: (query, id of the right
        document, or None where there is none). Some hundreds of them make it reliable.

        Raises ValueError where the first hits are all right, or all wrong.
        """
        rows: list[list[float]] = []
        right: list[bool] = []
        for query, wanted in pairs:
            for key, _, _, seen in self._ranked(read(query[:MAX_QUESTION]), (1,))[0]:
                if seen is not None:
                    rows.append(seen)
                    right.append(key == wanted)
        self._shelves[0].confidence = fit(rows, right)

    def find(self, query: Reading, *most: int) -> list[list[Hit]]:
        """`search` in every collection, for a query that has been read already.

        `most` hits of each of the first collections.
        """
        if len(query.text) > MAX_QUESTION:
            query = read(query.text[:MAX_QUESTION])
        ranked = self._ranked(query, most)
        return [shelf.hits(found) for shelf, found in zip(self._shelves, ranked, strict=False)]

    def _ranked(self, query: Reading, most: Sequence[int]) -> list[list[_Found]]:
        words = dict.fromkeys(query.words)
        postings = self._formal.of(dict.fromkeys(formal_words(words)))
        for kind, lists in self._lists.items():
            postings += lists.of(dict.fromkeys(getattr(query, kind)))
        scores, shared = sums(postings, 2 * self._size).reshape(2, -1)
        found: list[list[_Found]] = []
        start = 0
        for shelf, end, k in zip(self._shelves, self._ends, most, strict=False):
            part = slice(start, end)
            found.append(shelf.rank(query, scores[part], shared[part], k) if k > 0 else [])
            start = end
        return found
