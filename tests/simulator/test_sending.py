"""Windows, credits and field rules."""

from datetime import timedelta

import pytest

from server.wechat.simulator import UsageError
from server.wechat.simulator.fields import fits
from tests.simulator.conftest import CARD, Stage

CUSTOM = "/cgi-bin/message/custom/send"
TEMPLATE = "/cgi-bin/message/template/send"


async def test_five_within_48_hours_of_a_message(stage: Stage) -> None:
    assert await stage.custom(stage.employee) == 45015
    await stage.simulator.say(stage.employee, "在吗")
    codes = [await stage.custom(stage.employee) for _ in range(6)]
    assert codes == [0, 0, 0, 0, 0, 45047]
    await stage.simulator.say(stage.employee, "还在吗")
    assert await stage.custom(stage.employee) == 0
    stage.clock.travel(timedelta(hours=48))
    assert await stage.custom(stage.employee) == 45015


async def test_three_within_a_minute_of_a_click(stage: Stage) -> None:
    await stage.simulator.click_menu(stage.employee, "ASK")
    assert [await stage.custom(stage.employee) for _ in range(4)] == [0, 0, 0, 45047]
    await stage.simulator.tap_menu_item(stage.employee, "1", "满意")
    assert await stage.custom(stage.employee) == 0
    stage.clock.travel(timedelta(seconds=60))
    assert await stage.custom(stage.employee) == 45015


async def test_short_window_is_used_before_the_long_one(stage: Stage) -> None:
    await stage.simulator.say(stage.employee, "在吗")
    await stage.simulator.click_menu(stage.employee, "ASK")
    assert [await stage.custom(stage.employee) for _ in range(9)] == [0] * 8 + [45047]


async def test_miniapp_two_after_entering(stage: Stage) -> None:
    openid = stage.employee_mini
    assert await stage.custom(openid, app="miniapp") == 45015
    await stage.simulator.enter_session(openid)
    codes = [await stage.custom(openid, app="miniapp") for _ in range(3)]
    assert codes == [0, 0, 45047]


async def test_custom_send_refuses(stage: Stage) -> None:
    await stage.simulator.say(stage.employee, "在吗")
    assert await stage.custom("nobody") == 40003
    assert await stage.custom(stage.employee_mini) == 40003
    assert await stage.custom(stage.employee, "标" * 683) == 45002
    assert await stage.custom(stage.employee, "标" * 682) == 0
    assert await stage.custom(stage.employee, "") == 44004
    await stage.simulator.unfollow(stage.employee)
    assert await stage.custom(stage.employee) == 43004


async def test_kinds_of_customer_service_messages(stage: Stage) -> None:
    await stage.simulator.say(stage.employee, "在吗")
    menu = {"head_content": "有用吗", "list": [{"id": "1", "content": "有用"}], "tail_content": ""}
    article = {"title": "标题", "description": "", "url": "http://127.0.0.1/x"}
    page = {"title": "小程序", "pagepath": "pages/index", "thumb_media_id": "x", "appid": "wx"}
    for kind, content, code in (
        ("msgmenu", menu, 0),
        ("news", {"articles": [article]}, 0),
        ("miniprogrampage", page, 0),
        ("image", {"media_id": "gone"}, 40007),
        ("link", article, 40008),
        ("text", "不是对象", 47001),
    ):
        body = {"touser": stage.employee, "msgtype": kind, kind: content}
        assert (await stage.send(CUSTOM, body))["errcode"] == code, kind


async def test_template_message_and_its_finish_event(stage: Stage) -> None:
    body = {"touser": stage.employee, "template_id": "T-ticket", "url": "/x", "data": CARD}
    answer = await stage.send(TEMPLATE, body)
    await stage.simulator.drain()
    (card,) = stage.simulator.sent_to(stage.employee)
    assert card.content["rows"][1] == ["问题", "桶装水铜绿超标咋办"]
    finish = stage.product.received[-1]
    assert finish.event == "templatesendjobfinish"
    assert finish._data["MsgID"] == str(answer["msgid"])
    assert finish._data["Status"] == "success"


async def test_template_message_refuses(stage: Stage) -> None:
    body = {"touser": stage.employee, "template_id": "T-ticket", "data": CARD}
    assert (await stage.send(TEMPLATE, {**body, "template_id": "T-x"}))["errcode"] == 40037
    long = {**CARD, "thing2": {"value": "超" * 21}}
    answer = await stage.send(TEMPLATE, {**body, "data": long})
    assert answer["errcode"] == 47003
    assert "data.thing2.value" in answer["errmsg"]
    missing = {name: value for name, value in CARD.items() if name != "time3"}
    assert "time3" in (await stage.send(TEMPLATE, {**body, "data": missing}))["errmsg"]
    extra = {**CARD, "first": {"value": "您好"}}
    assert "first" in (await stage.send(TEMPLATE, {**body, "data": extra}))["errmsg"]
    await stage.simulator.unfollow(stage.employee)
    assert (await stage.send(TEMPLATE, body))["errcode"] == 43004


@pytest.mark.parametrize(("app", "path"), [("official", "bizsend"), ("miniapp", "send")])
async def test_one_credit_is_one_send(stage: Stage, app: str, path: str) -> None:
    openid = stage.employee if app == "official" else stage.employee_mini
    body = {
        "touser": openid,
        "template_id": "T-once",
        "data": {"thing1": {"value": "报告"}, "time2": {"value": "16:00"}},
    }
    url = f"/cgi-bin/message/subscribe/{path}"
    assert (await stage.send(url, body, app))["errcode"] == 43101
    await stage.simulator.subscribe(openid, ["T-once"], "reject")
    assert (await stage.send(url, body, app))["errcode"] == 43101
    await stage.simulator.subscribe(openid, ["T-once"])
    assert (await stage.send(url, body, app))["errcode"] == 0
    assert (await stage.send(url, body, app))["errcode"] == 43101
    await stage.simulator.drain()
    assert stage.simulator.journal.deliveries[-1].kind == "subscribe_msg_sent_event"


async def test_long_term_consent_stands_and_is_never_mixed(stage: Stage) -> None:
    openid = stage.employee
    with pytest.raises(UsageError, match="20002"):
        await stage.simulator.subscribe(openid, ["T-once", "T-long"])
    await stage.simulator.subscribe(openid, ["T-long"])
    data = {"thing1": {"value": "召回"}, "const2": {"value": "是"}}
    body = {"touser": openid, "template_id": "T-long", "data": data}
    for _ in range(3):
        answer = await stage.send("/cgi-bin/message/subscribe/bizsend", body)
        assert answer["errcode"] == 0
    wrong = {**body, "data": {**data, "const2": {"value": "也许"}}}
    answer = await stage.send("/cgi-bin/message/subscribe/bizsend", wrong)
    assert answer["errcode"] == 47003
    await stage.simulator.reject(openid, "T-long")
    assert (await stage.send("/cgi-bin/message/subscribe/bizsend", body))["errcode"] == 43101


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("thing", ["标" * 20, "GB 19298-2014"], ["标" * 21, "", " ", "两\n行", "好😀"]),
        ("character_string", ["T-2026/001", "x" * 32], ["单号1", "x" * 33]),
        ("phrase", ["已受理", "处理完成了"], ["已受理请查看", "OK", "已办1"]),
        ("name", ["王小明", "John Smith"], ["王" * 11, "王Ming", "a" * 21]),
        ("number", ["12", "3.50"], ["12个", "1" * 33]),
        ("letter", ["ABC"], ["A1", "a" * 33]),
        ("amount", ["¥100.50", "300元", "￥20元"], ["约100", "1" * 11]),
        ("phone_number", ["0571-12345678", "+86 13800000000"], ["1" * 18, "电话1"]),
        ("car_number", ["皖A12345", "皖A1234挂"], ["皖A1234567", "皖皖12"]),
        ("time", ["15:01", "2026年11月23日 16:00", "8:00~9:30"], ["25:00", "2026-11-23", "下午"]),
        ("date", ["2026年11月23日", "2026年2月1日 8:05"], ["2026年2月30日", "16:00"]),
    ],
)
def test_field_rules(kind: str, good: list[str], bad: list[str]) -> None:
    assert [value for value in good if not fits(kind, value)] == []
    assert [value for value in bad if fits(kind, value)] == []
