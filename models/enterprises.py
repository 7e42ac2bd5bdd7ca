"""Enterprises 服务对象, and who works for them."""

from tortoise import fields
from tortoise.models import Model

from models.accounts import Account


class Enterprise(Model):
    """A firm that the platform serves. name: as `handlers.enterprises.enterprise_name` gives it."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=60, unique=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "enterprise"


class Membership(Model):
    """Somebody says that they work for an enterprise, which is proven from confirmed_at on.

    open_key holds the account's id until left_at and is null afterwards; being unique, it keeps
    everybody with one enterprise at a time.
    """

    id = fields.IntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="memberships", on_delete=fields.RESTRICT
    )
    account_id: int
    enterprise: fields.ForeignKeyRelation[Enterprise] = fields.ForeignKeyField(
        "models.Enterprise", related_name="memberships", on_delete=fields.RESTRICT
    )
    enterprise_id: int
    open_key = fields.IntField(null=True, unique=True)
    since = fields.DatetimeField()
    confirmed_at = fields.DatetimeField(null=True)
    left_at = fields.DatetimeField(null=True)

    class Meta:
        table = "membership"
        indexes = (("enterprise_id", "id"), ("account_id",))
