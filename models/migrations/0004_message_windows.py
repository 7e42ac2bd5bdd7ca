from tortoise import migrations
from tortoise.migrations import operations as ops
from models.windows import Act
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    dependencies = [("models", "0003_latest_assignment")]

    initial = False

    operations = [
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
    ]
