"""WeChat's callbacks: authenticate, store, answer within the platform's five seconds."""

import structlog
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw, text

from handlers import inbox
from handlers.incoming import App, Via
from server.config import AppCredentials
from server.http.context import wiring
from server.wechat.messages import Malformed, Query, Refused, open_callback, verify_url
from server.wechat.replies import text_reply
from server.wiring import Wiring

# The platform hangs up after 5 s and sends again; what is left is for the network.
ANSWER_WITHIN = 4.2  # seconds
SUCCESS = "success"

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
            return text("", status=403)
        return text(echo)

    @blueprint.post("/callback")
    async def receive(request: Request) -> HTTPResponse:
        wired = wiring(request)
        credentials, now = _credentials(wired, app), wired.clock.now()
        try:
            envelope = open_callback(app, credentials, _query(request), request.body, now)
        except Refused as refusal:
            log.info("callback refused", app=app, reason=str(refusal))
            return text("", status=403)
        except Malformed as malformed:
            log.warning("callback quarantined", app=app, reason=malformed.reason)
            await inbox.quarantine(app, reason=malformed.reason, body=malformed.raw, now=now)
            return text(SUCCESS)
        # The mini-program's customer service has no passive reply: all of it goes by message.
        via = Via.PASSIVE if app == App.OFFICIAL else Via.PUSH
        reply = await inbox.passive_reply(
            wired.house, envelope.incoming, via=via, seconds=ANSWER_WITHIN
        )
        if not reply:
            return text(SUCCESS)
        content_type, body = text_reply(envelope, reply, now, credentials)
        return raw(body, content_type=content_type)

    return blueprint


def _credentials(wired: Wiring, app: App) -> AppCredentials:
    return wired.config.official if app == App.OFFICIAL else wired.config.miniapp


def _query(request: Request) -> Query:
    return dict(request.get_args(keep_blank_values=True))
