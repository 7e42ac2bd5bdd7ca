"""Pictures and recordings that came as a message: owed, fetched by the worker, put on a ticket.

A message only carries the platform's number of the file, good for three days. So the transaction
that settles the message writes a row, and the worker fetches what rows are owed.
"""

import asyncio
from datetime import datetime, timedelta

import structlog

from handlers import filing, pictures, recordings, tickets, wording
from handlers.attachments import MOST_OF_A_TICKET
from handlers.errors import DomainError
from handlers.threads import Thread
from models.attachments import Attachment, Sent
from models.conversations import InboundMessage, Kind
from models.files import FileStore
from models.media import Media, MediaState
from models.sql import insert
from models.tickets import EventKind, Ticket
from models.transactions import own_task, transactional

# Bytes to fetch at most, by kind; other kinds are not fetched at all.
LARGEST = {Kind.IMAGE: pictures.LARGEST, Kind.VOICE: recordings.LARGEST}
# For how long the platform keeps a file (WECHAT.md and the page of media/get).
KEPT = timedelta(days=3)
# Longer than the longest fetch; doubling up to the second one while fetching fails.
LEASE = timedelta(minutes=2)
LONGEST_LEASE = timedelta(hours=1)
# What no ticket has taken by then is nobody's business any more.
FORGOTTEN_AFTER = timedelta(days=30)

log = structlog.get_logger(__name__)


async def note(message: InboundMessage, thread: Thread, *, now: datetime) -> None:
    """Owe the file of a message to its thread, once; nothing where the message has none.

    Runs inside the transaction that settles the message.
    """
    if message.kind in LARGEST:
        await insert(
            Media,
            message_id=message.id,
            app=message.app,
            media_id=message.media_id,
            kind=message.kind,
            conversation_id=thread.id,
            ticket_id=None,
            due_at=now,
            created_at=now,
        )


async def give(message: InboundMessage, ticket: Ticket, *, now: datetime) -> str:
    """Put the noted file of a message on the asker's ticket, now or when it has been fetched.

    Runs inside the same transaction. Returns what to tell the asker where the ticket takes no
    more, else "".
    """
    row = await Media.get(message_id=message.id)
    if await _room(ticket) > 0:
        await _attach(row, ticket, now=now)
        return ""
    row.ticket_id = ticket.id
    await _close(row, MediaState.REFUSED, wording.TICKET_IS_FULL, now=now)
    return wording.ticket_full(ticket.number)


async def attach_waiting(ticket: Ticket, conversation_id: int, *, now: datetime) -> None:
    """Put on a ticket what was sent in its thread and lies on none: the newest, if there is much.

    To be called where a ticket is opened or added to, inside that transaction.
    """
    rows = (
        await Media.select_for_update()
        .filter(conversation_id=conversation_id, ticket_id=None)
        .order_by("-id")
        .limit(max(0, await _room(ticket)))
    )
    for row in reversed(rows):
        await _attach(row, ticket, now=now)


async def wanted(*, now: datetime, limit: int) -> list[Media]:
    """Rows whose file is to be fetched now."""
    return (
        await Media.filter(state=MediaState.WANTED, due_at__lte=now).order_by("due_at").limit(limit)
    )


async def claim(media: Media, *, now: datetime) -> bool:
    """Take a wanted row for one try; exactly one of all who ask gets it.

    It comes back by itself, later each time, unless the try ends in `keep`, `refuse` or `lose`;
    three days after the message it is lost.
    """
    if now - media.created_at > KEPT:
        await lose(media, wording.MEDIA_EXPIRED, now=now)
        return False
    lease = min(LEASE * 2 ** min(media.tries, 10), LONGEST_LEASE)
    untouched = Media.filter(id=media.id, state=MediaState.WANTED, tries=media.tries)
    return await untouched.update(tries=media.tries + 1, due_at=now + lease) == 1


async def keep(files: FileStore, media: Media, data: bytes, *, now: datetime) -> None:
    """Check what was fetched, put it into the file store and on its ticket.

    What is nothing to keep is refused. Raises StorageFull; the row is then still wanted.
    """
    # In a task of its own: a worker that is stopped leaves no half-done work behind.
    await own_task(_keep(files, media, data, now=now))


@transactional
async def refuse(media: Media, reason: str, *, now: datetime) -> None:
    """The file is nothing that we keep. reason: a sentence in Chinese."""
    await _end(media, MediaState.REFUSED, reason, now=now)


@transactional
async def lose(media: Media, reason: str, *, now: datetime) -> None:
    """The platform has no such file any more. reason: a sentence in Chinese."""
    await _end(media, MediaState.LOST, reason, now=now)


async def forget(files: FileStore, *, now: datetime, limit: int = 20) -> int:
    """Throw away what no ticket has taken in 30 days. Returns how many files."""
    old = await Media.filter(
        state=MediaState.STORED, ticket_id=None, created_at__lt=now - FORGOTTEN_AFTER
    ).limit(limit)
    for row in old:
        untaken = Media.filter(id=row.id, state=MediaState.STORED, ticket_id=None)
        if await untaken.update(state=MediaState.LOST, sha256="", reason=wording.MEDIA_FORGOTTEN):
            await filing.remove_unless_named(files, row.sha256)
    return len(old)


async def _keep(files: FileStore, media: Media, data: bytes, *, now: datetime) -> None:
    try:
        if media.kind == Kind.IMAGE:
            picture = await asyncio.to_thread(pictures.clean, data)
            data, content_type = picture.data, picture.content_type
        else:
            content_type = recordings.content_type_of(data)
    except DomainError as error:
        await refuse(media, error.sentence, now=now)
        return
    digest = await filing.put(files, data)
    stored = False
    try:
        stored = await _write_down(
            files, media.id, digest, size=len(data), content_type=content_type, now=now
        )
    finally:
        if not stored:
            await filing.remove_unless_named(files, digest)


@transactional
async def _write_down(
    files: FileStore, media_id: int, digest: str, *, size: int, content_type: str, now: datetime
) -> bool:
    """Name the file in its row; False where the row wants it no more."""
    row = await Media.select_for_update().get(id=media_id)
    if row.state != MediaState.WANTED:
        return False
    row.state = MediaState.STORED
    row.sha256, row.size, row.content_type = digest, size, content_type
    await filing.require(files, digest)
    await row.save()
    if row.ticket_id is not None:
        ticket = await Ticket.get(id=row.ticket_id)
        # Pictures may have come on another way since this one was promised a place.
        await tickets.lock(ticket)
        if await Attachment.filter(ticket_id=ticket.id).count() >= MOST_OF_A_TICKET:
            row.sha256, row.size, row.content_type = "", 0, ""
            await _close(row, MediaState.REFUSED, wording.TICKET_IS_FULL, now=now)
            return False
        await _attach(row, ticket, now=now)
    return True


async def _end(media: Media, state: MediaState, reason: str, *, now: datetime) -> None:
    row = await Media.select_for_update().get(id=media.id)
    if row.state == MediaState.WANTED:
        await _close(row, state, reason, now=now)


async def _close(row: Media, state: MediaState, reason: str, *, now: datetime) -> None:
    """The row comes to nothing; its ticket's history says so."""
    row.state, row.reason = state, reason[:200]
    await row.save()
    log.warning("media not kept", media=row.id, kind=row.kind, state=state, reason=reason)
    if row.ticket_id is not None:
        await _tell(row, await Ticket.get(id=row.ticket_id), now=now)


async def _attach(row: Media, ticket: Ticket, *, now: datetime) -> None:
    """Tie a row to its ticket: what is stored becomes an attachment, what is wanted will."""
    row.ticket_id = ticket.id
    await row.save(update_fields=["ticket_id"])
    if row.state == MediaState.STORED:
        await Attachment.create(
            ticket_id=ticket.id,
            sent=Sent.BY_ASKER,
            sha256=row.sha256,
            size=row.size,
            content_type=row.content_type,
            dedupe_key=f"media:{row.id}",
            created_at=now,
        )
    elif row.state != MediaState.WANTED:
        await _tell(row, ticket, now=now)


async def _tell(row: Media, ticket: Ticket, *, now: datetime) -> None:
    text = wording.media_not_kept(row.kind, row.reason)
    key = f"media:{row.id}"
    await tickets.record(ticket, EventKind.NOT_KEPT, at=now, text=text, dedupe_key=key)


async def _room(ticket: Ticket) -> int:
    """How many more files the ticket takes, counting those that are still to be fetched."""
    attached = await Attachment.filter(ticket_id=ticket.id).count()
    coming = await Media.filter(ticket_id=ticket.id, state=MediaState.WANTED).count()
    return MOST_OF_A_TICKET - attached - coming
