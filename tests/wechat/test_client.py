"""Calls to the platform: what is sent, and what each fault becomes."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import httpx
import pytest

from handlers.incoming import App
from server.wechat.client import SendResult, WeChatClient
from server.wechat.errors import (
    BadRequest,
    ChannelClosed,
    CodeRejected,
    Misconfigured,
    PlatformError,
    Throttled,
    TokenDead,
    Unavailable,
)
from tests.wechat.callbacks import PLAIN, SAFE
from tests.wechat.platform import Answer, Platform, fault, reply

OPENID = "oAbC1-employee"
SEND = "custom/send"


@pytest.fixture
def platform() -> Platform:
    return Platform()


async def send(client: WeChatClient) -> SendResult:
    return await client.send_custom_text(App.OFFICIAL, openid=OPENID, text="您好")


async def failure(platform: Platform, *answers: Answer) -> PlatformError:
    platform.on(SEND, *answers)
    with pytest.raises(PlatformError) as caught:
        await send(platform.client(total_seconds=0.5))
    return caught.value


async def test_custom_text(platform: Platform) -> None:
    platform.on(SEND, fault(0, "ok"))
    client = platform.client()
    result = await client.send_custom_text(App.OFFICIAL, openid=OPENID, text="您\x00好\ud800")
    assert result == SendResult("")
    (request,) = platform.calls(SEND)
    assert request.url.path == "/cgi-bin/message/custom/send"
    assert request.url.params["access_token"] == "token-1"
    assert "您好".encode() in request.content
    assert json.loads(request.content) == {
        "touser": OPENID,
        "msgtype": "text",
        "text": {"content": "您好"},
    }


async def test_each_app_has_its_own_token(platform: Platform) -> None:
    platform.on(SEND, fault(0))
    client = platform.client()
    for app in (App.OFFICIAL, App.MINIAPP, App.OFFICIAL):
        await client.send_custom_text(app, openid=OPENID, text="x")
    fetches = [json.loads(call.content) for call in platform.calls("stable_token")]
    assert [fetch["appid"] for fetch in fetches] == [PLAIN.appid, SAFE.appid]
    assert fetches[0] == {
        "grant_type": "client_credential",
        "appid": PLAIN.appid,
        "secret": PLAIN.secret,
        "force_refresh": False,
    }
    used = [call.url.params["access_token"] for call in platform.calls(SEND)]
    assert used == ["token-1", "token-2", "token-1"]


async def test_template(platform: Platform) -> None:
    platform.on("template/send", reply(errcode=0, errmsg="ok", msgid=200228332))
    result = await platform.client().send_template(
        OPENID,
        template_id="tpl",
        data={"thing1": "桶装水"},
        url="https://example.org/t/1",
        miniprogram={"appid": "wx1", "pagepath": "pages/ticket"},
    )
    assert result == SendResult("200228332")
    assert json.loads(platform.calls("template/send")[0].content) == {
        "touser": OPENID,
        "template_id": "tpl",
        "data": {"thing1": {"value": "桶装水"}},
        "url": "https://example.org/t/1",
        "miniprogram": {"appid": "wx1", "pagepath": "pages/ticket"},
    }


async def test_subscribe(platform: Platform) -> None:
    platform.on("subscribe/send", fault(0))
    await platform.client().send_subscribe(
        OPENID, template_id="tpl", data={"thing1": "桶装水"}, page="pages/ticket?id=1"
    )
    body = json.loads(platform.calls("subscribe/send")[0].content)
    assert body["page"] == "pages/ticket?id=1"
    assert json.loads(platform.calls("stable_token")[0].content)["appid"] == SAFE.appid


async def test_login_needs_no_token_and_hides_what_it_got(platform: Platform) -> None:
    platform.on("jscode2session", reply(openid="oMini", session_key="KEY", unionid="union"))
    session = await platform.client().code_to_session("a&b=c")
    assert (session.openid, session.unionid, session.session_key) == ("oMini", "union", "KEY")
    assert not {"oMini", "KEY", "union"} & set(repr(session).replace("'", " ").split())
    (request,) = platform.requests
    assert dict(request.url.params) == {
        "appid": SAFE.appid,
        "secret": SAFE.secret,
        "js_code": "a&b=c",
        "grant_type": "authorization_code",
    }


async def test_oauth(platform: Platform) -> None:
    platform.on("oauth2/access_token", reply(access_token="x", openid=OPENID, scope="snsapi_base"))
    assert await platform.client().oauth_openid("code") == OPENID
    assert platform.requests[0].url.params["appid"] == PLAIN.appid


@pytest.mark.parametrize("code", [40029, 40163, 40226])
async def test_rejected_login_codes(platform: Platform, code: int) -> None:
    platform.on("jscode2session", fault(code))
    with pytest.raises(CodeRejected):
        await platform.client().code_to_session("code")


async def test_a_wrong_secret_at_login_is_no_dead_token(platform: Platform) -> None:
    platform.on("oauth2/access_token", fault(40001))
    with pytest.raises(Misconfigured):
        await platform.client().oauth_openid("code")
    platform.on("jscode2session", reply(session_key="x"))
    with pytest.raises(Unavailable):
        await platform.client().code_to_session("code")


@pytest.mark.parametrize(
    ("code", "consequence", "permanent"),
    [
        *((code, ChannelClosed, True) for code in (40003, 43004, 43101, 45015, 45047)),
        *((code, BadRequest, True) for code in (40037, 41030, 45002, 47003)),
        *((code, Throttled, False) for code in (45009, 45011)),
        *((code, Misconfigured, False) for code in (40013, 40125, 40164, 48001)),
        (-1, Unavailable, False),
        (99999, PlatformError, True),
    ],
)
async def test_error_codes(
    platform: Platform, code: int, consequence: type[PlatformError], permanent: bool
) -> None:
    error = await failure(platform, fault(code, f"said {OPENID} token-1 {PLAIN.secret}"))
    assert type(error) is consequence
    assert (error.code, error.api, error.permanent) == (code, SEND, permanent)
    assert len(platform.calls(SEND)) == 1


async def test_the_field_at_fault_is_named(platform: Platform) -> None:
    error = await failure(
        platform, fault(47003, "argument invalid! data.thing12.value is empty rid: 6-1-2")
    )
    assert isinstance(error, BadRequest)
    assert (error.hint, error.reason) == ("thing12", "47003 thing12")
    assert str(error) == "custom/send: 47003 INVALID_TEMPLATE_ARGUMENT"


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        (
            "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 6-1",
            "203.0.113.7",
        ),
        ("invalid ip ::ffff:203.0.113.7, not in whitelist", "203.0.113.7"),
        ("invalid ip 2001:DB8::7, not in whitelist", "2001:db8::7"),
        ("invalid ip 999.1.1.1, not in whitelist", ""),
        ("invalid ip, not in whitelist", ""),
        (f"invalid ip {OPENID} data.{OPENID}", ""),
    ],
)
async def test_the_address_to_be_listed_is_named(
    platform: Platform, message: str, hint: str
) -> None:
    error = await failure(platform, fault(40164, message))
    assert error.hint == hint
    assert error.reason == f"40164 {hint}".rstrip()
    assert "203" not in str(error)


async def test_minus_one_was_surely_not_sent(platform: Platform) -> None:
    error = await failure(platform, fault(-1, "system error"))
    assert isinstance(error, Unavailable)
    assert not error.maybe_sent


UNUSABLE: dict[str, Answer] = {
    "html": httpx.Response(200, html="<html>502</html>"),
    "empty": httpx.Response(200),
    "cut": httpx.Response(200, content=b'{"errcode": 0, "err'),
    "list": httpx.Response(200, json=[{"errcode": 0}]),
    "null": httpx.Response(200, json=None),
    "word": httpx.Response(200, json="ok"),
    "deep": httpx.Response(200, content=b"[" * 50_000),
    "object without errcode": httpx.Response(200, json={}),
    "errcode text": httpx.Response(200, json={"errcode": "0"}),
    "errcode bool": httpx.Response(200, json={"errcode": False}),
    "errcode null": httpx.Response(200, json={"errcode": None}),
    "bad utf-8": httpx.Response(200, content=b'{"errcode": 0, "errmsg": "\xff"}'),
    "two megabytes": httpx.Response(200, content=b" " * (2 << 20)),
    "500": httpx.Response(500, json={"errcode": 0}),
    "502": httpx.Response(502, html="<html>"),
    "403": httpx.Response(403),
    "redirect": httpx.Response(302, headers={"Location": "https://elsewhere.test/"}),
    "read timeout": httpx.ReadTimeout("x"),
    "write timeout": httpx.WriteTimeout("x"),
    "reset": httpx.ReadError("x"),
    "write reset": httpx.WriteError("x"),
    "protocol": httpx.RemoteProtocolError("x"),
    "encoding": httpx.DecodingError("x"),
}


@pytest.mark.parametrize("name", UNUSABLE)
async def test_an_unusable_answer_is_no_success_and_may_have_been_sent(
    platform: Platform, name: str
) -> None:
    error = await failure(platform, UNUSABLE[name])
    assert isinstance(error, Unavailable)
    assert error.maybe_sent
    assert not error.permanent
    assert len(platform.calls(SEND)) == 1


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")]
)
async def test_without_a_connection_nothing_was_sent(platform: Platform, error: Exception) -> None:
    caught = await failure(platform, error)
    assert isinstance(caught, Unavailable)
    assert not caught.maybe_sent


async def test_http_429_is_throttling(platform: Platform) -> None:
    assert isinstance(await failure(platform, httpx.Response(429)), Throttled)


async def test_a_trickling_answer_ends(platform: Platform) -> None:
    class Trickle(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                await asyncio.sleep(0.01)
                yield b" "

    error = await failure(platform, lambda _request: httpx.Response(200, stream=Trickle()))
    assert isinstance(error, Unavailable)
    assert error.maybe_sent


async def test_a_failed_token_fetch_means_that_nothing_was_sent(platform: Platform) -> None:
    platform.on("stable_token", httpx.ReadTimeout("x"))
    error = await failure(platform, fault(0))
    assert isinstance(error, Unavailable)
    assert (error.api, error.maybe_sent) == ("stable_token", False)
    assert not platform.calls(SEND)


@pytest.mark.parametrize(
    ("answer", "consequence"),
    [
        (fault(40164), Misconfigured),
        (fault(40001), Misconfigured),
        (fault(45009), Throttled),
        (reply(access_token="", expires_in=7200), Unavailable),
        (reply(access_token="x"), Unavailable),
        (reply(access_token="x", expires_in="7200"), Unavailable),
        (reply(access_token="x", expires_in=0), Unavailable),
    ],
)
async def test_faults_of_the_token_fetch(
    platform: Platform, answer: httpx.Response, consequence: type[PlatformError]
) -> None:
    platform.on("stable_token", answer)
    assert type(await failure(platform, fault(0))) is consequence


async def test_no_secret_reaches_an_error_or_a_log(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.DEBUG)
    errors = [await failure(platform, answer) for answer in UNUSABLE.values()]
    errors.append(await failure(platform, fault(40001, f"token-1 of {OPENID}")))
    platform.on("jscode2session", fault(40029, "code-1"))
    with pytest.raises(CodeRejected) as caught:
        await platform.client().code_to_session("code-1")
    seen = caplog.text + "".join(f"{error} {error!r}" for error in [*errors, caught.value])
    for secret in ("token-1", PLAIN.secret, SAFE.secret, OPENID, "code-1", "access_token=", "http"):
        assert secret not in seen
    assert isinstance(errors[-1], TokenDead)
