"""Weights of terms in documents, and their sums over a query, in numpy."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
# (idf, count in the document, position of the document) of every pair of term and document.
Weigh = Callable[[Floats, Floats, npt.NDArray[np.intp]], Floats]
_K1 = 1.2
_B = 0.6


class Postings:
    """For each term the documents that hold it, with its weight there.

    All terms lie in one array, a term being a slice of it: a query joins its slices and has them
    added up by document at once, which is many times faster than adding term by term.
    """

    def __init__(self, documents: Sequence[Iterable[str]], weigh: Weigh) -> None:
        """idf = ln(1 + (N - n + 0.5) / (n + 0.5)), Lucene's, which is never negative."""
        self.size = len(documents)
        vocabulary: dict[str, int] = {}
        terms: list[int] = []
        places: list[int] = []
        counts: list[int] = []
        for place, document in enumerate(documents):
            for term, count in Counter(document).items():
                terms.append(vocabulary.setdefault(term, len(vocabulary)))
                places.append(place)
                counts.append(count)
        by_term = np.argsort(np.array(terms, dtype=np.intp), kind="stable")
        spread = np.bincount(np.array(terms, dtype=np.intp), minlength=len(vocabulary))
        idf = np.log1p((self.size - spread + 0.5) / (spread + 0.5))
        self._places = np.array(places, dtype=np.intp)[by_term]
        tf = np.array(counts, dtype=np.float64)[by_term]
        self._weights = weigh(np.repeat(idf, spread), tf, self._places)
        ends = np.cumsum(spread).tolist()
        self._slices = {
            term: slice(start, end)
            for term, start, end in zip(vocabulary, [0, *ends], ends, strict=False)
        }
        self._idf: dict[str, float] = dict(zip(vocabulary, idf.tolist(), strict=True))
        # A term no document has tells as much about the question as the rarest one known.
        self._unseen = float(np.log1p(self.size + 0.5))

    def mass(self, terms: Iterable[str]) -> float:
        """The sum of the idf of the terms."""
        return sum(self._idf.get(term, self._unseen) for term in terms)

    def totals(self) -> Floats:
        """For each document the sum of all its weights."""
        return _sums(self._places, self._weights, self.size)

    def sums(self, terms: Iterable[str]) -> Floats:
        """For each document the sum of the weights of these terms."""
        slices = [self._slices[term] for term in terms if term in self._slices]
        if not slices:
            return np.zeros(self.size)
        places = np.concatenate([self._places[part] for part in slices])
        weights = np.concatenate([self._weights[part] for part in slices])
        return _sums(places, weights, self.size)


def _sums(places: npt.NDArray[np.intp], weights: Floats, size: int) -> Floats:
    # numpy's stubs know only the counts of bincount, not its sums of weights.
    return cast("Floats", np.bincount(places, weights, size))


def bm25(documents: Sequence[Sequence[str]]) -> Postings:
    """Formula of Robertson and Zaragoza (2009); k1 = 1.2, b = 0.6."""
    lengths = np.array([len(terms) for terms in documents], dtype=np.float64)
    mean = float(lengths.mean()) if documents else 1.0
    norms = _K1 * (1 - _B + _B * lengths / max(mean, 1.0))
    return Postings(documents, lambda idf, tf, places: idf * tf * (_K1 + 1) / (tf + norms[places]))


def presence(documents: Sequence[Iterable[str]]) -> Postings:
    """The idf of each term, however often the document holds it."""
    return Postings(documents, lambda idf, _tf, _places: idf)
