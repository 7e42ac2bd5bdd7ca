"""Tokens, logins and faults."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from server.wechat.simulator import UsageError, running
from tests.simulator.conftest import CARD, MINIAPP, OFFICIAL, Stage

CUSTOM = "/cgi-bin/message/custom/send"
USER = "/cgi-bin/user/info"


async def errcode(stage: Stage, token: str | None) -> int:
    """What a harmless call with this token answers."""
    params = {"openid": stage.employee} | ({"access_token": token} if token else {})
    answer = await stage.http.get(f"/dev/wechat{USER}", params=params)
    return int(answer.json().get("errcode", 0))


async def test_normal_mode_keeps_the_token_and_overlaps(stage: Stage) -> None:
    first = await stage.token()
    assert first["expires_in"] == 7200
    stage.clock.travel(timedelta(seconds=6000))
    again = await stage.token()
    assert again == {"access_token": first["access_token"], "expires_in": 1200}
    stage.clock.travel(timedelta(seconds=950))
    second = await stage.token()
    assert second["access_token"] != first["access_token"]
    assert await errcode(stage, first["access_token"]) == 0
    stage.clock.travel(timedelta(seconds=250))
    assert await errcode(stage, first["access_token"]) == 40001
    assert await errcode(stage, second["access_token"]) == 0


async def test_forced_refresh_has_its_limits(stage: Stage) -> None:
    first = (await stage.token())["access_token"]
    second = (await stage.token(force=True))["access_token"]
    assert second != first
    assert await errcode(stage, first) == 0
    assert (await stage.token(force=True))["access_token"] == second
    for _ in range(19):
        stage.clock.travel(timedelta(seconds=31))
        assert "access_token" in await stage.token(force=True)
    stage.clock.travel(timedelta(seconds=31))
    assert (await stage.token(force=True))["errcode"] == 45009
    assert await errcode(stage, first) == 40001


async def test_token_errors(stage: Stage) -> None:
    assert await errcode(stage, None) == 41001
    assert await errcode(stage, "made-up") == 40014
    token = (await stage.token())["access_token"]
    stage.clock.travel(timedelta(seconds=7200))
    assert await errcode(stage, token) == 42001
    mini = (await stage.token("miniapp"))["access_token"]
    assert await errcode(stage, mini) == 48001


async def test_wrong_credentials(stage: Stage) -> None:
    good = {"grant_type": "client_credential", "appid": OFFICIAL.appid, "secret": OFFICIAL.secret}
    for change, code in (({"appid": "wx"}, 40013), ({"secret": "x"}, 40125)):
        answer = await stage.call("/cgi-bin/stable_token", {**good, **change})
        assert answer["errcode"] == code


async def test_invalidated_token_and_the_one_that_stays_dead(stage: Stage) -> None:
    office = stage.simulator.offices["official"]
    first = (await stage.token())["access_token"]
    office.invalidate()
    assert await errcode(stage, first) == 40001
    second = (await stage.token())["access_token"]
    assert await errcode(stage, second) == 0
    office.invalidate(still_returned=True)
    assert (await stage.token())["access_token"] == second
    assert await errcode(stage, second) == 40001
    third = (await stage.token(force=True))["access_token"]
    assert await errcode(stage, third) == 0
    stage.simulator.switch_on("/cgi-bin/stable_token", "dead_token", left=1)
    assert (await stage.token(force=True))["access_token"] == third
    assert await errcode(stage, third) == 40001


async def log_in(stage: Stage, code: str) -> dict[str, Any]:
    """jscode2session."""
    params = {
        "appid": MINIAPP.appid,
        "secret": MINIAPP.secret,
        "js_code": code,
        "grant_type": "authorization_code",
    }
    found = (await stage.http.get("/dev/wechat/sns/jscode2session", params=params)).json()
    assert isinstance(found, dict)
    return found


async def test_login_code_works_once_for_five_minutes(stage: Stage) -> None:
    code = stage.simulator.login_code(stage.employee_mini)
    answer = await log_in(stage, code)
    assert answer["openid"] == stage.employee_mini
    assert answer["unionid"]
    assert answer["session_key"]
    assert (await log_in(stage, code))["errcode"] == 40163
    assert (await log_in(stage, "made-up"))["errcode"] == 40029
    late = stage.simulator.login_code(stage.employee_mini)
    stage.clock.travel(timedelta(minutes=5))
    assert (await log_in(stage, late))["errcode"] == 40029
    with pytest.raises(UsageError):
        stage.simulator.login_code(stage.employee)


async def test_user_info_of_followers_and_others(stage: Stage) -> None:
    params = {"access_token": (await stage.token())["access_token"], "openid": stage.employee}
    answer = (await stage.http.get(f"/dev/wechat{USER}", params=params)).json()
    assert answer["subscribe"] == 1
    assert answer["unionid"]
    await stage.simulator.unfollow(stage.employee)
    answer = (await stage.http.get(f"/dev/wechat{USER}", params=params)).json()
    assert answer == {"subscribe": 0, "openid": stage.employee}


async def test_phone_number_and_content_check(stage: Stage) -> None:
    openid = stage.employee_mini
    code = stage.simulator.codes["phone"].hand_out(openid, stage.clock.now())
    path = "/wxa/business/getuserphonenumber"
    answer = await stage.send(path, {"code": code}, "miniapp")
    assert answer["phone_info"]["purePhoneNumber"] == "13800000001"
    assert (await stage.send(path, {"code": code}, "miniapp"))["errcode"] == 40163
    body = {"openid": openid, "version": 2, "scene": 1, "content": "桶装水"}
    assert (await stage.send("/wxa/msg_sec_check", body, "miniapp"))["errcode"] == 61010
    stage.simulator.login_code(openid)
    answer = await stage.send("/wxa/msg_sec_check", body, "miniapp")
    assert answer["result"]["suggest"] == "pass"
    answer = await stage.send("/wxa/msg_sec_check", {**body, "content": "赌博"}, "miniapp")
    assert answer["result"]["suggest"] == "risky"


async def test_broken_answers(stage: Stage) -> None:
    await stage.simulator.say(stage.employee, "在吗")
    token = (await stage.token())["access_token"]
    body = {"touser": stage.employee, "msgtype": "text", "text": {"content": "好"}}
    found = {}
    for kind in ("http_500", "html200", "empty200", "truncated"):
        stage.simulator.switch_on(CUSTOM, kind, left=1)
        answer = await stage.http.post(
            f"/dev/wechat{CUSTOM}", json=body, params={"access_token": token}
        )
        found[kind] = (answer.status_code, answer.content[:5])
    assert found == {
        "http_500": (500, b"<html"),
        "html200": (200, b"<html"),
        "empty200": (200, b""),
        "truncated": (200, b'{"err'),
    }
    assert stage.simulator.sent_to(stage.employee) == []
    assert await stage.custom(stage.employee) == 0


@pytest.mark.parametrize("code", [-1, 45009, 45011, 40001, 40014, 42001, 45015, 43101, 47003])
async def test_error_codes_on_demand(stage: Stage, code: int) -> None:
    await stage.simulator.say(stage.employee, "在吗")
    stage.simulator.switch_on(CUSTOM, "errcode", errcode=code, left=2)
    codes = [await stage.custom(stage.employee) for _ in range(3)]
    assert codes == [code, code, 0]
    assert len(stage.simulator.sent_to(stage.employee)) == 1


@pytest.mark.parametrize("kind", ["timeout", "reset"])
@pytest.mark.parametrize("processed", [True, False])
async def test_connection_is_cut(stage: Stage, kind: str, processed: bool) -> None:
    await stage.simulator.say(stage.employee, "在吗")
    await stage.token()
    stage.simulator.switch_on(CUSTOM, kind, left=1, seconds=0.1, processed=processed)
    with pytest.raises(httpx.TransportError):
        await stage.custom(stage.employee)
    assert len(stage.simulator.sent_to(stage.employee)) == int(processed)
    assert stage.simulator.journal.calls[-1].http_status == 0
    assert await stage.custom(stage.employee) == 0


async def test_accepted_but_not_delivered(stage: Stage) -> None:
    path = "/cgi-bin/message/template/send"
    stage.simulator.switch_on(path, "job_failed", left=1)
    body = {"touser": stage.employee, "template_id": "T-ticket", "data": CARD}
    assert (await stage.send(path, body))["errcode"] == 0
    await stage.simulator.drain()
    assert stage.product.received[-1]._data["Status"] == "failed: system failed"
    assert stage.simulator.sent_to(stage.employee) == []


async def test_nothing_secret_in_the_journal_and_it_is_bounded(stage: Stage) -> None:
    token = (await stage.token())["access_token"]
    for _ in range(410):
        await stage.custom("nobody")
    journal = stage.simulator.journal
    assert len(journal.calls) == 400
    await log_in(stage, stage.simulator.login_code(stage.employee_mini))
    await stage.token()
    text = repr(list(journal.calls))
    assert "***" in text
    for secret in (token, OFFICIAL.secret, MINIAPP.secret):
        assert secret not in text


async def test_waiting_for_the_next_entry(stage: Stage) -> None:
    journal = stage.simulator.journal
    waiting = asyncio.create_task(journal.wait(journal.seq, 5))
    await asyncio.sleep(0)
    await stage.simulator.say(stage.employee, "在吗")
    await asyncio.wait_for(waiting, 1)
    await journal.wait(journal.seq, 0.01)


async def test_a_server_of_its_own(stage: Stage) -> None:
    async with running(stage.simulator) as origin, httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{origin}/dev/wechat{USER}")
        assert answer.json()["errcode"] == 41001
