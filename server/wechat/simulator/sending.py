"""The API calls that put something on a phone."""

from collections.abc import Callable, Mapping
from typing import Any

from server.wechat.simulator.errors import PlatformError
from server.wechat.simulator.fields import Template
from server.wechat.simulator.people import App, User
from server.wechat.simulator.state import PlatformState

TEXT_BYTES = 2048
CUSTOM_KINDS: Mapping[App, frozenset[str]] = {
    "official": frozenset({"text", "image", "news", "msgmenu", "miniprogrampage"}),
    "miniapp": frozenset({"text", "image", "link", "miniprogrampage"}),
}
STATES = frozenset({"", "developer", "trial", "formal"})


def send_custom(platform: PlatformState, app: App, body: Mapping[str, Any]) -> dict[str, Any]:
    """message/custom/send: a customer-service message inside a window of the user."""
    user = platform.people.access(app, body.get("touser"))
    kind = body.get("msgtype")
    if kind not in CUSTOM_KINDS[app]:
        raise PlatformError(40008)
    content = body.get(kind)
    if not isinstance(content, dict):
        raise PlatformError(47001)
    shown = _CONTENT[kind](platform, content)
    if app == "official" and not user.follower:
        raise PlatformError(43004)
    openid = user.openid(app)
    platform.windows.spend(openid, platform.clock.now())
    platform.note(openid, "in", "custom", kind, shown)
    return {"errcode": 0, "errmsg": "ok"}


def send_template(
    platform: PlatformState, body: Mapping[str, Any], *, fails: bool = False
) -> dict[str, Any]:
    """message/template/send; TEMPLATESENDJOBFINISH follows. `fails`: accepted, never shown."""
    user = platform.people.access("official", body.get("touser"))
    template = _template(platform, body)
    rows = template.check(body.get("data"))
    if not user.follower:
        raise PlatformError(43004)
    message_id = _show_card(
        platform, "official", user, template, channel="template", rows=rows, body=body, fails=fails
    )
    fields = {"MsgID": message_id, "Status": "failed: system failed" if fails else "success"}
    platform.in_background(
        platform.event(user.openid("official"), "TEMPLATESENDJOBFINISH", fields, seen=False)
    )
    return {"errcode": 0, "errmsg": "ok", "msgid": message_id}


def send_subscription(
    platform: PlatformState, app: App, body: Mapping[str, Any], *, fails: bool = False
) -> dict[str, Any]:
    """subscribe/bizsend (official) and subscribe/send (mini-program): spends a credit."""
    user = platform.people.access(app, body.get("touser"))
    template = _template(platform, body)
    rows = template.check(body.get("data"))
    if app == "miniapp":
        page = str(body.get("page", "")).partition("?")[0].lstrip("/")
        if page and platform.pages is not None and page not in platform.pages:
            raise PlatformError(41030)
        if body.get("miniprogram_state", "") not in STATES:
            raise PlatformError(40097)
    openid = user.openid(app)
    platform.credits.spend(openid, template)
    message_id = _show_card(
        platform, app, user, template, channel="subscribe", rows=rows, body=body, fails=fails
    )
    row = {
        "TemplateId": template.template_id,
        "MsgID": str(message_id),
        "ErrorCode": "20001" if fails else "0",
        "ErrorStatus": "failed" if fails else "success",
    }
    fields = {"List": row} if app == "miniapp" else {"SubscribeMsgSentEvent": {"List": row}}
    platform.in_background(platform.event(openid, "subscribe_msg_sent_event", fields, seen=False))
    return {"errcode": 0, "errmsg": "ok", "msgid": message_id}


def _template(platform: PlatformState, body: Mapping[str, Any]) -> Template:
    template_id = body.get("template_id")
    template = platform.templates.get(template_id) if isinstance(template_id, str) else None
    if template is None:
        raise PlatformError(40037)
    return template


def _show_card(
    platform: PlatformState,
    app: App,
    user: User,
    template: Template,
    *,
    channel: str,
    rows: list[tuple[str, str]],
    body: Mapping[str, Any],
    fails: bool,
) -> int:
    """Put the card on the phone; returns the message id."""
    target = body.get("url") or body.get("page") or ""
    mini = body.get("miniprogram")
    if not isinstance(target, str) or not isinstance(mini or {}, dict):
        raise PlatformError(47001)
    is_url = target.startswith(("http://", "https://", "/")) and app == "official"
    shown = {
        "title": template.title,
        "rows": [list(row) for row in rows],
        "url": target if is_url else "",
        "pagepath": str((mini or {}).get("pagepath", "")) or ("" if is_url else target),
        "template_id": template.template_id,
        "data": body.get("data"),
    }
    if not fails:
        platform.note(user.openid(app), "in", channel, "card", shown)
    return platform.next_id()


def _text(_platform: PlatformState, content: Mapping[str, Any]) -> dict[str, Any]:
    text = _word(content, "content")
    if len(text.encode()) > TEXT_BYTES:
        raise PlatformError(45002)
    return {"text": text}


def _image(platform: PlatformState, content: Mapping[str, Any]) -> dict[str, Any]:
    return {"media_id": platform.media.get(content.get("media_id"), platform.clock.now()).media_id}


def _link(_platform: PlatformState, content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": _word(content, "title"),
        "description": str(content.get("description", "")),
        "url": _word(content, "url"),
    }


def _news(platform: PlatformState, content: Mapping[str, Any]) -> dict[str, Any]:
    articles = content.get("articles")
    # Since 2018 a customer-service message carries one article at most.
    if not isinstance(articles, list) or len(articles) != 1 or not isinstance(articles[0], dict):
        raise PlatformError(45002 if isinstance(articles, list) and articles else 47001)
    return _link(platform, articles[0])


def _mini_page(platform: PlatformState, content: Mapping[str, Any]) -> dict[str, Any]:
    pagepath = _word(content, "pagepath")
    if platform.pages is not None and pagepath.partition("?")[0] not in platform.pages:
        raise PlatformError(41030)
    return {"title": _word(content, "title"), "pagepath": pagepath}


def _menu(_platform: PlatformState, content: Mapping[str, Any]) -> dict[str, Any]:
    items = content.get("list")
    if not isinstance(items, list) or not items:
        raise PlatformError(47001)
    rows = [
        {"id": str(item.get("id", "")), "content": _word(item, "content")}
        for item in items
        if isinstance(item, dict)
    ]
    return {
        "head": str(content.get("head_content", "")),
        "items": rows,
        "tail": str(content.get("tail_content", "")),
    }


def _word(content: Mapping[str, Any], name: str) -> str:
    """A text that must be there; 44004 when it is empty, 47001 when it is none."""
    value = content.get(name, "")
    if not isinstance(value, str):
        raise PlatformError(47001)
    if not value.strip():
        raise PlatformError(44004)
    return value


_CONTENT: Mapping[str, Callable[[PlatformState, Mapping[str, Any]], dict[str, Any]]] = {
    "text": _text,
    "image": _image,
    "link": _link,
    "news": _news,
    "miniprogrampage": _mini_page,
    "msgmenu": _menu,
}
