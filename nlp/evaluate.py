"""Runs a file of questions through the matcher and compares the result with their labels."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from nlp.match import Matcher


def parse_lines(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """JSON objects with a string "q"; ValueError names the number of a malformed line."""
    for at, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise ValueError(f"line {at}: not JSON ({error})") from error
        if not isinstance(record, dict) or not isinstance(record.get("q"), str):
            raise ValueError(f'line {at}: expected an object with a string "q"')
        yield record


def evaluate(matcher: Matcher, lines: Iterable[str], today: date) -> Iterator[dict[str, Any]]:
    """One result per non-empty line, in order; "q" is the input's own string."""
    for record in parse_lines(lines):
        decision = matcher.decide(record["q"], today=today)
        yield {
            "q": record["q"],
            "topic": decision.topic,
            "action": decision.action,
            "standards": list(decision.standards),
            "confidence": decision.confidence,
        }


def score(
    expected: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]]
) -> dict[str, float]:
    """Shares (0..1) over the records that carry the label; a label that no record has is absent.

    standards_r1: a gold standard stands first; standards_r5: one is among the first five. Both over
    the records whose gold list is not empty.
    """
    pairs = list(zip(expected, results, strict=True))
    shares: dict[str, float] = {"questions": float(len(pairs))}
    for label in ("topic", "action"):
        known = [(gold, got) for gold, got in pairs if gold.get(label)]
        if known:
            right = sum(gold[label] == got[label] for gold, got in known)
            shares[f"{label}_accuracy"] = right / len(known)
    cited = [(gold["standards"], got["standards"]) for gold, got in pairs if gold.get("standards")]
    if cited:
        first = sum(bool(got) and got[0] in gold for gold, got in cited)
        within = sum(bool(set(got[:5]) & set(gold)) for gold, got in cited)
        shares["standards_r1"] = first / len(cited)
        shares["standards_r5"] = within / len(cited)
    return shares
