"""The knowledge in the database: imported in revisions, edited by people, read by the engine."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from handlers.errors import DomainError
from models.knowledge import KnowledgeEntry, KnowledgeRevision
from models.sql import fetch
from models.transactions import transactional
from nlp import Article, Corpus, Example, Standard, StandardLimit

BATCH = 500
KINDS: dict[str, type] = {
    "standard": Standard,
    "limit": StandardLimit,
    "article": Article,
    "example": Example,
}


class BadEntry(DomainError):
    """An edited entry lacks a field or has a wrong one."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. kept: rows a person had edited, left as they are."""

    revision: int
    added: int
    changed: int
    withdrawn: int
    kept: int
    unchanged: bool


@transactional
async def import_corpus(corpus: Corpus, *, now: datetime) -> ImportReport:
    """Bring the database up to this corpus as a new revision.

    The same corpus again changes nothing. What a person edited is never overwritten. A row that
    the corpus no longer has is withdrawn by a version without content.
    """
    rows = dict(_rows(corpus))
    digest = hashlib.sha256(msgspec.json.encode(sorted(rows.items()))).hexdigest()
    latest = await KnowledgeRevision.all().order_by("-id").first()
    if latest is not None and latest.digest == digest:
        return ImportReport(latest.id, 0, 0, 0, 0, unchanged=True)
    revision = await KnowledgeRevision.create(digest=digest, imported_at=now)
    present = {(entry.kind, entry.key): entry for entry in await _in_force()}
    report = {"added": 0, "changed": 0, "withdrawn": 0, "kept": 0}
    fresh: list[KnowledgeEntry] = []
    for key in [*rows, *(key for key in present if key not in rows)]:
        content, old = rows.get(key), present.get(key)
        if old is not None and old.content == content:
            continue
        if old is not None and old.edited_by:
            report["kept"] += 1
            continue
        report["added" if old is None else "withdrawn" if content is None else "changed"] += 1
        fresh.append(
            KnowledgeEntry(
                kind=key[0], key=key[1], content=content, revision_id=revision.id, created_at=now
            )
        )
    await KnowledgeEntry.bulk_create(fresh, batch_size=BATCH)
    revision.added, revision.changed = report["added"], report["changed"] + report["withdrawn"]
    revision.kept = report["kept"]
    await revision.save()
    return ImportReport(revision.id, unchanged=False, **report)


@transactional
async def edit(
    kind: str, key: str, content: dict[str, Any] | None, *, by: str, now: datetime
) -> None:
    """A person's version of one entry; from then on imports leave it alone.

    content: the fields of the kind's class, or None to withdraw it. Raises BadEntry.
    """
    if content is not None:
        try:
            msgspec.convert(content, KINDS[kind])
        except msgspec.ValidationError as error:
            raise BadEntry(f"内容不符合要求：{error}") from error
    await KnowledgeEntry.create(kind=kind, key=key, content=content, edited_by=by, created_at=now)


async def load_corpus() -> Corpus | None:
    """The knowledge in force; None when nothing was ever imported."""
    by_kind: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    for entry in await _in_force():
        if entry.content is not None:
            by_kind[entry.kind].append(msgspec.convert(entry.content, KINDS[entry.kind]))
    if not any(by_kind.values()):
        return None
    return Corpus(
        standards=tuple(by_kind["standard"]),
        limits=tuple(by_kind["limit"]),
        articles=tuple(by_kind["article"]),
        examples=tuple(by_kind["example"]),
    )


async def _in_force() -> list[KnowledgeEntry]:
    """The newest version of every (kind, key), in the order in which the keys first came in."""
    rows = await fetch(
        "SELECT max(id) AS id, min(id) AS first FROM knowledge_entry GROUP BY kind, key"
    )
    order = {row["id"]: row["first"] for row in rows}
    entries: list[KnowledgeEntry] = []
    ids = sorted(order)
    for start in range(0, len(ids), BATCH):
        entries += await KnowledgeEntry.filter(id__in=ids[start : start + BATCH])
    return sorted(entries, key=lambda entry: order[entry.id])


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
