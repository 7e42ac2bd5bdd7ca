"""The forms as pages: by the link in the bot's own reply, filled in and sent as from a browser."""

import asyncio
import html
import re
from datetime import timedelta

import httpx
import pytest

from handlers.forms import forms
from models.conversations import Conversation, InboundMessage
from models.enterprises import Enterprise
from models.requests import ServiceRequest
from models.tickets import Ticket
from server import links
from tests.cast import COLLEAGUE, EMPLOYEE
from tests.journeys.test_api import ask, sign_in
from tests.product import Product

LINK = re.compile(r"http://[^/\s]+(/s/[\w.-]+/\w+)")
INPUT = re.compile(r'<input type="(\w+)"[^>]*? name="(\w+)"[^>]*? value="([^"]*)"([^>]*)>')
FAULT = re.compile(r'id="fault-(\w+)">([^<]+)<')
# What fits any field of a kind.
WORDS = {
    "words": "原子荧光",
    "story": "车间微生物反复超标，想请人看看。",
    "day": "下周三",
    "span": "两天",
    "number": "3",
    "product": "饮用天然矿泉水",
    "enterprise": "康泉水业",
    "phone": "138 0000 1111",
}
RENTAL = {
    "equipment": "原子荧光",
    "start": "2026-12-02",
    "span": "两天",
    "enterprise": "康泉水业",
    "phone": "138 0000 1111",
}


async def link_of(product: Product, said: str = "想租设备") -> str:
    """The path of the page that the bot offers."""
    found = LINK.search(await product.say(EMPLOYEE, said))
    assert found is not None
    return found[1]


async def fields(product: Product, path: str) -> dict[str, str]:
    """What stands in the page's fields, as a browser would send it."""
    shown = await product.http.get(path)
    assert shown.status_code == 200, shown.text
    found = {
        name: html.unescape(value)
        for kind, name, value, more in INPUT.findall(shown.text)
        if kind != "radio" or "checked" in more
    }
    for name, value in re.findall(r'<textarea id="\w+" name="(\w+)"[^>]*>([^<]*)', shown.text):
        found[name] = html.unescape(value)
    return found


async def send(product: Product, path: str, values: dict[str, str]) -> httpx.Response:
    """Type over the fields and send."""
    return await product.http.post(path, data=await fields(product, path) | values)


def faults(page: httpx.Response) -> dict[str, str]:
    return dict(FAULT.findall(page.text))


@pytest.mark.parametrize("name", forms())
async def test_every_service_can_be_applied_for(product: Product, name: str) -> None:
    form, path = forms()[name], await link_of(product)
    listed = await product.http.get(path.rpartition("/")[0])
    assert form.title in listed.text
    path = next(p for p in re.findall(r'href="([^"]+)"', listed.text) if p.endswith(f"/{name}"))
    page = (await product.http.get(path)).text
    for slot in form.wanted:
        assert slot.label in page
        assert slot.reason in page
    filled = {s.name: next(iter(s.choices), WORDS.get(s.kind, "")) for s in form.wanted}
    sent = await send(product, path, filled)
    assert (sent.status_code, sent.headers["location"]) == (303, path)
    request = await ServiceRequest.get().prefetch_related("ticket")
    assert request.form == name
    assert set(request.given) == {slot.name for slot in form.wanted}
    assert "待商定" not in request.given.values()
    receipt = (await product.http.get(path)).text
    assert request.ticket.number in receipt
    assert "答复会发到微信" in receipt


async def test_it_is_offered_once_and_not_where_it_is_of_no_use(product: Product) -> None:
    assert LINK.search(await product.say(EMPLOYEE, "想租设备"))
    assert not LINK.search(await product.say(EMPLOYEE, "液相色谱"))
    assert not LINK.search(await product.say(EMPLOYEE, "投诉"))
    assert not LINK.search(await product.say(EMPLOYEE, "电话没人接，等了一个下午"))
    assert not LINK.search(await product.say(EMPLOYEE, "继续"))
    assert not LINK.search(await product.say(EMPLOYEE, "我要送检"))
    assert LINK.search(await product.say(EMPLOYEE, "换"))
    me = await sign_in(product, COLLEAGUE)
    asked = await ask(product, me, "想租设备")
    assert "设备租借" in asked.json()["reply"]
    assert not LINK.search(asked.json()["reply"])


async def test_what_was_said_stands_there_and_is_not_asked_again(product: Product) -> None:
    path = await link_of(product, "想租一台原子荧光 下周三")
    await product.say(EMPLOYEE, "两天")
    await product.say(EMPLOYEE, "山涧饮料厂")
    await product.say(EMPLOYEE, "13912345678")
    known = await fields(product, path)
    assert known == {
        "form": "0",
        "equipment": "原子荧光",
        "start": "12月2日（周三）",
        "span": "两天",
        "enterprise": "山涧饮料厂",
        "phone": "139****5678",
        "note": "",
    }
    sent = await send(product, path, {"span": "三天"})
    assert sent.status_code == 303
    ticket = await Ticket.get()
    assert (await ServiceRequest.get()).given == {
        "equipment": "原子荧光",
        "start": "2026-12-02",
        "span": "三天",
        "enterprise": "山涧饮料厂",
        "phone": "13912345678",
    }
    await product.work()
    told = [text for text in product.texts_to(EMPLOYEE) if ticket.number in text]
    assert len(told) == 1
    assert "设备租借申请已提交。已转设备共享专员王工" in told[0]
    # The chat asks for nothing more, and does not submit it once more.
    assert ticket.number in await product.say(EMPLOYEE, "确认")
    assert await Ticket.all().count() == 1
    again = await fields(product, await link_of(product, "想租设备"))
    assert (again["enterprise"], again["phone"]) == ("山涧饮料厂", "139****5678")


async def test_another_form_of_the_chat_stays_open(product: Product) -> None:
    path = await link_of(product, "想租设备")
    await product.say(EMPLOYEE, "投诉")
    assert (await send(product, path, RENTAL)).status_code == 303
    await product.work()
    state = (await Conversation.get()).state
    assert (state["filling"]["form"], state["shelved"]) == ("complaint", None)
    training = path.replace("equipment_rental", "training")
    await product.say(EMPLOYEE, "跳过")
    await product.say(EMPLOYEE, "我要送检")
    assert (await send(product, training, {"course": "内审员", "count": "2"})).status_code == 303
    assert (await Conversation.get()).state["filling"]["form"] == "testing"
    assert "接着填送检" in await pushed(product)


async def pushed(product: Product) -> str:
    await product.work()
    return product.texts_to(EMPLOYEE)[-1]


async def test_every_wrong_field_has_its_sentence_and_all_that_was_typed(product: Product) -> None:
    path = await link_of(product)
    wrong = RENTAL | {"start": "2月30日", "phone": "138****0000", "enterprise": " ", "span": '<b>"'}
    refused = await send(product, path, wrong)
    assert refused.status_code == 422
    told = faults(refused)
    assert set(told) == {"start", "span", "enterprise", "phone"}
    assert told["start"] == "没有“2月30日”这一天，请再看一下日期。"
    for typed in ("原子荧光", "2月30日", "138****0000", "&lt;b&gt;&#34;"):
        assert f'value="{typed}"' in refused.text
    assert re.findall(r'name="(\w+)"[^>]* autofocus', refused.text) == ["start"]
    assert not await Ticket.exists()
    assert not await Enterprise.exists()
    long = await send(product, path, RENTAL | {"equipment": "长" * 5000})
    assert "最多" in faults(long)["equipment"]
    assert (await send(product, path, RENTAL)).status_code == 303


async def test_what_may_be_left_out_is_settled_later(product: Product) -> None:
    path = await link_of(product)
    await send(product, path, RENTAL | {"equipment": "跳过", "start": "", "span": " "})
    given = (await ServiceRequest.get()).given
    assert {given["equipment"], given["start"], given["span"]} == {"待商定"}


async def test_a_name_that_was_wiped_out_is_asked_for(product: Product) -> None:
    path = await link_of(product)
    await send(product, path, RENTAL)
    path = await link_of(product)
    assert set(faults(await send(product, path, {"enterprise": ""}))) == {"enterprise"}


async def test_sent_twice_it_is_one_request(product: Product) -> None:
    path = await link_of(product)
    form = await fields(product, path) | RENTAL
    taps = await asyncio.gather(*(product.http.post(path, data=form) for _ in range(5)))
    assert {tap.status_code for tap in taps} == {303}
    # Back, changed and sent again; reloaded; opened anew.
    late = await product.http.post(path, data=form | {"span": "五天"})
    assert late.status_code == 303
    number = (await Ticket.get()).number
    assert number in (await product.http.get(path)).text
    await product.work()
    assert len([text for text in product.texts_to(EMPLOYEE) if number in text]) == 1
    assert await ServiceRequest.all().count() == 1
    # Whoever wants a second one says so.
    more = await send(product, f"{path}?again=1", RENTAL | {"span": "五天"})
    assert more.status_code == 303
    assert await ServiceRequest.all().count() == 2
    newest = await Ticket.all().order_by("-id").first()
    assert newest is not None
    assert newest.number in (await product.http.get(path)).text


@pytest.mark.parametrize("number", ["7", "", "-1", "x", "९", "99999999999"])
async def test_a_form_that_was_not_ours_is_not_taken(product: Product, number: str) -> None:
    path = await link_of(product)
    refused = await send(product, path, RENTAL | {"form": number})
    assert refused.status_code == 400
    assert 'name="form" value="0"' in refused.text
    assert 'value="原子荧光"' in refused.text
    assert not await Ticket.exists()


async def test_links_end_and_cannot_be_made_up(product: Product) -> None:
    path = await link_of(product)
    form = await fields(product, path) | RENTAL
    head, _, service = path.rpartition("/")
    for forged in (f"{head[:-2]}AA/{service}", f"/s/nonsense/{service}", "/s/nonsense"):
        assert (await product.http.get(forged)).status_code == 410
    signer, now = product.app.ctx.wiring.signer, product.clock.now()
    other = signer.sign(links.RATING, {"number": "NQ1"}, now=now, ttl=timedelta(hours=1))
    nobody = links.form_url(signer, "", 999, 1, service, now=now)
    for url in (f"/s/{other}/{service}", nobody):
        assert (await product.http.get(url)).status_code == 410
        assert (await product.http.post(url, data=form)).status_code == 410
    unknown = await product.http.get(f"{head}/nonsense")
    assert unknown.status_code == 404
    product.clock.travel(timedelta(hours=2, seconds=1))
    for stale in (await product.http.get(path), await product.http.post(path, data=form)):
        assert stale.status_code == 410
        assert "再说一次要办的事" in stale.text
    assert not await Ticket.exists()


async def test_a_link_shows_and_does_its_own_persons_things_only(product: Product) -> None:
    await send(product, await link_of(product), RENTAL)
    found = LINK.search(await product.say(COLLEAGUE, "想租设备"))
    assert found is not None
    theirs = (await product.http.get(found[1])).text
    for mine in ("康泉水业", "138****1111", "13800001111", EMPLOYEE.openid):
        assert mine not in theirs
    mine = await link_of(product, "我要送检")
    page = (await product.http.get(mine)).text
    assert "13800001111" not in page
    assert "NQ" not in page
    # The masked number of somebody else is no number.
    refused = await product.http.post(
        found[1], data=await fields(product, found[1]) | RENTAL | {"phone": "138****1111"}
    )
    assert set(faults(refused)) == {"phone"}
    openids = (EMPLOYEE.openid, COLLEAGUE.openid)
    assert not any(
        openid in reply.reply for reply in await InboundMessage.all() for openid in openids
    )


async def test_staff_do_not_get_the_link(product: Product) -> None:
    path = await link_of(product)
    await send(product, path, RENTAL)
    ticket = await Ticket.get()
    assert '也可以<a href="［链接］">点开填表</a>' in str(ticket.transcript)
    assert path not in str(ticket.transcript)


async def test_the_page_and_the_api_have_the_same_fields(product: Product) -> None:
    path = await link_of(product)
    me = await sign_in(product, EMPLOYEE)
    for service in (await product.http.get("/api/v1/services", headers=me)).json()["services"]:
        page = (await product.http.get(path.replace("equipment_rental", service["name"]))).text
        for field in service["fields"]:
            assert f'name="{field["name"]}"' in page
            assert field["ask"] in page
            assert "跳过" not in field["ask"]


async def test_the_chat_and_the_page_at_once(product: Product) -> None:
    """Confirmed in the chat while the page is being sent: the chat has nothing left to send, or
    the page comes after it as a request of its own; nothing is lost and nothing breaks."""
    path = await link_of(product, "想租一台原子荧光 下周三 两天")
    await product.say(EMPLOYEE, "康泉水业")
    await product.say(EMPLOYEE, "13800001111")
    form = await fields(product, path)
    sent, _ = await asyncio.gather(
        product.http.post(path, data=form), product.say(EMPLOYEE, "确认")
    )
    assert sent.status_code == 303
    assert await ServiceRequest.all().count() == await Ticket.all().count()
    await product.work()
    assert (await Conversation.get()).state["filling"] is None
