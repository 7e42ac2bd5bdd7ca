"""Whether a text of the mini-program is fit to be passed on: our own list, then WeChat's check.

WeChat judges only who used the mini-program within two hours (61010 otherwise). Where it says
nothing in time, our list alone decides: nobody is held up because WeChat is away.
"""

import asyncio
from dataclasses import dataclass

import structlog

from handlers import gates, safety
from handlers.gates import Trouble
from handlers.safety import Unfit, Unsafe
from models.clock import Clock
from server import gatekeeper
from server.wechat.client import WeChatClient
from server.wechat.errors import PlatformError

GATE = "msg_sec_check"
WITHIN = 1.0  # seconds for all of a text
LONGEST = 2500  # characters that the platform takes at once
# The platform's labels. 20003 is abuse: who is angry with us must get through.
ABUSE = 20003
LABELS = {
    10001: Unsafe.SPAM,
    20001: Unsafe.STATE,
    20002: Unsafe.PORN,
    20008: Unsafe.FRAUD,
    20012: Unsafe.PORN,
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ContentCheck:
    """What checking needs, wired once. calls_a_minute: of the platform's API, all processes'."""

    client: WeChatClient
    clock: Clock
    calls_a_minute: int

    async def doubt(self, openid: str, text: str) -> Unsafe | None:
        """The kind of trouble in a text of this person's, by our list or by WeChat."""
        return safety.unsafe(text) or await self._asked(openid, text)

    async def require_fit(self, openid: str, *texts: str) -> None:
        """Raises Unfit where something typed into a form is not to be published."""
        safety.require_fit(*texts)
        if found := await self._asked(openid, "\n".join(texts)):
            raise Unfit(found)

    async def _asked(self, openid: str, text: str) -> Unsafe | None:
        try:
            async with asyncio.timeout(WITHIN):
                for begin in range(0, len(text), LONGEST):
                    if found := await self._judged(openid, text[begin : begin + LONGEST]):
                        return found
        except TimeoutError:
            log.warning("content check timed out")
        return None

    async def _judged(self, openid: str, text: str) -> Unsafe | None:
        now = self.clock.now()
        leave = await gates.enter(GATE, a_minute=self.calls_a_minute, now=now)
        if leave is None:
            return None
        try:
            verdict = await self.client.msg_sec_check(openid, text)
        except PlatformError as error:
            await gatekeeper.report(leave, error, now=now)
            return None
        except asyncio.CancelledError:
            # Out of time, which is as good as no answer; or the caller is gone, which is rare.
            await gates.refused(leave, Trouble.UNAVAILABLE, reason="timeout", now=now)
            raise
        await gates.answered(leave)
        if verdict.passes or verdict.label == ABUSE:
            return None
        return LABELS.get(verdict.label, Unsafe.OTHER)
