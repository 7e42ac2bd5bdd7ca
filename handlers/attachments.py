"""Attachments of tickets: a picture is made harmless, put into the file store, and told."""

import asyncio
from datetime import datetime

import structlog

from handlers import filing, pictures, tickets, wording
from handlers.errors import Conflict, NotFound
from handlers.house import House
from handlers.ids import possible_id
from handlers.pictures import Picture
from models.attachments import Attachment, Sent
from models.files import FileStore
from models.tickets import Ticket
from models.transactions import own_task, transactional

MOST_OF_A_TICKET = 20
NO_SUCH_PICTURE = "没有找到这张图片。"

log = structlog.get_logger(__name__)


async def attach_picture(
    house: House,
    files: FileStore,
    ticket: Ticket,
    data: bytes,
    *,
    author: str = wording.BY_ASKER,
    dedupe_key: str,
    now: datetime,
) -> None:
    """Keep a picture of the asker's or a colleague's, note it in the ticket's history and tell
    the assignee.

    Raises DomainError for what is no good picture, StorageFull, and Conflict when the ticket takes
    nothing more or the key came before with another picture; then nothing is kept. A process that
    is killed on the way may leave a file that no row names and nobody can read.
    """
    # In a task of its own: a client that hangs up leaves no half-done work behind.
    await own_task(
        _attach(house, files, ticket, data, author=author, dedupe_key=dedupe_key, now=now)
    )


async def attachments_of(ticket: Ticket) -> list[Attachment]:
    """A ticket's attachments, oldest first."""
    return await Attachment.filter(ticket_id=ticket.id).order_by("id")


async def open_attachment(
    files: FileStore, ticket: Ticket, attachment_id: int
) -> tuple[Attachment, bytes]:
    """One attachment of a ticket that the reader may see, with its bytes. Raises NotFound."""
    attachment = None
    if possible_id(attachment_id):
        attachment = await Attachment.get_or_none(id=attachment_id, ticket_id=ticket.id)
    if attachment is None:
        raise NotFound(NO_SUCH_PICTURE)
    try:
        return attachment, await asyncio.to_thread(files.read, attachment.sha256)
    except FileNotFoundError as error:
        log.error("file is missing in the store", sha256=attachment.sha256)
        raise NotFound("这张图片的文件已丢失，请联系平台工作人员。") from error


async def _attach(
    house: House,
    files: FileStore,
    ticket: Ticket,
    data: bytes,
    *,
    author: str,
    dedupe_key: str,
    now: datetime,
) -> None:
    picture = await asyncio.to_thread(pictures.clean, data)
    digest = await filing.put(files, picture.data)
    try:
        await _write_down(
            house, files, ticket, digest, picture, author=author, dedupe_key=dedupe_key, now=now
        )
    except Exception:
        await filing.remove_unless_named(files, digest)
        raise


@transactional
async def _write_down(
    house: House,
    files: FileStore,
    ticket: Ticket,
    digest: str,
    picture: Picture,
    *,
    author: str,
    dedupe_key: str,
    now: datetime,
) -> None:
    await tickets.lock(ticket)
    before = await Attachment.get_or_none(dedupe_key=dedupe_key)
    if before is not None:
        if before.sha256 != digest:
            raise Conflict(tickets.KEY_TAKEN)
        return
    if await Attachment.filter(ticket_id=ticket.id).count() >= MOST_OF_A_TICKET:
        raise Conflict(f"一张工单最多放{MOST_OF_A_TICKET}张图片。")
    await tickets.take_addition(
        house, ticket, "补充了图片", author=author, dedupe_key=dedupe_key, now=now
    )
    await Attachment.create(
        ticket_id=ticket.id,
        sent=Sent.BY_ASKER,
        sha256=digest,
        size=len(picture.data),
        content_type=picture.content_type,
        dedupe_key=dedupe_key,
        created_at=now,
    )
    await filing.require(files, digest)
