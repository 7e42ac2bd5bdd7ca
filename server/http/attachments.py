"""An attachment as a response, for whoever has been let in to its ticket."""

from sanic import HTTPResponse, Request
from sanic.response import raw

from handlers import attachments
from handlers.ticket_records import Ticket
from server.http.context import wiring

# A stranger's bytes, even encoded anew: nothing in them may ever be taken for a page.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600",
}


async def send_attachment(request: Request, ticket: Ticket, attachment_id: int) -> HTTPResponse:
    """One attachment of this ticket. Raises NotFound."""
    attachment, data = await attachments.open_attachment(
        wiring(request).files, ticket, attachment_id
    )
    kind, _, form = attachment.content_type.partition("/")
    # Phones can't play every kind of recording in the page: those are for saving.
    name = f'attachment; filename="{ticket.number}-{attachment.id}.{form}"'
    disposition = "inline" if kind == "image" else name
    return raw(
        data,
        content_type=attachment.content_type,
        headers={**HEADERS, "Content-Disposition": disposition},
    )
