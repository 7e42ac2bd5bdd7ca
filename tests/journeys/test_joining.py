"""Two applications made one account by a code: everything moves along, and nobody is confused."""

import asyncio
from datetime import timedelta

import pytest

from handlers import accounts, codes, enterprises, inbox
from handlers.conversation import respond
from handlers.incoming import App, Incoming, Kind, Via
from models.accounts import Account, Identity, Staff, StaffRole
from models.codes import Code
from models.conversations import InboundMessage, InboundState
from models.enterprises import Membership
from models.outbox import OutboxItem, OutboxState
from models.tickets import Ticket
from server.wechat.simulator import Person
from tests.cast import COLLEAGUE, EMPLOYEE, OUTSIDER, SPECIALIST
from tests.journeys.test_api import ANSWER, ROUTED, ask, sign_in
from tests.journeys.test_codes import WRONG, code_in, code_of, for_firm, type_code
from tests.journeys.test_people import FIRM, get, numbers
from tests.product import Product

# Whom the platform gives no unionid for.
LONER = Person("oCrowd901", "mCrowd901", "", "小周")
ASKED_THERE = "电子秤检定多少钱一台"


async def meet(product: Product) -> dict[str, str]:
    """Somebody who uses both applications, and whom nobody knows to be one person."""
    product.simulator.people.add(LONER, product.clock.now())
    await product.say(LONER, ROUTED)
    return await sign_in(product, LONER)


async def test_code_of_the_mini_program_joins_the_accounts(product: Product) -> None:
    me = await meet(product)
    there = (await ask(product, me, ASKED_THERE)).json()["ticket"]
    await product.work()
    assert await numbers(product, me) == [there]
    code = await code_of(product, me)
    assert "绑定成功" in await product.say(LONER, f"绑定 {code}")
    assert len(await numbers(product, me)) == 2
    assert len({i.account_id for i in await Identity.filter(openid__contains="Crowd901")}) == 1
    assert there in await product.say(LONER, "进度查询")
    # What is answered now reaches the application that is open.
    await product.answer(SPECIALIST, (await numbers(product, me))[1], ANSWER)
    await product.work()
    assert ANSWER in product.texts_to(LONER)[-1]
    assert await OutboxItem.filter(state=OutboxState.PARKED).count() == 0


async def test_code_of_the_official_account_joins_them_too(product: Product) -> None:
    me = await meet(product)
    code = code_in(await product.say(LONER, "绑定小程序"))
    assert (await type_code(product, me, code)).json() == {
        "result": "joined",
        "sentence": "绑定成功。公众号和小程序现在是同一个账号，工单两边都能看到。\n"
        "如果不是您本人操作，请马上回复“转人工”。",
    }
    assert len(await numbers(product, me)) == 1
    assert "已绑定" in await product.say(LONER, code)  # whoever made it types it as well
    assert (await type_code(product, me, code)).json()["result"] == "already"


async def test_reply_by_message_reaches_the_joined_account(product: Product) -> None:
    """In the mini-program's chat every reply goes through the outbox, to the account as it is."""
    await meet(product)
    code = code_in(await product.say(LONER, "绑定小程序"))
    await product.simulator.say(LONER.miniapp_openid, f"绑定 {code}")
    await product.work()
    assert "绑定成功" in product.texts_to(LONER, App.MINIAPP)[-1]
    assert await OutboxItem.exclude(state=OutboxState.DONE).count() == 0


async def test_everything_moves_along(product: Product) -> None:
    me = await meet(product)
    now = product.clock.now()
    assert (await type_code(product, me, await for_firm(product))).status_code == 200
    younger = await Identity.get(openid=LONER.miniapp_openid)
    await Account.filter(id=younger.account_id).update(phone="13812345678")
    invitation = await code_of(product, me, "colleague")
    older = await Identity.get(openid=LONER.openid)
    await accounts.join((older.account_id, younger.account_id), now=now)
    assert await accounts.account_of(younger.id) == older.account_id
    assert await get(product, "/me", me) == {
        "enterprise": FIRM, "confirmed": True, "phone": "138****5678", "colleagues": 0,
    }  # fmt: skip
    left = await Account.get(id=younger.account_id)
    assert left.phone is None
    for relation in Account._meta.backward_fk_fields:
        assert not await getattr(left, relation).all().exists(), relation
    # The invitation is still that of a member.
    colleague = await sign_in(product, COLLEAGUE)
    assert (await type_code(product, colleague, invitation)).status_code == 200


@pytest.mark.parametrize("confirmed_first", [True, False])
async def test_of_two_memberships_the_proven_one_stays(
    product: Product, confirmed_first: bool
) -> None:
    me = await meet(product)
    faces = [await Identity.get(openid=o) for o in (LONER.openid, LONER.miniapp_openid)]
    proven, typed = faces if confirmed_first else reversed(faces)
    now = product.clock.now()
    await enterprises.remember(typed.account_id, enterprise="别的厂", now=now)
    assert (await codes.redeem(proven.id, await for_firm(product), now=now)).good
    assert "绑定成功" in await product.say(LONER, await code_of(product, me))
    facts = await get(product, "/me", me)
    assert (facts["enterprise"], facts["confirmed"]) == (FIRM, True)
    assert await Membership.filter(left_at=None).count() == 1


async def test_member_of_staff_keeps_the_staff_account(product: Product) -> None:
    me = await sign_in(product, SPECIALIST)  # the younger account, not yet known to be theirs
    before = (await Identity.get(openid=SPECIALIST.openid)).account_id
    assert "绑定成功" in await product.say(SPECIALIST, await code_of(product, me))
    assert (await Identity.get(openid=SPECIALIST.miniapp_openid)).account_id == before
    assert "已设为值班" in await product.say(SPECIALIST, "上班")


async def test_two_staff_records_are_left_apart(product: Product) -> None:
    me = await meet(product)
    for openid in (LONER.openid, LONER.miniapp_openid):
        account_id = (await Identity.get(openid=openid)).account_id
        await Staff.create(account_id=account_id, name=openid, role=StaffRole.MANAGER)
    code = await code_of(product, me)
    assert "不能绑定到您的账号" in await product.say(LONER, code)
    assert len({i.account_id for i in await Identity.filter(openid__contains="Crowd901")}) == 2
    assert (await Code.get()).used_at is None


async def test_two_people_are_never_made_one(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    code = await code_of(product, me)
    colleague = await sign_in(product, COLLEAGUE)
    for answer in (
        await type_code(product, colleague, code),  # the same application
        await type_code(product, me, code),  # the very same
    ):
        assert answer.status_code == 409
    assert "请到公众号里输入" in answer.json()["error"]["message"]
    await product.say(OUTSIDER, "你好")
    await product.work()  # the platform tells who this is: another person
    assert "不能绑定到您的账号" in await product.say(OUTSIDER, code)
    assert "绑定成功" in await product.say(EMPLOYEE, code)


async def test_who_is_being_answered_while_accounts_join_gets_it_on_the_joined(
    product: Product,
) -> None:
    me = await meet(product)
    incoming = Incoming(
        app=App.MINIAPP, openid=LONER.miniapp_openid, kind=Kind.TEXT, dedupe_key="slow",
        sent_at=product.clock.now(), text=ASKED_THERE,
    )  # fmt: skip
    house, now = product.house, product.clock.now()
    message, thread = await inbox.receive(house, incoming, via=Via.PUSH, now=now)
    assert "绑定成功" in await product.say(LONER, await code_of(product, me))
    await respond(house, message, thread)
    assert {t.asker_id for t in await Ticket.all()} == {
        (await Identity.get(openid=LONER.openid)).account_id
    }


async def test_double_tap_joins_once(product: Product) -> None:
    me = await meet(product)
    code = code_in(await product.say(LONER, "绑定小程序"))
    answers = await asyncio.gather(*(type_code(product, me, code) for _ in range(6)))
    assert {a.status_code for a in answers} == {200}
    assert sorted(a.json()["result"] for a in answers) == ["already"] * 5 + ["joined"]


async def test_two_codes_that_cross_end_well(product: Product) -> None:
    """PostgreSQL may find the two in each other's way; then the sweep finishes the one."""
    me = await meet(product)
    await product.simulator.say(LONER.miniapp_openid, ASKED_THERE)
    here, there = await code_of(product, me), code_in(await product.say(LONER, "绑定小程序"))
    await asyncio.gather(
        product.say(LONER, here), product.simulator.say(LONER.miniapp_openid, there)
    )
    product.clock.travel(timedelta(minutes=1))
    await product.work()
    assert len({i.account_id for i in await Identity.filter(openid__contains="Crowd901")}) == 1
    assert await InboundMessage.exclude(state=InboundState.DONE).count() == 0
    assert len(await numbers(product, me)) == 2


async def test_newer_code_ends_the_older(product: Product) -> None:
    me = await meet(product)
    older, newer = await code_of(product, me), await code_of(product, me)
    assert await product.say(LONER, older) == WRONG
    assert "绑定成功" in await product.say(LONER, newer)
