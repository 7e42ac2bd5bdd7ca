"""Signs of life of processes that nobody can ask directly."""

from tortoise import fields
from tortoise.models import Model


class Heartbeat(Model):
    """When a part of the service last showed that it works. name: "worker"."""

    name = fields.CharField(max_length=40, primary_key=True)
    at = fields.DatetimeField()

    class Meta:
        table = "heartbeat"
