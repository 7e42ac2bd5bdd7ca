"""The mini-program's JSON API: sign in by code, ask, my tickets, add to one."""

from datetime import timedelta

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw

from handlers import accounts, attachments, delivery, inbox, pictures, ticket_records, tickets
from handlers.accounts import Principal
from handlers.consents import consents_of
from handlers.errors import DomainError, NotFound, Unavailable
from handlers.ids import possible_id
from handlers.incoming import App, Incoming, Kind
from server.http import api_people, api_services, forms, limits, presentation, ratings_api
from server.http.attachments import send_attachment
from server.http.context import limits_of, wiring
from server.http.idempotency import idempotency_key
from server.http.openapi import document
from server.http.own_ticket import own_ticket
from server.http.presentation import TicketDetail
from server.http.routes import JSON, SESSION, Attached, Picture, Route, register
from server.wechat.errors import CodeRejected, PlatformError

PREFIX = "/api/v1"
SESSION_LASTS = timedelta(days=7)
ANSWER_WITHIN = 8.0  # seconds; the mini-program shows a spinner meanwhile


async def login(request: Request, body: forms.Login) -> tuple[int, forms.Session]:
    wired, now = wiring(request), wiring(request).clock.now()
    try:
        session = await wired.client.code_to_session(body.code)
    except CodeRejected as error:
        raise DomainError("登录凭证无效或已使用，请重新登录。") from error
    except PlatformError as error:
        raise Unavailable("微信登录暂时不可用，请稍后再试。") from error
    identity = await accounts.identity_of(
        App.MINIAPP, session.openid, unionid=session.unionid, now=now
    )
    token = wired.signer.sign(SESSION, {"identity": identity.id}, now=now, ttl=SESSION_LASTS)
    return 200, forms.Session(token=token, expires_in=int(SESSION_LASTS.total_seconds()))


async def ask(request: Request, who: Principal, body: forms.Ask) -> tuple[int, forms.Answered]:
    wired = wiring(request)
    incoming = Incoming(
        app=App.MINIAPP,
        openid=who.openid,
        kind=Kind.TEXT,
        dedupe_key=f"api:{who.identity_id}:{idempotency_key(request)}",
        sent_at=wired.clock.now(),
        text=body.text,
        doubt=await wired.content.doubt(who.openid, body.text) or "",
    )
    waiting = await delivery.waiting_for(who.account_id)
    answer = await inbox.ask(wired.house, incoming, seconds=ANSWER_WITHIN)
    return 202 if answer.pending else 200, forms.Answered(
        pending=answer.pending,
        reply=answer.reply,
        action=answer.action,
        topic=answer.topic,
        standards=answer.standards,
        options=answer.options,
        ticket=answer.ticket,
        notices=[presentation.notice(item) for item in waiting],
    )


async def my_tickets(request: Request, who: Principal) -> tuple[int, forms.Tickets]:
    now = wiring(request).clock.now()
    rows = await ticket_records.tickets_shared_with(who.account_id)
    return 200, forms.Tickets(
        [presentation.ticket_summary(row, now=now, reader=who.account_id) for row in rows]
    )


async def my_ticket(request: Request, who: Principal, number: str) -> tuple[int, TicketDetail]:
    return 200, await own_ticket(request, who, number)


async def add_message(
    request: Request, who: Principal, body: forms.Addition, number: str
) -> tuple[int, TicketDetail]:
    wired = wiring(request)
    ticket = await ticket_records.access_ticket_as_colleague(who.account_id, number)
    await wired.content.require_fit(who.openid, body.text)
    await tickets.add_message(
        wired.house,
        ticket,
        body.text,
        author=ticket_records.author(ticket, who.account_id),
        dedupe_key=f"api:{who.identity_id}:{ticket.id}:{idempotency_key(request)}",
        now=wired.clock.now(),
    )
    return 201, await own_ticket(request, who, number)


async def add_attachment(request: Request, who: Principal, number: str) -> tuple[int, TicketDetail]:
    wired = wiring(request)
    ticket = await ticket_records.access_ticket_as_colleague(who.account_id, number)
    await attachments.attach_picture(
        wired.house,
        wired.files,
        ticket,
        request.body,
        author=ticket_records.author(ticket, who.account_id),
        dedupe_key=f"api-picture:{who.identity_id}:{ticket.id}:{idempotency_key(request)}",
        now=wired.clock.now(),
    )
    return 201, await own_ticket(request, who, number)


async def attachment(
    request: Request, who: Principal, number: str, attachment_id: int
) -> tuple[int, HTTPResponse]:
    ticket = await ticket_records.access_ticket_as_colleague(who.account_id, number)
    return 200, await send_attachment(request, ticket, attachment_id)


async def notices(_request: Request, who: Principal) -> tuple[int, forms.Notices]:
    waiting = await delivery.waiting_for(who.account_id)
    return 200, forms.Notices([presentation.notice(item) for item in waiting])


async def seen(request: Request, who: Principal, item_id: int) -> tuple[int, forms.Done]:
    now = wiring(request).clock.now()
    if not possible_id(item_id) or not await delivery.seen(who.account_id, item_id, now=now):
        raise NotFound("没有找到这条消息。")
    return 200, forms.Done(ok=True)


async def templates(request: Request, _who: Principal) -> tuple[int, forms.TemplateIds]:
    ids = wiring(request).templates.ids
    return 200, forms.TemplateIds([i for (app, _), i in ids.items() if app == App.MINIAPP])


async def consents(_request: Request, who: Principal) -> tuple[int, forms.Credits]:
    # The platform's own event keeps this ledger; a client's word would be no proof of consent.
    ledger = await consents_of(who.identity_id)
    return 200, forms.Credits(msgspec.convert(ledger, list[forms.Credit]))


ROUTES = (
    Route(
        method="POST",
        path="/login",
        handler=login,
        summary="Sign in with the code of wx.login",
        body=forms.Login,
        answers={200: forms.Session},
        signed_in=False,
        rate=limits.LOGIN,
    ),
    Route(
        method="POST",
        path="/ask",
        handler=ask,
        summary="Ask a question; 202 when the answer will follow as a notice",
        body=forms.Ask,
        answers={200: forms.Answered, 202: forms.Answered},
        refusals=(409,),
        rate=limits.ASK,
        idempotent=True,
    ),
    Route(
        method="GET",
        path="/tickets",
        handler=my_tickets,
        summary="One's own tickets and one's enterprise's, newest first, at most 50",
        answers={200: forms.Tickets},
    ),
    Route(
        method="GET",
        path="/tickets/<number:str>",
        handler=my_ticket,
        summary="A ticket of one's own or of one's enterprise, with its history",
        answers={200: TicketDetail},
        refusals=(404,),
    ),
    Route(
        method="POST",
        path="/tickets/<number:str>/messages",
        handler=add_message,
        summary="Add something to such a ticket",
        body=forms.Addition,
        answers={201: TicketDetail},
        refusals=(404, 409),
        idempotent=True,
    ),
    Route(
        method="POST",
        path="/tickets/<number:str>/attachments",
        handler=add_attachment,
        summary="Add a picture to such a ticket: JPEG, PNG or WebP, as the body itself",
        body=Picture,
        largest=2 * pictures.LARGEST,  # somewhat too much is answered in the picture's own words
        answers={201: TicketDetail},
        refusals=(404, 409, 415, 507),
        idempotent=True,
    ),
    Route(
        method="GET",
        path="/tickets/<number:str>/attachments/<attachment_id:int>",
        handler=attachment,
        summary="A picture or recording of such a ticket",
        answers={200: Attached},
        refusals=(404,),
    ),
    *ratings_api.ROUTES,
    Route(
        method="GET",
        path="/notices",
        handler=notices,
        summary="What waits for this person",
        answers={200: forms.Notices},
    ),
    Route(
        method="POST",
        path="/notices/<item_id:int>/seen",
        handler=seen,
        summary="A waiting notice was read, and so delivered",
        answers={200: forms.Done},
        refusals=(404,),
    ),
    Route(
        method="GET",
        path="/templates",
        handler=templates,
        summary="Templates to ask consent for",
        answers={200: forms.TemplateIds},
    ),
    Route(
        method="GET",
        path="/consents",
        handler=consents,
        summary="Credits left by template",
        answers={200: forms.Credits},
    ),
)


def setup_api() -> Blueprint:
    """Routes under /api/v1, and their own description."""
    blueprint = Blueprint("api", url_prefix=PREFIX)
    routes = (*ROUTES, *api_people.ROUTES, *api_services.ROUTES)
    register(blueprint, routes)
    described = document(PREFIX, routes)

    @blueprint.get("/openapi.json")
    async def openapi(request: Request) -> HTTPResponse:
        await limits_of(request).check_address(limits.STRANGER, request)
        return raw(described, content_type=JSON)

    return blueprint
