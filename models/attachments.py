"""Files that people sent, beside the database: the row here, the bytes in the file store."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from models.tickets import Ticket


class Sent(StrEnum):
    """Who gave a file."""

    BY_ASKER = "asker"
    BY_STAFF = "staff"


class Attachment(Model):
    """One file of a ticket. sha256 (hex) is its name in the file store, size in bytes."""

    id = fields.IntField(primary_key=True)
    ticket: fields.ForeignKeyRelation[Ticket] = fields.ForeignKeyField(
        "models.Ticket", related_name="attachments", on_delete=fields.RESTRICT
    )
    ticket_id: int
    sent = fields.CharEnumField(Sent, max_length=16)
    sha256 = fields.CharField(max_length=64, db_index=True)
    size = fields.IntField()
    content_type = fields.CharField(max_length=40)
    dedupe_key = fields.CharField(max_length=200, unique=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "attachment"
        indexes = (("ticket_id", "id"),)
