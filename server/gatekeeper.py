"""Tells a gate how a call of the platform ended: whether the message failed or the API."""

from collections.abc import Mapping
from datetime import datetime

import structlog

from handlers import gates
from handlers.gates import Pass, Trouble
from server.wechat.errors import Misconfigured, PlatformError, Throttled, TokenDead, Unavailable

# Failures of the API itself; all others are about one message or one person.
TROUBLES: Mapping[type[PlatformError], Trouble] = {
    Unavailable: Trouble.UNAVAILABLE,
    Throttled: Trouble.THROTTLED,
    TokenDead: Trouble.MISCONFIGURED,
    Misconfigured: Trouble.MISCONFIGURED,
}

log = structlog.get_logger(__name__)


async def report(leave: Pass, error: PlatformError, *, now: datetime) -> None:
    """A call that had leave has failed."""
    trouble = next((t for kind, t in TROUBLES.items() if isinstance(error, kind)), None)
    if trouble is None:
        await gates.answered(leave)
        return
    log.warning("platform in trouble", gate=leave.gate, error=str(error))
    await gates.refused(leave, trouble, reason=error.reason, now=now)
