from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from models.relabel import Relabel
from models.outbox import Notice, OutboxState
from models.tickets import EventKind
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("models", "0003_latest_assignment")]

    initial = False

    operations = [
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
        Relabel(
            model_name="OutboxItem",
            name="notice",
            field=fields.CharEnumField(
                description="REPLY: reply\nTICKET_ANSWERED: ticket_answered\nTICKET_WRITTEN: ticket_written\nTICKET_ASSIGNED: ticket_assigned\nTICKET_OVERDUE: ticket_overdue\nTICKET_PARKED: ticket_parked\nTICKET_MESSAGE: ticket_message",
                enum_type=Notice,
                max_length=32,
            ),
        ),
        Relabel(
            model_name="OutboxItem",
            name="state",
            field=fields.CharEnumField(
                default=OutboxState.PENDING,
                description="PENDING: pending\nLEASED: leased\nDONE: done\nPARKED: parked\nDEAD: dead\nDROPPED: dropped",
                enum_type=OutboxState,
                max_length=16,
            ),
        ),
        Relabel(
            model_name="TicketEvent",
            name="kind",
            field=fields.CharEnumField(
                description="OPENED: opened\nASSIGNED: assigned\nPARKED: parked\nACCEPTED: accepted\nMESSAGE: message\nWRITTEN: written\nANSWERED: answered\nOVERDUE: overdue\nNOTICE_FAILED: notice_failed",
                enum_type=EventKind,
                max_length=20,
            ),
        ),
    ]
