"""The page on which an asker rates a closed ticket: three rows of five buttons, one tap each.

The signed link is the right to do it. A score stands in the body and never in an address, so that
no access log of a proxy keeps a vote on integrity.
"""

from collections.abc import Mapping
from typing import Any

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import redirect

from handlers import ratings, ticket_records, wording
from handlers.errors import DomainError, Gone
from handlers.ratings import LONGEST_COMMENT, Axis
from handlers.ticket_records import Ticket
from server.http import presentation
from server.http.body import SMALL, read_body
from server.http.context import limits_of, wiring
from server.http.limits import STRANGER
from server.links import RATING
from server.signing import BadToken
from server.web.pages import page


async def show(request: Request, token: str) -> HTTPResponse:
    return await _page(request, await _ticket(request, token), token)


async def save(request: Request, token: str) -> HTTPResponse:
    ticket, now = await _ticket(request, token), wiring(request).clock.now()
    form: Mapping[str, Any] = request.get_form() or {}
    try:
        if "comment" in form:
            await ratings.comment(ticket, str(form.get("comment", "")), now=now)
        else:
            scores = {axis: _score(str(form.get(axis))) for axis in Axis if axis in form}
            await ratings.rate(ticket, scores, now=now)
    except DomainError as error:
        draft = str(form.get("comment", ""))
        return await _page(request, ticket, token, draft=draft, problem=error)
    return redirect(f"/r/{token}", status=303)


def setup_rating() -> Blueprint:
    """Routes under /r."""
    blueprint = Blueprint("rating", url_prefix="/r")

    @blueprint.get("/<token:str>")
    async def get(request: Request, token: str) -> HTTPResponse:
        await limits_of(request).check_address(STRANGER, request)
        return await show(request, token)

    @blueprint.post("/<token:str>", stream=True)
    async def post(request: Request, token: str) -> HTTPResponse:
        await limits_of(request).check_address(STRANGER, request)
        await read_body(request, SMALL)
        return await save(request, token)

    return blueprint


async def _ticket(request: Request, token: str) -> Ticket:
    """The ticket that the link is for. Raises Gone."""
    wired = wiring(request)
    try:
        claims = wired.signer.check(RATING, token, now=wired.clock.now())
    except BadToken as error:
        raise Gone("这个链接无效或已过期。") from error
    return await ticket_records.ticket_by_number(str(claims["number"]))


def _score(text: str) -> int:
    """A digit; whatever else came is out of range, for which there is a sentence."""
    return int(text) if len(text) == 1 and text in "12345" else 0


async def _page(
    request: Request,
    ticket: Ticket,
    token: str,
    *,
    draft: str = "",
    problem: DomainError | None = None,
) -> HTTPResponse:
    wired = wiring(request)
    rating = await ratings.rating_of(ticket)
    may_rate = ratings.may_rate(ticket, rating, now=wired.clock.now())
    return page(
        "rating.html",
        status=problem.status if problem else 200,
        title="服务评价",
        token=token,
        sheet=presentation.rating_sheet(ticket, rating, may_rate, ends_at=ratings.ends_at(ticket)),
        words=wording.SCORE_WORDS,
        cast=wording.INTEGRITY_CAST,
        commented=await ratings.has_comment(ticket),
        longest=LONGEST_COMMENT,
        draft=draft,
        supervision_phone=wired.house.platform.supervision_phone,
        problem=problem.sentence if problem else "",
    )
