"""What the phone's JSON API can do; each act takes a JSON object and answers with one."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from server.wechat.simulator.errors import UsageError
from server.wechat.simulator.faults import Fault
from server.wechat.simulator.people import APPS
from server.wechat.simulator.presentation import present_delivery
from server.wechat.simulator.simulator import OTHERS, Simulator

# A second of silence in AMR (3GPP TS 26.101): fifty frames without speech.
SILENCE = b"#!AMR\n" + bytes((0x7C,)) * 50
Act: TypeAlias = Callable[[Simulator, Mapping[str, Any]], Awaitable[dict[str, Any]]]


async def send_picture(phone: Simulator, openid: str, body: bytes) -> dict[str, Any]:
    """Send a picture; the only act that is no JSON."""
    return present_delivery(await phone.send_image(openid, body))


async def _say(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    return present_delivery(await phone.say(_text(body, "openid"), _text(body, "text")))


async def _voice(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    recognised = body.get("recognised")
    words = recognised if isinstance(recognised, str) else ""
    return present_delivery(await phone.send_voice(_text(body, "openid"), SILENCE, words))


async def _location(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    place = _number(body, "latitude"), _number(body, "longitude")
    label = body.get("label")
    openid = _text(body, "openid")
    return present_delivery(await phone.send_location(openid, *place, str(label or "")))


async def _other(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    kind = next((kind for kind in OTHERS if kind == body.get("kind")), None)
    if kind is None:
        raise UsageError(f"kind 应为 {'、'.join(OTHERS)}")
    title = _text(body, "title")
    return present_delivery(await phone.send_other(_text(body, "openid"), kind, title))


async def _tap(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    openid, item, content = (_text(body, name) for name in ("openid", "id", "content"))
    return present_delivery(await phone.tap_menu_item(openid, item, content))


async def _menu(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    openid = _text(body, "openid")
    if body.get("url"):
        return present_delivery(await phone.view_menu(openid, _text(body, "url")))
    return present_delivery(await phone.click_menu(openid, _text(body, "key")))


async def _follow(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    return present_delivery(await phone.follow(_text(body, "openid")))


async def _unfollow(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    return present_delivery(await phone.unfollow(_text(body, "openid")))


async def _scan(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    return present_delivery(await phone.scan(_text(body, "openid"), _text(body, "scene")))


async def _enter(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    return present_delivery(await phone.enter_session(_text(body, "openid")))


async def _subscribe(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    names = body.get("templates")
    if not isinstance(names, list):
        raise UsageError("templates 应为模板编号的列表")
    answer: Literal["accept", "reject"] = "reject" if body.get("answer") == "reject" else "accept"
    openid = _text(body, "openid")
    delivery = await phone.subscribe(openid, [str(name) for name in names], answer)
    return present_delivery(delivery)


async def _read(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    app, user = phone.people.find(_text(body, "openid"))
    if user.unread[app]:
        user.unread[app] = 0
        phone.journal.touch()
    return {}


async def _clock(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    if body.get("reset") is True:
        phone.clock.reset()
    else:
        phone.clock.travel(timedelta(seconds=_number(body, "seconds")))
    phone.journal.touch()
    return {"now": phone.clock.now().isoformat()}


async def _fault(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    if body.get("off") is True:
        phone.faults.clear(body.get("path"))
    else:
        left = None if body.get("left") is None else int(_number(body, "left"))
        fault = Fault(
            _text(body, "path"),
            body.get("kind", ""),
            left=left,
            errcode=int(_number(body, "errcode", -1)),
            seconds=_number(body, "seconds", 6),
            processed=body.get("processed") is True,
        )
        phone.faults.switch_on(fault)
    phone.journal.touch()
    return {"faults": phone.faults.listing()}


async def _token(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    for app in APPS:
        if body.get("app") in {None, app}:
            phone.offices[app].invalidate(still_returned=body.get("still_returned") is True)
    return {}


async def _login_code(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": phone.login_code(_text(body, "openid"))}


async def _phone_code(phone: Simulator, body: Mapping[str, Any]) -> dict[str, Any]:
    openid = _text(body, "openid")
    phone.people.find(openid)
    return {"code": phone.codes["phone"].hand_out(openid, phone.clock.now())}


ACTS: Mapping[str, Act] = {
    "say": _say,
    "voice": _voice,
    "location": _location,
    "other": _other,
    "tap": _tap,
    "menu": _menu,
    "follow": _follow,
    "unfollow": _unfollow,
    "scan": _scan,
    "enter": _enter,
    "subscribe": _subscribe,
    "read": _read,
    "clock": _clock,
    "faults": _fault,
    "token": _token,
    "login-code": _login_code,
    "phone-code": _phone_code,
}


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise UsageError(f"缺少文字 {name}")
    return value


def _number(body: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"缺少数字 {name}")
    return value
