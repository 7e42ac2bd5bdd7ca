"""Unsafe texts: held for review in the chat, refused with words in forms, checked by WeChat."""

import asyncio
import re
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest

from models.accounts import App
from models.clock import Clock
from models.conversations import Conversation, InboundMessage, InboundState
from models.outbox import Gate, OutboxItem
from models.requests import ServiceRequest
from models.tickets import EventKind, Ticket, TicketEvent
from server.wechat.simulator import Person
from tests.cast import EMPLOYEE, MANAGER, OFFICER, SPECIALIST
from tests.journeys.test_api import ROUTED, ask, sign_in
from tests.journeys.test_closing import answered
from tests.journeys.test_doctor import doctor
from tests.journeys.test_ratings import page_of, tap
from tests.journeys.test_services import RENTAL, apply
from tests.product import Product

CHECK = "/wxa/msg_sec_check"
UNSAFE = "送检3个水样要多少钱，别拿我们赌博"
HELD = "先由工作人员看过"
# Our list lets this through; WeChat's, as the simulator plays it, does not.
ONLY_WECHAT = "能代开发票吗"


async def held_message() -> InboundMessage:
    return await InboundMessage.get(held_as__not="")


async def desk(product: Product, person: Person, path: str = "/desk/review") -> httpx.Response:
    await product.sign_in_staff(person)
    return await product.http.get(path)


async def decide(product: Product, form: str, decision: str) -> int:
    message = await held_message()
    path = f"/desk/review/{message.id}/{decision}"
    return (await product.http.post(path, data={"form": form})).status_code


def form_in(page: httpx.Response) -> str:
    found = re.search(r'name="form" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


async def test_nothing_of_a_held_message_gets_anywhere(product: Product) -> None:
    assert HELD in await product.say(EMPLOYEE, UNSAFE)
    await product.pass_time(timedelta(hours=5))
    row = await held_message()
    assert (row.state, row.held_as, row.decision) == (InboundState.HELD, "gambling", None)
    assert await Ticket.all().count() == 0
    assert (await Conversation.get()).version == 0
    assert product.texts_to(SPECIALIST) == []
    # Nor in the transcript of what is asked afterwards.
    await product.say(EMPLOYEE, "转人工")
    said = (await Ticket.get()).transcript
    assert [line["text"] for line in said if line["who"] == "user"] == ["转人工"]


async def test_only_reviewers_see_what_is_held(product: Product) -> None:
    await product.say(EMPLOYEE, UNSAFE)
    for person in (OFFICER, MANAGER):
        assert "待审核" in (await desk(product, person, "/desk")).text
        page = await desk(product, person)
        assert all(word in page.text for word in (UNSAFE, "赌博", "公众号", "11月23日 10:00"))
        assert EMPLOYEE.openid not in page.text
        form = form_in(page)
    assert "待审核" not in (await desk(product, SPECIALIST, "/desk")).text
    assert (await desk(product, SPECIALIST)).status_code == 404
    assert await decide(product, form, "pass") == 400, "another person's form"
    await product.sign_in_staff(OFFICER)
    assert await decide(product, "", "pass") == 400, "no form of ours"
    assert (await held_message()).state == InboundState.HELD
    for number in (0, 10**12):
        path = f"/desk/review/{number}/pass"
        assert (await product.http.post(path, data={"form": form})).status_code in (400, 404)
    product.http.cookies.clear()
    assert (await product.http.get("/desk/review")).status_code == 401


async def test_passed_is_answered_as_if_it_came_now(product: Product) -> None:
    await product.say(EMPLOYEE, UNSAFE)
    await product.pass_time(timedelta(hours=3))
    assert (await product.review(OFFICER, passes=True)).status_code == 303
    await product.work()
    ticket = await Ticket.get()
    assert ticket.question == UNSAFE
    assert ticket.created_at == product.clock.now()
    assert any(ticket.number in text for text in product.texts_to(EMPLOYEE)[1:])
    row = await held_message()
    assert (row.state, row.passed) == (InboundState.DONE, True)
    await row.fetch_related("reviewed_by")
    assert row.reviewed_by is not None
    assert row.reviewed_by.name == OFFICER.nickname
    assert "现在没有待审核" in (await desk(product, OFFICER)).text
    # From now on it belongs to the conversation.
    await product.say(EMPLOYEE, "补充：是桶装水")
    assert await InboundMessage.filter(state=InboundState.RECEIVED).count() == 0


@pytest.mark.parametrize("decisions", [("pass", "turn-down"), ("turn-down", "pass")])
async def test_two_reviewers_decide_once(product: Product, decisions: tuple[str, str]) -> None:
    await product.say(EMPLOYEE, UNSAFE)
    path = f"/desk/review/{(await held_message()).id}"
    clients = []
    for person in (OFFICER, MANAGER):
        form = form_in(await desk(product, person))
        cookies = dict(product.http.cookies)
        clients.append((form, cookies))

    async def press(who: tuple[str, dict[str, str]], decision: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=product.http.base_url, cookies=who[1]) as http:
            return await http.post(f"{path}/{decision}", data={"form": who[0]})

    pressed = await asyncio.gather(
        *(press(who, what) for who, what in zip(clients, decisions, strict=True))
    )
    assert sorted(page.status_code for page in pressed) == [303, 409]
    assert "已有人处理过" in next(page for page in pressed if page.status_code == 409).text
    # A double tap of the one who was first is no news.
    first = 0 if pressed[0].status_code == 303 else 1
    assert (await press(clients[first], decisions[first])).status_code == 303
    await product.work()
    passed = decisions[first] == "pass"
    assert await Ticket.all().count() == passed
    told = [item for item in await OutboxItem.all() if item.payload.get("of_review")]
    assert len(told) == (not passed)


async def test_turned_down_is_told_once_and_shown_to_nobody(product: Product) -> None:
    await product.say(EMPLOYEE, UNSAFE)
    await product.review(MANAGER, passes=False)
    await product.work()
    await product.work()
    told = [text for text in product.texts_to(EMPLOYEE) if "不便处理" in text]
    assert len(told) == 1
    await product.say(EMPLOYEE, "转人工")
    assert UNSAFE not in str((await Ticket.get()).transcript)


async def test_a_conversation_with_a_specialist_waits_for_the_review(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    ticket = await Ticket.get()
    form = await product.desk_form_of(SPECIALIST, ticket.number)
    await product.http.post(
        f"/desk/tickets/{ticket.number}/write", data={"form": form, "text": "请问是什么水？"}
    )
    assert HELD in await product.say(EMPLOYEE, "桶装水，出售冰毒")
    heard = TicketEvent.filter(ticket_id=ticket.id, kind=EventKind.MESSAGE)
    assert await heard.count() == 0
    await product.review(OFFICER, passes=True)
    await product.work()
    assert (await heard.get()).text == "桶装水，出售冰毒"


async def test_no_takeover_silences_the_word_that_it_was_turned_down(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    number = (await Ticket.get()).number
    await product.say(EMPLOYEE, "出售冰毒")
    form = await product.desk_form_of(SPECIALIST, number)
    await product.http.post(
        f"/desk/tickets/{number}/write", data={"form": form, "text": "请问是什么水？"}
    )
    await product.review(OFFICER, passes=False)
    await product.work()
    assert "不便处理" in product.texts_to(EMPLOYEE)[-1]


async def test_voice_and_forwarded_pages_are_read_as_well(product: Product) -> None:
    spoken = await product.simulator.send_voice(EMPLOYEE.openid, b"#!AMR\n" + bytes(64), UNSAFE)
    assert HELD in (spoken.reply_text or "")
    forwarded = await product.simulator.send_other(EMPLOYEE.openid, "link", "六合彩内幕")
    assert HELD in (forwarded.reply_text or "")


async def test_the_customer_service_of_the_mini_program_is_told_by_message(
    product: Product,
) -> None:
    await product.simulator.say(EMPLOYEE.miniapp_openid, UNSAFE)
    await product.work()
    assert [HELD in text for text in product.texts_to(EMPLOYEE, App.MINIAPP)] == [True]
    await product.review(OFFICER, passes=True)
    await product.work()
    number = (await Ticket.get()).number
    assert number in product.texts_to(EMPLOYEE, App.MINIAPP)[-1]


@pytest.mark.parametrize("text", [UNSAFE, ONLY_WECHAT])
async def test_a_question_in_the_mini_program_is_held(product: Product, text: str) -> None:
    me = await sign_in(product, EMPLOYEE)
    for _ in range(2):
        answer = await ask(product, me, text, key="one")
        assert answer.status_code == 202
        assert answer.json()["pending"]
        assert HELD in answer.json()["reply"]
    assert await Ticket.all().count() == 0
    await product.review(OFFICER, passes=True)
    await product.work()
    row = await held_message()
    assert row.state == InboundState.DONE
    again = await ask(product, me, text, key="one")
    assert (again.status_code, again.json()["reply"]) == (200, row.reply)


async def test_what_wechat_does_not_know_our_list_decides(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    product.clock.travel(timedelta(hours=3))  # 61010: not active in the last two hours
    assert (await ask(product, me, ONLY_WECHAT)).status_code == 200
    assert len(product.simulator.calls(CHECK)) == 1
    assert (await Gate.get(name="msg_sec_check")).failures == 0
    assert HELD in (await ask(product, me, UNSAFE)).json()["reply"]
    assert len(product.simulator.calls(CHECK)) == 1, "what we know needs no second opinion"


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "http_500"},
        {"kind": "reset"},
        {"kind": "truncated"},
        {"kind": "timeout", "seconds": 5},
        {"kind": "errcode", "errcode": 45009},
        {"kind": "errcode", "errcode": 48001},
    ],
)
async def test_nobody_is_blocked_because_wechat_is_down(
    product: Product, fault: dict[str, Any]
) -> None:
    me = await sign_in(product, EMPLOYEE)
    await ask(product, me, "几点下班")
    product.simulator.switch_on(CHECK, fault.pop("kind"), **fault)
    before = len(product.simulator.calls(CHECK))
    for number in range(5):
        begun = time.monotonic()
        assert (await ask(product, me, f"几点上班{number}")).status_code == 200
        assert time.monotonic() - begun < 3
    assert HELD in (await ask(product, me, UNSAFE)).json()["reply"]
    assert len(product.simulator.calls(CHECK)) - before <= 3, "the gate shuts"
    product.simulator.faults.clear()
    product.clock.travel(timedelta(minutes=6))
    assert (await ask(product, me, ONLY_WECHAT)).status_code == 202, "and opens again"


@pytest.mark.parametrize(("text", "kind"), [("出售冰毒", "毒品"), (ONLY_WECHAT, "国家安全")])
async def test_forms_of_the_mini_program_are_refused_with_words(
    product: Product, text: str, kind: str
) -> None:
    me = await sign_in(product, EMPLOYEE)
    number = (await ask(product, me, ROUTED)).json()["ticket"]
    events = await TicketEvent.all().count()
    path = f"/api/v1/tickets/{number}/messages"
    refused = await product.http.post(path, json={"text": text}, headers=me)
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "unfit"
    assert kind in refused.json()["error"]["message"]
    refused = await apply(product, me, "equipment_rental", RENTAL | {"equipment": text})
    assert kind in refused.json()["error"]["message"]
    assert await TicketEvent.all().count() == events
    assert await ServiceRequest.all().count() == 0
    assert (await apply(product, me, "equipment_rental", RENTAL)).status_code == 201


@pytest.mark.parametrize("act", ["answer", "write"])
async def test_a_specialist_keeps_the_draft(product: Product, act: str) -> None:
    await product.say(EMPLOYEE, ROUTED)
    await product.work()
    number = (await Ticket.get()).number
    form = await product.desk_form_of(SPECIALIST, number)
    before = product.texts_to(EMPLOYEE)
    draft = "请办理：办假证刻章"
    path = f"/desk/tickets/{number}/{act}"
    refused = await product.http.post(path, data={"form": form, "text": draft})
    assert refused.status_code == 400
    assert "假证" in refused.text
    assert f">{draft}</textarea>" in refused.text
    await product.work()
    assert product.texts_to(EMPLOYEE) == before
    mended = await product.http.post(path, data={"form": form, "text": "请带样到窗口"})
    assert mended.status_code == 303


async def test_a_comment_beside_a_rating_keeps_its_draft(product: Product) -> None:
    path = await page_of(product)
    refused = await tap(product, path, comment='"不错，加QQ群123456789')
    assert refused.status_code == 400
    assert "广告引流" in refused.text
    assert 'value="&#34;不错，加QQ群123456789"' in refused.text
    assert await TicketEvent.filter(kind=EventKind.COMMENTED).count() == 0
    assert (await tap(product, path, comment="你们太垃圾了")).status_code == 303


async def test_who_is_angry_gets_through(product: Product) -> None:
    await answered(product)
    for text in ("你们太垃圾了", "王八蛋，骗子", "没解决，一群废物"):
        assert HELD not in await product.say(EMPLOYEE, text)
    assert await InboundMessage.filter(held_as="").count() == await InboundMessage.all().count()


async def test_the_doctor_reminds_after_a_working_day(product: Product) -> None:
    assert (await doctor(product)).about("待审核") == ["[正常] 待审核"]
    await product.say(EMPLOYEE, UNSAFE)
    now = Clock().now()  # the doctor runs in a process of its own, by the real time
    await InboundMessage.all().update(received_at=now)
    assert (await doctor(product)).about("待审核") == ["[正常] 待审核"]
    await InboundMessage.all().update(received_at=now - timedelta(days=30))
    (line,) = (await doctor(product)).about("待审核")
    assert line.startswith("[注意] 待审核：有来信已等了 720 小时没有人看")
