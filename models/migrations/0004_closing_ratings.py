from tortoise import migrations
from tortoise.migrations import operations as ops
from models.outbox import Notice
from models.redescribed import Redescribed
from models.tickets import EventKind
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("models", "0003_latest_assignment")]

    initial = False

    operations = [
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
        Redescribed(
            model_name="OutboxItem",
            name="notice",
            field=fields.CharEnumField(
                description="REPLY: reply\nTICKET_ANSWERED: ticket_answered\nTICKET_ASSIGNED: ticket_assigned\nTICKET_OVERDUE: ticket_overdue\nTICKET_PARKED: ticket_parked\nTICKET_CLOSED: ticket_closed\nTICKET_MESSAGE: ticket_message",
                enum_type=Notice,
                max_length=32,
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
        Redescribed(
            model_name="TicketEvent",
            name="kind",
            field=fields.CharEnumField(
                description="OPENED: opened\nASSIGNED: assigned\nPARKED: parked\nACCEPTED: accepted\nMESSAGE: message\nANSWERED: answered\nCLOSED: closed\nCOMMENTED: commented\nOVERDUE: overdue\nNOTICE_FAILED: notice_failed",
                enum_type=EventKind,
                max_length=20,
            ),
        ),
    ]
