"""Weights of terms in documents, and their sums over a query, in numpy."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
# The documents that hold a term, and its weight in each of them.
Posting = tuple[Places, Floats]
# (idf, count in the document, place of the document) of every pair of term and document.
Weigh = Callable[[Floats, Floats, Places], Floats]
_K1 = 1.2
_B = 0.6


class Postings:
    """The postings of all terms of some documents, and how much each term tells."""

    def __init__(self, documents: Sequence[Iterable[str]], weigh: Weigh) -> None:
        """idf = ln(1 + (N - n + 0.5) / (n + 0.5)), Lucene's, which is never negative."""
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
        idf = np.log1p((len(documents) - spread + 0.5) / (spread + 0.5))
        held = np.array(places, dtype=np.intp)[by_term]
        tf = np.array(counts, dtype=np.float64)[by_term]
        weights = weigh(np.repeat(idf, spread), tf, held)
        ends = np.cumsum(spread).tolist()
        self._postings: dict[str, Posting] = {
            term: (held[start:end], weights[start:end])
            for term, start, end in zip(vocabulary, [0, *ends], ends, strict=False)
        }
        self._idf: dict[str, float] = dict(zip(vocabulary, idf.tolist(), strict=True))
        # A term no document has tells as much about the question as the rarest one known.
        self._unseen = float(np.log1p(len(documents) + 0.5))

    @staticmethod
    def joined(collections: "Sequence[Postings]", starts: Sequence[int]) -> "Lists":
        """All postings side by side: the first document of a collection gets the place `start`."""
        parts: dict[str, list[Posting]] = {}
        for collection, start in zip(collections, starts, strict=True):
            for term, (places, weights) in collection.take().items():
                parts.setdefault(term, []).append((places + start, weights))
        return Lists(
            {
                term: found[0]
                if len(found) == 1
                else (
                    np.concatenate([places for places, _ in found]),
                    np.concatenate([weights for _, weights in found]),
                )
                for term, found in parts.items()
            }
        )

    def mass(self, terms: Iterable[str]) -> float:
        """The sum of the idf of the terms."""
        return sum([self._idf.get(term, self._unseen) for term in terms])

    def take(self) -> dict[str, Posting]:
        """The postings; they are needed once and not kept."""
        taken, self._postings = self._postings, {}
        return taken


class Lists:
    """Postings to be asked for by term."""

    def __init__(self, postings: dict[str, Posting]) -> None:
        self._postings = postings

    def of(self, terms: Iterable[str]) -> list[Posting]:
        """The postings of those of the terms that any document holds."""
        known = map(self._postings.get, terms)
        return [posting for posting in known if posting is not None]


def bm25(documents: Sequence[Sequence[str]], weight: float) -> Postings:
    """Formula of Robertson and Zaragoza (2009); k1 = 1.2, b = 0.6; times `weight`."""
    lengths = np.array([len(terms) for terms in documents], dtype=np.float64)
    mean = float(lengths.mean()) if documents else 1.0
    norms = _K1 * (1 - _B + _B * lengths / max(mean, 1.0))
    return Postings(
        documents, lambda idf, tf, places: weight * idf * tf * (_K1 + 1) / (tf + norms[places])
    )


def presence(documents: Sequence[Iterable[str]]) -> Postings:
    """The idf of each term, however often the document holds it."""
    return Postings(documents, lambda idf, _tf, _places: idf)


def sums(postings: Sequence[Posting], size: int) -> Floats:
    """For each of `size` places the sum of its weights.

    One addition of all postings at once is many times faster than one after the other.
    """
    if not postings:
        return np.zeros(size)
    places = np.concatenate([places for places, _ in postings])
    weights = np.concatenate([weights for _, weights in postings])
    # numpy's stubs know only the counts of bincount, not its sums of weights.
    return cast("Floats", np.bincount(places, weights, size))
