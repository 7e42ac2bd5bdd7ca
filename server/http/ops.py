"""For operators and their machines: alive, ready, metrics. None of them talks to WeChat."""

import asyncio
import hmac
from typing import Any, cast

from sanic import Blueprint, HTTPResponse, Request
from sanic.exceptions import NotFound
from sanic.response import json, raw

from handlers.errors import Unauthorized
from server import VERSION
from server.http.context import wiring
from server.metrics import CONTENT_TYPE, exposition
from server.readiness import Readiness, Status, worst


async def healthz(request: Request) -> HTTPResponse:
    """200 while HTTP lives, whatever else does not."""
    age = await _readiness(request).worker_age()
    return json(
        {
            "status": "ok",
            "version": VERSION,
            "worker_age_seconds": None if age is None else round(age, 1),
        }
    )


async def readyz(request: Request) -> HTTPResponse:
    """503 when a part of the job does not get done. Words for everybody, details for operators."""
    checks = await _readiness(request).checks()
    status = worst(checks)
    body: dict[str, Any] = {
        "status": status,
        "checks": {name: check.status for name, check in checks.items()},
    }
    if _is_operator(request):
        body["details"] = {name: check.detail for name, check in checks.items() if check.detail}
    return json(body, status=503 if status == Status.FAIL else 200)


async def metrics(request: Request) -> HTTPResponse:
    """Prometheus's text format; without a token in the settings there is no such page."""
    if not wiring(request).config.metrics_token:
        raise NotFound
    if not _is_operator(request):
        raise Unauthorized("需要 NQI_METRICS_TOKEN。")
    figures = await _readiness(request).figures()
    # It reads files and adds them up; callbacks need not wait for that.
    body = await asyncio.to_thread(exposition, figures)
    return raw(body, content_type=CONTENT_TYPE)


def setup_ops() -> Blueprint:
    """Routes for machines that look after this one."""
    blueprint = Blueprint("ops")
    for path, handler in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics)):
        blueprint.add_route(handler, path, methods=["GET"])
    return blueprint


def _readiness(request: Request) -> Readiness:
    return cast(Readiness, request.app.ctx.readiness)


def _is_operator(request: Request) -> bool:
    """Whether the request carries the metrics token; never, where none is set."""
    token = wiring(request).config.metrics_token
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    matches = hmac.compare_digest(given.strip().encode(), token.encode())
    return bool(token) and scheme.lower() == "bearer" and matches
