"""The API's table of routes: what it says is what the server does and what OpenAPI tells.

A handler gets the request; the person, where one must be signed in; the body, where there is one;
and what stands in the path. It returns a status with one of the answers its row names.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sanic import Blueprint, HTTPResponse, Request
from sanic.response import raw

from handlers import accounts
from handlers.accounts import Principal
from handlers.errors import Unauthorized
from server.http.body import SMALL, parse, read_body
from server.http.context import limits_of, wiring
from server.http.limits import PERSON, STRANGER, Rate
from server.signing import BadToken

SESSION = "miniapp-session"
SIGN_IN = "请先登录。"
JSON = "application/json"

Handler = Callable[..., Awaitable[tuple[int, msgspec.Struct | HTTPResponse]]]


class Raw:
    """A body that is a file and no JSON; `media` are the types that it may have."""

    media: tuple[str, ...]


class Picture(Raw):
    """A picture, as people send it."""

    media = ("image/jpeg", "image/png", "image/webp")


class Attached(Raw):
    """An attachment, as we keep it."""

    media = ("image/jpeg", "image/png", "audio/amr", "audio/mpeg", "audio/ogg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One call of the API.

    path: as Sanic writes it, below the API's prefix. answers: the type of each status of success.
    refusals: statuses beyond those that every such call may have. body: what the JSON body must
    be, None where there is none; a Picture stays in the request. largest: bytes of it. rate: how
    often, by person where signed in, else by address.
    idempotent: `Idempotency-Key` makes a repeated call one action.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    answers: Mapping[int, type[msgspec.Struct | Raw]]
    refusals: Sequence[int] = ()
    body: type[msgspec.Struct | Raw] | None = None
    largest: int = SMALL
    signed_in: bool = True
    rate: Rate = PERSON
    idempotent: bool = False


def register(blueprint: Blueprint, routes: Sequence[Route]) -> None:
    """Serve the routes."""
    for route in routes:
        blueprint.add_route(
            _served(route),
            route.path,
            methods=[route.method],
            name=route.handler.__name__,
            stream=route.body is not None,
        )


def encoded(answer: msgspec.Struct, status: int = 200) -> HTTPResponse:
    """An answer as JSON."""
    return raw(msgspec.json.encode(answer), status=status, content_type=JSON)


def _served(route: Route) -> Callable[..., Coroutine[Any, Any, HTTPResponse]]:
    async def serve(request: Request, **path: Any) -> HTTPResponse:
        given: list[Any] = [request]
        if route.signed_in:
            given.append(await _signed_in(request, route.rate))
        else:
            await limits_of(request).check_address(route.rate, request)
        if route.body is not None:
            await read_body(request, route.largest)
            if route.body is not Picture:
                given.append(parse(request.body, route.body))
        status, answer = await route.handler(*given, **path)
        return answer if isinstance(answer, HTTPResponse) else encoded(answer, status)

    return serve


async def _signed_in(request: Request, rate: Rate) -> Principal:
    """Who is asking, counted. Raises Unauthorized, TooMany."""
    try:
        person = await _person(request)
    except Unauthorized:
        await limits_of(request).check_address(STRANGER, request)
        raise
    await limits_of(request).check(PERSON, str(person.identity_id))
    if rate is not PERSON:
        await limits_of(request).check(rate, str(person.identity_id))
    return person


async def _person(request: Request) -> Principal:
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
