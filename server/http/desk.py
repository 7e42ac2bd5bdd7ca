"""The specialist's phone pages: in by a one-time link, accept, answer. Plain forms, no script."""

from collections.abc import Awaitable, Callable
from typing import Any

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import redirect

from handlers import (
    answering,
    attachments,
    closing,
    links,
    ratings,
    requests,
    review,
    ticket_records,
    wording,
)
from handlers.accounts import Staff
from handlers.answering import LONGEST_ANSWER
from handlers.closing import ClosedBy
from handlers.errors import DomainError, Gone, NotFound, Unauthorized
from handlers.ticket_records import Audience
from server.http import presentation, review_page
from server.http.attachments import send_attachment
from server.http.context import wiring
from server.http.desk_session import (
    check_form,
    field,
    guarded,
    new_form,
    session_of,
    signed_in,
    start_session,
)
from server.signing import BadToken
from server.web.pages import page


async def enter(request: Request, token: str) -> HTTPResponse:
    now = wiring(request).clock.now()
    link_id = int(_signed(request, "desk-link", token)["link"])
    try:
        staff, ticket = await links.use(link_id, now=now)
    except Gone:
        target = await links.target(link_id)
        if target is None:
            raise
        if target[0].id == session_of(request):
            # The same person opening the same notice again is already in.
            return redirect(f"/desk/tickets/{target[1].number}")
        return page("used_link.html", status=410, title="链接已用过", token=token, sent=False)
    response = redirect(f"/desk/tickets/{ticket.number}")
    start_session(request, response, staff)
    return response


async def send_link_anew(request: Request, token: str) -> HTTPResponse:
    now = wiring(request).clock.now()
    link_id = int(_signed(request, "desk-link", token)["link"])
    await links.send_anew(link_id, now=now)
    return page("used_link.html", title="已重新发送", token=token, sent=True)


async def my_work(request: Request) -> HTTPResponse:
    staff, now = await signed_in(request), wiring(request).clock.now()
    rows = [presentation.ticket_summary(t, now=now) for t in await ticket_records.work_of(staff)]
    held = await review.number_waiting(staff)
    return page(
        "desk.html",
        title="我的工单",
        staff=staff.name,
        tickets=rows,
        held=held,
        lately=await ratings.lately(staff, now=now),
    )


async def show(request: Request, number: str) -> HTTPResponse:
    return await _ticket_page(request, await signed_in(request), number)


async def accept(request: Request, number: str) -> HTTPResponse:
    staff = await signed_in(request)
    check_form(request, staff)
    ticket = await ticket_records.access_ticket_as_staff(staff, number)
    await answering.accept(ticket, staff, now=wiring(request).clock.now())
    return redirect(f"/desk/tickets/{number}", status=303)


async def answer(request: Request, number: str) -> HTTPResponse:
    return await _send(request, number, answering.answer)


async def write(request: Request, number: str) -> HTTPResponse:
    return await _send(request, number, answering.write)


async def _send(request: Request, number: str, act: Callable[..., Awaitable[None]]) -> HTTPResponse:
    """What was typed goes to the asker, as an answer or before it."""
    staff = await signed_in(request)
    text = field(request, "text")
    try:
        form_id = check_form(request, staff)
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
    staff = await signed_in(request)
    check_form(request, staff)
    ticket = await ticket_records.access_ticket_as_staff(staff, number)
    now = wiring(request).clock.now()
    await closing.close(ticket, ClosedBy.STAFF, actor=staff.name, now=now)
    return redirect(f"/desk/tickets/{number}", status=303)


async def attachment(request: Request, number: str, attachment_id: int) -> HTTPResponse:
    ticket = await ticket_records.access_ticket_as_staff(await signed_in(request), number)
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
    *review_page.ROUTES,
    ("GET", "/t/<token:str>", read),
)


def setup_desk() -> Blueprint:
    """Routes under /desk, and the asker's reading page /t/…"""
    blueprint = Blueprint("desk")
    for method, path, handler in ROUTES:
        blueprint.add_route(
            guarded(handler),
            path,
            methods=[method],
            name=handler.__name__,
            stream=method == "POST",
        )
    return blueprint


async def _ticket_page(
    request: Request,
    staff: Staff,
    number: str,
    *,
    draft: str = "",
    problem: DomainError | None = None,
) -> HTTPResponse:
    now = wiring(request).clock.now()
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
        form=new_form(request, staff),
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
