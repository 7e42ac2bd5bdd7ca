"""The mini-program's JSON API: sign in by code, ask, my tickets, add to one."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json

from handlers import accounts, delivery, inbox, ticket_records, tickets
from handlers.accounts import Principal
from handlers.consents import consents_of
from handlers.errors import DomainError, NotFound, Unauthorized, Unavailable
from handlers.incoming import App, Incoming, Kind
from handlers.ticket_records import Audience
from server.http import presentation
from server.http.body import parse
from server.http.context import wiring
from server.signing import BadToken
from server.wechat.errors import CodeRejected, PlatformError

SESSION = "miniapp-session"
SESSION_LASTS = timedelta(days=7)
ANSWER_WITHIN = 8.0  # seconds; the mini-program shows a spinner meanwhile
SIGN_IN = "请先登录。"
LARGEST_ID = 2**31 - 1  # what an id column holds

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]


class Login(msgspec.Struct, forbid_unknown_fields=True):
    """What wx.login gave."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Ask(msgspec.Struct, forbid_unknown_fields=True):
    """A question as typed."""

    text: Words


class Addition(msgspec.Struct, forbid_unknown_fields=True):
    """Something to add to a ticket."""

    text: Words


async def login(request: Request) -> HTTPResponse:
    wired, now = wiring(request), wiring(request).clock.now()
    try:
        session = await wired.client.code_to_session(parse(request, Login).code)
    except CodeRejected as error:
        raise DomainError("登录凭证无效或已使用，请重新登录。") from error
    except PlatformError as error:
        raise Unavailable("微信登录暂时不可用，请稍后再试。") from error
    identity = await accounts.identity_of(
        App.MINIAPP, session.openid, unionid=session.unionid, now=now
    )
    token = wired.signer.sign(SESSION, {"identity": identity.id}, now=now, ttl=SESSION_LASTS)
    return json({"token": token, "expires_in": int(SESSION_LASTS.total_seconds())})


async def ask(request: Request) -> HTTPResponse:
    principal, body = await _principal(request), parse(request, Ask)
    wired = wiring(request)
    incoming = Incoming(
        app=App.MINIAPP,
        openid=principal.openid,
        kind=Kind.TEXT,
        dedupe_key=f"api:{principal.identity_id}:{_idempotency_key(request)}",
        sent_at=wired.clock.now(),
        text=body.text,
    )
    waiting = await delivery.waiting_for(principal.account_id)
    answer = await inbox.ask(wired.house, incoming, seconds=ANSWER_WITHIN)
    return json(
        {
            "pending": answer.pending,
            "reply": answer.reply,
            "action": answer.action,
            "topic": answer.topic,
            "standards": answer.standards,
            "options": answer.options,
            "ticket": answer.ticket,
            "notices": [presentation.notice(item) for item in waiting],
        },
        status=202 if answer.pending else 200,
    )


async def my_tickets(request: Request) -> HTTPResponse:
    principal, now = await _principal(request), wiring(request).clock.now()
    rows = await ticket_records.tickets_of(principal.account_id)
    return json({"tickets": [presentation.ticket_summary(row, now=now) for row in rows]})


async def my_ticket(request: Request, number: str) -> HTTPResponse:
    return json(await _detail(request, number))


async def add_message(request: Request, number: str) -> HTTPResponse:
    principal, body = await _principal(request), parse(request, Addition)
    wired = wiring(request)
    ticket = await ticket_records.access_ticket_as_asker(principal.account_id, number)
    await tickets.add_message(
        wired.house,
        ticket,
        body.text,
        dedupe_key=f"api:{principal.identity_id}:{ticket.id}:{_idempotency_key(request)}",
        now=wired.clock.now(),
    )
    return json(await _detail(request, number), status=201)


async def notices(request: Request) -> HTTPResponse:
    waiting = await delivery.waiting_for((await _principal(request)).account_id)
    return json({"notices": [presentation.notice(item) for item in waiting]})


async def seen(request: Request, item_id: int) -> HTTPResponse:
    principal, now = await _principal(request), wiring(request).clock.now()
    if item_id > LARGEST_ID or not await delivery.seen(principal.account_id, item_id, now=now):
        raise NotFound("没有找到这条消息。")
    return json({"ok": True})


async def templates(request: Request) -> HTTPResponse:
    await _principal(request)
    ids = wiring(request).templates.ids
    return json({"templates": [i for (app, _), i in ids.items() if app == App.MINIAPP]})


async def consents(request: Request) -> HTTPResponse:
    # The platform's own event keeps this ledger; a client's word would be no proof of consent.
    ledger = await consents_of((await _principal(request)).identity_id)
    return json({"consents": ledger})


ROUTES = (
    ("POST", "/login", login),
    ("POST", "/ask", ask),
    ("GET", "/tickets", my_tickets),
    ("GET", "/tickets/<number:str>", my_ticket),
    ("POST", "/tickets/<number:str>/messages", add_message),
    ("GET", "/notices", notices),
    ("POST", "/notices/<item_id:int>/seen", seen),
    ("GET", "/templates", templates),
    ("GET", "/consents", consents),
)


def setup_api() -> Blueprint:
    """Routes under /api/v1."""
    blueprint = Blueprint("api", url_prefix="/api/v1")
    for method, path, handler in ROUTES:
        blueprint.add_route(handler, path, methods=[method])
    return blueprint


async def _principal(request: Request) -> Principal:
    """Who is asking. Raises Unauthorized."""
    wired = wiring(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized(SIGN_IN)
    try:
        claims = wired.signer.check(SESSION, token.strip(), now=wired.clock.now())
    except BadToken as error:
        raise Unauthorized(SIGN_IN) from error
    principal = await accounts.principal(int(claims["identity"]))
    if principal is None:
        raise Unauthorized(SIGN_IN)
    return principal


def _idempotency_key(request: Request) -> str:
    """The client's key for this very action; without one every request is its own action."""
    key = str(request.headers.get("idempotency-key", "")) or uuid4().hex
    if len(key) > 100 or not key.isascii() or not key.isprintable():
        raise DomainError("Idempotency-Key 应为不超过 100 个字符的英文字母和数字。")
    return key


async def _detail(request: Request, number: str) -> dict[str, Any]:
    principal = await _principal(request)
    ticket = await ticket_records.access_ticket_as_asker(principal.account_id, number)
    events = await ticket_records.events_of(ticket, audience=Audience.EVERYONE)
    return presentation.ticket_detail(ticket, events, now=wiring(request).clock.now())
