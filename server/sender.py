"""Sends one outbox row: by the next open channel, until one takes it or none is left."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from handlers import accounts, attempts, consents, delivery, gates, links, outbox, wording
from handlers.attempts import Attempt
from handlers.gates import Pass
from handlers.parting import OURS, split_text
from handlers.windows import Shut
from models.clock import Clock
from models.outbox import Channel, Notice, OutboxItem
from server import gatekeeper
from server.links import rating_url
from server.metrics import count_delivery
from server.signing import Signer
from server.wechat.client import SendResult, WeChatClient
from server.wechat.errors import (
    BadRequest,
    ChannelClosed,
    Misconfigured,
    PlatformError,
    Throttled,
    TokenDead,
    Unavailable,
)
from server.wechat.templates import Templates

ASK_AGAIN_AFTER = timedelta(minutes=5)
INTRODUCTIONS = 8  # unionids asked for in one go
ASKER_LINK_VALID = timedelta(days=30)
NO_CONSENT = 43101
WINDOWS = {45015: Shut.OVER, 45047: Shut.USED_UP}
USER_INFO = "user/info"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sender:
    """What sending needs, wired once."""

    client: WeChatClient
    templates: Templates
    signer: Signer
    clock: Clock
    public_url: str
    sends_a_minute: int

    async def send(self, item: OutboxItem) -> None:
        """Try the open channels one after the other; the row's state says how it ended."""
        while (attempt := await self._begin(item)) is not None:
            try:
                result = await self._call(attempt)
            except PlatformError as error:
                await gatekeeper.report(attempt.leave, error, now=self.clock.now())
                final = await self._note(attempt, error)
                if not final:
                    await self._later(item, attempt.route.channel, error)
                    return
            except Exception:
                # What our own code broke may have been sent all the same.
                await attempts.failed(attempt, code="", maybe_sent=True, now=self.clock.now())
                raise
            else:
                await gates.answered(attempt.leave)
                now = self.clock.now()
                await attempts.accepted(attempt, message_id=result.message_id, now=now)
                return

    async def introduce(self) -> int:
        """Learn the unionids still owed. Returns how many were asked for."""
        now = self.clock.now()
        owed = await accounts.unionids_owed(now=now, limit=INTRODUCTIONS)
        for asked, identity in enumerate(owed):
            leave = await self._enter(USER_INFO)
            if leave is None:
                return asked
            try:
                unionid = await self.client.unionid_of(identity.openid)
            except PlatformError as error:
                await gatekeeper.report(leave, error, now=self.clock.now())
                again = None if isinstance(error, ChannelClosed) else now + ASK_AGAIN_AFTER
                await accounts.ask_unionid_again(identity.id, again)
            else:
                await gates.answered(leave)
                await accounts.ask_unionid_again(identity.id, None)
                if unionid:
                    await accounts.learn_unionid(identity.id, unionid, now=now)
        return len(owed)

    async def _enter(self, gate: str) -> Pass | None:
        return await gates.enter(gate, a_minute=self.sends_a_minute, now=self.clock.now())

    async def _begin(self, item: OutboxItem) -> Attempt | None:
        return await attempts.begin(
            item,
            self.templates.ids,
            a_minute=self.sends_a_minute,
            longest=OURS,
            now=self.clock.now(),
        )

    async def _note(self, attempt: Attempt, error: PlatformError) -> bool:
        """Write the failure down. Returns whether this channel is shut for the row by it."""
        # Of several texts in a message the platform does not say which one it refused.
        refused = isinstance(error, BadRequest) and len(attempt.parts) == 1
        final = isinstance(error, ChannelClosed) or refused
        now = self.clock.now()
        await attempts.failed(
            attempt,
            code=error.reason,
            final=final,
            maybe_sent=isinstance(error, Unavailable) and error.maybe_sent,
            shut=WINDOWS.get(error.code),
            now=now,
        )
        if isinstance(error, BadRequest):
            notice = attempt.parts[0].item.notice
            log.critical("refused", notice=notice, error=str(error), hint=error.hint)
        if error.code == NO_CONSENT:
            route = attempt.route
            await consents.spend_credit(route.identity.id, route.template_id, all_of_them=True)
        return final

    async def _later(self, item: OutboxItem, channel: Channel, error: PlatformError) -> None:
        if isinstance(error, (Throttled, TokenDead, Misconfigured)):
            # A used-up quota or a wrong setting is no fault of this row: it costs no try.
            await outbox.wait_at(item, channel)
            return
        now = self.clock.now()
        if not await outbox.try_later(item, now=now):
            await delivery.give_up(item, now=now)

    async def _call(self, attempt: Attempt) -> SendResult:
        try:
            result = await self._send_by(attempt)
        except PlatformError as error:
            count_delivery(attempt.route.channel, error.code)
            raise
        count_delivery(attempt.route.channel, 0)
        return result

    async def _send_by(self, attempt: Attempt) -> SendResult:
        route, first = attempt.route, attempt.parts[0]
        item, openid = first.item, route.identity.openid
        url = await self._link(item)
        if route.channel in delivery.CUSTOM.values():
            text = self._text(attempt, url)
            return await self.client.send_custom_text(route.identity.app, openid=openid, text=text)
        # A template has no room of its own for the label; the question is in each of ours.
        payload = item.payload | {"question": first.label + item.payload["question"]}
        data = self.templates.render(route.identity.app, item.notice, payload)
        if route.channel == Channel.OFFICIAL_TEMPLATE:
            return await self.client.send_template(
                openid, template_id=route.template_id, data=data, url=url
            )
        return await self.client.send_subscribe(
            openid,
            template_id=route.template_id,
            data=data,
            page=f"pages/ticket/ticket?number={item.payload['number']}",
        )

    async def _link(self, item: OutboxItem) -> str:
        """The page that a notice opens: the ticket, to be worked on, read or rated."""
        now = self.clock.now()
        if item.notice in delivery.STAFF_NOTICES:
            link = await links.issue(
                staff_id=item.payload["staff_id"], ticket_id=item.payload["ticket_id"], now=now
            )
            token = self.signer.sign("desk-link", {"link": link.id}, now=now, ttl=links.VALID_FOR)
            return f"{self.public_url}/desk/enter/{token}"
        if item.notice in (Notice.TICKET_ANSWERED, Notice.TICKET_WRITTEN):
            token = self.signer.sign(
                "asker-link", {"number": item.payload["number"]}, now=now, ttl=ASKER_LINK_VALID
            )
            return f"{self.public_url}/t/{token}"
        if item.notice == Notice.TICKET_CLOSED:
            return rating_url(self.signer, self.public_url, item.payload["number"], now=now)
        return ""

    def _text(self, attempt: Attempt, url: str) -> str:
        first = attempt.parts[0]
        if first.item.notice in delivery.STAFF_NOTICES:
            return first.label + wording.staff_notice(first.item.notice, first.item.payload, url)
        if first.item.notice == Notice.TICKET_CLOSED:
            official = attempt.route.channel == Channel.OFFICIAL_CUSTOM
            return first.label + wording.closed(
                first.item.payload["number"], url if official else ""
            )
        text = attempt.text
        if len(text.encode()) <= OURS:
            return text
        tail = f"\n……全文：{url}" if url else "\n……"
        return split_text(text, OURS - len(tail.encode()))[0] + tail
