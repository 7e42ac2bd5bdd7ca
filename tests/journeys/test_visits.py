"""Who scans a site's code is greeted by its name and written down; odd messages are answered."""

import asyncio

import pytest

from handlers import wording
from models.accounts import Identity
from models.conversations import InboundMessage
from models.tickets import Ticket
from models.visits import Visit
from server.wechat.simulator.simulator import OtherKind
from tests.cast import EMPLOYEE, OUTSIDER
from tests.product import Product

PARK = "欢迎来到产业园服务站（演示）"


async def test_a_scan_is_a_visit_of_its_thread(product: Product) -> None:
    await product.simulator.unfollow(OUTSIDER.openid)
    followed = await product.simulator.scan(OUTSIDER.openid, "park")
    assert str(followed.reply_text).startswith(PARK)
    scanned = await product.simulator.scan(OUTSIDER.openid, "hall")
    assert "政务中心服务窗口（演示）" in str(scanned.reply_text)
    await product.say(OUTSIDER, "送检3个水样要多少钱")
    first, second = await Visit.all().order_by("id")
    assert (first.site, second.site) == ("park", "hall")
    ticket = await Ticket.get()
    assert {first.conversation_id, second.conversation_id} == {ticket.conversation_id}
    assert first.account_id == ticket.asker_id
    assert first.at == product.clock.now()


@pytest.mark.parametrize("scene", ["", "gone", "PARK", "park ", "123"])
async def test_another_scene_is_greeted_as_always(product: Product, scene: str) -> None:
    delivery = await product.simulator.follow(OUTSIDER.openid, scene)
    assert delivery.reply_text == wording.GREETING
    assert await Visit.all().count() == 0


async def test_a_scan_delivered_again_is_one_visit(product: Product) -> None:
    simulator = product.simulator
    head = simulator.head("official", EMPLOYEE.openid, "event")
    sent = simulator.courier.seal("official", {**head, "Event": "SCAN", "EventKey": "park"})
    attempts = await asyncio.gather(*(simulator.courier.post("official", sent) for _ in range(5)))
    assert {attempt.status for attempt in attempts} == {200}
    assert await Visit.all().count() == 1


async def test_a_visit_follows_the_person_when_accounts_are_joined(product: Product) -> None:
    code = product.simulator.login_code(EMPLOYEE.miniapp_openid)
    await product.http.post("/api/v1/login", json={"code": code})
    await product.simulator.scan(EMPLOYEE.openid, "park")
    before = (await Visit.get()).account_id
    await product.work()
    identity = await Identity.get(openid=EMPLOYEE.openid)
    assert (await Visit.get()).account_id == identity.account_id != before


async def test_a_place_gets_the_nearest_site(product: Product) -> None:
    delivery = await product.simulator.send_location(EMPLOYEE.openid, 30.6393, 104.06, "某地")
    assert "产业园服务站（演示），约 2.3 公里" in str(delivery.reply_text)
    assert (await InboundMessage.get()).reply == delivery.reply_text


@pytest.mark.parametrize(
    ("kind", "words"), [("link", "打不开网页"), ("file", "读不了文件"), ("video", "看不了视频")]
)
async def test_what_cannot_be_read(product: Product, kind: OtherKind, words: str) -> None:
    delivery = await product.simulator.send_other(EMPLOYEE.openid, kind, "新国标解读")
    assert words in str(delivery.reply_text)


async def test_a_card_in_the_miniprogram_and_a_face(product: Product) -> None:
    await product.simulator.send_other(EMPLOYEE.miniapp_openid, "miniprogrampage", "质量服务")
    assert "“质量服务”" in (await InboundMessage.get()).reply
    assert await product.say(EMPLOYEE, "[微笑]") == wording.STICKER
    assert await Ticket.all().count() == 0
