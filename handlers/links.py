"""One-time ways in for staff. The database knows whether a link was used; the server signs it."""

from datetime import datetime, timedelta

from handlers.errors import Gone
from handlers.tickets import notify_staff
from models.accounts import Staff
from models.outbox import Notice
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


async def target(link_id: int) -> tuple[Staff, Ticket] | None:
    """Whose link it is and where it leads, used or not."""
    link = await EntryLink.get_or_none(id=link_id).prefetch_related("staff", "ticket")
    return None if link is None else (link.staff, link.ticket)


@transactional
async def send_anew(link_id: int, *, now: datetime) -> None:
    """Notify the link's owner once more, with a fresh link; at most once a minute.

    Whoever asks for it gets nothing: the notice goes to the owner's own WeChat. Raises Gone.
    """
    found = await target(link_id)
    if found is None:
        raise Gone("这个链接无效。")
    staff, ticket = found
    minute = int(now.timestamp()) // 60
    await notify_staff(Notice.TICKET_ASSIGNED, ticket, staff, now=now, occasion=minute)
