"""The platform's HTTP API under /dev/wechat: checks, faults, and a journal of every call."""

import asyncio
import json
import os
import re
import socket
import struct
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import empty, html, raw

from server.wechat.simulator import identity, menus, sending
from server.wechat.simulator.errors import PlatformError
from server.wechat.simulator.faults import Fault
from server.wechat.simulator.journal import ApiCall
from server.wechat.simulator.people import APPS, App
from server.wechat.simulator.state import PlatformState
from server.wechat.simulator.store import Media

PREFIX = "/dev/wechat"
GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
SECRET_FIELDS = frozenset(
    {"access_token", "secret", "js_code", "code", "session_key", "refresh_token"}
)
_SECRETS = re.compile(r'("(?:access_token|session_key|refresh_token)": ")[^"]*')
Answer: TypeAlias = dict[str, Any] | Media


@dataclass(frozen=True, slots=True)
class Call:
    """One call after the token was checked; `app` is whose token it was."""

    platform: PlatformState
    app: App | None
    fields: Mapping[str, Any]
    upload: bytes | None
    fault: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path of the API; `apps` whose token it takes, empty when it takes none."""

    method: str
    apps: tuple[App, ...]
    answer: Callable[[Call], Answer]


def _upload(call: Call) -> Answer:
    if call.upload is None:
        raise PlatformError(44002)
    now = call.platform.clock.now()
    media = call.platform.media.put(call.upload, now)
    return {"type": "image", "media_id": media.media_id, "created_at": int(now.timestamp())}


def _create_menu(call: Call) -> Answer:
    call.platform.menu = menus.checked(call.fields.get("button"))
    call.platform.journal.touch()
    return dict(identity.OK)


OFFICIAL: tuple[App, ...] = ("official",)
MINIAPP: tuple[App, ...] = ("miniapp",)
ENDPOINTS: Mapping[str, Endpoint] = {
    "/cgi-bin/stable_token": Endpoint(
        "POST", (),
        lambda c: identity.issue_token(c.platform, c.fields, dead=c.fault == "dead_token"),
    ),
    "/cgi-bin/message/custom/send": Endpoint(
        "POST", APPS, lambda c: sending.send_custom(c.platform, c.app or "official", c.fields)
    ),
    "/cgi-bin/message/template/send": Endpoint(
        "POST", OFFICIAL,
        lambda c: sending.send_template(c.platform, c.fields, fails=c.fault == "job_failed"),
    ),
    "/cgi-bin/message/subscribe/bizsend": Endpoint(
        "POST", OFFICIAL,
        lambda c: sending.send_subscription(
            c.platform, "official", c.fields, fails=c.fault == "job_failed"
        ),
    ),
    "/cgi-bin/message/subscribe/send": Endpoint(
        "POST", MINIAPP,
        lambda c: sending.send_subscription(
            c.platform, "miniapp", c.fields, fails=c.fault == "job_failed"
        ),
    ),
    "/sns/jscode2session": Endpoint("GET", (), lambda c: identity.log_in(c.platform, c.fields)),
    "/sns/oauth2/access_token": Endpoint(
        "GET", (), lambda c: identity.exchange_oauth(c.platform, c.fields)
    ),
    "/cgi-bin/user/info": Endpoint(
        "GET", OFFICIAL, lambda c: identity.describe_user(c.platform, c.fields)
    ),
    "/cgi-bin/media/upload": Endpoint("POST", APPS, _upload),
    "/cgi-bin/media/get": Endpoint(
        "GET", APPS,
        lambda c: c.platform.media.get(c.fields.get("media_id"), c.platform.clock.now()),
    ),
    "/cgi-bin/menu/create": Endpoint("POST", OFFICIAL, _create_menu),
    "/wxa/business/getuserphonenumber": Endpoint(
        "POST", MINIAPP, lambda c: identity.read_phone_number(c.platform, c.fields)
    ),
    "/wxa/msg_sec_check": Endpoint(
        "POST", MINIAPP, lambda c: identity.check_content(c.platform, c.fields)
    ),
}  # fmt: skip


def platform_blueprint(platform: PlatformState) -> Blueprint:
    """The API's routes, and the public address of users' pictures."""
    blueprint = Blueprint("wechat_simulator_api", url_prefix=PREFIX)
    for path, endpoint in ENDPOINTS.items():
        blueprint.add_route(
            _route(platform, path, endpoint),
            path,
            methods=["GET", "POST"],
            name=path.strip("/").replace("/", "_").replace("-", "_"),
        )

    @blueprint.get("/media/<media_id:str>", name="picture")
    async def picture(_request: Request, media_id: str) -> HTTPResponse:
        try:
            media = platform.media.get(media_id, platform.clock.now())
        except PlatformError:
            return empty(404)
        return raw(media.body, content_type=media.content_type)

    return blueprint


def _route(
    platform: PlatformState, path: str, endpoint: Endpoint
) -> Callable[[Request], Coroutine[Any, Any, HTTPResponse]]:
    async def handle(request: Request) -> HTTPResponse:
        fault = platform.faults.take(path)
        app, fields = _claimed_app(platform, request), _fields(request)
        answer: Answer
        try:
            if fault is not None and not _goes_through(fault):
                answer = {"errcode": fault.errcode, "errmsg": PlatformError(fault.errcode).errmsg}
            else:
                answer = _perform(platform, endpoint, request, app=app, fields=fields, fault=fault)
        except PlatformError as error:
            answer = {"errcode": error.errcode, "errmsg": error.errmsg}
        response = _respond(answer, fault)
        _record(platform, path, app, fields, answer=answer, status=response.status, fault=fault)
        if fault is not None and fault.kind in {"timeout", "reset"}:
            await _drop(request, fault)
        return response

    return handle


def _goes_through(fault: Fault) -> bool:
    """Whether the platform does the work in spite of the fault."""
    return fault.processed or fault.kind in {"dead_token", "job_failed"}


def _perform(
    platform: PlatformState,
    endpoint: Endpoint,
    request: Request,
    *,
    app: App | None,
    fields: Mapping[str, Any],
    fault: Fault | None,
) -> Answer:
    if request.method != endpoint.method:
        raise PlatformError(43002)
    if endpoint.apps:
        office = platform.offices[app or "official"]
        office.check(request.args.get("access_token"), platform.clock.now())
        if app not in endpoint.apps:
            raise PlatformError(48001)
    files = request.files if endpoint.method == "POST" else None
    uploads = files.get("media") if files else None
    if endpoint.method == "POST" and uploads is None and not fields:
        raise PlatformError(47001 if request.body else 44002)
    upload = uploads.body if uploads is not None else None
    return endpoint.answer(Call(platform, app, fields, upload, fault.kind if fault else ""))


def _claimed_app(platform: PlatformState, request: Request) -> App | None:
    """Whose token or appid the call carries, right or wrong."""
    token = request.args.get("access_token") or ""
    claimed = request.args.get("appid") or _fields(request).get("appid")
    for app in APPS:
        if platform.offices[app].knows(token) or platform.credentials[app].appid == claimed:
            return app
    return None


def _fields(request: Request) -> dict[str, Any]:
    """The JSON body of a POST, or the query of a GET; empty when it is no object."""
    if request.method == "GET":
        return {name: request.args.get(name) for name in request.args}
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _respond(answer: Answer, fault: Fault | None) -> HTTPResponse:
    if isinstance(answer, Media):
        response = raw(answer.body, content_type=answer.content_type)
        response.headers["Content-Disposition"] = 'attachment; filename="media"'
    else:
        # The parameter is the platform's own: it is no charset, clients must assume UTF-8.
        response = raw(_dump(answer).encode(), content_type="application/json; encoding=utf-8")
    match fault.kind if fault else "":
        case "http_500":
            return html(GATEWAY_PAGE, status=500)
        case "html200":
            return html(GATEWAY_PAGE)
        case "empty200":
            return raw(b"", content_type="application/json")
        case "truncated":
            body = response.body or b""
            return raw(body[: max(1, len(body) // 2)], content_type="application/json")
        case _:
            return response


async def _drop(request: Request, fault: Fault) -> None:
    """Let the caller wait if the fault says so, then cut the connection without an answer."""
    if fault.kind == "timeout":
        await asyncio.sleep(fault.seconds)
    transport = request.transport
    abort = getattr(transport, "abort", None)
    if abort is None:  # ASGI has no connection to cut; the server answers 500 instead
        raise ConnectionResetError("simulated")
    connection = transport.get_extra_info("socket")
    if fault.kind == "reset" and connection is not None:
        # A duplicate of the descriptor, for uvloop's socket takes no options.
        with socket.socket(fileno=os.dup(connection.fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    abort()
    # Sanic cancels this task as soon as it sees the connection gone.
    await asyncio.sleep(1)


def _record(
    platform: PlatformState,
    path: str,
    app: App | None,
    fields: Mapping[str, Any],
    *,
    answer: Answer,
    status: int,
    fault: Fault | None,
) -> None:
    is_json = isinstance(answer, dict)
    text = _SECRETS.sub(r"\1***", _dump(answer)) if is_json else "[media]"
    name = "" if fault is None else fault.kind + ("（已处理）" if fault.processed else "")
    masked = {key: "***" if key in SECRET_FIELDS else value for key, value in fields.items()}
    errcode = int(answer.get("errcode", 0)) if isinstance(answer, dict) else 0
    shown_status = 0 if fault is not None and fault.kind in {"timeout", "reset"} else status
    call = ApiCall(
        platform.journal.next_seq(), platform.clock.now(), app, path, masked,
        shown_status, errcode, text, name,
    )  # fmt: skip
    platform.journal.add(call)


def _dump(answer: Answer) -> str:
    return json.dumps(answer, ensure_ascii=False) if isinstance(answer, dict) else ""
