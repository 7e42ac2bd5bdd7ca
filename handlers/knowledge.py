"""The knowledge in the database: imported in revisions, edited by people, read by the engine."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from handlers.errors import DomainError
from models.knowledge import KnowledgeEntry, KnowledgeRevision
from models.sql import Row, fetch
from models.transactions import transactional
from nlp import Article, Corpus, Example, Standard, StandardLimit
from nlp.corpus import faults

BATCH = 500
KINDS: dict[str, type] = {
    "standard": Standard,
    "limit": StandardLimit,
    "article": Article,
    "example": Example,
}
KIND_LABELS = {"standard": "标准", "limit": "指标", "article": "问答", "example": "例句"}
# The newest version of every (kind, key), in the order in which the keys first came in.
_IN_FORCE = (
    "SELECT e.kind, e.key, e.content, e.edited_by FROM knowledge_entry e JOIN"
    " (SELECT max(id) AS id, min(id) AS first FROM knowledge_entry GROUP BY kind, key) newest"
    " ON newest.id = e.id ORDER BY newest.first"
)


class BadKnowledge(Exception):
    """This knowledge can't be worked with. faults: what is wrong, in Chinese, a line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("；".join(faults[:3]))
        self.faults = faults


class BadEntry(DomainError):
    """An edited entry lacks a field or has a wrong one."""


class Done(StrEnum):
    """What an import does to a row."""

    ADDED = "added"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, row by row: (what was done, kind, key).

    kept: a person had edited the row, it is left as it is.
    """

    revision: int
    rows: tuple[tuple[Done, str, str], ...] = ()
    unchanged: bool = False

    def count(self, done: "Done") -> int:
        """How many rows this was done to."""
        return sum(row[0] == done for row in self.rows)


@transactional
async def import_corpus(corpus: Corpus, *, now: datetime) -> ImportReport:
    """Bring the database up to this corpus as a new revision.

    The same corpus again changes nothing. What a person edited is never overwritten. A row that
    the corpus no longer has is withdrawn by a version without content. Raises BadKnowledge, and
    changes nothing, when what is in force then, edits and all, can't be worked with.
    """
    rows = dict(_rows(corpus))
    digest = hashlib.sha256(msgspec.json.encode(sorted(rows.items()))).hexdigest()
    latest = await KnowledgeRevision.all().order_by("-id").first()
    if latest is not None and latest.digest == digest:
        return ImportReport(latest.id, unchanged=True)
    revision = await KnowledgeRevision.create(digest=digest, imported_at=now)
    present = {(row["kind"], row["key"]): row for row in await fetch(_IN_FORCE)}
    report: list[tuple[Done, str, str]] = []
    fresh: list[KnowledgeEntry] = []
    for key in [*rows, *(key for key in present if key not in rows)]:
        content, old = rows.get(key), present.get(key)
        if old is not None and _content(old) == content:
            continue
        if old is not None and old["edited_by"]:
            report.append((Done.KEPT, *key))
            continue
        changed = Done.WITHDRAWN if content is None else Done.CHANGED
        report.append((Done.ADDED if old is None else changed, *key))
        fresh.append(
            KnowledgeEntry(
                kind=key[0], key=key[1], content=content, revision_id=revision.id, created_at=now
            )
        )
    await KnowledgeEntry.bulk_create(fresh, batch_size=BATCH)
    if wrong := await _faults_in_force():
        raise BadKnowledge(wrong)
    done = Counter(row[0] for row in report)
    revision.added, revision.kept = done[Done.ADDED], done[Done.KEPT]
    revision.changed = done[Done.CHANGED] + done[Done.WITHDRAWN]
    await revision.save()
    return ImportReport(revision.id, tuple(report))


@transactional
async def edit(
    kind: str, key: str, content: dict[str, Any] | None, *, by: str, now: datetime
) -> None:
    """A person's version of one entry; from then on imports leave it alone.

    content: the fields of the kind's class, or None to withdraw it. Raises BadEntry, also where
    the rest can't be worked with any more: what is cited can't be withdrawn.
    """
    if content is not None:
        try:
            msgspec.convert(content, KINDS[kind])
        except msgspec.ValidationError as error:
            raise BadEntry(f"内容不符合要求：{error}") from error
    before = await _faults_in_force()
    await KnowledgeEntry.create(kind=kind, key=key, content=content, edited_by=by, created_at=now)
    if wrong := [fault for fault in await _faults_in_force() if fault not in before]:
        raise BadEntry(f"不能这样改：{'；'.join(wrong[:3])}。")


async def version() -> tuple[int, int]:
    """Another one after every import and every edit.

    The newest row and how many there are: of two that are written at once, the one that began
    later may be there first, and then the other changes only the second.
    """
    rows = await fetch("SELECT max(id) AS newest, count(*) AS held FROM knowledge_entry")
    return rows[0]["newest"] or 0, rows[0]["held"]


async def load_corpus() -> Corpus | None:
    """The knowledge in force; None when nothing was ever imported.

    Raises BadKnowledge where a row can't be read; it never waits in the loop's thread for long.
    """
    rows = await fetch(_IN_FORCE)
    return await asyncio.to_thread(_corpus_of, rows) if rows else None


async def _faults_in_force() -> list[str]:
    """What is wrong with the knowledge as it is now, a line each."""
    try:
        return faults(_corpus_of(await fetch(_IN_FORCE)))
    except BadKnowledge as bad:
        return bad.faults


def _corpus_of(rows: list[Row]) -> Corpus:
    decoders: dict[str, msgspec.json.Decoder[Any]] = {
        kind: msgspec.json.Decoder(form) for kind, form in KINDS.items()
    }
    by_kind: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    for row in rows:
        kind, key = row["kind"], row["key"]
        if not row["content"]:
            continue  # withdrawn
        try:
            by_kind[kind].append(decoders[kind].decode(row["content"]))
        except (KeyError, msgspec.DecodeError) as error:
            raise BadKnowledge([f"{KIND_LABELS.get(kind, kind)} {key}：{error}"]) from error
    return Corpus(
        standards=tuple(by_kind["standard"]),
        limits=tuple(by_kind["limit"]),
        articles=tuple(by_kind["article"]),
        examples=tuple(by_kind["example"]),
    )


def _content(row: Row) -> Any:
    """The fields of a version as `fetch` gives it; None where it was withdrawn."""
    return msgspec.json.decode(row["content"]) if row["content"] else None


def _rows(corpus: Corpus) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """Each row of a corpus as ((kind, key), content), keys unique."""
    seen: dict[tuple[str, str], int] = {}
    groups: list[tuple[str, tuple[Any, ...]]] = [
        ("standard", corpus.standards),
        ("limit", corpus.limits),
        ("article", corpus.articles),
        ("example", corpus.examples),
    ]
    for kind, items in groups:
        for item in items:
            key = (kind, _key(kind, item)[:240])
            seen[key] = seen.get(key, 0) + 1
            unique = key if seen[key] == 1 else (kind, f"{key[1]}#{seen[key]}")
            yield unique, msgspec.to_builtins(item)


def _key(kind: str, item: Any) -> str:
    match kind:
        case "standard":
            return str(item.number)
        case "limit":
            return f"{item.number}|{item.product}|{item.indicator}"
        case "article":
            return str(item.id)
        case _:
            return str(item.text)
