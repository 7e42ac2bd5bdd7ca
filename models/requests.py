"""Service requests 服务申请: a submitted form, and the ticket by which it is cared for."""

from tortoise import fields
from tortoise.models import Model

from models.accounts import Account
from models.tickets import Ticket


class ServiceRequest(Model):
    """What somebody applied for. form: a name in handlers/data/forms.toml, given: slot → value."""

    id = fields.IntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="requests", on_delete=fields.RESTRICT
    )
    account_id: int
    ticket: fields.OneToOneRelation[Ticket] = fields.OneToOneField(
        "models.Ticket", related_name="request", on_delete=fields.RESTRICT
    )
    ticket_id: int
    form = fields.CharField(max_length=32)
    given: fields.Field[dict[str, str]] = fields.JSONField(default=dict)
    dedupe_key = fields.CharField(max_length=200, unique=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "service_request"
        indexes = (("account_id", "id"),)
