"""Signs of life, and what they tell about the clock."""

from datetime import datetime, timedelta

import structlog

from handlers import inbox, outbox
from models.heartbeats import Heartbeat
from models.transactions import transactional

WORKER = "worker"
# Clocks of several hosts differ a little, and time services correct by less.
BACKWARDS = timedelta(minutes=1)

log = structlog.get_logger(__name__)


@transactional
async def beat(name: str, *, now: datetime) -> None:
    """Show that this part of the service works.

    A sign from the future means that the clock was set back meanwhile: then whatever waits for a
    moment that is suddenly far away is brought forward, once.
    """
    before = await Heartbeat.select_for_update().get_or_none(name=name)
    if before is not None and before.at - now > BACKWARDS:
        back = before.at - now
        log.warning("clock was set back", seconds=int(back.total_seconds()))
        await outbox.clock_was_set_back(back, now=now)
        await inbox.clock_was_set_back(now=now)
    await Heartbeat.bulk_create(
        [Heartbeat(name=name, at=now)], on_conflict=["name"], update_fields=["at"]
    )
