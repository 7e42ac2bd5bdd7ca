"""Everything that is to be sent, and every attempt at it."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from models.accounts import Account, App


class Notice(StrEnum):
    """What is being told; `server.wechat.templates` knows how each looks on each channel."""

    REPLY = "reply"  # the bot's answer that came too late for the callback's response
    TICKET_ANSWERED = "ticket_answered"
    TICKET_WRITTEN = "ticket_written"  # the specialist wrote and has not answered yet
    TICKET_ASSIGNED = "ticket_assigned"
    TICKET_OVERDUE = "ticket_overdue"
    TICKET_PARKED = "ticket_parked"
    TICKET_CLOSED = "ticket_closed"  # and an invitation to rate it
    TICKET_MESSAGE = "ticket_message"  # the asker added something


class OutboxState(StrEnum):
    """parked: no channel is open now, waits for the person's next contact. dead: needs staff.
    dropped: not wanted any more, because a specialist took the conversation over."""

    PENDING = "pending"
    LEASED = "leased"
    DONE = "done"
    PARKED = "parked"
    DEAD = "dead"
    DROPPED = "dropped"


class Channel(StrEnum):
    """A way to reach somebody."""

    OFFICIAL_CUSTOM = "official_custom"  # customer-service message, official account
    MINIAPP_CUSTOM = "miniapp_custom"  # customer-service message, mini-program
    MINIAPP_SUBSCRIBE = "miniapp_subscribe"
    OFFICIAL_TEMPLATE = "official_template"
    MINIAPP_INBOX = "miniapp_inbox"  # read by the person in the mini-program


class DeliveryResult(StrEnum):
    """unknown: begun and not reported, so it may have arrived."""

    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"


class OutboxItem(Model):
    """One thing to be told to one person.

    stream: items of one stream go out one after the other, in the order of their ids.
    round: which contact's attempts these are; channels found shut in an earlier round are
    tried again after the person got in touch.
    gate: a row that met a shut gate is not claimed before the gate opens.
    """

    id = fields.IntField(primary_key=True)
    dedupe_key = fields.CharField(max_length=200, unique=True)
    stream = fields.CharField(max_length=80)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="outbox", on_delete=fields.RESTRICT
    )
    account_id: int
    app = fields.CharEnumField(App, max_length=16)
    notice = fields.CharEnumField(Notice, max_length=32)
    payload: fields.Field[dict[str, Any]] = fields.JSONField(default=dict)
    priority = fields.SmallIntField(default=5)
    state = fields.CharEnumField(OutboxState, max_length=16, default=OutboxState.PENDING)
    round = fields.IntField(default=0)
    attempts = fields.IntField(default=0)
    due_at = fields.DatetimeField()
    lease = fields.CharField(max_length=32, null=True)
    lease_until = fields.DatetimeField(null=True)
    gate = fields.CharField(max_length=40, null=True)  # the shut gate that it waits at
    created_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "outbox_item"
        indexes = (("state", "due_at"), ("stream", "id"), ("account_id", "state"))


class Delivery(Model):
    """One attempt on one channel. `code`: the platform's errcode, or a word for what broke."""

    id = fields.IntField(primary_key=True)
    item: fields.ForeignKeyRelation[OutboxItem] = fields.ForeignKeyField(
        "models.OutboxItem", related_name="deliveries", on_delete=fields.CASCADE
    )
    item_id: int
    channel = fields.CharEnumField(Channel, max_length=24)
    round = fields.IntField()
    result = fields.CharEnumField(DeliveryResult, max_length=16)
    final = fields.BooleanField(default=False)
    code = fields.CharField(max_length=40, default="")
    message_id = fields.CharField(max_length=64, default="", db_index=True)
    at = fields.DatetimeField()

    class Meta:
        table = "delivery"
        indexes = (("item_id", "round"),)


class Gate(Model):
    """What limits one API of the platform, shared by all senders: bucket, breaker and pause.

    name: a Channel, or the API's short name. tokens: calls that may be made at once, as of
    `filled_at`. opens_at: shut until then. failures: calls in a row that the platform did not
    take, whatever their message. reason: the code that shut it, with the address or field it named.
    """

    name = fields.CharField(max_length=40, primary_key=True)
    tokens = fields.FloatField()
    filled_at = fields.DatetimeField()
    opens_at = fields.DatetimeField(null=True)
    failures = fields.IntField(default=0)
    reason = fields.CharField(max_length=80, default="")

    class Meta:
        table = "gate"
