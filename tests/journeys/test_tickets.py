"""Tickets on the specialist's phone: who may do what, and everything done twice."""

import asyncio
import re
from datetime import timedelta

from models.accounts import Staff
from models.outbox import Notice, OutboxItem
from models.tickets import EventKind, Ticket, TicketEvent, TicketState
from tests.cast import (
    COLLEAGUE,
    EMPLOYEE,
    MANAGER,
    METROLOGIST,
    OFFICER,
    OTHER_SPECIALIST,
    SPECIALIST,
)
from tests.product import Product

ROUTED = "送检3个水样要多少钱"
ANSWER = "带样到窗口，当场按项目报价。"


async def asked(product: Product) -> Ticket:
    await product.say(EMPLOYEE, ROUTED)
    await product.work()
    return await Ticket.get().prefetch_related("assignee")


async def test_least_loaded_gets_the_next(product: Product) -> None:
    names = []
    for number, person in enumerate((EMPLOYEE, COLLEAGUE, EMPLOYEE, COLLEAGUE), 3):
        await product.say(person, f"送检{number}个水样要多少钱")
        ticket = await Ticket.all().order_by("-id").first().prefetch_related("assignee")
        assert ticket is not None
        assert ticket.assignee is not None
        names.append(ticket.assignee.name)
    assert names == ["王工", "孙工", "王工", "孙工"]


async def test_nobody_on_duty_parks_and_tells_the_manager(product: Product) -> None:
    await Staff.all().update(on_duty=False)
    receipt = await product.say(EMPLOYEE, ROUTED)
    ticket = await Ticket.get()
    assert ticket.state == TicketState.PARKED
    assert "现在没有专员值班" in receipt
    assert ticket.number in receipt
    await product.work()
    assert product.seen_by(MANAGER)[-1].content["title"] == "工单待分派提醒"

    await Staff.filter(name="孙工").update(on_duty=True)
    await product.work()
    assert (await Ticket.get()).state == TicketState.ASSIGNED
    assert product.seen_by(OTHER_SPECIALIST)[-1].content["title"] == "新工单提醒"


async def test_link_works_once(product: Product) -> None:
    ticket = await asked(product)
    page, address = await product.open_card(SPECIALIST)
    assert ticket.number in page
    assert address.endswith(f"/desk/tickets/{ticket.number}")
    again, _ = await product.open_card(SPECIALIST)
    assert ROUTED in again  # the same phone is still in
    product.http.cookies.clear()
    stranger, _ = await product.open_card(SPECIALIST)
    assert "已经用过" in stranger
    assert ROUTED not in stranger


async def test_forged_and_expired_links_open_nothing(product: Product) -> None:
    await asked(product)
    link = product.seen_by(SPECIALIST)[-1].content["url"]
    forged = await product.http.get(link[:-3] + "abc")
    assert forged.status_code == 410
    product.clock.travel(timedelta(days=8))
    assert (await product.http.get(link)).status_code == 410


async def test_desk_is_shut_without_a_link(product: Product) -> None:
    ticket = await asked(product)
    for path in ("/desk", f"/desk/tickets/{ticket.number}"):
        answer = await product.http.get(path)
        assert answer.status_code == 401
        assert ROUTED not in answer.text


async def test_other_specialists_ticket_looks_like_none(product: Product) -> None:
    ticket = await asked(product)
    await product.say(COLLEAGUE, "天平校准多少钱")
    await product.work()
    await product.open_card(METROLOGIST)
    other = await product.http.get(f"/desk/tickets/{ticket.number}")
    missing = await product.http.get("/desk/tickets/NQ9999999999")
    assert other.status_code == missing.status_code == 404
    assert other.text == missing.text


async def test_manager_sees_every_ticket(product: Product) -> None:
    ticket = await asked(product)
    await product.pass_time(timedelta(hours=30))
    page, _ = await product.open_card(MANAGER)
    assert ticket.number in page


async def test_double_tap_answers_once(product: Product) -> None:
    ticket = await asked(product)
    await product.open_card(SPECIALIST)
    form = await product.desk_form(ticket.number)
    path, data = f"/desk/tickets/{ticket.number}/answer", {"form": form, "text": ANSWER}
    answers = await asyncio.gather(*(product.http.post(path, data=data) for _ in range(4)))
    assert {a.status_code for a in answers} <= {303, 409}
    assert 303 in {a.status_code for a in answers}
    await product.work()
    assert await TicketEvent.filter(kind=EventKind.ANSWERED).count() == 1
    assert sum(ANSWER in text for text in product.texts_to(EMPLOYEE)) == 1


async def test_second_answer_is_kept_as_draft(product: Product) -> None:
    ticket = await asked(product)
    await product.open_card(SPECIALIST)
    forms = [await product.desk_form(ticket.number) for _ in range(2)]
    path = f"/desk/tickets/{ticket.number}/answer"
    await product.http.post(path, data={"form": forms[0], "text": ANSWER})
    late = await product.http.post(path, data={"form": forms[1], "text": "另一个答复"})
    assert late.status_code == 409
    assert "另一个答复" in late.text
    assert "状态已变化" in late.text


async def test_forged_form_changes_nothing_and_keeps_the_words(product: Product) -> None:
    ticket = await asked(product)
    await product.open_card(SPECIALIST)
    path = f"/desk/tickets/{ticket.number}"
    bad = await product.http.post(f"{path}/answer", data={"form": "x", "text": ANSWER})
    assert bad.status_code == 400
    assert ANSWER in bad.text
    assert (await product.http.post(f"{path}/accept")).status_code == 400
    assert (await Ticket.get()).state == TicketState.ASSIGNED


async def test_empty_and_overlong_answers_get_a_reason(product: Product) -> None:
    ticket = await asked(product)
    await product.open_card(SPECIALIST)
    form = await product.desk_form(ticket.number)
    path = f"/desk/tickets/{ticket.number}/answer"
    assert "不能为空" in (await product.http.post(path, data={"form": form, "text": " "})).text
    long = await product.http.post(path, data={"form": form, "text": "长" * 5001})
    assert "最多5000字" in long.text
    assert (await Ticket.get()).state == TicketState.ASSIGNED


async def test_written_html_is_shown_not_run(product: Product) -> None:
    await product.say(EMPLOYEE, "<script>alert(1)</script>")
    await product.say(EMPLOYEE, "转人工")
    await product.work()
    number = (await Ticket.get()).number
    page, _ = await product.open_card(OFFICER)
    assert number in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


async def test_addition_reopens_an_answered_ticket(product: Product) -> None:
    ticket = await asked(product)
    await product.answer(SPECIALIST, ticket.number, ANSWER)
    await product.say(EMPLOYEE, "补充 还有两个桶盖要测")
    ticket = await Ticket.get()
    assert ticket.state == TicketState.ACCEPTED
    await product.work()
    assert await OutboxItem.filter(notice=Notice.TICKET_MESSAGE).count() == 1
    page, _ = await product.open_card(SPECIALIST)
    assert re.search("还有两个桶盖要测", page)


async def test_answered_ticket_is_not_accepted_again(product: Product) -> None:
    ticket = await asked(product)
    await product.answer(SPECIALIST, ticket.number, ANSWER)
    form = await product.desk_form_of(OFFICER, ticket.number)
    again = await product.http.post(f"/desk/tickets/{ticket.number}/accept", data={"form": form})
    assert again.status_code == 409
    assert (await Ticket.get()).state == TicketState.ANSWERED


async def test_parked_ticket_is_taken_by_the_manager(product: Product) -> None:
    await Staff.all().update(on_duty=False)
    await product.say(EMPLOYEE, ROUTED)
    await product.work()
    page, _ = await product.open_card(MANAGER)
    assert "我来处理" in page
    number = (await Ticket.get()).number
    form = await product.desk_form(number)
    await product.http.post(f"/desk/tickets/{number}/answer", data={"form": form, "text": ANSWER})
    await product.work()
    assert ANSWER in product.texts_to(EMPLOYEE)[-1]


async def test_used_link_can_be_sent_anew_to_its_owner(product: Product) -> None:
    await asked(product)
    await product.open_card(SPECIALIST)
    product.http.cookies.clear()
    product.clock.travel(timedelta(hours=13))
    used, address = await product.open_card(SPECIALIST)
    assert "重新发送链接到我的微信" in used
    sent = await product.http.post(f"{address}/anew")
    assert "已重新发送" in sent.text
    await product.http.post(f"{address}/anew")  # a second tap within the minute
    await product.work()
    titles = [m.content["title"] for m in product.seen_by(SPECIALIST)]
    assert titles.count("新工单提醒") == 2
    page, _ = await product.open_card(SPECIALIST)
    assert ROUTED in page


async def test_long_answered_ticket_is_not_reopened(product: Product) -> None:
    ticket = await asked(product)
    await product.answer(SPECIALIST, ticket.number, ANSWER)
    product.clock.travel(timedelta(days=8))
    assert "超过7天" in await product.say(EMPLOYEE, "补充：还有一个样")
    assert (await Ticket.get()).state == TicketState.ANSWERED


async def test_staff_sign_on_and_off_with_a_word(product: Product) -> None:
    assert "不值班" in await product.say(SPECIALIST, "下班")
    await product.say(EMPLOYEE, ROUTED)
    ticket = await Ticket.get().prefetch_related("assignee")
    assert ticket.assignee is not None
    assert ticket.assignee.name == "孙工"
    assert "已设为值班" in await product.say(SPECIALIST, "上班")
    assert "值班" not in await product.say(EMPLOYEE, "下班")


async def test_missed_deadline_is_noticed_at_once(product: Product) -> None:
    ticket = await asked(product)
    product.clock.freeze(ticket.answer_due_at + timedelta(minutes=1))
    await product.work()
    assert (await Ticket.get()).overdue_at == product.clock.now()


async def test_missed_deadline_is_not_promised_again(product: Product) -> None:
    await asked(product)
    product.clock.travel(timedelta(hours=30))
    assert "已超过承诺时限" in await product.say(EMPLOYEE, "进度查询")
