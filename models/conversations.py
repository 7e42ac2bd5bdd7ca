"""What people wrote to us, and the thread it belongs to."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from models.accounts import App, Identity, Staff


class Kind(StrEnum):
    """What happened, in the product's words."""

    TEXT = "text"
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    LOCATION = "location"
    LINK = "link"
    FILE = "file"
    CARD = "card"  # a mini-program card sent into a customer-service session
    FOLLOWED = "followed"
    UNFOLLOWED = "unfollowed"
    CLICKED = "clicked"  # menu item of type click; the text holds its key
    SCANNED = "scanned"  # QR code with a scene; the text holds the scene
    ENTERED = "entered"  # customer-service session of the mini-program opened
    CONSENT = "consent"  # subscribe_msg_popup / _change / _sent
    SEND_REPORT = "send_report"  # TEMPLATESENDJOBFINISH; arrives minutes after the send
    OTHER = "other"  # recorded, answered `success`


class Via(StrEnum):
    """How an answer travels back."""

    PASSIVE = "passive"  # in the HTTP response to WeChat's callback
    DIRECT = "direct"  # in the HTTP response to the mini-program's own request
    PUSH = "push"  # through the outbox


class InboundState(StrEnum):
    """RECEIVED rows are owed work: from `sweep_at` on, the sweep finishes what a crash left."""

    RECEIVED = "received"
    HELD = "held"  # waits for a member of staff to say whether it may be dealt with
    DONE = "done"
    FAILED = "failed"  # tried often enough, a person must look


class Conversation(Model):
    """A thread with one person in one application.

    open_key holds the identity's id while the thread is open and is null afterwards; being
    unique, it makes two quick messages share one thread. `version` guards `state`: whoever
    decided on an older state must decide again.
    taken_ticket_id: the ticket whose specialist has taken the conversation over, from `taken_at`
    until `taken_until`; no foreign key, for tickets name their conversation.
    """

    id = fields.IntField(primary_key=True)
    identity: fields.ForeignKeyRelation[Identity] = fields.ForeignKeyField(
        "models.Identity", related_name="conversations", on_delete=fields.RESTRICT
    )
    identity_id: int
    open_key = fields.IntField(null=True, unique=True)
    state: fields.Field[dict[str, Any]] = fields.JSONField(default=dict)
    version = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    active_at = fields.DatetimeField()
    taken_ticket_id = fields.IntField(null=True)
    taken_at = fields.DatetimeField(null=True)
    taken_until = fields.DatetimeField(null=True)

    class Meta:
        table = "conversation"


class InboundMessage(Model):
    """One message or event as it came in, and what we answered.

    held_as: the kind of trouble for which it was held, "" for none. passed: what `reviewed_by`
    decided; null while nobody has.
    """

    id = fields.IntField(primary_key=True)
    dedupe_key = fields.CharField(max_length=200, unique=True)
    app = fields.CharEnumField(App, max_length=16)
    openid = fields.CharField(max_length=64)
    kind = fields.CharEnumField(Kind, max_length=16)
    text = fields.TextField(default="")
    media_id = fields.CharField(max_length=255, default="")
    payload: fields.Field[dict[str, Any]] = fields.JSONField(default=dict)
    sent_at = fields.DatetimeField()
    received_at = fields.DatetimeField()
    sweep_at = fields.DatetimeField()
    sweeps = fields.SmallIntField(default=0)
    state = fields.CharEnumField(InboundState, max_length=16, default=InboundState.RECEIVED)
    via = fields.CharEnumField(Via, max_length=16)
    reply = fields.TextField(default="")
    ticket_number = fields.CharField(max_length=24, default="")  # the ticket it opened
    decision: fields.Field[dict[str, Any] | None] = fields.JSONField(null=True)
    conversation: fields.ForeignKeyNullableRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name="messages", null=True, on_delete=fields.RESTRICT
    )
    conversation_id: int | None
    held_as = fields.CharField(max_length=16, default="")
    passed = fields.BooleanField(null=True)
    reviewed_at = fields.DatetimeField(null=True)
    reviewed_by: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name="reviewed", null=True, on_delete=fields.RESTRICT
    )
    reviewed_by_id: int | None

    class Meta:
        table = "inbound_message"
        indexes = (("state", "sweep_at"), ("conversation_id", "id"))


class QuarantinedBody(Model):
    """A body that was authentic but not understood, kept for a person to look at."""

    id = fields.IntField(primary_key=True)
    app = fields.CharEnumField(App, max_length=16)
    reason = fields.CharField(max_length=200)
    body = fields.BinaryField()
    received_at = fields.DatetimeField()

    class Meta:
        table = "quarantined_body"
