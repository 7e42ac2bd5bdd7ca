"""One-time ways in for staff. The database knows whether a link was used; the server signs it."""

from datetime import datetime, timedelta

from handlers.errors import Gone
from models.accounts import Staff
from models.tickets import EntryLink, Ticket
from models.transactions import transactional

VALID_FOR = timedelta(days=7)


async def issue(*, staff_id: int, ticket_id: int, now: datetime) -> EntryLink:
    """A new link for one member of staff to one ticket."""
    return await EntryLink.create(
        staff_id=staff_id, ticket_id=ticket_id, expires_at=now + VALID_FOR
    )


@transactional
async def use(link_id: int, *, now: datetime) -> tuple[Staff, Ticket]:
    """Use up a link. Raises Gone when it was used, has expired or never was."""
    used = await EntryLink.filter(id=link_id, used_at=None, expires_at__gt=now).update(used_at=now)
    if used != 1:
        raise Gone("这个链接已经用过或已过期。")
    link = await EntryLink.get(id=link_id).prefetch_related("staff", "ticket")
    return link.staff, link.ticket


async def target(link_id: int) -> tuple[int, str] | None:
    """Whose link it is and where it leads, used or not: (staff id, ticket number)."""
    link = await EntryLink.get_or_none(id=link_id).prefetch_related("ticket")
    return None if link is None else (link.staff_id, link.ticket.number)
