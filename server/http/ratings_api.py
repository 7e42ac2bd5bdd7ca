"""The API's part about ratings."""

from typing import Literal

import msgspec
from sanic import Request

from handlers import ratings, ticket_records
from handlers.accounts import Principal
from handlers.ratings import Axis
from server.http.context import wiring
from server.http.own_ticket import own_ticket
from server.http.presentation import TicketDetail
from server.http.routes import Route

Score = Literal[1, 2, 3, 4, 5]


class RatingForm(msgspec.Struct, forbid_unknown_fields=True):
    """A rating, 1 to 5. integrity is taken once, stored apart from the ticket, never told again."""

    professionalism: Score
    timeliness: Score
    integrity: Score | msgspec.UnsetType = msgspec.UNSET


async def rate_ticket(
    request: Request, who: Principal, body: RatingForm, number: str
) -> tuple[int, TicketDetail]:
    ticket = await ticket_records.access_ticket_as_asker(who.account_id, number)
    scores: dict[Axis, int] = {
        Axis.PROFESSIONALISM: body.professionalism,
        Axis.TIMELINESS: body.timeliness,
    }
    if body.integrity is not msgspec.UNSET:
        scores[Axis.INTEGRITY] = body.integrity
    await ratings.rate(ticket, scores, now=wiring(request).clock.now())
    return 200, await own_ticket(request, who, number)


ROUTES = (
    Route(
        method="POST",
        path="/tickets/<number:str>/rating",
        handler=rate_ticket,
        summary="Rate one's own closed ticket, or rate it anew within 7 days of closing",
        body=RatingForm,
        answers={200: TicketDetail},
        refusals=(404, 409),
    ),
)
