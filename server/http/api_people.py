"""The API's calls about who one is: one's enterprise, one-time codes, colleagues."""

from typing import Annotated, Literal

import msgspec
from sanic import Request

from handlers import codes, enterprises, wording
from handlers.accounts import Principal
from handlers.codes import Result
from handlers.errors import Conflict, NotFound
from server.http.context import wiring
from server.http.forms import Done
from server.http.presentation import Moment
from server.http.routes import Route


class Me(msgspec.Struct):
    """What is known of the person who asks; null where nothing is.

    confirmed: a member of the enterprise, and not somebody who only typed its name. phone: masked.
    colleagues: the other confirmed members.
    """

    enterprise: str | None
    confirmed: bool
    phone: str | None
    colleagues: int


class CodeWanted(msgspec.Struct, forbid_unknown_fields=True):
    """join_apps: to be typed by the same person in the official account. colleague: to be typed
    by a colleague, in either application."""

    purpose: Literal["join_apps", "colleague"]


class MadeCode(msgspec.Struct):
    """A one-time code; it is shown this once."""

    code: str
    expires_at: Moment
    expires_text: str


class CodeTyped(msgspec.Struct, forbid_unknown_fields=True):
    """A code as typed, in any case, width and grouping."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class Redeemed(msgspec.Struct):
    """What the code was for; already: the person had it before."""

    result: Literal["joined", "confirmed", "already"]
    sentence: str


class Colleague(msgspec.Struct):
    """Another confirmed member of the same enterprise."""

    name: str
    since_text: str


class Colleagues(msgspec.Struct):
    """In the order in which they came."""

    colleagues: list[Colleague]


async def me(_request: Request, who: Principal) -> tuple[int, Me]:
    facts = await enterprises.facts_of(who.account_id)
    return 200, Me(
        enterprise=facts.enterprise or None,
        confirmed=facts.confirmed,
        phone=wording.masked(facts.phone) or None,
        colleagues=len(await enterprises.colleagues_of(who.account_id)),
    )


async def make_code(request: Request, who: Principal, body: CodeWanted) -> tuple[int, MadeCode]:
    now = wiring(request).clock.now()
    make = codes.make_to_join if body.purpose == "join_apps" else codes.make_to_invite
    made = await make(who.account_id, now=now)
    return 201, MadeCode(
        code=made.shown,
        expires_at=made.expires_at.isoformat(),
        expires_text=wording.stamp(made.expires_at),
    )


async def redeem(request: Request, who: Principal, body: CodeTyped) -> tuple[int, Redeemed]:
    now = wiring(request).clock.now()
    redeemed = await codes.redeem(who.identity_id, body.code, now=now)
    if redeemed.result == Result.WRONG:
        raise NotFound(redeemed.sentence)
    if not redeemed.good:
        raise Conflict(redeemed.sentence)
    return 200, msgspec.convert(redeemed, Redeemed, from_attributes=True)


async def colleagues(_request: Request, who: Principal) -> tuple[int, Colleagues]:
    members = await enterprises.colleagues_of(who.account_id)
    return 200, Colleagues([Colleague(m.name, wording.stamp(m.since)) for m in members])


async def leave(request: Request, who: Principal) -> tuple[int, Done]:
    await enterprises.leave(who.account_id, now=wiring(request).clock.now())
    return 200, Done(ok=True)


ROUTES = (
    Route(
        method="GET",
        path="/me",
        handler=me,
        summary="What is known of oneself",
        answers={200: Me},
    ),
    Route(
        method="POST",
        path="/me/codes",
        handler=make_code,
        summary="A one-time code that joins one's two accounts or invites a colleague",
        body=CodeWanted,
        answers={201: MadeCode},
        refusals=(409,),
    ),
    Route(
        method="POST",
        path="/me/redeem",
        handler=redeem,
        summary="Type a one-time code; 404 for what is none (any more)",
        body=CodeTyped,
        answers={200: Redeemed},
        refusals=(404, 409),
    ),
    Route(
        method="GET",
        path="/me/colleagues",
        handler=colleagues,
        summary="The other confirmed members of one's enterprise",
        answers={200: Colleagues},
    ),
    Route(
        method="DELETE",
        path="/me/enterprise",
        handler=leave,
        summary="Leave one's enterprise at once; also when one has none",
        answers={200: Done},
    ),
)
