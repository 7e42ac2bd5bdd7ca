"""People: one account whatever WeChat application they come from, and those who work here."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model


class App(StrEnum):
    """The WeChat application in whose scope an openid is valid."""

    OFFICIAL = "official"
    MINIAPP = "miniapp"


class StaffRole(StrEnum):
    """What somebody is to the platform. Grants with scope and term come with the desk."""

    SPECIALIST = "specialist"
    SERVICE_OFFICER = "service_officer"
    MANAGER = "manager"


class Account(Model):
    """A natural person as far as the platform knows one.

    phone: digits only, a mobile or a landline with its area code; shown masked, never logged.
    """

    id = fields.IntField(primary_key=True)
    display_name = fields.CharField(max_length=40, default="")
    phone = fields.CharField(max_length=12, null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "account"


class Identity(Model):
    """An account's face in one WeChat application."""

    id = fields.IntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="identities", on_delete=fields.RESTRICT
    )
    account_id: int
    app = fields.CharEnumField(App, max_length=16)
    openid = fields.CharField(max_length=64)
    unionid = fields.CharField(max_length=64, null=True, db_index=True)
    follows = fields.BooleanField(default=True)
    follows_at = fields.DatetimeField(
        null=True
    )  # when the person last showed it, by the sender's clock
    unionid_due_at = fields.DatetimeField(null=True, db_index=True)  # ask the platform for it then
    created_at = fields.DatetimeField()

    class Meta:
        table = "identity"
        unique_together = (("app", "openid"),)


class Staff(Model):
    """Somebody who works for the platform, with what they may be asked."""

    id = fields.IntField(primary_key=True)
    account: fields.OneToOneRelation[Account] = fields.OneToOneField(
        "models.Account", related_name="staff", on_delete=fields.RESTRICT
    )
    account_id: int
    name = fields.CharField(max_length=20)
    role = fields.CharEnumField(StaffRole, max_length=20)
    topics: fields.Field[list[str]] = fields.JSONField(default=list)
    on_duty = fields.BooleanField(default=True)

    class Meta:
        table = "staff"


class Consent(Model):
    """Permission to send one template to one person (WECHAT.md, 订阅通知).

    One-time consents are credits that a send uses up; a long-term one has none and needs none.
    """

    id = fields.IntField(primary_key=True)
    identity: fields.ForeignKeyRelation[Identity] = fields.ForeignKeyField(
        "models.Identity", related_name="consents", on_delete=fields.CASCADE
    )
    identity_id: int
    template_id = fields.CharField(max_length=64)
    credits = fields.IntField(default=0)
    long_term = fields.BooleanField(default=False)
    accepted_at = fields.DatetimeField(null=True)
    rejected_at = fields.DatetimeField(null=True)

    class Meta:
        table = "consent"
        unique_together = (("identity", "template_id"),)
