"""来访: who scans a site's QR code has come there, and is written down in the ledger 来访登记."""

from datetime import datetime

from handlers.platform import Platform
from handlers.sites import Site
from handlers.threads import Thread
from models.conversations import InboundMessage, Kind
from models.sql import insert
from models.transactions import transactional
from models.visits import Visit

# By which people come in with a scene; the text holds it.
WITH_SCENE = frozenset({Kind.FOLLOWED, Kind.SCANNED})


@transactional
async def note_visit(
    platform: Platform, message: InboundMessage, thread: Thread, *, now: datetime
) -> Site | None:
    """Write down the visit that a scan is, once. Returns the site.

    None, and nothing is written, for a plain follow and for a scene that is no site's code.
    """
    site = platform.site(message.text) if message.kind in WITH_SCENE else None
    if site is not None:
        await insert(
            Visit,
            message_id=message.id,
            site=site.code,
            account_id=thread.account_id,
            conversation_id=thread.id,
            at=now,
        )
    return site
