"""The phone under /dev/phone: a page, and the JSON API by which it (or a test) plays a person.

Page elements that stay as they are, for tests:
- `#people [data-user=<openid>]` picks a person; `.badge` in it counts unread messages;
  `[data-tab=official|miniapp]` picks the chat, `#chat` holds it.
- `.message[data-side=in|out|system][data-channel=…][data-kind=…]` is one message, in it
  `.bubble` (text, menu), `.picture`, or `.card` (template, link, mini-program page) with
  `.card-title`, `.card-row` and, when it opens, `[data-url]`; `a[data-url]` is a link in a text
  and `[data-menu-item]` an item of a 菜单消息.
- `#composer` and `#send` write; `#plus` opens `#panel` with `[data-act=picture|sample|voice|
  place|file|follow|menu|subscribe|read|scan|enter]`; `#picture-file` is the file chooser.
- `#sheet` is the sheet of menu and subscription: `[data-key]`, `[data-template]`,
  `#subscribe-accept`, `#subscribe-reject`, `#sheet-close`.
- `#webview` with `#webview-frame`, `#webview-title`, `#webview-close`, `#webview-out`.
- `#settings` opens `#console` (always open on a desktop), `#console-close`; `#clock-now`,
  `[data-clock=<seconds>|reset]`; `#fault-block summary` unfolds `#fault-path`, `#fault-kind`,
  `#fault-errcode`, `#fault-count`, `#fault-processed`, `#fault-on`, `#fault-clear`,
  `[data-fault-off=<path>]`, `[data-token=invalidate|dead]`; `#log` with
  `.log-call[data-path][data-errcode]` and `.log-delivery[data-kind][data-ok]`,
  `[data-filter=all|call|delivery]`.
"""

from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import json, raw, redirect, text

from server.wechat.simulator.acts import ACTS, Act, send_picture
from server.wechat.simulator.errors import PlatformError, UsageError
from server.wechat.simulator.faults import KINDS
from server.wechat.simulator.platform_api import ENDPOINTS
from server.wechat.simulator.presentation import present_events, present_state
from server.wechat.simulator.simulator import Simulator

PREFIX = "/dev/phone"
STATIC = Path(__file__).with_name("static")
LONGEST_POLL = 20.0
COOKIE = "nqi_dev_phone"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
}
PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; frame-src *; frame-ancestors 'self'"
    ),
}


def phone_blueprint(simulator: Simulator) -> Blueprint:
    """The page at /dev/phone and its API under /dev/phone/api."""
    blueprint = Blueprint("wechat_simulator_phone", url_prefix=PREFIX)
    files = {path.name: path.read_bytes() for path in STATIC.iterdir() if path.suffix in TYPES}

    @blueprint.get("/", name="page")
    async def page(_request: Request) -> HTTPResponse:
        return raw(files["phone.html"], content_type=TYPES[".html"], headers=PAGE_HEADERS)

    @blueprint.get("/static/<name:str>", name="static")
    async def static(_request: Request, name: str) -> HTTPResponse:
        if name not in files:
            return text("404", status=404)
        return raw(files[name], content_type=TYPES[Path(name).suffix], headers=PAGE_HEADERS)

    @blueprint.get("/api/state", name="state")
    async def state(_request: Request) -> HTTPResponse:
        choices = {"paths": list(ENDPOINTS), "kinds": list(KINDS)}
        return json({**present_state(simulator), **choices})

    @blueprint.get("/api/events", name="events")
    async def events(request: Request) -> HTTPResponse:
        return await _events(simulator, request)

    @blueprint.post("/api/picture", name="picture")
    async def picture(request: Request) -> HTTPResponse:
        uploads = request.files.get("file") if request.files else None
        body = uploads.body if uploads else files["sample.png"]
        openid = str(request.form.get("openid") or "") if request.form else ""
        return await _answer(lambda: send_picture(simulator, openid, body))

    @blueprint.get("/oauth2/authorize", name="authorize")
    async def authorize(request: Request) -> HTTPResponse:
        return _authorize(simulator, request)

    for name, act in ACTS.items():
        blueprint.add_route(
            _act_route(simulator, act), f"/api/{name}", methods=["POST"], name=f"act_{name}"
        )
    return blueprint


async def _events(simulator: Simulator, request: Request) -> HTTPResponse:
    try:
        since, seconds = int(request.args.get("since", -1)), float(request.args.get("wait", 0))
    except ValueError:
        return json({"message": "since, wait: numbers"}, status=400)
    # A page that outlived the server knows another run: it starts again, without waiting.
    if request.args.get("run") not in {None, simulator.journal.run}:
        since = simulator.journal.seq + 1
    elif since <= simulator.journal.seq:
        await simulator.journal.wait(since, min(seconds, LONGEST_POLL))
    return json(present_events(simulator, since), headers={"Cache-Control": "no-store"})


def _act_route(
    simulator: Simulator, act: Act
) -> Callable[[Request], Coroutine[Any, Any, HTTPResponse]]:
    async def handle(request: Request) -> HTTPResponse:
        body = request.json
        if not isinstance(body, dict):
            return json({"message": "请求应为 JSON 对象"}, status=400)
        return await _answer(lambda: act(simulator, body))

    return handle


async def _answer(work: Callable[[], Awaitable[dict[str, Any]]]) -> HTTPResponse:
    try:
        return json(await work())
    except (UsageError, PlatformError) as error:
        return json({"message": str(error)}, status=400)


def _authorize(simulator: Simulator, request: Request) -> HTTPResponse:
    """open.weixin.qq.com/connect/oauth2/authorize for the person whose phone is in use.

    The page names that person in a cookie; only the product's own address is redirected to.
    """
    target = urlsplit(request.args.get("redirect_uri") or "")
    allowed = {urlsplit(simulator.courier.base).netloc, request.host}
    if request.args.get("appid") != simulator.credentials["official"].appid:
        return text("10012 appid 不对", status=400)
    if target.scheme not in {"http", "https"} or target.netloc not in allowed:
        return text("10003 redirect_uri 域名与后台配置不一致", status=400)
    try:
        openid = request.args.get("openid") or request.cookies.get(COOKIE) or ""
        app, _ = simulator.people.find(openid)
    except UsageError:
        return text("先在 /dev/phone 选一位用户", status=400)
    if app != "official":
        return text("这个 openid 属于小程序", status=400)
    code = simulator.codes["oauth"].hand_out(openid, simulator.clock.now())
    added = urlencode({"code": code, "state": request.args.get("state") or ""})
    query = f"{target.query}&{added}" if target.query else added
    return redirect(target._replace(query=query, fragment="").geturl())
