"""One-time codes: who holds one may do one thing once, and how often somebody guessed wrong."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from models.accounts import Account, Identity
from models.enterprises import Enterprise


class Purpose(StrEnum):
    """What a code does for whoever types it."""

    JOIN_APPS = "join_apps"  # makes their account and the maker's one
    COLLEAGUE = "colleague"  # a confirmed member takes them into the enterprise
    ENTERPRISE = "enterprise"  # staff take the first member into the enterprise


class Code(Model):
    """A one-time code. Only its SHA-256 (hex) is kept.

    made_by: the person who made it, null where staff did. enterprise: what it lets in to.
    """

    id = fields.IntField(primary_key=True)
    digest = fields.CharField(max_length=64, unique=True)
    purpose = fields.CharEnumField(Purpose, max_length=16)
    made_by: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="codes", null=True, on_delete=fields.RESTRICT
    )
    made_by_id: int | None
    enterprise: fields.ForeignKeyNullableRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", related_name="codes", null=True, on_delete=fields.RESTRICT
    )
    enterprise_id: int | None
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    used_by: fields.ForeignKeyNullableRelation[Identity] = fields.ForeignKeyField(
        "models.Identity", related_name="codes_used", null=True, on_delete=fields.RESTRICT
    )
    used_by_id: int | None

    class Meta:
        table = "code"
        indexes = (("made_by_id", "purpose"),)


class CodeTries(Model):
    """How many wrong codes somebody typed in one application before `until`."""

    id = fields.IntField(primary_key=True)
    identity: fields.OneToOneRelation[Identity] = fields.OneToOneField(
        "models.Identity", related_name="code_tries", on_delete=fields.CASCADE
    )
    identity_id: int
    wrong = fields.IntField()
    until = fields.DatetimeField()

    class Meta:
        table = "code_tries"
