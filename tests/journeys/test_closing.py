"""The end of a ticket: by a word, on the desk, by time; opened again, or gone on with."""

import asyncio
import re
from datetime import datetime, timedelta

import pytest

from handlers import closing, takeover, threads
from handlers.closing import ClosedBy
from handlers.errors import Conflict
from models.accounts import App, Staff
from models.clock import SHANGHAI
from models.outbox import Notice, OutboxItem, OutboxState
from models.tickets import EventKind, Ticket, TicketEvent, TicketState
from tests.cast import COLLEAGUE, EMPLOYEE, METROLOGIST, OTHER_SPECIALIST, SPECIALIST
from tests.journeys.test_api import sign_in
from tests.product import Product

ROUTED = "送检3个水样要多少钱"
ANSWER = "带样到窗口，当场按项目报价。"
LINK = re.compile(r"http://[^/\s]+(/r/[\w.-]+)")


async def answered(product: Product) -> Ticket:
    """Asked and answered on Monday at 10:00."""
    await product.say(EMPLOYEE, ROUTED)
    await product.work()
    number = (await Ticket.get()).number
    await product.answer(SPECIALIST, number, ANSWER)
    await product.work()
    return await Ticket.get()


async def closed(product: Product) -> Ticket:
    ticket = await answered(product)
    await product.say(EMPLOYEE, "解决了")
    return await Ticket.get(id=ticket.id)


async def press_close(product: Product, number: str) -> int:
    form = await product.desk_form_of(SPECIALIST, number)
    answer = await product.http.post(f"/desk/tickets/{number}/close", data={"form": form})
    return answer.status_code


def at(product: Product, text: str) -> None:
    product.clock.freeze(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI))


def invitations(product: Product) -> list[str]:
    return [text for text in product.texts_to(EMPLOYEE) if "已办结" in text and LINK.search(text)]


async def test_a_word_of_the_asker_closes_and_the_reply_invites(product: Product) -> None:
    ticket = await answered(product)
    said = await product.say(EMPLOYEE, "解决了，谢谢王工")
    assert f"单号{ticket.number}已办结" in said
    link = LINK.search(said)
    assert link is not None
    assert (await product.http.get(link[1])).status_code == 200
    ticket = await Ticket.get()
    assert ticket.state == TicketState.CLOSED
    assert ticket.closed_at == product.clock.now()
    event = await TicketEvent.get(kind=EventKind.CLOSED)
    assert event.text == "提问人确认已解决"
    await product.work()
    assert not await OutboxItem.filter(notice=Notice.TICKET_CLOSED).exists()


async def test_a_question_closes_nothing(product: Product) -> None:
    await answered(product)
    product.clock.travel(takeover.AFTER_ANSWER)
    for text in ("问题解决了吗", "好的谢谢", "解决了，另外桶装水铜绿超标咋办"):
        await product.say(EMPLOYEE, text)
        assert await Ticket.filter(state=TicketState.ANSWERED).count() == 1


async def test_words_of_others_close_nothing(product: Product) -> None:
    await answered(product)
    assert "已办结" not in await product.say(COLLEAGUE, "解决了")
    assert (await Ticket.get()).state == TicketState.ANSWERED


async def test_staff_close_on_the_desk_and_the_asker_is_invited_once(product: Product) -> None:
    ticket = await answered(product)
    page, _ = await product.open_card(SPECIALIST)
    assert 'id="close"' in page
    form = await product.desk_form_of(SPECIALIST, ticket.number)
    path = f"/desk/tickets/{ticket.number}/close"
    taps = await asyncio.gather(*(product.http.post(path, data={"form": form}) for _ in range(3)))
    assert {tap.status_code for tap in taps} == {303}
    await product.work()
    assert len(invitations(product)) == 1
    event = await TicketEvent.get(kind=EventKind.CLOSED)
    assert (event.actor, event.text) == ("王工", "专员办结")
    assert "已办结" in (await product.http.get(f"/desk/tickets/{ticket.number}")).text


async def test_what_is_not_answered_is_not_closed(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    await product.work()
    number = (await Ticket.get()).number
    assert await press_close(product, number) == 409
    assert (await product.http.post(f"/desk/tickets/{number}/close")).status_code == 400
    await Ticket.all().update(state=TicketState.WITHDRAWN)
    with pytest.raises(Conflict):
        await closing.close(await Ticket.get(), ClosedBy.TIME, now=product.clock.now())
    assert (await Ticket.get()).state == TicketState.WITHDRAWN
    assert not await OutboxItem.filter(notice=Notice.TICKET_CLOSED).exists()


async def test_others_may_not_close(product: Product) -> None:
    ticket = await answered(product)
    form = await product.desk_form_of(METROLOGIST, ticket.number)
    path = f"/desk/tickets/{ticket.number}/close"
    assert (await product.http.post(path, data={"form": form})).status_code == 404
    assert (await Ticket.get()).state == TicketState.ANSWERED


async def test_it_closes_by_itself_after_three_working_days(product: Product) -> None:
    ticket = await answered(product)
    assert ticket.close_due_at == datetime(2026, 11, 26, 10, 0, tzinfo=SHANGHAI)
    at(product, "2026-11-26 09:59")
    await product.work()
    assert (await Ticket.get()).state == TicketState.ANSWERED
    # Nobody worked for three hours; then two do at once.
    at(product, "2026-11-26 13:00")
    now = product.clock.now()
    done = await asyncio.gather(*(closing.sweep(now=now) for _ in range(2)))
    assert sum(done) == 1
    await product.work()
    assert await TicketEvent.filter(kind=EventKind.CLOSED).count() == 1
    ticket = await Ticket.get()
    assert (ticket.state, ticket.close_due_at) == (TicketState.CLOSED, None)
    # By now no message may be sent freely: it comes as a card that leads to the page.
    card = product.seen_by(EMPLOYEE)[-1].content
    assert card["title"] == "工单办结通知"
    assert LINK.fullmatch(card["url"])


async def test_what_was_opened_again_is_due_no_more(product: Product) -> None:
    ticket = await answered(product)
    product.clock.travel(timedelta(hours=4))
    await product.say(EMPLOYEE, "补充 还有两个桶盖要测")
    assert (await Ticket.get()).close_due_at is None
    at(product, "2026-11-30 10:00")
    await product.work()
    assert (await Ticket.get()).state == TicketState.ACCEPTED
    await product.answer(SPECIALIST, ticket.number, "桶盖也一样。")
    assert (await Ticket.get()).close_due_at == datetime(2026, 12, 3, 10, 0, tzinfo=SHANGHAI)


async def test_unsolved_within_seven_days_goes_on_with_the_same_specialist(
    product: Product,
) -> None:
    ticket = await closed(product)
    await product.say(SPECIALIST, "下班")
    product.clock.travel(timedelta(days=6))
    said = await product.say(EMPLOYEE, "没解决，窗口说不能报价")
    assert f"单号{ticket.number}接着办" in said
    again = await Ticket.get()
    assert (again.state, again.assignee_id) == (TicketState.ACCEPTED, ticket.assignee_id)
    assert (again.closed_at, again.answered_at) == (None, None)
    assert again.reasons[-1] == "7天内重开，仍由王工办理（现在不值班）"
    await product.work()
    page, _ = await product.open_card(SPECIALIST)
    assert "没解决，窗口说不能报价" in page


async def test_unsolved_later_opens_a_linked_ticket(product: Product) -> None:
    ticket = await closed(product)
    # 孙工 would be next: of two with nothing to do, whoever was assigned longer ago.
    product.clock.travel(timedelta(days=7, minutes=1))
    said = await product.say(EMPLOYEE, "没解决，窗口说不能报价")
    new = await Ticket.get(follows_id=ticket.id)
    assert ticket.number in said
    assert new.number in said
    assert new.assignee_id == ticket.assignee_id
    assert new.topic == ticket.topic
    assert new.question.startswith("没解决，窗口说不能报价")
    assert ticket.number in new.question
    assert ROUTED in new.question
    assert new.reasons == [
        f"接续单号{ticket.number}：答复已超过7天，新开一张",
        "王工办过上一张，现在值班",
    ]
    assert (await Ticket.get(id=ticket.id)).state == TicketState.CLOSED

    # Said once more, it is about the new one.
    now = product.clock.now()
    thread = await threads.find(product.house, App.OFFICIAL, EMPLOYEE.openid, now=now)
    went_on = await closing.reopen_or_follow(
        product.house, ticket, "还是没解决", thread=thread, transcript=[],
        dedupe_key="again", now=now,
    )  # fmt: skip
    assert (went_on.ticket.id, went_on.follows) == (new.id, False)
    assert await Ticket.all().count() == 2


async def test_linked_ticket_goes_to_whoever_is_on_duty(product: Product) -> None:
    ticket = await closed(product)
    await Staff.filter(name="王工").update(on_duty=False)
    product.clock.travel(timedelta(days=8))
    await product.say(EMPLOYEE, "还是不行")
    new = await Ticket.get(follows_id=ticket.id).prefetch_related("assignee")
    assert new.assignee is not None
    assert new.assignee.name == "孙工"
    await product.work()
    page, _ = await product.open_card(OTHER_SPECIALIST)
    assert ticket.number in page


async def test_no_invitation_at_night(product: Product) -> None:
    ticket = await answered(product)
    at(product, "2026-11-23 22:00")
    assert await press_close(product, ticket.number) == 303
    await product.work()
    assert invitations(product) == []
    # What is said meanwhile is not held up by it.
    assert await product.say(EMPLOYEE, "桶装水铜绿超标咋办")
    at(product, "2026-11-24 08:29")
    await product.work()
    assert invitations(product) == []
    at(product, "2026-11-24 08:30")
    await product.work()
    assert len(invitations(product)) == 1


async def test_what_was_opened_again_in_the_night_is_not_rated_in_the_morning(
    product: Product,
) -> None:
    ticket = await answered(product)
    at(product, "2026-11-23 22:00")
    await press_close(product, ticket.number)
    await product.say(EMPLOYEE, "没解决")
    at(product, "2026-11-24 09:00")
    await product.work()
    assert invitations(product) == []
    await product.answer(SPECIALIST, ticket.number, "这样就行。")
    await press_close(product, ticket.number)
    await product.work()
    assert len(invitations(product)) == 1


async def test_one_invitation_in_a_tickets_life(product: Product) -> None:
    ticket = await closed(product)  # told in the reply
    for _ in range(2):
        product.clock.travel(timedelta(hours=1))
        await product.say(EMPLOYEE, "没解决")
        await product.work()
        await product.answer(SPECIALIST, ticket.number, "这样就行。")
        assert await press_close(product, ticket.number) == 303
        await product.work()
    assert await TicketEvent.filter(kind=EventKind.CLOSED).count() == 3
    assert len(invitations(product)) == 1


async def test_invitation_that_no_channel_takes_waits_in_the_inbox(product: Product) -> None:
    ticket = await answered(product)
    me = await sign_in(product, EMPLOYEE)
    await product.simulator.unfollow(EMPLOYEE.openid)
    await press_close(product, ticket.number)
    await product.work()
    assert (await OutboxItem.get(notice=Notice.TICKET_CLOSED)).state == OutboxState.PARKED
    notices = (await product.http.get("/api/v1/notices", headers=me)).json()["notices"]
    assert [n["notice"] for n in notices] == ["ticket_closed"]
    assert f"单号{ticket.number}已办结" in notices[0]["text"]
    # A week later there is nothing to invite to any more.
    await product.pass_time(timedelta(days=7, minutes=1))
    assert not await OutboxItem.filter(notice=Notice.TICKET_CLOSED).exists()


async def test_too_much_to_say_is_said_and_changes_nothing(product: Product) -> None:
    await answered(product)
    product.clock.travel(takeover.AFTER_ANSWER)
    assert "内容有点长" in await product.say(EMPLOYEE, "没解决，" + "长" * 2000)
    assert (await Ticket.get()).state == TicketState.ANSWERED
