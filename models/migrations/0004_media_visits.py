from tortoise import migrations
from tortoise.migrations import operations as ops
from models.accounts import App
from models.conversations import Kind
from models.media import MediaState
from models.tickets import EventKind
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("models", "0003_latest_assignment")]

    initial = False

    operations = [
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
        ops.AlterField(
            model_name="TicketEvent",
            name="kind",
            field=fields.CharEnumField(
                description="OPENED: opened\nASSIGNED: assigned\nPARKED: parked\nACCEPTED: accepted\nMESSAGE: message\nANSWERED: answered\nOVERDUE: overdue\nNOTICE_FAILED: notice_failed\nNOT_KEPT: not_kept",
                enum_type=EventKind,
                max_length=20,
            ),
        ),
        # On SQLite, AlterField makes the table anew and forgets its indexes.
        ops.RunSQL(
            'CREATE INDEX IF NOT EXISTS "idx_ticket_even_ticket__e190dc"'
            ' ON "ticket_event" ("ticket_id", "id")'
        ),
    ]
