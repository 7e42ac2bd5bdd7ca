"""Confidence is a probability, and becomes a better one by cases from the index itself."""

import random

import numpy as np
import pytest

from nlp import Document, SearchIndex, load_packaged
from nlp.confidence import fit, probability


def test_the_weights_of_a_known_process_are_found_again() -> None:
    dice = np.random.default_rng(5)
    rows = dice.normal(size=(4000, 2))
    right = dice.random(4000) < 1 / (1 + np.exp(-(2 * rows[:, 0] - rows[:, 1] + 0.5)))
    assert fit(rows.tolist(), right.tolist()) == pytest.approx((2, -1, 0.5), abs=0.2)


def test_cases_that_are_all_right_tell_nothing() -> None:
    with pytest.raises(ValueError, match="some cases"):
        fit([[1.0], [2.0]], [True, True])


@pytest.mark.parametrize("seen", [[1e9], [-1e9], [0.0]])
def test_no_evidence_is_too_strong(seen: list[float]) -> None:
    assert 0 <= probability((1.0, 0.0), seen) <= 1


def test_calibration_makes_confidence_true_on_unseen_questions() -> None:
    """Two thirds of the cases fit it, the rest check it; 30 % of the articles are not there."""
    dice = random.Random(11)
    articles = list(load_packaged().articles)
    dice.shuffle(articles)
    gone = {article.id for article in articles[: len(articles) * 3 // 10]}
    index = SearchIndex(
        [
            Document(article.id, "", phrasing)
            for article in articles
            if article.id not in gone
            for phrasing in (article.question, *article.variants[2:])
        ]
    )
    asked = [(text, article.id) for article in articles for text in article.variants[:2]]
    dice.shuffle(asked)
    fitting, checking = asked[: len(asked) * 2 // 3], asked[len(asked) * 2 // 3 :]

    def error() -> float:
        cases = []
        for text, wanted in checking:
            hit = index.search(text, 1)[0]
            cases.append((hit.confidence, hit.id == wanted))
        cases.sort()
        bins = np.array_split(np.array(cases, dtype=float), 5)
        gaps = [len(b) * abs(float(b[:, 0].mean() - b[:, 1].mean())) for b in bins]
        return sum(gaps) / len(cases)

    before = error()
    index.calibrate((text, None if wanted in gone else wanted) for text, wanted in fitting)
    assert error() < min(before, 0.07)
