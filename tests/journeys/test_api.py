"""The mini-program's JSON API: sign in, ask, my tickets, add to one."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from models.accounts import App
from models.outbox import OutboxItem, OutboxState
from models.tickets import EventKind, Ticket, TicketEvent, TicketState
from server.wechat.simulator import Person
from tests.cast import COLLEAGUE, EMPLOYEE, SPECIALIST
from tests.product import Product

ROUTED = "送检3个水样要多少钱"
ANSWER = "带样到窗口，当场按项目报价。"


async def sign_in(product: Product, person: Person) -> dict[str, str]:
    code = product.simulator.login_code(person.miniapp_openid)
    answer = await product.http.post("/api/v1/login", json={"code": code})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


async def ask(
    product: Product, headers: dict[str, str], text: str, key: str = ""
) -> httpx.Response:
    more = {"Idempotency-Key": key} if key else {}
    return await product.http.post("/api/v1/ask", json={"text": text}, headers={**headers, **more})


async def test_question_is_answered(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    answer = (await ask(product, me, "桶装水铜绿超标咋办")).json()
    assert answer["action"] == "answer"
    assert answer["standards"][0] == "GB 19298-2014"
    assert "n=5,c=0,m=0 CFU/250mL" in answer["reply"]
    assert answer["ticket"] == ""


async def test_routed_question_is_a_ticket_that_can_be_followed(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    number = (await ask(product, me, ROUTED)).json()["ticket"]
    listed = (await product.http.get("/api/v1/tickets", headers=me)).json()["tickets"]
    assert [(t["number"], t["state_label"]) for t in listed] == [(number, "已转专员")]
    assert listed[0]["promise"] == "预计今天16:00前回复"

    added = await product.http.post(
        f"/api/v1/tickets/{number}/messages", json={"text": "是桶装水"}, headers=me
    )
    assert added.status_code == 201
    await product.work()
    await product.answer(SPECIALIST, number, ANSWER)
    detail = (await product.http.get(f"/api/v1/tickets/{number}", headers=me)).json()
    assert detail["state"] == TicketState.ANSWERED
    assert detail["specialist"] == "王工"
    assert [e["kind"] for e in detail["events"]] == [
        "opened", "assigned", "message", "accepted", "answered",
    ]  # fmt: skip
    assert detail["events"][-1]["text"] == ANSWER


async def test_waiting_answer_shows_in_the_inbox_and_leaves_when_seen(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    number = (await ask(product, me, ROUTED)).json()["ticket"]
    await product.work()
    await product.answer(SPECIALIST, number, ANSWER)
    await product.work()
    notices = (await product.http.get("/api/v1/notices", headers=me)).json()["notices"]
    assert len(notices) == 1
    assert ANSWER in notices[0]["text"]
    heard = (await ask(product, me, "好的，几点送样")).json()
    assert ANSWER in heard["notices"][0]["text"]
    assert heard["reply"] == "已发给王工。"
    seen = f"/api/v1/notices/{notices[0]['id']}/seen"
    stranger = await sign_in(product, COLLEAGUE)
    assert (await product.http.post(seen, headers=stranger)).status_code == 404
    assert (await product.http.post(seen, headers=me)).status_code == 200
    assert (await product.http.post(seen, headers=me)).status_code == 404
    assert (await product.http.get("/api/v1/notices", headers=me)).json()["notices"] == []
    await product.work()
    assert await OutboxItem.exclude(state=OutboxState.DONE).count() == 0


async def test_double_tap_is_one_question(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    first = await ask(product, me, ROUTED, key="tap-1")
    second = await ask(product, me, ROUTED, key="tap-1")
    assert first.json()["ticket"] == second.json()["ticket"]
    assert await Ticket.all().count() == 1
    other = await ask(product, me, "几点下班", key="tap-1")
    assert other.status_code == 409
    colleague = await sign_in(product, COLLEAGUE)
    await ask(product, colleague, ROUTED, key="tap-1")
    assert await Ticket.all().count() == 2


async def test_somebody_elses_ticket_looks_like_none(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    number = (await ask(product, me, ROUTED)).json()["ticket"]
    other = await sign_in(product, COLLEAGUE)
    for method, path in (("GET", ""), ("POST", "/messages")):
        answers = [
            await product.http.request(
                method, f"/api/v1/tickets/{n}{path}", headers=other, json={"text": "x"}
            )
            for n in (number, "NQ0000000000")
        ]
        assert [a.status_code for a in answers] == [404, 404]
        assert answers[0].json() == answers[1].json()
    assert (await product.http.get("/api/v1/tickets", headers=other)).json() == {"tickets": []}


async def test_person_is_one_account_in_both_applications(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    await ask(product, me, ROUTED)
    await product.simulator.say(EMPLOYEE.miniapp_openid, "进度查询")
    await product.work()
    assert (await Ticket.get()).number in product.texts_to(EMPLOYEE, App.MINIAPP)[-1]


@pytest.mark.parametrize("code", ["never-issued", "x" * 129, ""])
async def test_bad_codes_are_refused(product: Product, code: str) -> None:
    answer = await product.http.post("/api/v1/login", json={"code": code})
    assert answer.status_code in {400, 422}
    assert answer.json()["error"]["message"]


async def test_code_works_once(product: Product) -> None:
    code = product.simulator.login_code(EMPLOYEE.miniapp_openid)
    statuses = [
        (await product.http.post("/api/v1/login", json={"code": code})).status_code
        for _ in range(2)
    ]
    assert statuses == [200, 400]


async def test_platform_away_is_a_clear_503(product: Product) -> None:
    product.simulator.switch_on("/sns/jscode2session", "http_500")
    code = product.simulator.login_code(EMPLOYEE.miniapp_openid)
    answer = await product.http.post("/api/v1/login", json={"code": code})
    assert answer.status_code == 503
    assert "稍后再试" in answer.json()["error"]["message"]


BAD_BODIES: dict[str, Any] = {
    "not json": b"hello",
    "deep": b"[" * 50_000,
    "no field": b"{}",
    "wrong type": b'{"text": 5}',
    "empty": b'{"text": ""}',
    "unknown field": b'{"text": "a", "admin": true}',
    "not utf-8": b'{"text": "\xff"}',
    "too long": b'{"text": "' + b"a" * 4001 + b'"}',
}


@pytest.mark.parametrize("name", BAD_BODIES)
async def test_bad_bodies_get_a_sentence(product: Product, name: str) -> None:
    me = await sign_in(product, EMPLOYEE)
    answer = await product.http.post("/api/v1/ask", content=BAD_BODIES[name], headers=me)
    assert answer.status_code == 422
    assert "请求内容不符合要求" in answer.json()["error"]["message"]


async def test_control_characters_are_survived(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    answer = await ask(product, me, "几点\x00下班\u0007 🤝")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Basic abc", "Bearer " + "a.b.c"], ids=str
)
async def test_strangers_are_asked_to_sign_in(product: Product, header: str) -> None:
    for method, path in (("POST", "/ask"), ("GET", "/tickets"), ("GET", "/notices")):
        answer = await product.http.request(
            method, f"/api/v1{path}", headers={"Authorization": header}, json={"text": "x"}
        )
        assert answer.status_code == 401
        assert answer.json()["error"]["message"] == "请先登录。"


async def test_a_link_token_is_no_session(product: Product) -> None:
    signer, now = product.app.ctx.wiring.signer, product.clock.now()
    token = signer.sign("desk-link", {"identity": 1}, now=now, ttl=timedelta(days=1))
    answer = await product.http.get("/api/v1/tickets", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


async def test_odd_requests_are_never_a_500(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    odd = [
        ("POST", "/api/v1/notices/99999999999999999999/seen"),
        ("POST", "/api/v1/notices/2147483648/seen"),
        ("POST", "/api/v1/notices/-99999999999999999999/seen"),
        ("POST", "/api/v1/notices/" + "9" * 5000 + "/seen"),
        ("GET", "/api/v1/tickets/" + "N" * 300),
        ("GET", "/api/v1/tickets/%00"),
        ("GET", "/static/%00"),
        ("GET", "/static/"),
        ("GET", "/static/" + "a" * 300),
        ("GET", "/static/..%2fdesk.css"),
        ("GET", "/desk/tickets/" + "N" * 300),
        ("GET", "/t/%ff"),
        ("GET", "/desk/enter/%ff"),
        ("POST", "/desk/enter/x/anew"),
        ("PATCH", "/api/v1/ask"),
        ("GET", "/nothing"),
    ]
    for method, path in odd:
        answer = await product.http.request(method, path, headers=me)
        assert answer.status_code < 500, (path, answer.status_code)
        assert "Traceback" not in answer.text
    raw = [("authorization", b"Bearer \xff"), ("cookie", b"nqi_desk=\xff\xfe")]
    for name, value in raw:
        for path in ("/api/v1/tickets", "/desk"):
            answer = await product.http.get(path, headers=[(name.encode(), value)])
            assert answer.status_code == 401


async def test_nul_in_a_message_is_survived(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    number = (await ask(product, me, ROUTED)).json()["ticket"]
    path = f"/api/v1/tickets/{number}/messages"
    answer = await product.http.post(path, json={"text": "a\x00b"}, headers=me)
    assert answer.status_code == 201
    assert answer.json()["events"][-1]["text"] == "ab"


async def test_repeated_addition_is_one_and_another_text_is_told(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    number = (await ask(product, me, ROUTED)).json()["ticket"]
    path, keyed = f"/api/v1/tickets/{number}/messages", {**me, "Idempotency-Key": "k"}
    answers = await asyncio.gather(
        *(product.http.post(path, json={"text": "是桶装水"}, headers=keyed) for _ in range(8))
    )
    assert {a.status_code for a in answers} == {201}
    assert await TicketEvent.filter(kind=EventKind.MESSAGE).count() == 1
    other = await product.http.post(path, json={"text": "不是"}, headers=keyed)
    assert other.status_code == 409
