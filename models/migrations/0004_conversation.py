from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from models.accounts import App
from models.codes import Purpose
from models.conversations import InboundState, Kind
from models.media import MediaState
from models.redescribed import Redescribed
from models.outbox import Notice, OutboxState
from models.tickets import EventKind
from models.windows import Act
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("models", "0003_latest_assignment")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CodeTries",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                (
                    "identity",
                    fields.OneToOneField(
                        "models.Identity",
                        source_field="identity_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="code_tries",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("wrong", fields.IntField()),
                ("until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "code_tries",
                "app": "models",
                "pk_attr": "id",
                "table_description": "How many wrong codes somebody typed in one application before `until`.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Enterprise",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                ("name", fields.CharField(unique=True, max_length=60)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "enterprise",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A firm that the platform serves. name: as `handlers.enterprises.enterprise_name` gives it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Code",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                ("digest", fields.CharField(unique=True, max_length=64)),
                (
                    "purpose",
                    fields.CharEnumField(
                        description="JOIN_APPS: join_apps\nCOLLEAGUE: colleague\nENTERPRISE: enterprise",
                        enum_type=Purpose,
                        max_length=16,
                    ),
                ),
                (
                    "made_by",
                    fields.ForeignKeyField(
                        "models.Account",
                        source_field="made_by_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="codes",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "enterprise",
                    fields.ForeignKeyField(
                        "models.Enterprise",
                        source_field="enterprise_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="codes",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "used_by",
                    fields.ForeignKeyField(
                        "models.Identity",
                        source_field="used_by_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="codes_used",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "code",
                "app": "models",
                "indexes": [Index(fields=["made_by_id", "purpose"])],
                "pk_attr": "id",
                "table_description": "A one-time code. Only its SHA-256 (hex) is kept.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="IntegrityTally",
            fields=[
                (
                    "month",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=7),
                ),
                ("score_1", fields.IntField(default=0)),
                ("score_2", fields.IntField(default=0)),
                ("score_3", fields.IntField(default=0)),
                ("score_4", fields.IntField(default=0)),
                ("score_5", fields.IntField(default=0)),
            ],
            options={
                "table": "integrity_tally",
                "app": "models",
                "pk_attr": "month",
                "table_description": "How many votes on integrity gave each score.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Media",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                (
                    "message",
                    fields.OneToOneField(
                        "models.InboundMessage",
                        source_field="message_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="media",
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
                ("media_id", fields.CharField(max_length=255)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="TEXT: text\nIMAGE: image\nVOICE: voice\nVIDEO: video\nLOCATION: location\nLINK: link\nFILE: file\nCARD: card\nFOLLOWED: followed\nUNFOLLOWED: unfollowed\nCLICKED: clicked\nSCANNED: scanned\nENTERED: entered\nCONSENT: consent\nSEND_REPORT: send_report\nOTHER: other",
                        enum_type=Kind,
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
                        related_name="media",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "ticket",
                    fields.ForeignKeyField(
                        "models.Ticket",
                        source_field="ticket_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="media",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        default=MediaState.WANTED,
                        description="WANTED: wanted\nSTORED: stored\nREFUSED: refused\nLOST: lost",
                        enum_type=MediaState,
                        max_length=16,
                    ),
                ),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("tries", fields.SmallIntField(default=0)),
                ("sha256", fields.CharField(default="", db_index=True, max_length=64)),
                ("size", fields.IntField(default=0)),
                ("content_type", fields.CharField(default="", max_length=40)),
                ("reason", fields.CharField(default="", max_length=200)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "media",
                "app": "models",
                "indexes": [
                    Index(fields=["state", "due_at"]),
                    Index(fields=["conversation_id", "ticket_id"]),
                    Index(fields=["ticket_id"]),
                ],
                "pk_attr": "id",
                "table_description": "The file of one message. sha256 (hex) is its name in the file store, size in bytes.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Membership",
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
                        related_name="memberships",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "enterprise",
                    fields.ForeignKeyField(
                        "models.Enterprise",
                        source_field="enterprise_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="memberships",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("open_key", fields.IntField(null=True, unique=True)),
                ("since", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "confirmed_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("left_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "membership",
                "app": "models",
                "indexes": [Index(fields=["enterprise_id", "id"]), Index(fields=["account_id"])],
                "pk_attr": "id",
                "table_description": "Somebody says that they work for an enterprise, which is proven from confirmed_at on.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="MessageWindow",
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
                        related_name="windows",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "act",
                    fields.CharEnumField(
                        description="MESSAGE: message\nCLICK: click\nFOLLOW: follow\nSCAN: scan\nENTER: enter",
                        enum_type=Act,
                        max_length=8,
                    ),
                ),
                ("opened_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closes_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("credits", fields.SmallIntField()),
                ("unsure", fields.SmallIntField(default=0)),
            ],
            options={
                "table": "message_window",
                "app": "models",
                "unique_together": (("identity", "act"),),
                "pk_attr": "id",
                "table_description": "The window that one person's latest act of this kind opened (WECHAT.md, Sending).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Rating",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                (
                    "ticket",
                    fields.OneToOneField(
                        "models.Ticket",
                        source_field="ticket_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="rating",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("professionalism", fields.SmallIntField(null=True)),
                ("timeliness", fields.SmallIntField(null=True)),
                ("at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("integrity_cast", fields.BooleanField(default=False)),
            ],
            options={
                "table": "rating",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A ticket's rating: one row, the last word counts. at: when one of the two axes was set.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ServiceRequest",
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
                        related_name="requests",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "ticket",
                    fields.OneToOneField(
                        "models.Ticket",
                        source_field="ticket_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="request",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("form", fields.CharField(max_length=32)),
                (
                    "given",
                    fields.JSONField(
                        default=dict,
                        encoder=functools.partial(dumps, separators=(",", ":")),
                        decoder=loads,
                    ),
                ),
                ("dedupe_key", fields.CharField(unique=True, max_length=200)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "service_request",
                "app": "models",
                "indexes": [Index(fields=["account_id", "id"])],
                "pk_attr": "id",
                "table_description": "What somebody applied for. form: a name in handlers/data/forms.toml, given: slot → value.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Visit",
            fields=[
                (
                    "id",
                    fields.IntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                (
                    "message",
                    fields.OneToOneField(
                        "models.InboundMessage",
                        source_field="message_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="visit",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("site", fields.CharField(max_length=32)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "models.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="visits",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "conversation",
                    fields.ForeignKeyField(
                        "models.Conversation",
                        source_field="conversation_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="visits",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "visit",
                "app": "models",
                "indexes": [Index(fields=["site", "at"]), Index(fields=["account_id"])],
                "pk_attr": "id",
                "table_description": "One scan of a site's QR code. site: its code in the platform file.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Account",
            name="phone",
            field=fields.CharField(null=True, max_length=12),
        ),
        ops.AddField(
            model_name="Conversation",
            name="taken_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Conversation",
            name="taken_ticket_id",
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name="Conversation",
            name="taken_until",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        Redescribed(
            model_name="InboundMessage",
            name="state",
            field=fields.CharEnumField(
                default=InboundState.RECEIVED,
                description="RECEIVED: received\nHELD: held\nDONE: done\nFAILED: failed",
                enum_type=InboundState,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="InboundMessage",
            name="held_as",
            field=fields.CharField(default="", max_length=16),
        ),
        ops.AddField(
            model_name="InboundMessage",
            name="passed",
            field=fields.BooleanField(null=True),
        ),
        ops.AddField(
            model_name="InboundMessage",
            name="reviewed_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="InboundMessage",
            name="reviewed_by",
            field=fields.ForeignKeyField(
                "models.Staff",
                source_field="reviewed_by_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="reviewed",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        Redescribed(
            model_name="OutboxItem",
            name="notice",
            field=fields.CharEnumField(
                description="REPLY: reply\nTICKET_ANSWERED: ticket_answered\nTICKET_WRITTEN: ticket_written\nTICKET_ASSIGNED: ticket_assigned\nTICKET_OVERDUE: ticket_overdue\nTICKET_PARKED: ticket_parked\nTICKET_CLOSED: ticket_closed\nTICKET_MESSAGE: ticket_message",
                enum_type=Notice,
                max_length=32,
            ),
        ),
        Redescribed(
            model_name="OutboxItem",
            name="state",
            field=fields.CharEnumField(
                default=OutboxState.PENDING,
                description="PENDING: pending\nLEASED: leased\nDONE: done\nPARKED: parked\nDEAD: dead\nDROPPED: dropped",
                enum_type=OutboxState,
                max_length=16,
            ),
        ),
        ops.AddField(
            model_name="Ticket",
            name="close_due_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Ticket",
            name="closed_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Ticket",
            name="enterprise",
            field=fields.ForeignKeyField(
                "models.Enterprise",
                source_field="enterprise_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="tickets",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.AddField(
            model_name="Ticket",
            name="follows",
            field=fields.ForeignKeyField(
                "models.Ticket",
                source_field="follows_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="followers",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.AddField(
            model_name="Ticket",
            name="invited_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddIndex(
            model_name="Ticket",
            index=Index(fields=["state", "close_due_at"]),
        ),
        ops.AddIndex(
            model_name="Ticket",
            index=Index(fields=["follows_id"]),
        ),
        ops.AddIndex(
            model_name="Ticket",
            index=Index(fields=["enterprise_id", "id"]),
        ),
        Redescribed(
            model_name="TicketEvent",
            name="kind",
            field=fields.CharEnumField(
                description="OPENED: opened\nASSIGNED: assigned\nPARKED: parked\nACCEPTED: accepted\nMESSAGE: message\nWRITTEN: written\nANSWERED: answered\nCLOSED: closed\nCOMMENTED: commented\nOVERDUE: overdue\nNOTICE_FAILED: notice_failed\nNOT_KEPT: not_kept",
                enum_type=EventKind,
                max_length=20,
            ),
        ),
    ]
