"""Tickets 工单: a question in a person's care, its history and its deadline."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from models.accounts import Account, App, Staff
from models.conversations import Conversation
from models.enterprises import Enterprise


class TicketState(StrEnum):
    """DOMAIN.md, state machines."""

    NEW = "new"
    PARKED = "parked"  # nobody on duty
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    WAITING_CUSTOMER = "waiting_customer"
    ANSWERED = "answered"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


TRANSITIONS: dict[TicketState, frozenset[TicketState]] = {
    TicketState.NEW: frozenset({TicketState.ASSIGNED, TicketState.PARKED}),
    TicketState.PARKED: frozenset({TicketState.ASSIGNED, TicketState.WITHDRAWN}),
    TicketState.ASSIGNED: frozenset({TicketState.ACCEPTED, TicketState.WITHDRAWN}),
    TicketState.ACCEPTED: frozenset(
        {TicketState.WAITING_CUSTOMER, TicketState.ANSWERED, TicketState.WITHDRAWN}
    ),
    TicketState.WAITING_CUSTOMER: frozenset(
        {TicketState.ACCEPTED, TicketState.ANSWERED, TicketState.WITHDRAWN}
    ),
    TicketState.ANSWERED: frozenset({TicketState.ACCEPTED, TicketState.CLOSED}),
    TicketState.CLOSED: frozenset({TicketState.ACCEPTED}),
    TicketState.WITHDRAWN: frozenset(),
}

LABELS: dict[TicketState, str] = {
    TicketState.NEW: "已登记",
    TicketState.PARKED: "待分派",
    TicketState.ASSIGNED: "已转专员",
    TicketState.ACCEPTED: "处理中",
    TicketState.WAITING_CUSTOMER: "待您补充",
    TicketState.ANSWERED: "已答复",
    TicketState.CLOSED: "已办结",
    TicketState.WITHDRAWN: "已撤回",
}

# What counts as a specialist's present load.
OPEN_STATES = (TicketState.ASSIGNED, TicketState.ACCEPTED, TicketState.WAITING_CUSTOMER)
# What still waits for an answer, and so has a running deadline.
UNANSWERED_STATES = (TicketState.PARKED, TicketState.ASSIGNED, TicketState.ACCEPTED)


class EventKind(StrEnum):
    """What happened to a ticket."""

    OPENED = "opened"
    ASSIGNED = "assigned"
    PARKED = "parked"
    ACCEPTED = "accepted"
    MESSAGE = "message"  # the asker added something
    WRITTEN = "written"  # the specialist wrote to the asker and has not answered yet
    ANSWERED = "answered"
    CLOSED = "closed"
    COMMENTED = "commented"  # the asker, beside the rating
    OVERDUE = "overdue"
    NOTICE_FAILED = "notice_failed"
    NOT_KEPT = "not_kept"  # a file that the asker sent came to nothing


class Audience(StrEnum):
    """Who may read an event."""

    EVERYONE = "everyone"
    STAFF = "staff"


class Ticket(Model):
    """One question in care. Its number is what people quote, overdue_at is set once when missed.

    enterprise: whom the asker was proven to work for when asking; it shares the ticket.
    close_due_at: when an answered ticket closes by itself. follows: the ticket that this one goes
    on with, where it was too late to open that again.
    """

    id = fields.IntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    asker: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="tickets", on_delete=fields.RESTRICT
    )
    asker_id: int
    enterprise: fields.ForeignKeyNullableRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", related_name="tickets", null=True, on_delete=fields.RESTRICT
    )
    enterprise_id: int | None
    app = fields.CharEnumField(App, max_length=16)
    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name="tickets", on_delete=fields.RESTRICT
    )
    conversation_id: int
    assignee: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name="tickets", null=True, on_delete=fields.RESTRICT
    )
    assignee_id: int | None
    topic = fields.CharField(max_length=32)
    state = fields.CharEnumField(TicketState, max_length=20, default=TicketState.NEW)
    question = fields.TextField()
    transcript: fields.Field[list[dict[str, str]]] = fields.JSONField(default=list)
    reasons: fields.Field[list[str]] = fields.JSONField(default=list)
    standards: fields.Field[list[str]] = fields.JSONField(default=list)
    created_at = fields.DatetimeField()
    answer_due_at = fields.DatetimeField()
    overdue_at = fields.DatetimeField(null=True)
    answered_at = fields.DatetimeField(null=True)
    close_due_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    invited_at = fields.DatetimeField(null=True)  # to rate it, once
    follows: fields.ForeignKeyNullableRelation["Ticket"] = fields.ForeignKeyField(
        "models.Ticket", related_name="followers", null=True, on_delete=fields.RESTRICT
    )
    follows_id: int | None

    class Meta:
        table = "ticket"
        indexes = (
            ("state", "answer_due_at"),
            ("state", "close_due_at"),
            ("follows_id",),
            ("asker_id", "created_at"),
            ("enterprise_id", "id"),
            ("assignee_id", "state"),
            ("assignee_id", "id"),  # who was assigned longest ago
        )


class TicketEvent(Model):
    """One line of a ticket history, never changed."""

    id = fields.IntField(primary_key=True)
    ticket: fields.ForeignKeyRelation[Ticket] = fields.ForeignKeyField(
        "models.Ticket", related_name="events", on_delete=fields.RESTRICT
    )
    ticket_id: int
    kind = fields.CharEnumField(EventKind, max_length=20)
    audience = fields.CharEnumField(Audience, max_length=16)
    actor = fields.CharField(max_length=40, default="")
    text = fields.TextField(default="")
    data: fields.Field[dict[str, Any]] = fields.JSONField(default=dict)
    dedupe_key = fields.CharField(max_length=200, null=True, unique=True)
    at = fields.DatetimeField()

    class Meta:
        table = "ticket_event"
        indexes = (("ticket_id", "id"),)


class EntryLink(Model):
    """A one-time way in for one member of staff to one ticket. Its signature is made on sending."""

    id = fields.IntField(primary_key=True)
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name="links", on_delete=fields.CASCADE
    )
    staff_id: int
    ticket: fields.ForeignKeyRelation[Ticket] = fields.ForeignKeyField(
        "models.Ticket", related_name="links", on_delete=fields.CASCADE
    )
    ticket_id: int
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "entry_link"


class Counter(Model):
    """Gapless-enough sequences, such as a day's ticket numbers."""

    name = fields.CharField(max_length=40, primary_key=True)
    value = fields.IntField(default=0)

    class Meta:
        table = "counter"
