"""Knowledge for running processes: brought into the database, and from there into the engine."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from handlers.knowledge import (
    KIND_LABELS,
    BadKnowledge,
    Done,
    import_corpus,
    load_corpus,
    version,
)
from handlers.platform import Platform
from models.clock import clock
from nlp import Corpus, Matcher, load_packaged
from nlp.keywords import proposed
from server.say import say
from server.wiring import STORE_ERRORS, matcher_of

LOOK_EVERY = 2.0  # seconds
DONE_LABELS = {
    Done.ADDED: "新增",
    Done.CHANGED: "更新",
    Done.WITHDRAWN: "撤下",
    Done.KEPT: "保留人工修改",
}
NEW = frozenset({Done.ADDED, Done.CHANGED})
MOST_ROWS = 300  # of an import, listed one by one; more are only counted
# While a thread builds, the loop must not wait 5 ms for each of its turns.
SWITCH_SECONDS = 0.0005

log = structlog.get_logger(__name__)


async def import_packaged() -> int:
    """`import-corpus`: says row by row what was done. Raises BadKnowledge."""
    corpus = load_packaged()
    report = await import_corpus(corpus, now=clock.now())
    if report.unchanged:
        say(f"知识没有变化（版本 {report.revision}） / nothing changed")
        return 0
    for done, kind, key in report.rows if len(report.rows) <= MOST_ROWS else ():
        say(f"  {DONE_LABELS[done]} {KIND_LABELS[kind]} {key}")
    counted = "，".join(f"{label} {report.count(done)}" for done, label in DONE_LABELS.items())
    say(f"知识版本 {report.revision}：{counted}")
    fresh = {key for done, kind, key in report.rows if kind == "article" and done in NEW}
    if words := proposed(f"{a.question} {a.answer}" for a in corpus.articles if a.id in fresh):
        say(f"新问答里常出现、词典里没有的词（可考虑加入 userdict.txt）：{'、'.join(words)}")
    return 0


@dataclass(slots=True)
class Renewal:
    """Brings a running process the newest knowledge; what can't be worked with is left alone.

    known: the version that the engine in use was built on. take: puts the new engine to use.
    """

    platform: Platform
    known: tuple[int, int]
    take: Callable[[Matcher], None]

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self.look()
            except STORE_ERRORS as error:
                log.warning("knowledge can't be looked at", error=type(error).__name__)
            except Exception:
                log.exception("knowledge could not be renewed, the old one stays")

    async def look(self) -> bool:
        """Renew the engine where the knowledge has changed. Returns whether it was renewed."""
        newest = await version()
        if newest == self.known:
            return False
        try:
            corpus = await load_corpus()
            matcher = await _built(corpus, self.platform) if corpus else None
        except STORE_ERRORS:
            raise  # it is there to be had, a little later
        except BadKnowledge as bad:
            self.known = newest
            log.critical("knowledge refused, the old one stays", faults=bad.faults[:5])
            return False
        except Exception:
            self.known = newest  # it would fail again and again
            raise
        self.known = newest
        if matcher is None:
            return False
        self.take(matcher)
        log.info("knowledge renewed", version=newest)
        return True


async def _built(corpus: Corpus, platform: Platform) -> Matcher:
    """Built in a thread, while the loop goes on."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        return await asyncio.to_thread(matcher_of, corpus, platform)
    finally:
        sys.setswitchinterval(before)
