from tortoise import migrations
from tortoise.migrations import operations as ops
from models.attachments import Sent
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Attachment",
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
                        related_name="attachments",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "sent",
                    fields.CharEnumField(
                        description="BY_ASKER: asker\nBY_STAFF: staff",
                        enum_type=Sent,
                        max_length=16,
                    ),
                ),
                ("sha256", fields.CharField(db_index=True, max_length=64)),
                ("size", fields.IntField()),
                ("content_type", fields.CharField(max_length=40)),
                ("dedupe_key", fields.CharField(unique=True, max_length=200)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "attachment",
                "app": "models",
                "indexes": [Index(fields=["ticket_id", "id"])],
                "pk_attr": "id",
                "table_description": "One file of a ticket. sha256 (hex) is its name in the file store, size in bytes.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Gate",
            fields=[
                (
                    "name",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40),
                ),
                ("tokens", fields.FloatField()),
                ("filled_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("opens_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("failures", fields.IntField(default=0)),
                ("reason", fields.CharField(default="", max_length=80)),
            ],
            options={
                "table": "gate",
                "app": "models",
                "pk_attr": "name",
                "table_description": "What limits one API of the platform, shared by all senders: bucket, breaker and pause.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Heartbeat",
            fields=[
                (
                    "name",
                    fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40),
                ),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "heartbeat",
                "app": "models",
                "pk_attr": "name",
                "table_description": 'When a part of the service last showed that it works. name: "worker".',
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="OutboxItem",
            name="gate",
            field=fields.CharField(null=True, max_length=40),
        ),
    ]
