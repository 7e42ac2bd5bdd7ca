"""The platform's windows: what may still be sent is sent and nothing more, nothing gets lost."""

import asyncio
from datetime import timedelta
from itertools import count

import pytest

from handlers import accounts, outbox, windows
from handlers.windows import ALLOWANCES
from models.accounts import App, Identity
from models.outbox import Channel, Delivery, DeliveryResult, Notice, OutboxItem, OutboxState
from models.windows import MessageWindow
from server.wechat.simulator import consent
from tests.cast import EMPLOYEE
from tests.journeys.test_delivery import CUSTOM
from tests.product import Product

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
OFFICIAL, MINIAPP = EMPLOYEE.openid, EMPLOYEE.miniapp_openid
LABEL = "（可能重复）"
USED_UP, OVER = "window_used_up", "window_shut"
_numbers = count(1)


def calls(product: Product, errcode: int | None = None) -> int:
    """How often the platform was asked to send a customer-service message."""
    made = product.simulator.calls(CUSTOM)
    return len([c for c in made if errcode is None or c.errcode == errcode])


async def owe(
    product: Product,
    *texts: str,
    app: App = App.OFFICIAL,
    notice: Notice = Notice.REPLY,
    apart: bool = False,
) -> list[int]:
    """Texts to the employee in the one stream, or each in a stream of its own."""
    openid = OFFICIAL if app == App.OFFICIAL else MINIAPP
    account = (await Identity.get(openid=openid)).account_id
    keys = []
    for text in texts:
        keys.append(f"{text[:20]}:{next(_numbers)}")
        await outbox.enqueue(
            notice,
            account_id=account,
            app=app,
            payload={"text": text, "question": "问", "number": "NQ1", "name": "王工"},
            dedupe_key=keys[-1],
            stream=keys[-1] if apart else accounts.asker_stream(account),
            now=product.clock.now(),
        )
    return [(await OutboxItem.get(dedupe_key=key)).id for key in keys]


async def left(product: Product, openid: str = OFFICIAL) -> int:
    """What our ledger says may surely still be sent."""
    now = product.clock.now()
    rows = await MessageWindow.filter(identity__openid=openid, closes_at__gt=now)
    return sum(row.credits for row in rows)


async def states(ids: list[int]) -> list[OutboxState]:
    return [(await OutboxItem.get(id=item_id)).state for item_id in ids]


async def last_codes(ids: list[int]) -> list[str]:
    last = [await Delivery.filter(item_id=item_id).order_by("-id").first() for item_id in ids]
    return [attempt.code if attempt else "" for attempt in last]


def new_texts(product: Product, before: int, app: App = App.OFFICIAL) -> list[str]:
    return product.texts_to(EMPLOYEE, app)[before:]


def received(product: Product, app: App = App.OFFICIAL) -> int:
    return len(product.texts_to(EMPLOYEE, app))


def wording_of(*texts: str) -> str:
    return f"您有 {len(texts)} 条回复：\n\n" + "\n\n————————\n\n".join(texts)


def test_both_ledgers_have_the_platforms_rules() -> None:
    assert {(str(app), str(act)): rule for (app, act), rule in ALLOWANCES.items()} == dict(
        consent.ALLOWANCES
    )


@pytest.mark.parametrize("app", list(App))
async def test_sixth_message_in_48_hours_is_not_even_tried(product: Product, app: App) -> None:
    openid = OFFICIAL if app == App.OFFICIAL else MINIAPP
    await product.simulator.say(openid, "你好")
    await product.work()  # in the mini-program our greeting is the first of the five
    spare = await left(product, openid)
    assert spare == (5 if app == App.OFFICIAL else 4)
    ids = await owe(product, *(f"第{n}个" for n in range(spare + 1)), app=app, apart=True)
    await product.work()
    assert sorted(await states(ids)) == [OutboxState.DONE] * spare + [OutboxState.PARKED]
    assert sorted(await last_codes(ids)) == ["0"] * spare + [USED_UP]
    assert calls(product) == 5
    product.clock.travel(48 * HOUR)
    over = await owe(product, "过期", app=app, apart=True)
    await product.work()
    assert await last_codes(over) == [OVER]
    assert calls(product) == 5

    await product.simulator.say(openid, "你好")
    await product.work()
    assert await states(ids + over) == [OutboxState.DONE] * (spare + 2)
    assert calls(product, 0) == calls(product)


async def test_three_after_a_menu_click_then_the_next_channel(product: Product) -> None:
    await product.simulator.click_menu(OFFICIAL, "ask")
    texts = [f"答{n}" for n in range(4)]
    ids = await owe(product, *texts, notice=Notice.TICKET_ANSWERED, apart=True)
    await product.work()
    taken = await Delivery.filter(
        item_id__in=ids, result__in=(DeliveryResult.ACCEPTED, DeliveryResult.DELIVERED)
    )
    assert sorted(d.channel for d in taken) == [Channel.OFFICIAL_CUSTOM] * 3 + [
        Channel.OFFICIAL_TEMPLATE
    ]
    assert calls(product) == 3
    # The click opened no window of 48 hours; an item tapped in a 菜单消息 is a click as well.
    await product.simulator.tap_menu_item(OFFICIAL, "1", "几点下班")
    product.clock.travel(MINUTE)
    late = await owe(product, "晚了", notice=Notice.TICKET_ANSWERED)
    await product.work()
    sent = await Delivery.filter(item_id__in=late).order_by("id")
    assert [(d.channel, d.code) for d in sent] == [
        (Channel.OFFICIAL_CUSTOM, OVER), (Channel.OFFICIAL_TEMPLATE, "0"),
    ]  # fmt: skip
    assert calls(product) == 3


async def test_entering_the_session_allows_two(product: Product) -> None:
    await product.simulator.enter_session(MINIAPP)
    await product.work()  # our greeting is the first
    ids = await owe(product, "一", "二", app=App.MINIAPP, apart=True)
    await product.work()
    assert sorted(await states(ids)) == [OutboxState.DONE, OutboxState.PARKED]
    assert calls(product) == calls(product, 0) == 2


async def test_question_by_the_api_opens_no_window(product: Product) -> None:
    code = product.simulator.login_code(MINIAPP)
    token = (await product.http.post("/api/v1/login", json={"code": code})).json()["token"]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k" * 20}
    asked = await product.http.post("/api/v1/ask", json={"text": "几点下班"}, headers=headers)
    assert asked.status_code < 300, asked.text
    assert not await MessageWindow.exists()


async def test_two_workers_spend_each_credit_once(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    await product.simulator.click_menu(OFFICIAL, "ask")
    ids = await owe(product, *(f"{n}个" for n in range(12)), apart=True)
    workers = [product.worker() for _ in range(4)]
    await asyncio.gather(*(w.send_due() for w in workers))
    await asyncio.gather(*(w.sent() for w in workers))
    await product.work()
    found = await states(ids)
    assert (found.count(OutboxState.DONE), found.count(OutboxState.PARKED)) == (8, 4)
    assert calls(product) == calls(product, 0) == 8
    assert await left(product) == 0


@pytest.mark.parametrize("code", [45015, 45047])
async def test_platforms_word_corrects_the_ledger(product: Product, code: int) -> None:
    await product.say(EMPLOYEE, "你好")
    now = product.clock.now()
    if code == 45015:
        product.simulator.windows.close(OFFICIAL)
    else:
        for _ in range(5):  # another program of the same account wrote to the person
            product.simulator.windows.spend(OFFICIAL, now)
    ids = await owe(product, "甲", "乙", "丙")
    await product.work()
    assert calls(product) == 1
    assert await states(ids) == [OutboxState.PARKED] * 3
    assert await last_codes(ids) == [str(code), *[OVER if code == 45015 else USED_UP] * 2]
    before = received(product)
    await product.say(EMPLOYEE, "几点下班")
    await product.work()
    assert new_texts(product, before)[0] == wording_of("甲", "乙", "丙")


@pytest.mark.parametrize("opened", [True, False])
async def test_without_a_record_the_platform_is_asked(product: Product, opened: bool) -> None:
    await product.say(EMPLOYEE, "你好")
    await windows.forget()  # as after a restore
    if not opened:
        product.simulator.windows.close(OFFICIAL)
    ids = await owe(product, "甲", "乙", apart=True)
    await product.work()
    assert await states(ids) == [OutboxState.DONE if opened else OutboxState.PARKED] * 2
    # One refusal says it for all that follow, until the person is in touch again.
    again = await owe(product, "丙", apart=True)
    before = calls(product)
    await product.work()
    assert calls(product) - before == (1 if opened else 0)
    assert await states(again) == [OutboxState.DONE if opened else OutboxState.PARKED]
    await product.say(EMPLOYEE, "你好")
    await product.work()
    assert await states(ids + again) == [OutboxState.DONE] * 3


async def test_refused_send_costs_no_credit_and_a_doubtful_one_is_tried_last(
    product: Product,
) -> None:
    await product.say(EMPLOYEE, "你好")
    product.simulator.switch_on(CUSTOM, "errcode", errcode=45009, left=1)
    ids = await owe(product, "甲", apart=True)
    await product.work()
    assert await left(product) == 5
    await product.pass_time(2 * MINUTE)
    assert await left(product) == 4
    product.simulator.switch_on(CUSTOM, "http_500", left=1)  # not counted, but who knows
    ids += await owe(product, "乙", apart=True)
    await product.work()
    assert await left(product) == 3
    await product.pass_time(MINUTE)
    ids += await owe(product, "丙", "丁", apart=True)
    await product.work()
    assert await left(product) == 0
    # The doubtful credit was none that the platform had counted: the fifth message goes.
    ids += await owe(product, "戊", "己", apart=True)
    await product.work()
    assert sorted(await states(ids)) == [OutboxState.DONE] * 5 + [OutboxState.PARKED]
    assert calls(product, 45047) == 0


async def test_contacts_out_of_order_do_not_shorten_a_window(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    old = {
        **product.simulator.head("official", OFFICIAL, "text"),
        "Content": "在吗",
        "MsgId": 77,
    }
    old["CreateTime"] = int(old["CreateTime"]) - 3600
    await owe(product, "甲", apart=True)
    await product.work()
    window = await MessageWindow.get()
    await product.simulator.deliver("official", old)
    again = await MessageWindow.get()
    assert (again.closes_at, again.credits) == (window.closes_at, 4)
    assert window.closes_at == product.clock.now() + 48 * HOUR


async def test_refill_during_a_send_is_not_taken_for_used_up(product: Product) -> None:
    await product.say(EMPLOYEE, "你好")
    identity = await Identity.get(openid=OFFICIAL)
    now = product.clock.now()
    credit = await windows.spend(identity.id, now=now)
    assert isinstance(credit, windows.Credit)
    product.clock.travel(SECOND)
    await product.say(EMPLOYEE, "你好")
    await windows.correct(credit, windows.Shut.USED_UP, now=product.clock.now())
    await windows.give_back(credit)
    assert await left(product) == 5
