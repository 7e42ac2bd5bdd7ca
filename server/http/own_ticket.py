"""A ticket as its asker sees it through the API."""

from sanic import Request

from handlers import attachments, ratings, ticket_records
from handlers.accounts import Principal
from handlers.ticket_records import Audience
from server.http import presentation
from server.http.context import wiring
from server.http.presentation import TicketDetail


async def own_ticket(request: Request, who: Principal, number: str) -> TicketDetail:
    """With history, files and rating. Raises NotFound, also where it is somebody else's."""
    now = wiring(request).clock.now()
    ticket = await ticket_records.access_ticket_as_colleague(who.account_id, number)
    rating = await ratings.rating_of(ticket)
    return presentation.ticket_detail(
        ticket,
        await ticket_records.events_of(ticket, audience=Audience.EVERYONE),
        now=now,
        reader=who.account_id,
        attachments=await attachments.attachments_of(ticket),
        rating=rating,
        may_rate=ratings.may_rate(ticket, rating, now=now),
    )
