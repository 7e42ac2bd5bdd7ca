"""Listens to everything the product logs in a test run, and fails the run where a secret was told.

In-process logs go through the product's own production set-up into a file; processes' logs are the
*.log files under pytest's folder, and whatever tests hand to `heard`. What is looked for: the
secrets of the tests' settings, anybody's openid, access and session tokens, telephone numbers.
"""

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pytest

from server.dev import CAST
from server.logs import setup_logs
from server.wechat.simulator import Person
from tests import cast
from tests.product import environment

# What other programs write about themselves.
NOT_OURS = frozenset({"redis.log", "server.log"})
SECRET_NAME = re.compile(r"_(KEY|SECRET|TOKEN)$")


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)(" + "|".join(sorted(map(re.escape, words))) + r")(?!\w)")


def _ids(people: Iterable[Person]) -> Iterator[str]:
    for person in people:
        yield from (person.openid, person.miniapp_openid, person.unionid)


PATTERNS: dict[str, re.Pattern[str]] = {
    "setting": _any_of(v for k, v in environment("sqlite://x").items() if SECRET_NAME.search(k)),
    "password": re.compile(r"pass-w0rd|metrics-token-0001"),
    "openid of the cast": _any_of(_ids((*cast.EVERYBODY, *CAST))),
    "openid of a crowd": re.compile(r"(?<!\w)[omu]Crowd\d+"),
    "openid by its looks": re.compile(r"(?<![\w-])o[\w-]{27}(?![\w-])"),
    "access token": re.compile(r"97_[\w-]{60,}"),
    "session or link": re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}"),
    "session key": re.compile(r"(?<![\w+/=])[A-Za-z0-9+/]{22}=="),
    "telephone": re.compile(r"(?<![\w.-])1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![\w.-])"),
}


@dataclass(frozen=True, slots=True)
class Leak:
    """A line that tells what it must not; shown without the secret itself."""

    pattern: str
    source: str
    logger: str
    line: str

    def __str__(self) -> str:
        return f"{self.pattern} told by {self.logger} in {self.source}: {self.line}"


def leaks_in(source: str, text: str) -> list[Leak]:
    """Every line of `text` that matches a pattern."""
    return [
        Leak(name, source, _logger(line), pattern.sub("***", line)[:300])
        for line in text.splitlines()
        for name, pattern in PATTERNS.items()
        if pattern.search(line)
    ]


def _logger(line: str) -> str:
    try:
        return str(json.loads(line)["logger"])
    except (ValueError, KeyError, TypeError):
        return "an unnamed logger"


class _Tee:
    """A stream into our file and to whatever standard error is just now."""

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, text: str) -> int:
        """Say it twice."""
        sys.stderr.write(text)
        return self.file.write(text)

    def flush(self) -> None:
        """Both."""
        self.file.flush()
        sys.stderr.flush()

    def isatty(self) -> bool:
        """Never in colour."""
        return False


# It lives as long as the process.
_FILE = tempfile.NamedTemporaryFile("w+", encoding="utf-8", prefix="nqi-test-log-")  # noqa: SIM115
_leaks = pytest.StashKey[list[Leak]]()


def heard(text: str) -> None:
    """What a process said into a pipe."""
    _FILE.write(text + "\n")


def pytest_configure() -> None:
    """Log as in production, and listen."""
    # It writes and flushes; no more of a TextIO is used.
    setup_logs(production=True, stream=_Tee(_FILE))  # type: ignore[arg-type]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Search all that was said; a leak fails a run that was good otherwise."""
    _FILE.flush()
    texts = {"the tests' process": Path(_FILE.name).read_text("utf-8")}
    # The fixture's own factory, which pytest keeps to itself.
    folder = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    for log in folder.rglob("*.log"):
        if log.name not in NOT_OURS:
            texts[str(log.relative_to(folder))] = log.read_text("utf-8", "replace")
    leaks = [leak for source, text in texts.items() for leak in leaks_in(source, text)]
    session.config.stash[_leaks] = leaks
    if leaks and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Name what was told, and by whom."""
    leaks = config.stash.get(_leaks, [])
    if leaks:
        terminalreporter.section("secrets in the logs", red=True)
    for leak in leaks[:20]:
        terminalreporter.line(str(leak))
    if len(leaks) > 20:
        terminalreporter.line(f"… and {len(leaks) - 20} more")
