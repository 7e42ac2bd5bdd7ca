"""The platform's windows: while one is open, customer-service messages may be sent to a person."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from models.accounts import Identity


class Act(StrEnum):
    """What a person does that opens a window."""

    MESSAGE = "message"
    CLICK = "click"
    FOLLOW = "follow"
    SCAN = "scan"
    ENTER = "enter"


class MessageWindow(Model):
    """The window that one person's latest act of this kind opened (WECHAT.md, Sending).

    opened_at: by the sender's clock. credits: messages that may still be sent until `closes_at`.
    unsure: sends that the platform may have counted and may not have.
    """

    id = fields.IntField(primary_key=True)
    identity: fields.ForeignKeyRelation[Identity] = fields.ForeignKeyField(
        "models.Identity", related_name="windows", on_delete=fields.CASCADE
    )
    identity_id: int
    act = fields.CharEnumField(Act, max_length=8)
    opened_at = fields.DatetimeField()
    closes_at = fields.DatetimeField()
    credits = fields.SmallIntField()
    unsure = fields.SmallIntField(default=0)

    class Meta:
        table = "message_window"
        unique_together = (("identity", "act"),)
