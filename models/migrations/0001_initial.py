from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from models.accounts import App, StaffRole
from models.conversations import InboundState, Kind, Via
from models.outbox import Channel, DeliveryResult, Notice, OutboxState
from models.tickets import Audience, EventKind, TicketState
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                ("display_name", fields.CharField(default="", max_length=40)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "account",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A natural person as far as the platform knows one.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Counter",
            fields=[
                (
                    "name",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40),
                ),
                ("value", fields.IntField(default=0)),
            ],
            options={
                "table": "counter",
                "app": "models",
                "pk_attr": "name",
                "table_description": "Gapless-enough sequences, such as a day's ticket numbers.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Identity",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                (
                    "account",
                    fields.ForeignKeyField(
                        "models.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="identities",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "app",
                    fields.CharEnumField(
                        description="OFFICIAL: official\nMINIAPP: miniapp",
                        enum_type=App,
                        max_length=16,
                    ),
                ),
                ("openid", fields.CharField(max_length=64)),
                ("unionid", fields.CharField(null=True, db_index=True, max_length=64)),
                ("follows", fields.BooleanField(default=True)),
                ("follows_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "unionid_due_at",
                    fields.DatetimeField(
                        null=True, db_index=True, auto_now=False, auto_now_add=False
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "identity",
                "app": "models",
                "unique_together": (("app", "openid"),),
                "pk_attr": "id",
                "table_description": "An account's face in one WeChat application.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Consent",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                (
                    "identity",
                    fields.ForeignKeyField(
                        "models.Identity",
                        source_field="identity_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="consents",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("template_id", fields.CharField(max_length=64)),
                ("credits", fields.IntField(default=0)),
                ("long_term", fields.BooleanField(default=False)),
                (
                    "accepted_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                (
                    "rejected_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "consent",
                "app": "models",
                "unique_together": (("identity", "template_id"),),
                "pk_attr": "id",
                "table_description": "Permission to send one template to one person (WECHAT.md, 订阅通知).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Conversation",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                (
                    "identity",
                    fields.ForeignKeyField(
                        "models.Identity",
                        source_field="identity_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="conversations",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("open_key", fields.IntField(null=True, unique=True)),
                (
                    "state",
                    fields.JSONField(
                        default=dict,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("version", fields.IntField(default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("active_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "conversation",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A thread with one person in one application.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="InboundMessage",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                ("dedupe_key", fields.CharField(unique=True, max_length=200)),
                (
                    "app",
                    fields.CharEnumField(
                        description="OFFICIAL: official\nMINIAPP: miniapp",
                        enum_type=App,
                        max_length=16,
                    ),
                ),
                ("openid", fields.CharField(max_length=64)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="TEXT: text\nIMAGE: image\nVOICE: voice\nVIDEO: video\nLOCATION: location\nLINK: link\nFILE: file\nCARD: card\nFOLLOWED: followed\nUNFOLLOWED: unfollowed\nCLICKED: clicked\nSCANNED: scanned\nENTERED: entered\nCONSENT: consent\nSEND_REPORT: send_report\nOTHER: other",
                        enum_type=Kind,
                        max_length=16,
                    ),
                ),
                ("text", fields.TextField(default="", unique=False)),
                ("media_id", fields.CharField(default="", max_length=255)),
                (
                    "payload",
                    fields.JSONField(
                        default=dict,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("sent_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("received_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("sweep_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("sweeps", fields.SmallIntField(default=0)),
                (
                    "state",
                    fields.CharEnumField(
                        default=InboundState.RECEIVED,
                        description="RECEIVED: received\nDONE: done\nFAILED: failed",
                        enum_type=InboundState,
                        max_length=16,
                    ),
                ),
                (
                    "via",
                    fields.CharEnumField(
                        description="PASSIVE: passive\nDIRECT: direct\nPUSH: push",
                        enum_type=Via,
                        max_length=16,
                    ),
                ),
                ("reply", fields.TextField(default="", unique=False)),
                ("ticket_number", fields.CharField(default="", max_length=24)),
                (
                    "decision",
                    fields.JSONField(
                        null=True,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                (
                    "conversation",
                    fields.ForeignKeyField(
                        "models.Conversation",
                        source_field="conversation_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="messages",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "inbound_message",
                "app": "models",
                "indexes": [
                    Index(fields=["state", "sweep_at"]),
                    Index(fields=["conversation_id", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "One message or event as it came in, and what we answered.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="KnowledgeRevision",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                ("digest", fields.CharField(db_index=True, max_length=64)),
                ("added", fields.IntField(default=0)),
                ("changed", fields.IntField(default=0)),
                ("kept", fields.IntField(default=0)),
                ("imported_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "knowledge_revision",
                "app": "models",
                "pk_attr": "id",
                "table_description": "One import. `digest` is the SHA-256 of all packaged rows, so the same import is a no-op.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="KnowledgeEntry",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                ("kind", fields.CharField(max_length=16)),
                ("key", fields.CharField(max_length=255)),
                (
                    "content",
                    fields.JSONField(
                        null=True,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                (
                    "revision",
                    fields.ForeignKeyField(
                        "models.KnowledgeRevision",
                        source_field="revision_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="entries",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("edited_by", fields.CharField(default="", max_length=40)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "knowledge_entry",
                "app": "models",
                "indexes": [Index(fields=["kind", "key", "id"])],
                "pk_attr": "id",
                "table_description": "One version of one standard, limit, article or example.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OutboxItem",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                ("dedupe_key", fields.CharField(unique=True, max_length=200)),
                ("stream", fields.CharField(max_length=80)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "models.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="outbox",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "app",
                    fields.CharEnumField(
                        description="OFFICIAL: official\nMINIAPP: miniapp",
                        enum_type=App,
                        max_length=16,
                    ),
                ),
                (
                    "notice",
                    fields.CharEnumField(
                        description="REPLY: reply\nTICKET_ANSWERED: ticket_answered\nTICKET_ASSIGNED: ticket_assigned\nTICKET_OVERDUE: ticket_overdue\nTICKET_PARKED: ticket_parked\nTICKET_MESSAGE: ticket_message",
                        enum_type=Notice,
                        max_length=32,
                    ),
                ),
                (
                    "payload",
                    fields.JSONField(
                        default=dict,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("priority", fields.SmallIntField(default=5)),
                (
                    "state",
                    fields.CharEnumField(
                        default=OutboxState.PENDING,
                        description="PENDING: pending\nLEASED: leased\nDONE: done\nPARKED: parked\nDEAD: dead",
                        enum_type=OutboxState,
                        max_length=16,
                    ),
                ),
                ("round", fields.IntField(default=0)),
                ("attempts", fields.IntField(default=0)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("lease", fields.CharField(null=True, max_length=32)),
                (
                    "lease_until",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("done_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "outbox_item",
                "app": "models",
                "indexes": [
                    Index(fields=["state", "due_at"]),
                    Index(fields=["stream", "id"]),
                    Index(fields=["account_id", "state"]),
                ],
                "pk_attr": "id",
                "table_description": "One thing to be told to one person.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                (
                    "item",
                    fields.ForeignKeyField(
                        "models.OutboxItem",
                        source_field="item_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="deliveries",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "channel",
                    fields.CharEnumField(
                        description="OFFICIAL_CUSTOM: official_custom\nMINIAPP_CUSTOM: miniapp_custom\nMINIAPP_SUBSCRIBE: miniapp_subscribe\nOFFICIAL_TEMPLATE: official_template\nMINIAPP_INBOX: miniapp_inbox",
                        enum_type=Channel,
                        max_length=24,
                    ),
                ),
                ("round", fields.IntField()),
                (
                    "result",
                    fields.CharEnumField(
                        description="UNKNOWN: unknown\nACCEPTED: accepted\nDELIVERED: delivered\nFAILED: failed",
                        enum_type=DeliveryResult,
                        max_length=16,
                    ),
                ),
                ("final", fields.BooleanField(default=False)),
                ("code", fields.CharField(default="", max_length=40)),
                ("message_id", fields.CharField(default="", db_index=True, max_length=64)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "delivery",
                "app": "models",
                "indexes": [Index(fields=["item_id", "round"])],
                "pk_attr": "id",
                "table_description": "One attempt on one channel. `code`: the platform's errcode, or a word for what broke.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="QuarantinedBody",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                (
                    "app",
                    fields.CharEnumField(
                        description="OFFICIAL: official\nMINIAPP: miniapp",
                        enum_type=App,
                        max_length=16,
                    ),
                ),
                ("reason", fields.CharField(max_length=200)),
                ("body", fields.BinaryField()),
                ("received_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "quarantined_body",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A body that was authentic but not understood, kept for a person to look at.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Staff",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                (
                    "account",
                    fields.OneToOneField(
                        "models.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="staff",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(max_length=20)),
                (
                    "role",
                    fields.CharEnumField(
                        description="SPECIALIST: specialist\nSERVICE_OFFICER: service_officer\nMANAGER: manager",
                        enum_type=StaffRole,
                        max_length=20,
                    ),
                ),
                (
                    "topics",
                    fields.JSONField(
                        default=list,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("on_duty", fields.BooleanField(default=True)),
            ],
            options={
                "table": "staff",
                "app": "models",
                "pk_attr": "id",
                "table_description": "Somebody who works for the platform, with what they may be asked.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Ticket",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                ("number", fields.CharField(unique=True, max_length=24)),
                (
                    "asker",
                    fields.ForeignKeyField(
                        "models.Account",
                        source_field="asker_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="tickets",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "app",
                    fields.CharEnumField(
                        description="OFFICIAL: official\nMINIAPP: miniapp",
                        enum_type=App,
                        max_length=16,
                    ),
                ),
                (
                    "conversation",
                    fields.ForeignKeyField(
                        "models.Conversation",
                        source_field="conversation_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="tickets",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "assignee",
                    fields.ForeignKeyField(
                        "models.Staff",
                        source_field="assignee_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="tickets",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("topic", fields.CharField(max_length=32)),
                (
                    "state",
                    fields.CharEnumField(
                        default=TicketState.NEW,
                        description="NEW: new\nPARKED: parked\nASSIGNED: assigned\nACCEPTED: accepted\nWAITING_CUSTOMER: waiting_customer\nANSWERED: answered\nCLOSED: closed\nWITHDRAWN: withdrawn",
                        enum_type=TicketState,
                        max_length=20,
                    ),
                ),
                ("question", fields.TextField(unique=False)),
                (
                    "transcript",
                    fields.JSONField(
                        default=list,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                (
                    "reasons",
                    fields.JSONField(
                        default=list,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                (
                    "standards",
                    fields.JSONField(
                        default=list,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("answer_due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("overdue_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "answered_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "ticket",
                "app": "models",
                "indexes": [
                    Index(fields=["state", "answer_due_at"]),
                    Index(fields=["asker_id", "created_at"]),
                    Index(fields=["assignee_id", "state"]),
                ],
                "pk_attr": "id",
                "table_description": "One question in care. Its number is what people quote, overdue_at is set once when missed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="EntryLink",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                (
                    "staff",
                    fields.ForeignKeyField(
                        "models.Staff",
                        source_field="staff_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="links",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "ticket",
                    fields.ForeignKeyField(
                        "models.Ticket",
                        source_field="ticket_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="links",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "entry_link",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A one-time way in for one member of staff to one ticket. Its signature is made on sending.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TicketEvent",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                (
                    "ticket",
                    fields.ForeignKeyField(
                        "models.Ticket",
                        source_field="ticket_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="events",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        description="OPENED: opened\nASSIGNED: assigned\nPARKED: parked\nACCEPTED: accepted\nMESSAGE: message\nANSWERED: answered\nOVERDUE: overdue\nNOTICE_FAILED: notice_failed",
                        enum_type=EventKind,
                        max_length=20,
                    ),
                ),
                (
                    "audience",
                    fields.CharEnumField(
                        description="EVERYONE: everyone\nSTAFF: staff",
                        enum_type=Audience,
                        max_length=16,
                    ),
                ),
                ("actor", fields.CharField(default="", max_length=40)),
                ("text", fields.TextField(default="", unique=False)),
                (
                    "data",
                    fields.JSONField(
                        default=dict,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("dedupe_key", fields.CharField(null=True, unique=True, max_length=200)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "ticket_event",
                "app": "models",
                "indexes": [Index(fields=["ticket_id", "id"])],
                "pk_attr": "id",
                "table_description": "One line of a ticket history, never changed.",
            },
            bases=["Model"],
        ),
    ]
