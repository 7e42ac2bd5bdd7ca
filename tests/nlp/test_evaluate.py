import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nlp import Matcher, load_packaged
from nlp.evaluate import evaluate
from nlp.scoring import score

TODAY = date(2026, 11, 23)
DEV = Path(__file__).with_name("questions_dev.jsonl")


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher.build(load_packaged())


@pytest.fixture(scope="module")
def dev() -> list[str]:
    return DEV.read_text(encoding="utf-8").splitlines()


def test_the_dev_questions_stay_above_their_floor(matcher: Matcher, dev: list[str]) -> None:
    expected = [json.loads(line) for line in dev]
    shares = score(expected, list(evaluate(matcher, dev, TODAY)))
    assert shares["questions"] == 60
    assert shares["topic_accuracy"] >= 0.9
    assert shares["action_accuracy"] >= 0.8
    assert shares["standards_r1"] >= 0.88
    assert shares["standards_r5"] >= 0.93


def test_evaluate_keeps_the_question_and_its_order(matcher: Matcher) -> None:
    questions = [" GB 7718 ", "你好\u3000", 'a\\"b']
    lines = [json.dumps({"q": question}) for question in questions]
    results = list(evaluate(matcher, lines, TODAY))
    assert [result["q"] for result in results] == questions
    assert all(
        set(result) == {"q", "topic", "action", "standards", "confidence"} for result in results
    )


@pytest.mark.parametrize("line", ["{", "[]", '{"x": 1}', '{"q": 3}'])
def test_a_malformed_line_is_named(matcher: Matcher, line: str) -> None:
    results: Iterator[dict[str, Any]] = evaluate(matcher, ['{"q": "你好"}', line], TODAY)
    next(results)
    with pytest.raises(ValueError, match="line 2"):
        next(results)
