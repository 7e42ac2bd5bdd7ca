"""Weights and rankings against the formula written out, term by term and document by document."""

from collections import Counter
from math import log

import numpy as np
import pytest

from nlp.bm25 import Lists, Terms, sums
from nlp.corpus import load_packaged
from nlp.tokens import words

TEXTS = [article.question for article in load_packaged().articles[:120]]
DOCUMENTS = [words(text) for text in TEXTS]
K1, B = 1.2, 0.6


def written_out(query: list[str], document: list[str]) -> float:
    """BM25 with Lucene's idf, as in Robertson and Zaragoza (2009)."""
    mean = sum(map(len, DOCUMENTS)) / len(DOCUMENTS)
    counts = Counter(document)
    score = 0.0
    for term in dict.fromkeys(query):
        held = sum(term in other for other in DOCUMENTS)
        idf = log(1 + (len(DOCUMENTS) - held + 0.5) / (held + 0.5))
        norm = K1 * (1 - B + B * len(document) / mean)
        score += idf * counts[term] * (K1 + 1) / (counts[term] + norm)
    return score


@pytest.mark.parametrize("query", ["桶装水铜绿假单胞菌超标", "标签怎么写", "天平检定", "没有的词"])
def test_scores_are_those_of_the_formula(query: str) -> None:
    terms = Terms(DOCUMENTS)
    lists = Lists([terms.postings(1.0, 0, 0.0, 0)])
    asked = words(query)
    found = sums(lists.of(dict.fromkeys(asked)), len(DOCUMENTS))
    expected = [written_out(asked, document) for document in DOCUMENTS]
    assert found == pytest.approx(expected)
    assert np.argsort(-found, kind="stable").tolist() == sorted(
        range(len(expected)), key=lambda at: -round(expected[at], 9)
    )


def test_masses_are_sums_of_idf() -> None:
    terms = Terms(DOCUMENTS)
    assert terms.masses() == pytest.approx(
        [terms.telling.mass(set(document)) for document in DOCUMENTS]
    )


def test_shared_mass_stands_behind_the_scores() -> None:
    terms = Terms([["甲", "乙"], ["乙", "丙"]])
    scores, shared = sums(Lists([terms.postings(1.0, 0, 0.5, 2)]).of(["乙", "丙"]), 4).reshape(2, 2)
    assert shared == pytest.approx(
        [0.5 * terms.telling.mass(["乙"]), 0.5 * terms.telling.mass(["乙", "丙"])]
    )
    assert scores[1] > scores[0] > 0
