"""Knowledge: standards, their limits and articles, in revisions that never overwrite an edit."""

from typing import Any

from tortoise import fields
from tortoise.models import Model


class KnowledgeRevision(Model):
    """One import. `digest` is the SHA-256 of all packaged rows, so the same import is a no-op."""

    id = fields.IntField(primary_key=True)
    digest = fields.CharField(max_length=64, db_index=True)
    added = fields.IntField(default=0)
    changed = fields.IntField(default=0)
    kept = fields.IntField(default=0)
    imported_at = fields.DatetimeField()

    class Meta:
        table = "knowledge_revision"


class KnowledgeEntry(Model):
    """One version of one standard, limit, article or example.

    The version in force of (kind, key) is the newest one; an import adds a version unless the
    newest was written by a person (`edited_by` not empty). `content` has the fields of the
    `nlp.corpus` class of that kind; null means withdrawn.
    """

    id = fields.IntField(primary_key=True)
    kind = fields.CharField(max_length=16)
    key = fields.CharField(max_length=255)
    content: fields.Field[dict[str, Any] | None] = fields.JSONField(null=True)
    revision: fields.ForeignKeyNullableRelation[KnowledgeRevision] = fields.ForeignKeyField(
        "models.KnowledgeRevision", related_name="entries", null=True, on_delete=fields.RESTRICT
    )
    revision_id: int | None
    edited_by = fields.CharField(max_length=40, default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "knowledge_entry"
        indexes = (("kind", "key", "id"),)
