"""待审核: what was held before anybody read it, and the two buttons that decide on it."""

from sanic import HTTPResponse, Request
from sanic.response import redirect

from handlers import review, wording
from handlers.accounts import Staff
from handlers.errors import Conflict, DomainError, NotFound
from handlers.ids import possible_id
from server.http import presentation
from server.http.context import wiring
from server.http.desk_session import check_form, new_form, signed_in
from server.web.pages import page

PATH = "/desk/review"


async def show_held(request: Request) -> HTTPResponse:
    return await _page(request, await signed_in(request))


async def let_pass(request: Request, message_id: int) -> HTTPResponse:
    return await _decide(request, message_id, passes=True)


async def turn_down(request: Request, message_id: int) -> HTTPResponse:
    return await _decide(request, message_id, passes=False)


ROUTES = (
    ("GET", PATH, show_held),
    ("POST", PATH + "/<message_id:int>/pass", let_pass),
    ("POST", PATH + "/<message_id:int>/turn-down", turn_down),
)


async def _decide(request: Request, message_id: int, *, passes: bool) -> HTTPResponse:
    staff, wired = await signed_in(request), wiring(request)
    check_form(request, staff)
    if not possible_id(message_id):
        raise NotFound(wording.NOTHING_HELD)
    try:
        await review.decide(wired.house, message_id, staff, passes=passes, now=wired.clock.now())
    except Conflict as problem:
        return await _page(request, staff, problem=problem)
    return redirect(PATH, status=303)


async def _page(
    request: Request, staff: Staff, *, problem: DomainError | None = None
) -> HTTPResponse:
    rows = [presentation.held(message) for message in await review.waiting(staff)]
    return page(
        "review.html",
        status=problem.status if problem else 200,
        title="待审核",
        staff=staff.name,
        messages=rows,
        form=new_form(request, staff),
        problem=problem.sentence if problem else "",
    )
