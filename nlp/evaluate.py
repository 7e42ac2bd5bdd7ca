"""Runs a file of questions through the matcher."""

import json
from collections.abc import Iterable, Iterator
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
