"""Trying the engine from the command line: `ask` and `evaluate`. They need no WeChat settings."""

import argparse
import asyncio
import json
import os
from pathlib import Path
from typing import Any

from handlers.knowledge import load_corpus
from models import database
from models.clock import clock
from nlp import Corpus, load_packaged
from nlp.evaluate import evaluate
from nlp.scoring import confusion, curve_as_svg, risk_coverage, score
from server.config import Config, load_config
from server.logs import setup_logs
from server.say import say, say_error
from server.wiring import house_of


def ask(arguments: argparse.Namespace) -> int:
    """`ask`: what the engine decides on one question, and why."""
    config = load_config(os.environ)
    setup_logs(production=True)
    house = house_of(config, clock, asyncio.run(_knowledge(config)))
    decision = house.matcher.decide(arguments.question, today=arguments.today or clock.today())
    say(decision.text or f"（{decision.action}，由人处理）")
    for i, option in enumerate(decision.options, 1):
        say(f"  {i}. {option.label}")
    say(
        f"—— {decision.action} · {decision.topic} · {decision.confidence:.2f} · "
        + "、".join(decision.standards)
    )
    for reason in decision.reasons:
        say(f"   {reason}")
    return 0


def evaluate_file(arguments: argparse.Namespace) -> int:
    """`evaluate`: the engine over a file of questions."""
    config = load_config(os.environ)
    setup_logs(production=True)
    house = house_of(config, clock, asyncio.run(_knowledge(config)))
    today = arguments.today or clock.today()
    try:
        # Not splitlines(): a question may hold U+2028, which JSON allows inside a string.
        lines = arguments.file.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        say_error(f"读不了这个文件 / can't read the file: {error}")
        return 2
    lines = [line for line in lines if line.strip()]
    try:
        results = list(evaluate(house.matcher, lines, today))
    except ValueError as error:
        say_error(f"文件格式有误 / malformed file: {error}")
        return 2
    if arguments.json:
        for result in results:
            say(_json_line(result))
    else:
        _compare([json.loads(line) for line in lines], results, arguments.svg)
    return 0


def _compare(
    expected: list[dict[str, Any]], results: list[dict[str, Any]], svg: Path | None
) -> None:
    for name, value in score(expected, results).items():
        say(f"{name}: {value:.4g}")
    for label in ("topic", "action"):
        mistaken = confusion(expected, results, label)
        if mistaken:
            say(f"{label}, gold -> got:")
        for (gold, got), times in mistaken.most_common():
            say(f"  {times:4} {gold} -> {got}")
    curve = risk_coverage(expected, results)
    if curve and any(record.get("action") for record in expected):
        say("coverage: risk")
        for tenth in range(1, 11):
            coverage, risk = curve[max(round(tenth / 10 * len(curve)) - 1, 0)]
            say(f"  {coverage:.2f}: {risk:.3f}")
        if svg is not None:
            svg.write_text(curve_as_svg(curve), "utf-8")


def _json_line(result: dict[str, Any]) -> str:
    """One line of JSON; escaped where a question holds what no encoding can carry."""
    line = json.dumps(result, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:
        return json.dumps(result)
    return line


async def _knowledge(config: Config) -> Corpus:
    """The database's knowledge where there is any, the packaged one otherwise."""
    if not database.is_created(config.database_url):
        return load_packaged()
    await database.connect(config.database_url)
    try:
        migrated = await database.is_migrated()
        return (await load_corpus() if migrated else None) or load_packaged()
    finally:
        await database.disconnect()
