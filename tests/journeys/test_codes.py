"""One-time codes: what they do, once, for whom; and what guessing, repeating and racing win."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from handlers import accounts, codes, enterprises, inbox
from handlers.conversation import respond
from handlers.incoming import App, Incoming, Kind, Via
from models.accounts import Account, Identity, Staff, StaffRole
from models.codes import Code
from models.enterprises import Membership
from models.outbox import OutboxItem, OutboxState
from models.tickets import Ticket
from server.config import Config
from server.wechat.simulator import Person
from tests.cast import COLLEAGUE, EMPLOYEE, OUTSIDER, SPECIALIST
from tests.journeys.test_api import ANSWER, ROUTED, ask, sign_in
from tests.journeys.test_people import FIRM, ME, employ, get, numbers
from tests.product import Product

ROOT = Path(__file__).parents[2]
# Whom the platform gives no unionid for.
LONER = Person("oCrowd901", "mCrowd901", "", "小周")
WRONG = "绑定码不对，或已用过、已过期。请核对，或请对方重新发一个。"
ASKED_THERE = "电子秤检定要排队吗，帮我约一下"
# Another process with the same database: it says that it is ready, and types the code when told.
TYPE = """
import asyncio, sys
from datetime import datetime
from handlers import codes
from models import database

async def main():
    url, identity, code, now = sys.argv[1:]
    await database.connect(url)
    print("ready", flush=True)
    sys.stdin.readline()
    done = await codes.redeem(int(identity), code, now=datetime.fromisoformat(now))
    print(done.result, flush=True)
    await database.disconnect()

asyncio.run(main())
"""


async def type_code(product: Product, headers: dict[str, str], code: str) -> httpx.Response:
    return await product.http.post(f"{ME}/redeem", json={"code": code}, headers=headers)


async def code_of(product: Product, headers: dict[str, str], purpose: str = "join_apps") -> str:
    answer = await product.http.post(f"{ME}/codes", json={"purpose": purpose}, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["code"])


async def for_firm(product: Product, firm: str = FIRM) -> str:
    return (await codes.make_for_enterprise(firm, now=product.clock.now()))[1].shown


def code_in(text: str) -> str:
    return text.split("码：")[1][:9]


async def meet(product: Product, person: Person = LONER) -> dict[str, str]:
    """Somebody who uses both applications, and whom nobody knows to be one person."""
    if person is LONER:
        product.simulator.people.add(person, product.clock.now())
    await product.say(person, ROUTED)
    return await sign_in(product, person)


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


async def test_double_tap_is_one_effect(product: Product) -> None:
    me = await meet(product)
    code = code_in(await product.say(LONER, "绑定小程序"))
    answers = await asyncio.gather(*(type_code(product, me, code) for _ in range(6)))
    assert {a.status_code for a in answers} == {200}
    assert sorted(a.json()["result"] for a in answers) == ["already"] * 5 + ["joined"]
    invitation = await for_firm(product)
    answers = await asyncio.gather(*(type_code(product, me, invitation) for _ in range(6)))
    assert sorted(a.json()["result"] for a in answers) == ["already"] * 5 + ["confirmed"]
    assert await Membership.all().count() == 1


async def test_of_two_people_one_gets_in(product: Product) -> None:
    people = [await sign_in(product, person) for person in (EMPLOYEE, COLLEAGUE, OUTSIDER)]
    code = await for_firm(product)
    answers = await asyncio.gather(*(type_code(product, headers, code) for headers in people))
    assert sorted(a.status_code for a in answers) == [200, 404, 404]
    assert await Membership.all().count() == 1


async def test_of_two_processes_one_gets_in(product: Product, config: Config) -> None:
    for person in (EMPLOYEE, COLLEAGUE):
        await sign_in(product, person)
    code, now = await for_firm(product), product.clock.now()
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", TYPE, config.database_url,
            str((await Identity.get(openid=person.miniapp_openid)).id), code, now.isoformat(),
            cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )
        for person in (EMPLOYEE, EMPLOYEE, COLLEAGUE)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    ends = await asyncio.gather(*(process.communicate(b"\n") for process in processes))
    results = [output.decode().strip() for output, _ in ends]
    assert results.count("confirmed") == 1
    assert set(results) in ({"confirmed", "already", "wrong"}, {"confirmed", "wrong"})
    assert await Membership.all().count() == 1


async def test_guessing_is_limited(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    code = await for_firm(product)
    guesses = [f"ABCD-23{first}{second}" for first in "456789" for second in "56"]
    answers = await asyncio.gather(*(type_code(product, me, guess) for guess in guesses))
    assert sorted(a.status_code for a in answers) == [404] * 5 + [409] * 7
    assert (await type_code(product, me, code)).json()["error"]["message"] == (
        "绑定码输错次数太多，请在11月23日 11:00以后再试。也可以回复“转人工”。"
    )
    # Nobody else pays for it.
    colleague = await sign_in(product, COLLEAGUE)
    assert (await type_code(product, colleague, code)).status_code == 200
    code = await for_firm(product)
    product.clock.travel(timedelta(minutes=59))
    assert (await type_code(product, me, code)).status_code == 409
    product.clock.travel(timedelta(minutes=1))
    assert (await type_code(product, me, "ABCD-2345")).status_code == 404
    assert (await type_code(product, me, code)).status_code == 200


async def test_right_codes_cost_no_try(product: Product) -> None:
    me = await employ(product, EMPLOYEE)
    code = await for_firm(product)
    for _ in range(8):
        assert (await type_code(product, me, code)).json()["result"] == "already"


async def test_wrong_used_expired_and_unknown_look_the_same(product: Product) -> None:
    me, colleague = await sign_in(product, EMPLOYEE), await sign_in(product, COLLEAGUE)
    used, expired = await for_firm(product), await for_firm(product)
    assert (await type_code(product, colleague, used)).status_code == 200
    product.clock.travel(codes.VALID_FOR[codes.Purpose.ENTERPRISE])
    me = await sign_in(product, EMPLOYEE)
    for code in (used, expired, "ABCD-2345"):
        answer = await type_code(product, me, code)
        assert (answer.status_code, answer.json()["error"]["message"]) == (404, WRONG)


@pytest.mark.parametrize(
    ("purpose", "lives"),
    [("join_apps", timedelta(minutes=10)), ("colleague", timedelta(hours=24))],
)
async def test_codes_expire(product: Product, purpose: str, lives: timedelta) -> None:
    me = await employ(product, EMPLOYEE)
    # EMPLOYEE has both applications already, so that a stranger's account is kept apart.
    good = codes.Result.APART if purpose == "join_apps" else codes.Result.CONFIRMED
    for waited, result in ((lives - timedelta(seconds=1), good), (lives, codes.Result.WRONG)):
        code, now = await code_of(product, me, purpose), product.clock.now()
        stranger = await accounts.identity_of(App.OFFICIAL, f"oCrowd91{result}", now=now)
        assert (await codes.redeem(stranger.id, code, now=now + waited)).result == result


async def test_newer_code_ends_the_older(product: Product) -> None:
    me = await meet(product)
    older, newer = await code_of(product, me), await code_of(product, me)
    assert await product.say(LONER, older) == WRONG
    assert "绑定成功" in await product.say(LONER, newer)


async def test_leaver_does_not_return_by_the_used_code(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    code = await for_firm(product)
    assert (await type_code(product, me, code)).json()["result"] == "confirmed"
    assert (await product.http.delete(f"{ME}/enterprise", headers=me)).status_code == 200
    assert (await type_code(product, me, code)).status_code == 404
    assert (await product.http.delete(f"{ME}/enterprise", headers=me)).json() == {"ok": True}


async def test_invitations_have_a_number(product: Product) -> None:
    me = await employ(product, EMPLOYEE)
    for _ in range(codes.MOST_INVITATIONS):
        await code_of(product, me, "colleague")
    answer = await product.http.post(f"{ME}/codes", json={"purpose": "colleague"}, headers=me)
    assert answer.status_code == 409
    assert "20个邀请码" in await product.say(EMPLOYEE, "邀请同事")


async def test_codes_are_kept_nowhere_that_staff_read(product: Product) -> None:
    await employ(product, EMPLOYEE)
    code = code_in(await product.say(EMPLOYEE, "邀请同事"))
    await product.say(EMPLOYEE, ROUTED)
    ticket = await Ticket.get()
    assert "****-****" in str(ticket.transcript)
    assert code not in str(ticket.transcript)
    (row,) = await Code.filter(purpose=codes.Purpose.COLLEAGUE).values()
    assert codes.normal(code) not in str(row)
