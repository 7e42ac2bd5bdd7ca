"""What askers think of a closed ticket (clause 8.2 of the guide): 专业性, 及时性, 廉洁性.

Integrity is told apart from the rest: it is never stored beside a ticket or a person, and never
as a vote at all. A table of votes would keep their order on both databases (SQLite's rowid,
PostgreSQL's ctid and xmin) whatever its key, and the order of the ratings would then name the
voters. Sums have no order.
"""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from models.tickets import Ticket

LOWEST, HIGHEST = 1, 5
# The row of IntegrityTally that holds fewer votes than may be shown.
OPEN = "open"


class Axis(StrEnum):
    """What is rated, from LOWEST to HIGHEST."""

    PROFESSIONALISM = "professionalism"
    TIMELINESS = "timeliness"
    INTEGRITY = "integrity"


class Rating(Model):
    """A ticket's rating: one row, the last word counts. at: when one of the two axes was set.

    integrity_cast: whether the vote on integrity was given, which is given once; nothing here
    tells when or how.
    """

    id = fields.IntField(primary_key=True)
    ticket: fields.OneToOneRelation[Ticket] = fields.OneToOneField(
        "models.Ticket", related_name="rating", on_delete=fields.RESTRICT
    )
    ticket_id: int
    professionalism = fields.SmallIntField(null=True)
    timeliness = fields.SmallIntField(null=True)
    at = fields.DatetimeField(null=True)
    integrity_cast = fields.BooleanField(default=False)

    class Meta:
        table = "rating"


class IntegrityTally(Model):
    """How many votes on integrity gave each score.

    month: "2026-11" by China's calendar, when a batch of votes was full and could be shown; or
    OPEN for the batch that is being filled. No staff, no topic: their cells would hold a vote or
    two each, and so name the voter.
    """

    month = fields.CharField(max_length=7, primary_key=True)
    score_1 = fields.IntField(default=0)
    score_2 = fields.IntField(default=0)
    score_3 = fields.IntField(default=0)
    score_4 = fields.IntField(default=0)
    score_5 = fields.IntField(default=0)

    class Meta:
        table = "integrity_tally"
