"""How likely the first hit of a search is the right one, whatever the index and the query.

Logistic regression on features that know no scale: raw scores of BM25 say nothing across queries.
"""

from collections.abc import Sequence
from math import exp

import numpy as np
import numpy.typing as npt

# The weight of each of `features`, and of the constant behind them. Fitted on held-out phrasings of
# packaged articles, 40 % of these being absent, when overlap was that of characters alone; kept
# because what is decided by confidence was set by it. `fit` fits them to an index of one's own.
DEFAULT = (0.0, 1.17, 0.0, 1.14, 4.81, 0.0, 4.12, -5.33)
_ROUNDS = 25
_RIDGE = 1.0
_LONG = 20  # distinct characters


def features(
    scores: Sequence[float], alike: float, covers: float, covered: float, size: int
) -> list[float]:
    """Of the first hit. scores: those of the hits, best first, at least one. alike: Dice.

    covers, covered: the share of the query's mass that the document holds, and the other way round.
    size: distinct characters of the query.
    """
    first = scores[0] or 1.0
    second = scores[1] if len(scores) > 1 else 0.0
    fifth = scores[4] if len(scores) > 4 else 0.0
    return [
        first - second,
        (first - second) / first,
        fifth / first,
        alike,
        covers,
        covered,
        min(size, _LONG) / _LONG,
    ]


def probability(weights: Sequence[float], found: Sequence[float]) -> float:
    """0..1."""
    logit = weights[-1] + sum([w * f for w, f in zip(weights, found, strict=False)])
    return 1 / (1 + exp(-max(min(logit, 30.0), -30.0)))


def fit(rows: Sequence[Sequence[float]], right: Sequence[bool]) -> tuple[float, ...]:
    """Weights for these cases, by Newton's method with a little ridge on all but the constant.

    Raises ValueError where all cases are right, or all wrong: then nothing can be told.
    """
    if len(set(right)) < 2:
        raise ValueError("some cases must be right and some wrong")
    x = np.column_stack([np.array(rows, dtype=np.float64), np.ones(len(rows))])
    y = np.array(right, dtype=np.float64)
    ridge = np.diag([_RIDGE] * (x.shape[1] - 1) + [0.0])
    weights: npt.NDArray[np.float64] = np.zeros(x.shape[1])
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (y - chance) - ridge @ weights
        curvature = (x * (chance * (1 - chance))[:, None]).T @ x + ridge
        weights = weights + np.linalg.solve(curvature + 1e-9 * np.eye(len(weights)), slope)
    return tuple(weights.tolist())
