"""The spine: a question is answered at once, or reaches the right person and comes back."""

import re
from datetime import timedelta

import pytest

from models.conversations import Conversation
from models.outbox import Channel, Delivery, DeliveryResult, OutboxItem, OutboxState
from models.tickets import Ticket, TicketState
from tests.cast import COLLEAGUE, EMPLOYEE, OUTSIDER, SPECIALIST
from tests.product import Product

ROUTED = "送检3个水样要多少钱"
MINUTE = timedelta(minutes=1)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000a49444154789c6300010000050001a5f645400000000049454e44ae426082"
)
ANSWER = "带样到窗口，当场按项目报价，三个样一起算。"


async def test_question_is_answered_at_once(product: Product) -> None:
    reply = await product.say(EMPLOYEE, "桶装水铜绿超标咋办")
    for words in ("GB 19298-2014", "现行", "铜绿假单胞菌", "n=5,c=0,m=0 CFU/250mL", "来源"):
        assert words in reply
    assert await Ticket.all().count() == 0


async def test_routed_question_comes_back_answered(product: Product) -> None:
    receipt = await product.say(EMPLOYEE, ROUTED)
    assert re.search(r"已转检验检测专员王工，单号NQ261123\d{4}，预计今天16:00前回复", receipt)
    ticket = await Ticket.get()
    assert ticket.topic == "testing"
    assert ticket.reasons
    assert ticket.transcript[-1]["text"] == ROUTED

    await product.work()
    page, _ = await product.open_card(SPECIALIST)
    assert ROUTED in page
    assert "接单" in page
    await product.answer(SPECIALIST, ticket.number, ANSWER)
    await product.work()

    assert (await Ticket.get()).state == TicketState.ANSWERED
    last = product.texts_to(EMPLOYEE)[-1]
    for words in (ANSWER, ROUTED, ticket.number, "王工"):
        assert words in last
    assert await OutboxItem.exclude(state=OutboxState.DONE).count() == 0
    delivery = await Delivery.get(channel=Channel.OFFICIAL_CUSTOM)
    assert delivery.result == DeliveryResult.ACCEPTED


async def test_template_send_is_confirmed_by_the_platforms_report(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    await product.work()
    await product.simulator.drain()
    # The report overtook our note of the send, or not; after the sweep it is known either way.
    await product.pass_time(MINUTE)
    delivery = await Delivery.get(channel=Channel.OFFICIAL_TEMPLATE)
    assert delivery.result == DeliveryResult.DELIVERED


async def test_human_is_one_word_away(product: Product) -> None:
    await product.say(EMPLOYEE, "桶装水铜绿超标咋办")
    receipt = await product.say(EMPLOYEE, "转人工")
    ticket = await Ticket.get()
    assert ticket.number in receipt
    assert ticket.question == "桶装水铜绿超标咋办"
    assert ticket.topic == "testing"
    said = [line["text"] for line in ticket.transcript]
    assert said[0] == "桶装水铜绿超标咋办"
    assert "GB 19298-2014" in said[1]


async def test_asking_for_a_person_twice_is_one_ticket(product: Product) -> None:
    first = await product.say(EMPLOYEE, "人工")
    second = await product.say(EMPLOYEE, "转人工客服")
    number = (await Ticket.get()).number
    assert number in first
    assert number in second


async def test_asking_the_same_again_is_one_ticket(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    number = (await Ticket.get()).number
    for words in (ROUTED, "转人工"):
        assert number in await product.say(EMPLOYEE, words)
    assert await Ticket.all().count() == 1


async def test_typed_number_chooses_an_option(product: Product) -> None:
    asked = await product.say(EMPLOYEE, "溴酸盐限量多少")
    assert "1. " in asked
    choice = next(line for line in asked.splitlines() if "矿泉水" in line)
    reply = await product.say(EMPLOYEE, choice[0])
    assert "GB 8537-2018" in reply
    assert "<0.01 mg/L" in reply


async def test_zero_goes_back(product: Product) -> None:
    await product.say(EMPLOYEE, "溴酸盐限量多少")
    assert "换个说法" in await product.say(EMPLOYEE, "０")


async def test_two_failed_clarifications_become_a_ticket(product: Product) -> None:
    await product.say(EMPLOYEE, "？？？")
    receipt = await product.say(EMPLOYEE, "asdf")
    ticket = await Ticket.get()
    assert ticket.number in receipt


async def test_platform_questions_are_answered_from_the_platform_file(product: Product) -> None:
    assert "17:30" in await product.say(EMPLOYEE, "几点下班")
    assert "0000-7654321" in await product.say(EMPLOYEE, "投诉电话")


async def test_addition_reaches_the_specialist(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    await product.work()
    ticket = await Ticket.get()
    said = await product.say(EMPLOYEE, "补充：样品是18.9升桶装水")
    assert ticket.number in said
    await product.work()
    page, _ = await product.open_card(SPECIALIST)
    assert "样品是18.9升桶装水" in page


async def test_progress_shows_only_ones_own(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    number = (await Ticket.get()).number
    assert number in await product.say(EMPLOYEE, "进度查询")
    assert number not in await product.say(COLLEAGUE, "进度查询")


async def test_progress_without_records_goes_to_a_person(product: Product) -> None:
    receipt = await product.say(EMPLOYEE, "上周三送的3个水样 康泉水业的 好了没")
    assert (await Ticket.get()).number in receipt


async def test_picture_is_kept_and_asked_about(product: Product) -> None:
    reply = (await product.simulator.send_image(EMPLOYEE.openid, PNG)).reply_text
    assert "用一句话说明" in str(reply)
    await product.say(EMPLOYEE, ROUTED)
    ticket = await Ticket.get()
    assert ticket.transcript[0]["text"] == "［图片］"
    added = (await product.simulator.send_image(EMPLOYEE.openid, PNG)).reply_text
    assert ticket.number in str(added)


async def test_follow_greets_and_menu_works(product: Product) -> None:
    assert "转人工" in str((await product.simulator.follow(OUTSIDER.openid)).reply_text)
    clicked = await product.simulator.click_menu(OUTSIDER.openid, "human")
    assert (await Ticket.get()).number in str(clicked.reply_text)


async def test_silence_ends_the_thread(product: Product) -> None:
    await product.say(EMPLOYEE, "溴酸盐限量多少")
    product.clock.travel(timedelta(hours=3))
    await product.say(EMPLOYEE, "你好")
    assert await Conversation.all().count() == 2
    assert await Conversation.filter(open_key=None).count() == 1


@pytest.mark.parametrize("typed", ["饮用天然矿泉水", "矿泉水", "选2", "第二个", "（2）"])
async def test_question_back_is_answered_by_name_or_number(product: Product, typed: str) -> None:
    await product.say(EMPLOYEE, "溴酸盐限量多少")
    reply = await product.say(EMPLOYEE, typed)
    assert "GB 8537-2018" in reply
    assert "<0.01 mg/L" in reply


async def test_question_back_is_answered_by_another_product(product: Product) -> None:
    await product.say(EMPLOYEE, "铅的限量")
    reply = await product.say(EMPLOYEE, "固体饮料")
    assert "铅" in reply
    assert "1.0 mg/kg" in reply


async def test_number_of_a_ticket_is_looked_up(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    number = (await Ticket.get()).number
    assert "已转专员" in await product.say(EMPLOYEE, f"{number.lower()} 好了没")
    stranger = await product.say(COLLEAGUE, number)
    assert stranger == await product.say(COLLEAGUE, "NQ2611239999")
    assert "没有找到" in stranger


async def test_person_is_called_with_the_question_in_one_sentence(product: Product) -> None:
    await product.say(EMPLOYEE, "转人工 我想问下锅炉检验的事")
    assert (await Ticket.get()).question == "锅炉检验的事"


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("多久出报告", "5 个工作日"),
        ("包装饮用水检验要几天", "5 个工作日"),
        ("服务站地址在哪", "综合楼1楼"),
        ("你们周六开门不", "17:30"),
        ("在哪里送检", "A12窗口"),
    ],
)
async def test_platform_file_answers_first(product: Product, question: str, fact: str) -> None:
    assert fact in await product.say(EMPLOYEE, question)


async def test_satisfied_is_no_complaint(product: Product) -> None:
    await product.say(EMPLOYEE, "满意")
    assert await Ticket.all().count() == 0
