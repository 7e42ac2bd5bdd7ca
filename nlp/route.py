"""A text classifier for any labels: multinomial logistic regression over words and characters."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import exp, sqrt
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from nlp.reading import Reading, read

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]
# What is said in so few characters wants another treatment than a whole sentence.
_SHORT = (4, 6, 8, 11, 15)
# From so many examples on, what occurs in one of them alone teaches nothing and costs time.
_MANY = 500
# Fitted on halves of the packaged phrasings: more rounds or longer steps learn them by heart.
_ROUNDS = 4
_BATCH = 64
_STEP = 0.4
_FIRST_SLOPE = 1e-3
# Value of the feature that every text has.
_CONSTANT = 0.3


# Distinct features, and 1 + ln of how often each of them occurs.
Features = tuple[list[str], Floats]


def features(seen: Reading) -> Features:
    """Words, characters, character pairs and marks of shortness, each of its own kind."""
    found = [f"w{word}" for word in seen.words]
    found += [f"b{pair}" for pair in seen.pairs]
    found += [f"c{mark}" for mark in seen.text if not mark.isspace()]
    found += [f"n{size}" for size in _SHORT if len(seen.text) <= size]
    counts = Counter(found)
    return list(counts), 1 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))


# One sparse row of unit length: places in a vocabulary and values.
Row = tuple[Rows, Floats]


class Vocabulary:
    """The features in use and how much each of them tells; shared by models of the same texts."""

    def __init__(self, texts: Sequence[Features]) -> None:
        spread = Counter(feature for names, _ in texts for feature in names)
        least = 2 if len(texts) >= _MANY else 1
        kept = sorted(feature for feature, count in spread.items() if count >= least)
        # Behind the features stands what is not in use, with the idf 0; models give the place to
        # their constant.
        self._places = {feature: at for at, feature in enumerate(kept)}
        self._idf = np.array(
            [*(np.log((1 + len(texts)) / (1 + spread[feature])) + 1 for feature in kept), 0],
            dtype=np.float32,
        )

    def __len__(self) -> int:
        """Features, and one more place for the constant."""
        return len(self._idf)

    def row(self, found: Features) -> Row:
        """The row of a text; a feature not in use has the value 0."""
        names, counts = found
        places = self._places
        rest = len(places)
        at = np.array([places.get(name, rest) for name in names], np.intp)
        values = counts * self._idf[at]
        length = sqrt(values @ values)
        return at, values / np.float32(length or 1)


class Router:
    """Predicts one label with a probability.

    Features are tf-idf rows of unit length, the loss is softmax's. Deterministic.
    """

    def __init__(self, vocabulary: Vocabulary, labels: list[str], weights: Floats) -> None:
        self._vocabulary = vocabulary
        self._labels = labels
        self._weights = weights
        self._bias = _CONSTANT * weights[-1]

    @classmethod
    def fit(cls, pairs: Iterable[tuple[str, str]]) -> "Router":
        """`pairs` are (text, label); without any the router predicts "" with confidence 0."""
        given = [(features(read(text)), label) for text, label in pairs]
        vocabulary = Vocabulary([found for found, _ in given])
        return cls.learn(vocabulary, [(vocabulary.row(found), label) for found, label in given])

    @classmethod
    def learn(cls, vocabulary: Vocabulary, pairs: Sequence[tuple[Row, str]]) -> "Router":
        """`fit` for rows of a vocabulary."""
        labels = sorted({label for _, label in pairs})
        weights = np.zeros((len(vocabulary), len(labels)), dtype=np.float32)
        if len(labels) > 1:
            targets = np.array([labels.index(label) for _, label in pairs])
            rows = [_with_constant(*row, len(vocabulary) - 1) for row, _ in pairs]
            weights = _train(rows, targets, weights)
        return cls(vocabulary, labels, weights)

    def predict(self, text: str) -> tuple[str, float]:
        """The likeliest label and its probability (0..1)."""
        ranking = self.probabilities(text)
        return ranking[0] if ranking else ("", 0.0)

    def probabilities(self, text: str) -> list[tuple[str, float]]:
        """All labels, likeliest first; they sum to 1."""
        return self.weigh(self._vocabulary.row(features(read(text))))

    def weigh(self, row: Row) -> list[tuple[str, float]]:
        """`probabilities` of a text whose row is known."""
        if not self._labels:
            return []
        at, values = row
        logits = (values @ self._weights[at] + self._bias).tolist()
        most = max(logits)
        odds = [exp(logit - most) for logit in logits]
        total = sum(odds)
        chances = [(label, odd / total) for label, odd in zip(self._labels, odds, strict=True)]
        chances.sort(key=itemgetter(1), reverse=True)
        return chances


def _with_constant(at: Rows, values: Floats, place: int) -> Row:
    used = values > 0
    return np.append(at[used], place), np.append(values[used], np.float32(_CONSTANT))


def _train(rows: Sequence[Row], targets: npt.NDArray[np.int64], start: Floats) -> Floats:
    """Adagrad (Duchi et al. 2011) with one step size a feature, in batches of a few rows.

    Features that many texts have take small steps after a while, rare ones stay quick to learn.
    """
    weights = start.copy()
    seen = np.full(len(start), _FIRST_SLOPE, dtype=np.float32)
    # A fixed seed: the same texts make the same model, in every process.
    dice = np.random.default_rng(len(rows))
    for _ in range(_ROUNDS):
        order = dice.permutation(len(rows))
        for first in range(0, len(rows), _BATCH):
            batch = order[first : first + _BATCH]
            held = [rows[at] for at in batch]
            columns = np.concatenate([at for at, _ in held])
            values = np.concatenate([value for _, value in held])[:, None]
            sizes = [len(at) for at, _ in held]
            owners = np.repeat(np.arange(len(held)), sizes)
            starts = np.cumsum([0, *sizes[:-1]])
            logits = np.add.reduceat(weights[columns] * values, starts, axis=0)
            error = np.exp(logits - logits.max(axis=1, keepdims=True))
            error /= error.sum(axis=1, keepdims=True)
            error[np.arange(len(held)), targets[batch]] -= 1
            # The slope of each feature of the batch: the sum over the rows that hold it.
            by_column = np.argsort(columns, kind="stable")
            used, column_starts = np.unique(columns[by_column], return_index=True)
            slopes = (error[owners] * values)[by_column]
            slope = np.add.reduceat(slopes, column_starts, axis=0)
            seen[used] += (slope * slope).mean(axis=1)
            weights[used] -= _STEP * slope / np.sqrt(seen[used])[:, None]
    return weights
