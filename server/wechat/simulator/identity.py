"""The API calls about tokens, logins and people."""

import base64
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from server.wechat.simulator.errors import PlatformError
from server.wechat.simulator.people import APPS, App
from server.wechat.simulator.state import PlatformState

OK: Mapping[str, Any] = {"errcode": 0, "errmsg": "ok"}
ACTIVE = timedelta(hours=2)
CHECKED_CHARACTERS = 2500
# The first is the platform's own sample of a forbidden text.
RISKY_WORDS = ("特3456书yuuo莞6543李zxcz蒜7782法fgnv级", "赌博", "代开发票")


def issue_token(
    platform: PlatformState, body: Mapping[str, Any], *, dead: bool = False
) -> dict[str, Any]:
    """stable_token; `dead` is the fault that hands out a dead token."""
    if body.get("grant_type") != "client_credential":
        raise PlatformError(40002)
    office = platform.offices[_authenticate(platform, body)]
    now = platform.clock.now()
    force = body.get("force_refresh") is True
    value, seconds = office.dead_token(now) if dead else office.issue(now, force=force)
    return {"access_token": value, "expires_in": seconds}


def log_in(platform: PlatformState, query: Mapping[str, Any]) -> dict[str, Any]:
    """sns/jscode2session: a code of wx.login for openid, unionid and session key."""
    if query.get("grant_type") != "authorization_code":
        raise PlatformError(40002)
    if _authenticate(platform, query) != "miniapp":
        raise PlatformError(40013)
    openid = platform.codes["login"].redeem(query.get("js_code"), platform.clock.now())
    _, user = platform.people.find(openid)
    return {
        "openid": openid,
        "session_key": base64.b64encode(secrets.token_bytes(16)).decode(),
        "unionid": user.person.unionid,
    }


def exchange_oauth(platform: PlatformState, query: Mapping[str, Any]) -> dict[str, Any]:
    """sns/oauth2/access_token: the code of a page opened in WeChat's browser for an openid."""
    if query.get("grant_type") != "authorization_code":
        raise PlatformError(40002)
    if _authenticate(platform, query) != "official":
        raise PlatformError(40013)
    openid = platform.codes["oauth"].redeem(query.get("code"), platform.clock.now())
    _, user = platform.people.find(openid)
    return {
        "access_token": "97_" + secrets.token_urlsafe(60),
        "expires_in": 7200,
        "refresh_token": "97_" + secrets.token_urlsafe(60),
        "openid": openid,
        "scope": "snsapi_base",
        "is_snapshotuser": 0,
        "unionid": user.person.unionid,
    }


def describe_user(platform: PlatformState, query: Mapping[str, Any]) -> dict[str, Any]:
    """cgi-bin/user/info: who doesn't follow is known by openid only."""
    user = platform.people.access("official", query.get("openid"))
    if not user.follower or user.followed_at is None:
        return {"subscribe": 0, "openid": user.person.openid}
    return {
        "subscribe": 1,
        "openid": user.person.openid,
        "language": "zh_CN",
        "subscribe_time": int(user.followed_at.timestamp()),
        "unionid": user.person.unionid,
        "remark": "",
        "groupid": 0,
        "tagid_list": [],
        "subscribe_scene": "ADD_SCENE_SEARCH",
    }


def read_phone_number(platform: PlatformState, body: Mapping[str, Any]) -> dict[str, Any]:
    """wxa/business/getuserphonenumber: a code of the phone button, once and within 5 min."""
    now = platform.clock.now()
    _, user = platform.people.find(platform.codes["phone"].redeem(body.get("code"), now))
    return {
        **OK,
        "phone_info": {
            "phoneNumber": user.person.phone,
            "purePhoneNumber": user.person.phone,
            "countryCode": "86",
            "watermark": {
                "timestamp": int(now.timestamp()),
                "appid": platform.credentials["miniapp"].appid,
            },
        },
    }


def check_content(platform: PlatformState, body: Mapping[str, Any]) -> dict[str, Any]:
    """wxa/msg_sec_check, version 2: a small word list stands for the platform's judgement."""
    user = platform.people.access("miniapp", body.get("openid"))
    content = body.get("content")
    if body.get("version") != 2 or body.get("scene") not in {1, 2, 3, 4}:
        raise PlatformError(40097)
    if not isinstance(content, str) or not content:
        raise PlatformError(44004)
    if len(content) > CHECKED_CHARACTERS:
        raise PlatformError(45002)
    seen = user.seen_in_miniapp
    if seen is None or platform.clock.now() - seen > ACTIVE:
        raise PlatformError(61010)
    risky = any(word in content for word in RISKY_WORDS)
    verdict = {"suggest": "risky" if risky else "pass", "label": 20001 if risky else 100}
    return {**OK, "trace_id": secrets.token_hex(8), "result": verdict, "detail": []}


def _authenticate(platform: PlatformState, claim: Mapping[str, Any]) -> App:
    """The app whose appid and secret are given; 40013 and 40125 otherwise."""
    for app in APPS:
        credentials = platform.credentials[app]
        if claim.get("appid") == credentials.appid:
            given = str(claim.get("secret", ""))
            if not secrets.compare_digest(given.encode(), credentials.secret.encode()):
                raise PlatformError(40125)
            return app
    raise PlatformError(40013)
