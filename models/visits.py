"""来访登记: who came to which of the platform's places, and the thread that it began."""

from tortoise import fields
from tortoise.models import Model

from models.accounts import Account
from models.conversations import Conversation, InboundMessage


class Visit(Model):
    """One scan of a site's QR code. site: its code in the platform file."""

    id = fields.IntField(primary_key=True)
    message: fields.OneToOneRelation[InboundMessage] = fields.OneToOneField(
        "models.InboundMessage", related_name="visit", on_delete=fields.RESTRICT
    )
    message_id: int
    site = fields.CharField(max_length=32)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="visits", on_delete=fields.RESTRICT
    )
    account_id: int
    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name="visits", on_delete=fields.RESTRICT
    )
    conversation_id: int
    at = fields.DatetimeField()

    class Meta:
        table = "visit"
        indexes = (("site", "at"), ("account_id",))
