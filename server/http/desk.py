"""The specialist's phone pages: in by a one-time link, accept, answer. Plain forms, no script."""

from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import redirect

from handlers import (
    answering,
    attachments,
    closing,
    links,
    ratings,
    requests,
    ticket_records,
    wording,
)
from handlers.accounts import Staff, staff_by_id
from handlers.answering import LONGEST_ANSWER
from handlers.closing import ClosedBy
from handlers.errors import DomainError, Gone, NotFound, Unauthorized
from handlers.ticket_records import Audience
from server.http import presentation
from server.http.attachments import send_attachment
from server.http.body import SMALL, read_body
from server.http.context import limits_of, wiring
from server.http.limits import DESK, STRANGER
from server.signing import BadToken
from server.web.pages import page

COOKIE = "nqi_desk"
SESSION = "desk-session"
SESSION_LASTS = timedelta(hours=12)
FORM = "desk-form"
ASK_FOR_LINK = "登录已过期，请从微信通知里的链接重新进入。"
STALE_FORM = "页面已过期，请返回刷新后再试，内容不会丢失。"

Handler = Callable[..., Coroutine[Any, Any, HTTPResponse]]


async def enter(request: Request, token: str) -> HTTPResponse:
    wired, now = wiring(request), wiring(request).clock.now()
    link_id = int(_signed(request, "desk-link", token)["link"])
    try:
        staff, ticket = await links.use(link_id, now=now)
    except Gone:
        target = await links.target(link_id)
        if target is None:
            raise
        if target[0].id == _session(request):
            # The same person opening the same notice again is already in.
            return redirect(f"/desk/tickets/{target[1].number}")
        return page("used_link.html", status=410, title="链接已用过", token=token, sent=False)
    response = redirect(f"/desk/tickets/{ticket.number}")
    response.add_cookie(
        COOKIE,
        wired.signer.sign(SESSION, {"staff": staff.id}, now=now, ttl=SESSION_LASTS),
        path="/desk",
        httponly=True,
        samesite="Lax",
        secure=wired.config.public_url.startswith("https:"),
        max_age=int(SESSION_LASTS.total_seconds()),
    )
    return response


async def send_link_anew(request: Request, token: str) -> HTTPResponse:
    now = wiring(request).clock.now()
    link_id = int(_signed(request, "desk-link", token)["link"])
    await links.send_anew(link_id, now=now)
    return page("used_link.html", title="已重新发送", token=token, sent=True)


async def my_work(request: Request) -> HTTPResponse:
    staff, now = await _staff(request), wiring(request).clock.now()
    rows = [presentation.ticket_summary(t, now=now) for t in await ticket_records.work_of(staff)]
    return page("desk.html", title="我的工单", staff=staff.name, tickets=rows)


async def show(request: Request, number: str) -> HTTPResponse:
    return await _ticket_page(request, await _staff(request), number)


async def accept(request: Request, number: str) -> HTTPResponse:
    staff = await _staff(request)
    _check_form(request, staff)
    ticket = await ticket_records.access_ticket_as_staff(staff, number)
    await answering.accept(ticket, staff, now=wiring(request).clock.now())
    return redirect(f"/desk/tickets/{number}", status=303)


async def answer(request: Request, number: str) -> HTTPResponse:
    return await _send(request, number, answering.answer)


async def write(request: Request, number: str) -> HTTPResponse:
    return await _send(request, number, answering.write)


async def _send(request: Request, number: str, act: Callable[..., Awaitable[None]]) -> HTTPResponse:
    """What was typed goes to the asker, as an answer or before it."""
    staff = await _staff(request)
    text = _field(request, "text")
    try:
        form_id = _check_form(request, staff)
        ticket = await ticket_records.access_ticket_as_staff(staff, number)
        now = wiring(request).clock.now()
        await act(wiring(request).house, ticket, staff, text, form_id=form_id, now=now)
    except (NotFound, Unauthorized):
        raise
    except DomainError as error:
        # What was typed is never lost: it comes back with the reason.
        return await _ticket_page(request, staff, number, draft=text, problem=error)
    return redirect(f"/desk/tickets/{number}", status=303)


async def close(request: Request, number: str) -> HTTPResponse:
    staff = await _staff(request)
    _check_form(request, staff)
    ticket = await ticket_records.access_ticket_as_staff(staff, number)
    now = wiring(request).clock.now()
    await closing.close(ticket, ClosedBy.STAFF, actor=staff.name, now=now)
    return redirect(f"/desk/tickets/{number}", status=303)


async def attachment(request: Request, number: str, attachment_id: int) -> HTTPResponse:
    ticket = await ticket_records.access_ticket_as_staff(await _staff(request), number)
    return await send_attachment(request, ticket, attachment_id)


async def read(request: Request, token: str) -> HTTPResponse:
    now = wiring(request).clock.now()
    number = str(_signed(request, "asker-link", token)["number"])
    ticket = await ticket_records.ticket_by_number(number)
    events = await ticket_records.events_of(ticket, audience=Audience.EVERYONE)
    detail = presentation.ticket_detail(ticket, events, now=now)
    return page("ticket.html", title="我的问题", ticket=detail)


ROUTES = (
    ("GET", "/desk/enter/<token:str>", enter),
    ("POST", "/desk/enter/<token:str>/anew", send_link_anew),
    ("GET", "/desk", my_work),
    ("GET", "/desk/tickets/<number:str>", show),
    ("POST", "/desk/tickets/<number:str>/accept", accept),
    ("POST", "/desk/tickets/<number:str>/answer", answer),
    ("POST", "/desk/tickets/<number:str>/write", write),
    ("POST", "/desk/tickets/<number:str>/close", close),
    ("GET", "/desk/tickets/<number:str>/attachments/<attachment_id:int>", attachment),
    ("GET", "/t/<token:str>", read),
)


def setup_desk() -> Blueprint:
    """Routes under /desk, and the asker's reading page /t/…"""
    blueprint = Blueprint("desk")
    for method, path, handler in ROUTES:
        blueprint.add_route(
            _guarded(handler),
            path,
            methods=[method],
            name=handler.__name__,
            stream=method == "POST",
        )
    return blueprint


def _guarded(handler: Handler) -> Handler:
    """Count who asks, by session or else by address, and read no more than a form can hold."""

    async def serve(request: Request, **path: Any) -> HTTPResponse:
        staff_id = _session(request)
        if staff_id is None:
            await limits_of(request).check_address(STRANGER, request)
        else:
            await limits_of(request).check(DESK, str(staff_id))
        if request.method == "POST":
            await read_body(request, SMALL)
        return await handler(request, **path)

    return serve


async def _ticket_page(
    request: Request,
    staff: Staff,
    number: str,
    *,
    draft: str = "",
    problem: DomainError | None = None,
) -> HTTPResponse:
    wired, now = wiring(request), wiring(request).clock.now()
    ticket = await ticket_records.access_ticket_as_staff(staff, number)
    events = await ticket_records.events_of(ticket, audience=Audience.STAFF)
    return page(
        "desk_ticket.html",
        status=problem.status if problem else 200,
        title=f"工单 {number}",
        staff=staff.name,
        ticket=presentation.work_detail(
            ticket,
            events,
            now=now,
            attachments=await attachments.attachments_of(ticket),
            rating=await ratings.rating_of(ticket),
            request=await requests.request_of(ticket),
        ),
        form=wired.signer.sign(
            FORM, {"staff": staff.id, "form": uuid4().hex}, now=now, ttl=SESSION_LASTS
        ),
        words=wording.SCORE_WORDS,
        longest=LONGEST_ANSWER,
        draft=draft,
        problem=problem.sentence if problem else "",
    )


def _signed(request: Request, purpose: str, token: str) -> dict[str, Any]:
    """What a link's token grants. Raises Gone."""
    wired = wiring(request)
    try:
        return wired.signer.check(purpose, token, now=wired.clock.now())
    except BadToken as error:
        raise Gone("这个链接无效或已过期。") from error


def _session(request: Request) -> int | None:
    """The id of the member of staff who is signed in in this browser."""
    wired = wiring(request)
    try:
        claims = wired.signer.check(
            SESSION, request.cookies.get(COOKIE) or "", now=wired.clock.now()
        )
    except BadToken:
        return None
    return int(claims["staff"])


async def _staff(request: Request) -> Staff:
    """Who works here. Raises Unauthorized."""
    staff_id = _session(request)
    staff = await staff_by_id(staff_id) if staff_id is not None else None
    if staff is None:
        raise Unauthorized(ASK_FOR_LINK)
    return staff


def _check_form(request: Request, staff: Staff) -> str:
    """The form's own id, if the form was made by us for this person. Raises DomainError.

    It is both the guard against forged requests and what makes a double tap one answer.
    """
    wired = wiring(request)
    token = _field(request, "form")
    try:
        claims = wired.signer.check(FORM, token, now=wired.clock.now())
    except BadToken as error:
        raise DomainError(STALE_FORM) from error
    if claims["staff"] != staff.id:
        raise DomainError(STALE_FORM)
    return str(claims["form"])


def _field(request: Request, name: str) -> str:
    form = request.get_form()
    return str(form.get(name, "")) if form else ""
