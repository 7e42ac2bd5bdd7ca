"""BM25 with precomputed postings in numpy."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
_K1 = 1.2
_B = 0.6


class Bm25:
    """Scores of all documents for a bag of terms.

    Formula of Robertson and Zaragoza (2009) with Lucene's never-negative
    idf = ln(1 + (N - n + 0.5) / (n + 0.5)); k1 = 1.2, b = 0.6.
    """

    def __init__(self, documents: Sequence[Sequence[str]]) -> None:
        self.size = len(documents)
        lengths = np.array([len(terms) for terms in documents], dtype=np.float32)
        mean = float(lengths.mean()) if self.size else 1.0
        norms = _K1 * (1 - _B + _B * lengths / max(mean, 1.0))
        postings: dict[str, tuple[list[int], list[int]]] = {}
        for position, terms in enumerate(documents):
            for term, count in Counter(terms).items():
                where, counts = postings.setdefault(term, ([], []))
                where.append(position)
                counts.append(count)
        self._postings: dict[str, tuple[npt.NDArray[np.int32], Floats]] = {}
        self._idf: dict[str, float] = {}
        for term, (where, counts) in postings.items():
            idf = float(np.log1p((self.size - len(where) + 0.5) / (len(where) + 0.5)))
            at = np.array(where, dtype=np.int32)
            tf = np.array(counts, dtype=np.float32)
            weights = idf * tf * (_K1 + 1) / (tf + norms[at])
            self._postings[term] = (at, weights.astype(np.float32))
            self._idf[term] = idf
        # A term no document has tells as much about the question as the rarest one known.
        self._unseen = float(np.log1p(self.size + 0.5))

    def idf(self, term: str) -> float:
        return self._idf.get(term, self._unseen)

    def scores(self, terms: Iterable[tuple[str, float]]) -> Floats:
        """One score per document; each term comes with its weight in the query."""
        total = np.zeros(self.size, dtype=np.float32)
        for term, weight in terms:
            posting = self._postings.get(term)
            if posting is not None:
                total[posting[0]] += weight * posting[1]
        return total
