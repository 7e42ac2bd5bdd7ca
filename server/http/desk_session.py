"""Who is signed in on the desk's pages, and that its forms are our own."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sanic import HTTPResponse, Request

from handlers.accounts import Staff, staff_by_id
from handlers.errors import DomainError, Unauthorized
from server.http.body import SMALL, read_body
from server.http.context import limits_of, wiring
from server.http.limits import DESK, STRANGER
from server.signing import BadToken

COOKIE = "nqi_desk"
SESSION = "desk-session"
SESSION_LASTS = timedelta(hours=12)
FORM = "desk-form"
ASK_FOR_LINK = "登录已过期，请从微信通知里的链接重新进入。"
STALE_FORM = "页面已过期，请返回刷新后再试，内容不会丢失。"

Handler = Callable[..., Coroutine[Any, Any, HTTPResponse]]


def guarded(handler: Handler) -> Handler:
    """Count who asks, by session or else by address, and read no more than a form can hold."""

    async def serve(request: Request, **path: Any) -> HTTPResponse:
        staff_id = session_of(request)
        if staff_id is None:
            await limits_of(request).check_address(STRANGER, request)
        else:
            await limits_of(request).check(DESK, str(staff_id))
        if request.method == "POST":
            await read_body(request, SMALL)
        return await handler(request, **path)

    return serve


def start_session(request: Request, response: HTTPResponse, staff: Staff) -> None:
    """Sign a member of staff in in this browser."""
    wired = wiring(request)
    now = wired.clock.now()
    response.add_cookie(
        COOKIE,
        wired.signer.sign(SESSION, {"staff": staff.id}, now=now, ttl=SESSION_LASTS),
        path="/desk",
        httponly=True,
        samesite="Lax",
        secure=wired.config.public_url.startswith("https:"),
        max_age=int(SESSION_LASTS.total_seconds()),
    )


def new_form(request: Request, staff: Staff) -> str:
    """The hidden field of a form for this person."""
    wired = wiring(request)
    claims = {"staff": staff.id, "form": uuid4().hex}
    return wired.signer.sign(FORM, claims, now=wired.clock.now(), ttl=SESSION_LASTS)


def session_of(request: Request) -> int | None:
    """The id of the member of staff who is signed in in this browser."""
    wired = wiring(request)
    try:
        claims = wired.signer.check(
            SESSION, request.cookies.get(COOKIE) or "", now=wired.clock.now()
        )
    except BadToken:
        return None
    return int(claims["staff"])


async def signed_in(request: Request) -> Staff:
    """Who works here. Raises Unauthorized."""
    staff_id = session_of(request)
    staff = await staff_by_id(staff_id) if staff_id is not None else None
    if staff is None:
        raise Unauthorized(ASK_FOR_LINK)
    return staff


def check_form(request: Request, staff: Staff) -> str:
    """The form's own id, if the form was made by us for this person. Raises DomainError.

    It is both the guard against forged requests and what makes a double tap one answer.
    """
    wired = wiring(request)
    token = field(request, "form")
    try:
        claims = wired.signer.check(FORM, token, now=wired.clock.now())
    except BadToken as error:
        raise DomainError(STALE_FORM) from error
    if claims["staff"] != staff.id:
        raise DomainError(STALE_FORM)
    return str(claims["form"])


def field(request: Request, name: str) -> str:
    form = request.get_form()
    return str(form.get(name, "")) if form else ""
