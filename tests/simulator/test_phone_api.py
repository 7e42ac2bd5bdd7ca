"""The phone's JSON API and its OAuth page."""

from datetime import timedelta
from typing import Any

from tests.simulator.conftest import OFFICIAL, Stage


async def act(stage: Stage, name: str, **body: Any) -> tuple[int, dict[str, Any]]:
    """POST an act of the phone."""
    answer = await stage.http.post(f"/dev/phone/api/{name}", json=body)
    return answer.status_code, answer.json()


async def events(stage: Stage, since: int = 0, wait: float = 0) -> dict[str, Any]:
    """What is newer than `since`."""
    params = {"since": since, "wait": wait}
    found = (await stage.http.get("/dev/phone/api/events", params=params)).json()
    assert isinstance(found, dict)
    return found


async def test_saying_and_reading(stage: Stage) -> None:
    status, delivery = await act(stage, "say", openid=stage.employee, text="在吗")
    assert (status, delivery["ok"]) == (200, True)
    news = await events(stage)
    assert [message["side"] for message in news["messages"]] == ["out", "in"]
    assert news["state"]["users"][0]["unread"] == {"official": 1, "miniapp": 0}
    assert news["state"]["users"][0]["left"]["official"] == 5
    await act(stage, "read", openid=stage.employee)
    later = await events(stage, news["seq"])
    assert later["messages"] == []
    assert later["state"]["users"][0]["unread"]["official"] == 0


async def test_page_that_outlived_the_server_starts_again(stage: Stage) -> None:
    await stage.simulator.say(stage.employee, "在吗")
    news = await events(stage, since=10**6, wait=20)
    assert news["reset"]
    assert len(news["messages"]) == 2
    answer = await stage.http.get("/dev/phone/api/events?since=1&wait=20&run=another")
    assert answer.json()["reset"]


async def test_every_act_has_a_route(stage: Stage) -> None:
    one = stage.employee
    acts: list[tuple[str, dict[str, Any]]] = [
        ("unfollow", {"openid": one}),
        ("scan", {"openid": one, "scene": "desk1"}),
        ("follow", {"openid": one}),
        ("menu", {"openid": one, "key": "ASK"}),
        ("menu", {"openid": one, "url": "/x"}),
        ("tap", {"openid": one, "id": "1", "content": "有用"}),
        ("voice", {"openid": one, "recognised": "你好"}),
        ("location", {"openid": one, "latitude": 30, "longitude": 104.5}),
        ("other", {"openid": one, "kind": "link", "title": "解读"}),
        ("enter", {"openid": stage.employee_mini}),
        ("subscribe", {"openid": one, "templates": ["T-once"]}),
        ("login-code", {"openid": stage.employee_mini}),
        ("phone-code", {"openid": stage.employee_mini}),
        ("token", {"app": "official"}),
        ("faults", {"path": "*", "kind": "http_500", "left": 1}),
        ("faults", {"off": True}),
    ]
    for name, body in acts:
        assert (await act(stage, name, **body))[0] == 200, name


async def test_wrong_use_is_told(stage: Stage) -> None:
    for name, body in (
        ("say", {"openid": "nobody", "text": "在吗"}),
        ("say", {"openid": stage.employee}),
        ("faults", {"path": "*", "kind": "fire"}),
        ("subscribe", {"openid": stage.employee, "templates": ["T-once", "T-long"]}),
        ("clock", {"seconds": "soon"}),
        ("location", {"openid": stage.employee, "latitude": "30", "longitude": 104}),
        ("other", {"openid": stage.employee, "kind": "smell", "title": "x"}),
    ):
        status, answer = await act(stage, name, **body)
        assert status == 400
        assert answer["message"]
    await stage.simulator.unfollow(stage.employee)
    assert (await act(stage, "say", openid=stage.employee, text="在吗"))[0] == 400


async def test_moving_the_clock(stage: Stage) -> None:
    before = stage.clock.now()
    await act(stage, "clock", seconds=86400)
    assert stage.clock.now() - before == timedelta(days=1)
    await act(stage, "clock", reset=True)
    assert stage.clock.now() != before


async def test_pictures(stage: Stage) -> None:
    answer = await stage.http.post(
        "/dev/phone/api/picture", files={"openid": (None, stage.employee)}
    )
    assert answer.json()["kind"] == "image"
    (message,) = stage.simulator.chat(stage.employee)
    shown = (await events(stage))["messages"][0]["content"]["url"]
    assert message.content["media_id"] in shown
    assert (await stage.http.get(shown)).headers["content-type"] == "image/png"
    files = {"openid": (None, stage.employee.encode()), "file": ("a.txt", b"no picture")}
    answer = await stage.http.post("/dev/phone/api/picture", files=files)
    assert answer.status_code == 400


async def test_oauth_page_sends_the_person_back_with_a_code(stage: Stage) -> None:
    params = {
        "appid": OFFICIAL.appid,
        "redirect_uri": f"{stage.origin}/desk?next=1",
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "abc",
    }
    cookies = {"Cookie": f"nqi_dev_phone={stage.employee}"}
    path = "/dev/phone/oauth2/authorize"
    answer = await stage.http.get(path, params=params, headers=cookies)
    assert answer.status_code == 302
    back = answer.headers["location"]
    assert back.startswith(f"{stage.origin}/desk?next=1&code=")
    assert back.endswith("&state=abc")
    code = back.split("code=")[1].split("&")[0]
    query = {
        "appid": OFFICIAL.appid,
        "secret": OFFICIAL.secret,
        "code": code,
        "grant_type": "authorization_code",
    }
    found = await stage.http.get("/dev/wechat/sns/oauth2/access_token", params=query)
    assert found.json()["openid"] == stage.employee
    for change in ({"redirect_uri": "https://evil.example/"}, {"appid": "wx"}):
        answer = await stage.http.get(path, params={**params, **change}, headers=cookies)
        assert answer.status_code == 400
    assert (await stage.http.get(path, params=params)).status_code == 400


async def test_page_and_its_files(stage: Stage) -> None:
    page = await stage.http.get("/dev/phone")
    assert page.status_code == 200
    assert "http" not in page.text.replace("http_500", "").replace("HTTP", "")
    for name in ("phone.css", "console.css", "phone.js", "chat.js", "sample.png"):
        assert (await stage.http.get(f"/dev/phone/static/{name}")).status_code == 200
    assert (await stage.http.get("/dev/phone/static/..%2Fstate.py")).status_code == 404
