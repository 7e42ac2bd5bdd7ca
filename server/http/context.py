"""What a request may use: the process's wiring, put on the app at start."""

from typing import Any, TypeAlias, cast

from sanic import Request, Sanic

from server.http.limits import Limits
from server.wiring import Wiring

SanicApp: TypeAlias = Sanic[Any, Any]


def wiring(request: Request) -> Wiring:
    """The long-lived objects of this process."""
    return cast(Wiring, request.app.ctx.wiring)


def limits_of(request: Request) -> Limits:
    """This process's counts of who asks how often."""
    return cast(Limits, request.app.ctx.limits)
