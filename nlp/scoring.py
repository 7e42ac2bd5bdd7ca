"""How good decisions are, beside the labels of a file of questions.

A label is a word, or a list of words where annotators differ: then each of them is right (corpus
README). All shares are 0..1, over the records that carry the label.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]
# (share of the questions answered, share of these that are wrong), most confident first.
Curve = list[tuple[float, float]]

_UNANSWERABLE = {"decline", "clarify"}
_RANKS = (1, 3, 5)
_BINS = 10
# Enough questions a bin for its share to mean something.
_BINNED = 100


def right(gold: Record, got: Record, label: str) -> bool:
    """Whether the label is one of those that the annotators gave."""
    return got[label] in _accepted(gold, label)


def _accepted(gold: Record, label: str) -> list[str]:
    given = gold.get(label) or []
    return [given] if isinstance(given, str) else list(given)


def wrongly_sure(gold: Record, got: Record) -> bool:
    """Answered where that is never right, or citing none of the gold standards in the first 3."""
    if got["action"] != "answer":
        return False
    actions = set(_accepted(gold, "action"))
    cited = gold.get("standards") or []
    return bool(actions and actions <= _UNANSWERABLE) or bool(
        cited and not set(cited) & set(got["standards"][:3])
    )


def _all_right(gold: Record, got: Record) -> bool:
    """Action and first standard are right: what `confidence` is the probability of."""
    cited = gold.get("standards") or []
    fits = not cited or (bool(got["standards"]) and got["standards"][0] in cited)
    return fits and (not gold.get("action") or right(gold, got, "action"))


def score(expected: Sequence[Record], results: Sequence[Record]) -> dict[str, float]:
    """Shares by name; a label that no record has is absent.

    standards_rN: a gold standard is among the first N. wrong_and_sure: see `wrongly_sure`.
    calibration_error: mean distance of confidence and share of right ones, over bins of equal
    size; for `_BINNED` questions or more.
    """
    pairs = list(zip(expected, results, strict=True))
    shares: dict[str, float] = {"questions": float(len(pairs))}
    for label in ("topic", "action"):
        known = [right(gold, got, label) for gold, got in pairs if gold.get(label)]
        if known:
            shares[f"{label}_accuracy"] = sum(known) / len(known)
    cited = [(gold["standards"], got["standards"]) for gold, got in pairs if gold.get("standards")]
    for rank in _RANKS if cited else ():
        within = sum(bool(set(got[:rank]) & set(gold)) for gold, got in cited)
        shares[f"standards_r{rank}"] = within / len(cited)
    if any(gold.get("action") for gold, _ in pairs):
        shares["wrong_and_sure"] = sum(wrongly_sure(*pair) for pair in pairs) / len(pairs)
        curve = risk_coverage(expected, results)
        shares["area_under_risk"] = sum(risk for _, risk in curve) / len(curve)
        if len(pairs) >= _BINNED:
            shares["calibration_error"] = _calibration_error(pairs)
    return shares


def confusion(expected: Sequence[Record], results: Sequence[Record], label: str) -> Counter[Any]:
    """(gold, got) -> how often, where they differ; of several gold labels the first."""
    return Counter(
        (_accepted(gold, label)[0], got[label])
        for gold, got in zip(expected, results, strict=True)
        if gold.get(label) and not right(gold, got, label)
    )


def risk_coverage(expected: Sequence[Record], results: Sequence[Record]) -> Curve:
    """What is risked by answering only the most confident ones, for every share of them."""
    pairs = zip(expected, results, strict=True)
    ordered = sorted(pairs, key=lambda pair: -pair[1]["confidence"])
    curve: Curve = []
    wrong = 0
    for place, pair in enumerate(ordered, 1):
        wrong += not _all_right(*pair)
        curve.append((place / len(ordered), wrong / place))
    return curve


def _calibration_error(pairs: Sequence[tuple[Record, Record]]) -> float:
    ordered = sorted(pairs, key=lambda pair: pair[1]["confidence"])
    size = len(ordered) / _BINS
    error = 0.0
    for number in range(_BINS):
        held = ordered[round(number * size) : round((number + 1) * size)]
        sure = sum(got["confidence"] for _, got in held) / len(held)
        error += len(held) * abs(sure - sum(_all_right(*pair) for pair in held) / len(held))
    return error / len(ordered)


def curve_as_svg(curve: Curve, width: int = 480, height: int = 320) -> str:
    """The curve as a picture: coverage to the right, risk upwards, both from 0 to 1."""
    left, bottom, right_, top = 44, height - 36, width - 12, 12

    def at(x: float, y: float) -> str:
        return f"{left + x * (right_ - left):.1f},{bottom - y * (bottom - top):.1f}"

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for tenths in range(0, 11, 2):
        share = tenths / 10
        (x, y), (_, level) = at(share, 0).split(","), at(0, share).split(",")
        lines.append(f'<path d="M{left} {level}H{right_}" stroke="#ddd"/>')
        lines.append(f'<text x="{left - 6}" y="{level}" text-anchor="end">{share:.1f}</text>')
        lines.append(f'<text x="{x}" y="{float(y) + 16}" text-anchor="middle">{share:.1f}</text>')
    points = " ".join(at(coverage, risk) for coverage, risk in curve)
    lines.append(f'<polyline points="{points}" fill="none" stroke="#07c160" stroke-width="2"/>')
    lines.append(f'<text x="{right_}" y="{bottom + 32}" text-anchor="end">coverage</text>')
    lines.append(f'<text x="{left}" y="{top + 2}">risk</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"
