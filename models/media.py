"""Pictures and recordings that came as a message: the platform keeps the bytes, for three days."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from models.accounts import App
from models.conversations import Conversation, InboundMessage, Kind
from models.tickets import Ticket


class MediaState(StrEnum):
    """WANTED rows are fetched from `due_at` on; the other states are final."""

    WANTED = "wanted"
    STORED = "stored"
    REFUSED = "refused"  # it was fetched, or counted, and is nothing that we keep
    LOST = "lost"  # the platform no longer has it


class Media(Model):
    """The file of one message. sha256 (hex) is its name in the file store, size in bytes.

    ticket: whose attachment it becomes, null while the thread has none. due_at is also the end of
    a fetcher's lease. reason: a sentence in Chinese, why it is refused or lost.
    """

    id = fields.IntField(primary_key=True)
    message: fields.OneToOneRelation[InboundMessage] = fields.OneToOneField(
        "models.InboundMessage", related_name="media", on_delete=fields.RESTRICT
    )
    message_id: int
    app = fields.CharEnumField(App, max_length=16)
    media_id = fields.CharField(max_length=255)
    kind = fields.CharEnumField(Kind, max_length=16)
    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name="media", on_delete=fields.RESTRICT
    )
    conversation_id: int
    ticket: fields.ForeignKeyNullableRelation[Ticket] = fields.ForeignKeyField(
        "models.Ticket", related_name="media", null=True, on_delete=fields.RESTRICT
    )
    ticket_id: int | None
    state = fields.CharEnumField(MediaState, max_length=16, default=MediaState.WANTED)
    due_at = fields.DatetimeField()
    tries = fields.SmallIntField(default=0)
    sha256 = fields.CharField(max_length=64, default="", db_index=True)
    size = fields.IntField(default=0)
    content_type = fields.CharField(max_length=40, default="")
    reason = fields.CharField(max_length=200, default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "media"
        indexes = (("state", "due_at"), ("conversation_id", "ticket_id"), ("ticket_id",))
