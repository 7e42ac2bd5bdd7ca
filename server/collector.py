"""Fetches the pictures and recordings that messages promised."""

from dataclasses import dataclass

import structlog

from handlers import gates, media, wording
from handlers.errors import StorageFull
from handlers.gates import Pass
from models.clock import Clock
from models.files import FileStore
from models.media import Media
from server import gatekeeper
from server.wechat.client import WeChatClient
from server.wechat.errors import PlatformError, TooLarge

GATE = "media/get"
AT_ONCE = 8  # files fetched in one go

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Collector:
    """What fetching needs, wired once. calls_a_minute: of the platform's API, all workers'."""

    client: WeChatClient
    files: FileStore
    clock: Clock
    calls_a_minute: int

    async def collect(self) -> int:
        """Fetch what is due, and throw away what nobody wants. Returns how much there was."""
        now = self.clock.now()
        due = await media.wanted(now=now, limit=AT_ONCE)
        for fetched, row in enumerate(due):
            leave = await gates.enter(GATE, a_minute=self.calls_a_minute, now=now)
            if leave is None:
                return fetched
            if await media.claim(row, now=now):
                await self._fetch(row, leave)
        return len(due) or await media.forget(self.files, now=now)

    async def _fetch(self, row: Media, leave: Pass) -> None:
        limit = media.LARGEST[row.kind]
        try:
            file = await self.client.download_media(row.app, media_id=row.media_id, max_bytes=limit)
        except PlatformError as error:
            await gatekeeper.report(leave, error, now=self.clock.now())
            await self._failed(row, error)
            return
        await gates.answered(leave)
        try:
            await media.keep(self.files, row, file.content, now=self.clock.now())
        except StorageFull:
            # Nothing is lost while the platform has it: the row comes back by itself.
            log.error("no room for files, fetched again later", media=row.id)

    async def _failed(self, row: Media, error: PlatformError) -> None:
        now = self.clock.now()
        if isinstance(error, TooLarge):
            await media.refuse(row, wording.media_too_large(media.LARGEST[row.kind]), now=now)
        elif error.permanent:
            log.warning("no such media", media=row.id, error=str(error))
            await media.lose(row, wording.media_unavailable(error.code), now=now)
