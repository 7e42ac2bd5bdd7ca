"""Answers arrive by whatever channel is open; nothing is marked sent that was not."""

from datetime import timedelta
from itertools import permutations

from handlers import accounts, consents, takeover
from models.accounts import App, Consent
from models.outbox import Channel, Delivery, DeliveryResult, Notice, OutboxItem, OutboxState
from models.tickets import EventKind, Ticket, TicketEvent
from tests.cast import EMPLOYEE, MANAGER, OTHER_SPECIALIST, SPECIALIST
from tests.product import Product

ROUTED = "送检3个水样要多少钱"
ANSWER = "带样到窗口，当场按项目报价，三个样一起算。"
CUSTOM = "/cgi-bin/message/custom/send"
TEMPLATE = "/cgi-bin/message/template/send"


async def asked(product: Product) -> Ticket:
    """A routed question whose specialist has been notified."""
    await product.say(EMPLOYEE, ROUTED)
    await product.work()
    return await Ticket.get()


async def answer_item() -> OutboxItem:
    return await OutboxItem.get(notice=Notice.TICKET_ANSWERED)


async def test_window_over_goes_by_template_to_a_page(product: Product) -> None:
    ticket = await asked(product)
    product.clock.travel(timedelta(hours=49))
    await product.answer(SPECIALIST, ticket.number, ANSWER)
    await product.work()
    attempts = await Delivery.filter(item_id=(await answer_item()).id).order_by("id")
    assert [(a.channel, a.result, a.code) for a in attempts] == [
        (Channel.OFFICIAL_CUSTOM, DeliveryResult.FAILED, "window_shut"),
        (Channel.OFFICIAL_TEMPLATE, attempts[1].result, "0"),
    ]
    assert attempts[1].result in (DeliveryResult.ACCEPTED, DeliveryResult.DELIVERED)
    page, _ = await product.open_card(EMPLOYEE)
    assert ANSWER in page
    assert ROUTED in page


async def test_unreachable_answer_comes_first_at_the_next_contact(product: Product) -> None:
    ticket = await asked(product)
    await product.simulator.unfollow(EMPLOYEE.openid)
    await product.answer(SPECIALIST, ticket.number, ANSWER)
    await product.work()
    assert (await answer_item()).state == OutboxState.PARKED
    assert not await Delivery.filter(
        item_id=(await answer_item()).id, result=DeliveryResult.ACCEPTED
    ).exists()
    assert await TicketEvent.filter(kind=EventKind.NOTICE_FAILED).exists()

    product.clock.travel(takeover.AFTER_ANSWER)  # the conversation is the bot's again
    await product.simulator.follow(EMPLOYEE.openid)
    before = len(product.seen_by(EMPLOYEE))
    reply = await product.say(EMPLOYEE, "桶装水铜绿超标咋办")
    await product.work()
    received = product.texts_to(EMPLOYEE)[before:]
    assert reply == ""
    assert ANSWER in received[0]
    assert any("GB 19298-2014" in text for text in received[1:])
    assert (await answer_item()).state == OutboxState.DONE


async def test_sixth_message_of_a_window_takes_the_next_channel(product: Product) -> None:
    ticket = await asked(product)
    await product.open_card(SPECIALIST)
    for number in range(6):
        form = await product.desk_form(ticket.number)
        await product.http.post(
            f"/desk/tickets/{ticket.number}/answer",
            data={"form": form, "text": f"{ANSWER}（{number}）"},
        )
        await product.work()
        if number < 5:
            # Another word of the asker reopens the ticket; by the API it opens no window.
            await Ticket.filter(id=ticket.id).update(state="accepted", answered_at=None)
    codes = [d.code for d in await Delivery.filter(channel=Channel.OFFICIAL_CUSTOM).order_by("id")]
    assert codes == ["0"] * 5 + ["window_used_up"]
    assert await OutboxItem.exclude(state=OutboxState.DONE).count() == 0


async def test_platform_fault_is_retried_and_arrives_once(product: Product) -> None:
    ticket = await asked(product)
    for kind in ("http_500", "html200", "empty200", "truncated"):
        product.simulator.switch_on(CUSTOM, kind, left=1)
    await product.answer(SPECIALIST, ticket.number, ANSWER)
    await product.work()
    assert (await answer_item()).state == OutboxState.PENDING
    for _ in range(6):
        await product.pass_time(timedelta(minutes=1))
    arrived = [text for text in product.texts_to(EMPLOYEE) if ANSWER in text]
    assert len(arrived) == 1
    assert (await answer_item()).state == OutboxState.DONE


async def test_lost_answer_of_the_platform_is_labelled_when_sent_again(product: Product) -> None:
    ticket = await asked(product)
    product.simulator.switch_on(CUSTOM, "reset", left=1, processed=True)
    await product.answer(SPECIALIST, ticket.number, ANSWER)
    await product.work()
    await product.pass_time(timedelta(minutes=1))
    arrived = [text for text in product.texts_to(EMPLOYEE) if ANSWER in text]
    assert len(arrived) == 2
    assert arrived[1].startswith("（可能重复）")


async def test_lost_answer_to_a_template_is_labelled_too(product: Product) -> None:
    product.simulator.switch_on(TEMPLATE, "reset", left=1, processed=True)
    await asked(product)
    await product.pass_time(timedelta(minutes=1))
    sent = [call.body["data"] for call in product.simulator.calls(TEMPLATE)]
    assert len(sent) == 2
    assert "（可能重复）" not in str(sent[0])
    assert "（可能重复）" in str(sent[1])


async def test_reported_failure_of_a_template_takes_the_next_channel(product: Product) -> None:
    product.simulator.switch_on(TEMPLATE, "job_failed", left=1)
    # The specialist wrote lately, so the customer-service window is open for the second way.
    await product.say(SPECIALIST, "你好")
    await product.say(EMPLOYEE, ROUTED)
    await product.work()
    await product.simulator.drain()
    for _ in range(3):
        await product.pass_time(timedelta(minutes=1))
    assert any("您有新工单" in text and "/desk/enter/" in text
               for text in product.texts_to(SPECIALIST))  # fmt: skip
    item = await OutboxItem.get(notice=Notice.TICKET_ASSIGNED)
    assert item.state == OutboxState.DONE
    results = {d.channel: d.result for d in await Delivery.filter(item_id=item.id)}
    assert results == {
        Channel.OFFICIAL_TEMPLATE: DeliveryResult.FAILED,
        Channel.OFFICIAL_CUSTOM: DeliveryResult.ACCEPTED,
    }


async def test_field_the_platform_refuses_waits_and_is_visible(product: Product) -> None:
    product.simulator.switch_on(TEMPLATE, "errcode", errcode=47003)
    product.simulator.switch_on(CUSTOM, "errcode", errcode=45015)
    await asked(product)
    item = await OutboxItem.get(notice=Notice.TICKET_ASSIGNED)
    assert item.state == OutboxState.PARKED
    assert await TicketEvent.filter(kind=EventKind.NOTICE_FAILED).exists()


async def test_dead_token_is_renewed_once_and_the_send_repeated(product: Product) -> None:
    await asked(product)
    before = len(list(product.simulator.calls("/cgi-bin/stable_token")))
    product.simulator.offices["official"].invalidate()
    await product.answer(SPECIALIST, (await Ticket.get()).number, ANSWER)
    await product.work()
    assert (await answer_item()).state == OutboxState.DONE
    assert len(list(product.simulator.calls("/cgi-bin/stable_token"))) == before + 1


async def test_long_answer_ends_with_a_link_to_the_whole(product: Product) -> None:
    ticket = await asked(product)
    whole = "按标准逐项核对，先查水源再查灌装。" * 100 + "最后一句。"
    await product.answer(SPECIALIST, ticket.number, whole)
    await product.work()
    text = product.texts_to(EMPLOYEE)[-1]
    assert len(text.encode()) <= 2047
    link = text.rsplit("全文：", 1)[1]
    assert "最后一句。" in (await product.http.get(link)).text


async def test_unreachable_specialist_is_visible_to_staff(product: Product) -> None:
    for person in (SPECIALIST, OTHER_SPECIALIST):
        await product.simulator.unfollow(person.openid)
    await asked(product)
    item = await OutboxItem.get(notice=Notice.TICKET_ASSIGNED)
    assert item.state == OutboxState.PARKED
    await product.simulator.follow(SPECIALIST.openid)
    await product.say(SPECIALIST, "你好")
    await product.work()
    assert any(m.kind == "card" for m in product.seen_by(SPECIALIST))


async def test_credit_is_spent_by_the_send_that_uses_it(product: Product) -> None:
    template = product.app.ctx.wiring.templates.ids[App.MINIAPP, Notice.TICKET_ANSWERED]
    await product.simulator.subscribe(EMPLOYEE.miniapp_openid, [template])
    assert (await Consent.get()).credits == 1
    await product.simulator.say(EMPLOYEE.miniapp_openid, ROUTED)
    await product.work()
    product.clock.travel(timedelta(hours=49))
    await product.answer(SPECIALIST, (await Ticket.get()).number, ANSWER)
    await product.work()
    assert [m.kind for m in product.seen_by(EMPLOYEE, App.MINIAPP)][-1] == "card"
    assert (await Consent.get()).credits == 0
    assert (await answer_item()).state == OutboxState.DONE


async def test_reported_failure_of_a_subscription_message_takes_the_next_channel(
    product: Product,
) -> None:
    template = product.app.ctx.wiring.templates.ids[App.MINIAPP, Notice.TICKET_ANSWERED]
    await product.simulator.subscribe(EMPLOYEE.miniapp_openid, [template])
    await product.simulator.say(EMPLOYEE.miniapp_openid, ROUTED)
    await product.work()
    product.clock.travel(timedelta(hours=49))
    product.simulator.switch_on("/cgi-bin/message/subscribe/send", "job_failed", left=1)
    await product.answer(SPECIALIST, (await Ticket.get()).number, ANSWER)
    await product.work()
    await product.simulator.drain()
    for _ in range(3):
        await product.pass_time(timedelta(minutes=1))
    # No other way is open to this person: the answer waits, and is not taken for delivered.
    assert (await answer_item()).state == OutboxState.PARKED
    product.clock.travel(takeover.AFTER_ANSWER)
    await product.simulator.say(EMPLOYEE.miniapp_openid, "你好")
    await product.work()
    assert ANSWER in product.texts_to(EMPLOYEE, App.MINIAPP)[-2]


async def test_manager_hears_of_a_missed_deadline_once(product: Product) -> None:
    await asked(product)
    await product.pass_time(timedelta(hours=30))
    await product.pass_time(timedelta(hours=1))
    overdue = await OutboxItem.filter(notice=Notice.TICKET_OVERDUE)
    assert len(overdue) == 2  # the assignee and the manager
    cards = [m for m in product.seen_by(MANAGER) if m.content.get("title") == "工单超时提醒"]
    assert len(cards) == 1
    assert await TicketEvent.filter(kind=EventKind.OVERDUE).count() == 1


async def test_consents_may_come_in_any_order(product: Product) -> None:
    now = product.clock.now()
    told = [(timedelta(0), "accept"), (timedelta(1), "reject"), (timedelta(2), "accept")]
    for number, order in enumerate(permutations(told)):
        identity = await accounts.identity_of(App.MINIAPP, f"m{number}", now=now)
        for later, what in order:
            await consents.record_consents(identity, [("T", what)], at=now + later)
        assert await consents.has_consent(identity, "T"), order
        await consents.record_consents(identity, [("T", "reject")], at=now + timedelta(days=9))
        assert not await consents.has_consent(identity, "T")
