"""Callbacks: signed and encrypted as the platform does, retried, and answers judged."""

from sanic.response import empty, html, json, text
from wechatpy.crypto import WeChatCrypto

from tests.simulator.conftest import MINIAPP, Stage
from tests.simulator.product import passive_text


async def test_text_in_safe_mode_is_answered(stage: Stage) -> None:
    delivery = await stage.simulator.say(stage.employee, "桶装水<b>&铜绿")
    assert delivery.ok
    assert delivery.reply_text == "你说：桶装水<b>&铜绿"
    query, body = stage.product.raw[0]
    assert query["encrypt_type"] == "aes"
    assert b"FromUserName" not in body
    assert [message.side for message in stage.simulator.chat(stage.employee)] == ["out", "in"]


async def test_address_verification(stage: Stage) -> None:
    assert await stage.simulator.courier.verify("official")
    assert await stage.simulator.courier.verify("miniapp")


async def test_plain_and_compat_modes(stage: Stage) -> None:
    simulator = stage.simulator
    head = simulator.head("official", stage.employee, "text")
    for mode in ("plain", "compat"):
        fields = {**head, "Content": "你好", "MsgId": simulator.next_id()}
        delivery = await simulator.deliver("official", fields, mode)
        assert delivery.reply_text == "你说：你好"
        assert b"Content" in stage.product.raw[-1][1]
    assert b"Encrypt" in stage.product.raw[-1][1]


async def test_ids_increase_and_time_is_the_clocks(stage: Stage) -> None:
    for word in "一二三":
        await stage.simulator.say(stage.employee, word)
    ids = [message.id for message in stage.product.received]
    assert ids == sorted(set(ids))
    stamp = int(stage.clock.now().timestamp())
    assert {int(query["timestamp"]) for query, _ in stage.product.raw} == {stamp}
    assert {message._data["CreateTime"] for message in stage.product.received} == {str(stamp)}


async def test_three_tries_of_the_same_body_then_the_user_sees_it(stage: Stage) -> None:
    stage.product.answers = [empty(500), empty(502), empty(503), text("success")]
    delivery = await stage.simulator.say(stage.employee, "在吗")
    assert [attempt.status for attempt in delivery.attempts] == [500, 502, 503]
    assert len({body for _, body in stage.product.raw}) == 1
    assert "该公众号提供的服务出现故障" in str(stage.simulator.chat(stage.employee)[-1].content)


async def test_retry_that_succeeds_is_seen_as_success(stage: Stage) -> None:
    stage.product.answers = [empty(500)]
    delivery = await stage.simulator.say(stage.employee, "在吗")
    assert delivery.ok
    assert len(delivery.attempts) == 2
    assert delivery.reply_text == "你说：在吗"


async def test_slow_answer_is_cut(stage: Stage) -> None:
    stage.simulator.courier.seconds = 0.0001
    delivery = await stage.simulator.say(stage.employee, "在吗")
    assert len(delivery.attempts) == 3
    assert "没有回答" in delivery.problem


async def test_nobody_listens(stage: Stage) -> None:
    stage.simulator.courier.base = "http://127.0.0.1:9"
    delivery = await stage.simulator.say(stage.employee, "在吗")
    assert "连接失败" in delivery.problem


async def test_bad_replies_are_errors(stage: Stage) -> None:
    bad = [
        json({"msg": "ok"}),
        html("<html><body>x</html>"),
        text("<xml><ToUserName>x</ToUserName></xml>"),
        text("好的"),
    ]
    for answer in bad:
        stage.product.answers = [answer]
        delivery = await stage.simulator.say(stage.employee, "在吗")
        assert not delivery.ok
        assert len(delivery.attempts) == 1
    stage.product.plain_reply = True
    assert "没有加密" in (await stage.simulator.say(stage.employee, "在吗")).problem


async def test_success_and_empty_are_silence(stage: Stage) -> None:
    for answer in (text("success"), text(""), empty(200)):
        stage.product.answers = [answer]
        delivery = await stage.simulator.say(stage.employee, "在吗")
        assert delivery.ok
        assert delivery.reply is None


async def test_passive_text_has_a_byte_limit(stage: Stage) -> None:
    simulator = stage.simulator
    head = simulator.head("official", stage.employee, "text")
    await simulator.say(stage.employee, "在吗")
    for length, ok in ((682, True), (683, False)):  # 2046 and 2049 bytes
        stage.product.answers = [
            text(passive_text(stage.product.received[0], "标" * length), content_type="text/xml")
        ]
        fields = {**head, "Content": "长", "MsgId": simulator.next_id()}
        assert (await simulator.deliver("official", fields, "plain")).ok is ok


async def test_miniapp_callbacks_are_json_and_take_no_reply(stage: Stage) -> None:
    assert (await stage.simulator.say(stage.employee_mini, "你好")).ok
    assert stage.product.received[-1]["Content"] == "你好"
    assert (await stage.simulator.enter_session(stage.employee_mini, "order-1")).ok
    assert stage.product.received[-1]["Event"] == "user_enter_tempsession"
    stage.product.answers = [text("<xml><A>1</A></xml>")]
    assert not (await stage.simulator.say(stage.employee_mini, "你好")).ok


async def test_miniapp_callbacks_may_be_xml(stage: Stage) -> None:
    courier = stage.simulator.courier
    courier.forms["miniapp"] = "xml"
    fields = {**stage.simulator.head("miniapp", stage.employee_mini, "text"), "Content": "你好"}
    sent = courier.seal("miniapp", fields)
    crypto = WeChatCrypto(MINIAPP.token, MINIAPP.aes_key, MINIAPP.appid)
    params = sent.params
    inner = crypto.decrypt_message(
        sent.body, params["msg_signature"], params["timestamp"], params["nonce"]
    )
    assert "<Content><![CDATA[你好]]></Content>" in inner


async def test_same_body_can_be_posted_again_as_a_duplicate(stage: Stage) -> None:
    courier = stage.simulator.courier
    fields = {**stage.simulator.head("official", stage.employee, "text"), "Content": "重复"}
    sent = courier.seal("official", {**fields, "MsgId": stage.simulator.next_id()})
    for _ in range(4):
        assert (await courier.post("official", sent)).status == 200
    assert len({message.id for message in stage.product.received}) == 1
    assert stage.simulator.chat(stage.employee) == []


async def test_events_of_the_official_account(stage: Stage) -> None:
    simulator, openid = stage.simulator, stage.employee
    await simulator.unfollow(openid)
    await simulator.scan(openid, "desk7")
    await simulator.scan(openid, "desk8")
    await simulator.click_menu(openid, "ASK")
    await simulator.subscribe(openid, ["T-once"])
    events = [(message.event, message._data.get("EventKey")) for message in stage.product.received]
    assert events[0][0] == "unsubscribe"
    assert events[1][0] == "subscribe_scan"
    assert events[2] == ("scan", "desk8")
    assert events[3] == ("click", "ASK")
    assert events[4][0] == "subscribe_msg_popup_event"


async def test_picture_is_stored_and_readable(stage: Stage) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 20
    await stage.simulator.send_image(stage.employee, png)
    message = stage.product.received[-1]
    token = (await stage.token())["access_token"]
    params = {"access_token": token, "media_id": message.media_id}
    answer = await stage.http.get("/dev/wechat/cgi-bin/media/get", params=params)
    assert answer.content == png
    assert (await stage.http.get(message.image)).content == png
