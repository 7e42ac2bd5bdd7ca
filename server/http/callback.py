"""WeChat's callbacks: authenticate, store, answer within the platform's five seconds."""

import structlog
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw, text

from handlers import inbox
from handlers.incoming import App, Incoming, Kind, Via
from server.config import AppCredentials
from server.http.body import read_body
from server.http.context import limits_of, wiring
from server.http.limits import FORGED, MESSAGES, TooMany
from server.metrics import timed
from server.wechat.bodies import MAX_BYTES
from server.wechat.messages import Malformed, Query, Refused, open_callback, verify_url
from server.wechat.replies import text_reply
from server.wiring import Wiring

# The platform hangs up after 5 s and sends again; what is left is for the network.
ANSWER_WITHIN = 4.2  # seconds
SUCCESS = "success"
# What a person does and can be told about; reports and consents of the platform are never refused.
SAID = frozenset(
    {Kind.TEXT, Kind.IMAGE, Kind.VOICE, Kind.VIDEO, Kind.LOCATION, Kind.LINK, Kind.FILE}
    | {Kind.CARD, Kind.CLICKED}
)
TOO_FAST = "您发得太快了，这一条没有收下。请过 {seconds} 秒再发一次。"

log = structlog.get_logger(__name__)


def callbacks(app: App, url_prefix: str) -> Blueprint:
    """The callback of one application, with its own token and key."""
    blueprint = Blueprint(f"callback-{app}", url_prefix=url_prefix)

    @blueprint.get("/callback")
    async def verify(request: Request) -> HTTPResponse:
        wired = wiring(request)
        try:
            echo = verify_url(_credentials(wired, app), _query(request), wired.clock.now())
        except Refused:
            _count_forged(request)
            return text("", status=403)
        return text(echo)

    @blueprint.post("/callback", stream=True)
    @timed(app)
    async def receive(request: Request) -> HTTPResponse:
        wired = wiring(request)
        await read_body(request, MAX_BYTES)
        credentials, now = _credentials(wired, app), wired.clock.now()
        try:
            envelope = open_callback(app, credentials, _query(request), request.body, now)
        except Refused as refusal:
            _count_forged(request)
            request.ctx.outcome = "refused"
            log.info("callback refused", app=app, reason=str(refusal))
            return text("", status=403)
        except Malformed as malformed:
            log.warning("callback quarantined", app=app, reason=malformed.reason)
            await inbox.quarantine(app, reason=malformed.reason, body=malformed.raw, now=now)
            request.ctx.outcome = "quarantined"
            return text(SUCCESS)
        # The mini-program's customer service has no passive reply: all of it goes by message.
        via = Via.PASSIVE if app == App.OFFICIAL else Via.PUSH
        incoming = envelope.incoming
        reply = await _too_fast(request, incoming) or await inbox.passive_reply(
            wired.house, incoming, via=via, seconds=ANSWER_WITHIN
        )
        request.ctx.outcome = "reply" if reply else "success"
        if not reply:
            return text(SUCCESS)
        content_type, body = text_reply(envelope, reply, now, credentials)
        return raw(body, content_type=content_type)

    return blueprint


def _credentials(wired: Wiring, app: App) -> AppCredentials:
    return wired.config.official if app == App.OFFICIAL else wired.config.miniapp


def _count_forged(request: Request) -> None:
    """Whoever guesses signatures is slowed; WeChat's own addresses are never counted."""
    limits = limits_of(request)
    if wait := limits.wait_here(FORGED, limits.address(request)):
        raise TooMany(wait)


async def _too_fast(request: Request, incoming: Incoming) -> str:
    """What to tell somebody whose message is one too many, "" when it is not.

    Only where it can be told: the mini-program has no passive reply, so there all is taken. A
    repeated delivery of what was taken before gets its answer.
    """
    if incoming.app != App.OFFICIAL or incoming.kind not in SAID:
        return ""
    wait = limits_of(request).wait_here(MESSAGES, incoming.openid)
    if not wait or await inbox.has(incoming):
        return ""
    return TOO_FAST.format(seconds=wait)


def _query(request: Request) -> Query:
    return dict(request.get_args(keep_blank_values=True))
