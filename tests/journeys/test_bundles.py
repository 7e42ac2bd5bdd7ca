"""Several texts in one message: for want of credits, or because a contact released them."""

from dataclasses import replace

from handlers import attempts, outbox
from models.accounts import App
from models.outbox import Delivery, DeliveryResult, Notice, OutboxItem, OutboxState
from models.tickets import Ticket
from server.wechat.client import SendResult
from server.wechat.errors import BadRequest
from tests.cast import EMPLOYEE, SPECIALIST
from tests.journeys.test_delivery import ANSWER, CUSTOM, asked
from tests.journeys.test_windows import (
    HOUR,
    LABEL,
    MINIAPP,
    MINUTE,
    OFFICIAL,
    SECOND,
    USED_UP,
    calls,
    last_codes,
    left,
    new_texts,
    owe,
    received,
    states,
    wording_of,
)
from tests.product import Product


async def test_four_answers_with_two_credits_left_arrive_in_two_messages(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    await owe(product, "一", "二", "三", apart=True)
    await product.work()
    assert await left(product) == 2
    before = received(product)
    answers = [f"答{n}" + "细" * 250 for n in range(4)]  # two of them fit into one message
    ids = await owe(product, *answers, notice=Notice.TICKET_ANSWERED)
    await product.work()
    first, second = new_texts(product, before)
    assert first.startswith("您有 2 条回复：")
    assert first.index(answers[0]) < first.index(answers[1])
    assert second.index(answers[2]) < second.index(answers[3])
    assert max(len(text.encode()) for text in (first, second)) <= 2000
    assert await states(ids) == [OutboxState.DONE] * 4
    attempts_made = await Delivery.filter(item_id__in=ids).order_by("item_id")
    assert [(d.item_id, d.result) for d in attempts_made] == [
        (item_id, DeliveryResult.ACCEPTED) for item_id in ids
    ]
    assert await left(product) == 0


async def test_texts_go_one_by_one_while_credits_last(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    before = received(product)
    await owe(product, *"甲乙丙")
    await product.work()
    assert new_texts(product, before) == [*"甲乙丙"]


async def test_notices_to_staff_are_never_merged(product: Product) -> None:
    product.simulator.switch_on("/cgi-bin/message/template/send", "errcode", errcode=47003)
    await product.say(SPECIALIST, "你好")
    await product.say(EMPLOYEE, "送检3个水样要多少钱")
    for number in range(6):
        await product.say(EMPLOYEE, f"补充 第{number}个样")
    await product.work()
    sent = [text for text in product.texts_to(SPECIALIST) if text.startswith("【")]
    assert len(sent) == 5
    assert all(text.count("打开处理") == 1 for text in sent)
    waiting = await OutboxItem.filter(state=OutboxState.PARKED)
    assert len(waiting) == 2
    # At the next contact too each comes by itself.
    await product.say(SPECIALIST, "你好")
    await product.work()
    assert not await OutboxItem.filter(state=OutboxState.PARKED).exists()
    assert all(text.count("打开处理") <= 1 for text in product.texts_to(SPECIALIST))


async def test_nothing_is_lost_when_the_window_shuts_between(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    await owe(product, "一", "二", "三", "四", apart=True)
    await product.work()
    before = received(product)
    answers = [f"答{n}" + "细" * 250 for n in range(5)]
    ids = await owe(product, *answers)
    await product.work()
    assert len(new_texts(product, before)) == 1
    assert await states(ids) == [OutboxState.DONE] * 2 + [OutboxState.PARKED] * 3
    assert await last_codes(ids[2:]) == [USED_UP] * 3

    before = received(product)
    assert await product.say(EMPLOYEE, "几点下班") == ""
    await product.work()
    first, second, reply = new_texts(product, before)
    assert first.startswith("您有 2 条回复：")
    assert second.startswith("您有 1 条回复：")
    assert [n for n in range(5) if answers[n] in first + second] == [2, 3, 4]
    assert "17:30" in reply
    assert not reply.startswith("您有")
    assert await states(ids) == [OutboxState.DONE] * 5


async def test_what_waited_comes_in_one_message_before_the_reply(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    product.clock.travel(49 * HOUR)
    ids = await owe(product, "甲", "乙", "丙")
    await product.work()
    assert await states(ids) == [OutboxState.PARKED] * 3
    before = received(product)
    await product.say(EMPLOYEE, "几点下班")
    await product.work()
    waited, reply = new_texts(product, before)
    assert waited == wording_of("甲", "乙", "丙")
    assert "17:30" in reply
    assert await left(product) == 3


async def test_parked_answer_quotes_its_question_under_the_heading(product: Product) -> None:
    ticket = await asked(product)
    await product.simulator.unfollow(OFFICIAL)
    await product.answer(SPECIALIST, ticket.number, ANSWER)
    await product.work()
    await product.simulator.follow(OFFICIAL)
    await product.work()
    waited = product.texts_to(EMPLOYEE)[-2]
    assert waited.startswith("您有 1 条回复：\n\n【专员答复】\n您问：“送检3个水样要多少钱”")
    assert ANSWER in waited
    assert (await Ticket.get()).answered_at is not None


async def test_answers_meet_their_asker_in_the_other_application(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    code = product.simulator.login_code(MINIAPP)
    await product.http.post("/api/v1/login", json={"code": code})
    await product.work()
    await product.simulator.unfollow(OFFICIAL)
    ids = await owe(product, "甲", "乙", "丙", notice=Notice.TICKET_ANSWERED)
    await product.work()
    assert await states(ids) == [OutboxState.PARKED] * 3
    # Entering the session allows two messages: all answers are in the first.
    await product.simulator.enter_session(MINIAPP)
    await product.work()
    waited, greeting = product.texts_to(EMPLOYEE, App.MINIAPP)
    assert waited == wording_of("甲", "乙", "丙")
    assert greeting.startswith("您好")
    assert await states(ids) == [OutboxState.DONE] * 3


async def test_bundle_of_a_sender_that_died_is_sent_again_with_labels(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    await owe(product, "一", "二", "三", apart=True)
    await product.work()
    ids = await owe(product, "甲", "乙", "丙")
    (item,) = await outbox.claim(now=product.clock.now(), limit=5)
    attempt = await attempts.begin(item, {}, a_minute=10_000, longest=2000, now=product.clock.now())
    assert attempt is not None
    assert [part.item.id for part in attempt.parts] == ids
    assert await outbox.claim(now=product.clock.now(), limit=5) == []
    assert await left(product) == 1  # the credit of the dead is not given back

    # After the restart another worker finds all three.
    before = received(product)
    fresh = await owe(product, "丁")
    await product.pass_time(outbox.LEASE + SECOND)
    assert new_texts(product, before) == [
        wording_of(LABEL + "甲", LABEL + "乙", LABEL + "丙", "丁")
    ]
    assert await states(ids + fresh) == [OutboxState.DONE] * 4
    # The dead was only asleep: its late report changes no row's state.
    done = [(await OutboxItem.get(id=item_id)).done_at for item_id in ids]
    product.clock.travel(MINUTE)
    await attempts.failed(attempt, code="45009", now=product.clock.now())
    assert await states(ids) == [OutboxState.DONE] * 3
    assert [(await OutboxItem.get(id=item_id)).done_at for item_id in ids] == done


async def test_lost_answer_to_a_bundle_labels_each_text(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    product.clock.travel(49 * HOUR)
    ids = await owe(product, "甲", "乙")
    await product.work()
    product.simulator.switch_on(CUSTOM, "reset", left=1, processed=True)
    before = received(product)
    await product.say(EMPLOYEE, "几点下班")
    await product.work()
    assert new_texts(product, before) == [wording_of("甲", "乙")]
    assert await states(ids) == [OutboxState.PENDING] * 2
    await product.pass_time(MINUTE)
    again, reply = new_texts(product, before)[1:]
    assert again == wording_of(LABEL + "甲", LABEL + "乙")
    assert "17:30" in reply
    assert await Delivery.filter(item_id__in=ids, result=DeliveryResult.UNKNOWN).count() == 2
    assert await states(ids) == [OutboxState.DONE] * 2


async def test_text_the_platform_refuses_keeps_no_other_back(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    product.clock.travel(49 * HOUR)
    ids = await owe(product, "甲", "坏", "丙")
    await product.work()
    refuse(product, "坏")
    await product.say(EMPLOYEE, "几点下班")
    for _ in range(12):
        await product.pass_time(MINUTE)
    assert await states(ids) == [OutboxState.DONE, OutboxState.PARKED, OutboxState.DONE]
    assert await last_codes(ids) == ["0", "47001", "0"]
    assert calls(product, 45047) == 0


def refuse(product: Product, word: str) -> None:
    """Let the platform refuse each message with this word in it."""
    wiring = product.app.ctx.wiring
    send = wiring.client.send_custom_text

    class Choosy:
        async def send_custom_text(self, app: App, *, openid: str, text: str) -> SendResult:
            if word in text:
                raise BadRequest(47001, "custom/send")
            result: SendResult = await send(app, openid=openid, text=text)
            return result

    choosy = replace(wiring.sender, client=Choosy())
    product.app.ctx.wiring = replace(wiring, sender=choosy)
