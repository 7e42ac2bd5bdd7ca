"""Whatever comes in, a decision comes out: odd input, and hardly any knowledge."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp import ACTIONS, TOPICS, Corpus, Example, Matcher, load_packaged

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load_packaged()


@pytest.fixture(scope="module")
def matcher(corpus: Corpus) -> Matcher:
    return Matcher.build(corpus)


@pytest.mark.parametrize(
    "text",
    ["\x00\x01\x02", "a" * 100_000, "水" * 100_000, "GB " * 30_000, "1" * 50_000, "((((", "\ud800"],
)
def test_hostile_input_is_decided(matcher: Matcher, text: str) -> None:
    decision = matcher.decide(text, today=TODAY, context=text)
    assert decision.action in ACTIONS
    assert decision.topic in TOPICS


@pytest.mark.parametrize(
    "text", ["你好" * 500 + "水", "好的" * 499 + "x", "哈" * 999 + "水", "?你好" * 300 + "水"]
)
def test_courtesies_without_end_are_read_in_one_pass(matcher: Matcher, text: str) -> None:
    """Cut in every possible way these would outlast the test run."""
    assert matcher.decide(text, today=TODAY).topic in TOPICS
    assert matcher.decide("你好" * 500, today=TODAY).topic == "greeting"


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=200), context=st.text(max_size=50))
def test_any_input_gives_a_decision(text: str, context: str) -> None:
    matcher = _small_matcher()
    decision = matcher.decide(text, today=TODAY, context=context)
    assert decision.action in ACTIONS
    assert decision.topic in TOPICS
    assert 0 <= decision.confidence <= 1
    assert len(decision.standards) <= 5
    assert len(decision.options) <= 3
    assert len(decision.text.encode()) <= 1800
    assert decision == matcher.decide(text, today=TODAY, context=context)


_SMALL: list[Matcher] = []


def _small_matcher() -> Matcher:
    """Hypothesis forbids function fixtures; the matcher is built at the first use."""
    if not _SMALL:
        packaged = load_packaged()
        examples = (Example("水质检测多少钱", "testing", "route"),)
        corpus = Corpus(packaged.standards, packaged.limits, packaged.articles[:1], examples)
        _SMALL.append(Matcher.build(corpus))
    return _SMALL[0]


def test_a_corpus_without_articles_and_examples_works(corpus: Corpus) -> None:
    bare = Matcher.build(Corpus(corpus.standards, corpus.limits, (), ()))
    assert bare.decide("桶装水铜绿超标咋办", today=TODAY).action == "answer"


def test_an_empty_corpus_works() -> None:
    empty = Matcher.build(Corpus((), (), (), ()))
    assert empty.decide("桶装水铜绿超标咋办 GB 19298", today=TODAY).standards == ()
