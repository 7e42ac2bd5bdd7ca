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
_ROUNDS = 42
_RIDGE = 2e-5
_STEP = 60.0
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

    Trained by Nesterov's accelerated gradient, restarted where the loss rises, on the softmax loss
    with L2 regularisation; features are tf-idf rows of unit length. Deterministic: no random
    start, no sampling.
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


def _train(
    rows: list[Row],
    targets: npt.NDArray[np.int64],
    start: Floats,
) -> Floats:
    """Full-batch training; the sparse matrix is kept by rows and by columns for `reduceat`."""
    columns = np.concatenate([at for at, _ in rows])
    values = np.concatenate([value for _, value in rows])[:, None]
    sizes = np.array([len(at) for at, _ in rows])
    row_starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    owners = np.repeat(np.arange(len(rows)), sizes)
    by_column = np.argsort(columns, kind="stable")
    column_owners, column_values = owners[by_column], values[by_column]
    used, column_starts = np.unique(columns[by_column], return_index=True)
    goal = np.zeros((len(rows), start.shape[1]), dtype=np.float32)
    goal[np.arange(len(rows)), targets] = 1
    weights, momentum = start.copy(), start.copy()
    # One place in memory for what every round multiplies: getting it anew costs half the time.
    products = np.empty((len(columns), start.shape[1]), dtype=np.float32)
    step, turn, least = np.float32(_STEP), 0, np.inf
    for _ in range(_ROUNDS):
        # "clip" lets take write in place; all columns are within bounds.
        np.take(momentum, columns, axis=0, out=products, mode="clip")
        products *= values
        logits = np.add.reduceat(products, row_starts, axis=0)
        chances = np.exp(logits - logits.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        loss = -float(np.log(np.maximum((chances * goal).sum(axis=1), 1e-9)).mean())
        if loss > least:
            # Too long a stride for these texts: go on from the last good weights with a shorter.
            step, turn, momentum = step / 2, 0, weights.copy()
            least = np.inf
            continue
        least = loss
        error = (chances - goal) / np.float32(len(rows))
        slope = _RIDGE * momentum
        np.take(error, column_owners, axis=0, out=products, mode="clip")
        products *= column_values
        slope[used] += np.add.reduceat(products, column_starts, axis=0)
        following = momentum - step * slope
        momentum = following + np.float32(turn / (turn + 3)) * (following - weights)
        weights = following
        turn += 1
    return weights
