"""The figures that say how good the engine is, on decisions made up so that each is known."""

from typing import Any
from xml.etree import ElementTree as ET

from nlp.scoring import confusion, curve_as_svg, risk_coverage, score


def gold(topic: Any = "testing", action: Any = "answer", *standards: str) -> dict[str, Any]:
    return {"q": "?", "topic": topic, "action": action, "standards": list(standards)}


def got(action: str, confidence: float, *standards: str, topic: str = "testing") -> dict[str, Any]:
    return {"topic": topic, "action": action, "standards": standards, "confidence": confidence}


def test_either_annotator_is_right() -> None:
    expected = [gold(["metrology", "testing"], ["route", "answer"]), gold("brand", "route")]
    shares = score(expected, [got("answer", 0.9), got("answer", 0.8)])
    assert shares["topic_accuracy"] == 0.5
    assert shares["action_accuracy"] == 0.5
    assert confusion(expected, [got("answer", 0.9), got("answer", 0.8)], "topic") == {
        ("brand", "testing"): 1
    }


def test_standards_count_by_rank() -> None:
    expected = [gold("testing", "answer", "A"), gold("testing", "answer", "B"), gold()]
    results = [got("answer", 0.9, "A"), got("answer", 0.8, "X", "Y", "Z", "B"), got("answer", 0.7)]
    shares = score(expected, results)
    assert [shares[f"standards_r{rank}"] for rank in (1, 3, 5)] == [0.5, 0.5, 1.0]


def test_answering_what_must_not_be_answered_is_wrong_and_sure() -> None:
    expected = [
        gold("testing", "decline"),
        gold("testing", ["clarify", "answer"]),
        gold("testing", "route", "A"),
        gold("testing", "route", "A"),
    ]
    results = [got("answer", 0.5), got("answer", 0.5), got("answer", 0.5, "B"), got("route", 0.5)]
    assert score(expected, results)["wrong_and_sure"] == 0.5


def test_risk_falls_on_the_least_confident_when_confidence_is_good() -> None:
    expected = [gold("testing", "answer"), gold("testing", "route")]
    results = [got("answer", 0.9), got("answer", 0.2)]
    assert risk_coverage(expected, results) == [(0.5, 0.0), (1.0, 0.5)]
    assert score(expected, results)["area_under_risk"] == 0.25


def test_confidence_that_says_what_is_true_has_no_calibration_error() -> None:
    expected = [gold("testing", "answer")] * 100 + [gold("testing", "route")] * 100
    honest = [got("answer", 1.0)] * 100 + [got("answer", 0.0)] * 100
    boastful = [got("answer", 1.0)] * 200
    assert score(expected, honest)["calibration_error"] == 0
    assert score(expected, boastful)["calibration_error"] == 0.5


def test_the_curve_is_a_picture() -> None:
    picture = ET.fromstring(curve_as_svg([(0.5, 0.0), (1.0, 0.5)]))
    (line,) = picture.iter("{http://www.w3.org/2000/svg}polyline")
    assert line.get("points") == "256.0,284.0 468.0,148.0"
