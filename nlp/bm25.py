"""Weights of terms in documents, and their sums over a query, in numpy."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import cast

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
# Where a term counts, and how much it does there.
Posting = tuple[Places, Floats]
_K1 = 1.2
_B = 0.6


class Telling:
    """How much each term tells."""

    def __init__(self, idf: dict[str, float], documents: int) -> None:
        self._idf = idf
        # A term no document has tells as much about the question as the rarest one known.
        self._unseen = float(np.log1p(documents + 0.5))

    def mass(self, terms: Iterable[str]) -> float:
        """The sum of the idf of the terms."""
        known, unseen = self._idf.get, self._unseen
        return sum([known(term, unseen) for term in terms])


class Terms:
    """The terms of some documents, and in which documents each is: what postings are made of."""

    def __init__(self, documents: Sequence[Sequence[str]]) -> None:
        """idf = ln(1 + (N - n + 0.5) / (n + 0.5)), Lucene's, which is never negative."""
        vocabulary: defaultdict[str, int] = defaultdict(count().__next__)
        terms = np.array([vocabulary[term] for held in documents for term in held], dtype=np.intp)
        sizes = np.array([len(held) for held in documents], dtype=np.intp)
        places = np.repeat(np.arange(len(documents)), sizes)
        # Each pair of term and document once, in the order of the terms.
        pairs, counts = np.unique(terms * max(len(documents), 1) + places, return_counts=True)
        by_term, self._held = np.divmod(pairs, max(len(documents), 1))
        self._tf = counts.astype(np.float64)
        spread = np.bincount(by_term, minlength=len(vocabulary))
        idf = np.log1p((len(documents) - spread + 0.5) / (spread + 0.5))
        self._ends = np.cumsum(spread).tolist()
        self._each_idf = np.repeat(idf, spread)
        self._idf: dict[str, float] = dict(zip(vocabulary, idf.tolist(), strict=True))
        self._lengths = sizes.astype(np.float64)
        self.telling = Telling(self._idf, len(documents))

    def masses(self) -> Floats:
        """`Telling.mass` of the distinct terms of each document."""
        return cast("Floats", np.bincount(self._held, self._each_idf, minlength=len(self._lengths)))

    def bm25(self) -> Floats:
        """The weight of each posting: Robertson and Zaragoza (2009); k1 = 1.2, b = 0.6."""
        mean = float(self._lengths.mean()) if len(self._lengths) else 1.0
        norms = _K1 * (1 - _B + _B * self._lengths / max(mean, 1.0))
        weights: Floats = self._each_idf * self._tf * (_K1 + 1) / (self._tf + norms[self._held])
        return weights

    def postings(
        self, ranked: float, first: int, shared: float, behind: int
    ) -> Iterator[tuple[str, Places, Floats]]:
        """Each term's places and weights: BM25 times `ranked` at the documents' places, which
        begin with `first`, and idf times `shared` at those that begin with `behind`. A factor of
        0 leaves its part out."""
        parts = [(self._held + first, ranked * self.bm25())] if ranked else []
        parts += [(self._held + behind, shared * self._each_idf)] if shared else []
        for term, start, end in zip(self._idf, [0, *self._ends], self._ends, strict=False):
            places = [every[start:end] for every, _ in parts]
            weights = [every[start:end] for _, every in parts]
            if len(parts) == 1:
                yield term, places[0], weights[0]
            else:
                yield term, np.concatenate(places), np.concatenate(weights)


class Lists:
    """Postings of several collections, to be asked for by term."""

    def __init__(self, collections: Iterable[Iterable[tuple[str, Places, Floats]]]) -> None:
        parts: dict[str, list[Posting]] = {}
        for collection in collections:
            for term, places, weights in collection:
                parts.setdefault(term, []).append((places, weights))
        self._postings = {term: _side_by_side(found) for term, found in parts.items()}

    def of(self, terms: Iterable[str]) -> list[Posting]:
        """The postings of those of the terms that any document holds."""
        known = map(self._postings.get, terms)
        return [posting for posting in known if posting is not None]


def _side_by_side(found: list[Posting]) -> Posting:
    if len(found) == 1:
        return found[0]
    places, weights = zip(*found, strict=True)
    return np.concatenate(places), np.concatenate(weights)


def sums(postings: Sequence[Posting], size: int) -> Floats:
    """For each of `size` places the sum of its weights.

    One addition of all postings at once is many times faster than one after the other.
    """
    if not postings:
        return np.zeros(size)
    places, weights = zip(*postings, strict=True)
    # numpy's stubs know only the counts of bincount, not its sums of weights.
    return cast("Floats", np.bincount(np.concatenate(places), np.concatenate(weights), size))
