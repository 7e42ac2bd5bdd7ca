"""Whom people work for: what colleagues share, and nobody else sees."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from handlers import codes, enterprises
from handlers.errors import DomainError
from models.accounts import Account, Identity
from models.enterprises import Enterprise, Membership
from models.outbox import Notice, OutboxItem
from models.tickets import Ticket
from server.config import Config
from server.wechat.simulator import Person
from tests.cast import COLLEAGUE, EMPLOYEE, OUTSIDER, SPECIALIST
from tests.journeys.test_api import ANSWER, ROUTED, ask, sign_in
from tests.journeys.test_attachments import picture, send
from tests.product import Product

ROOT = Path(__file__).parents[2]
FIRM, OTHER_FIRM = "武夷山泉饮料有限公司", "建阳食品厂"
ME = "/api/v1/me"


async def account(person: Person) -> int:
    return (await Identity.get(openid=person.miniapp_openid)).account_id


async def employ(product: Product, person: Person, firm: str = FIRM) -> dict[str, str]:
    """A confirmed member, signed in to the mini-program and known in the official account."""
    headers = await sign_in(product, person)
    await product.say(person, "你好")
    await product.work()  # joins the two
    _, made = await codes.make_for_enterprise(firm, now=product.clock.now())
    assert f"已绑定{firm}" in await product.say(person, f"绑定 {made.shown}")
    return headers


async def get(product: Product, path: str, headers: dict[str, str]) -> Any:
    answer = await product.http.get(f"/api/v1{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def numbers(product: Product, headers: dict[str, str]) -> list[str]:
    return [row["number"] for row in (await get(product, "/tickets", headers))["tickets"]]


async def statuses(product: Product, number: str, headers: dict[str, str]) -> set[int]:
    """What everything that can be done with a ticket answers to this person."""
    path = f"/api/v1/tickets/{number}"
    added = await product.http.post(f"{path}/messages", json={"text": "x"}, headers=headers)
    pictured = await send(product, headers, number, picture())
    shown = await product.http.get(f"{path}/attachments/1", headers=headers)
    read = await product.http.get(path, headers=headers)
    return {answer.status_code for answer in (added, pictured, shown, read)}


async def test_colleagues_share_and_an_outsider_sees_nothing(product: Product) -> None:
    me, colleague = await employ(product, EMPLOYEE), await employ(product, COLLEAGUE)
    outsider = await employ(product, OUTSIDER, OTHER_FIRM)
    number = (await ask(product, me, ROUTED)).json()["ticket"]
    assert (await send(product, me, number, picture())).status_code == 201

    (listed,) = (await get(product, "/tickets", colleague))["tickets"]
    assert (listed["number"], listed["mine"]) == (number, False)
    assert number in await product.say(COLLEAGUE, number)
    path = f"/api/v1/tickets/{number}"
    added = await product.http.post(
        f"{path}/messages", json={"text": "样品是5升桶装"}, headers=colleague
    )
    assert (await send(product, colleague, number, picture(2))).status_code == 201
    assert added.json()["events"][-1]["actor"] == "同事补充"
    mine = await get(product, f"/tickets/{number}", me)
    assert mine["mine"]
    assert [e["actor"] for e in mine["events"] if e["kind"] == "message"] == [
        "提问人", "同事补充", "同事补充",
    ]  # fmt: skip
    shown = await product.http.get(mine["attachments"][0]["url"], headers=colleague)
    assert shown.headers["content-type"] == "image/jpeg"

    assert await statuses(product, number, outsider) == {404}
    assert await numbers(product, outsider) == []
    for missing in (number, "NQ2611230999"):
        answer = await product.http.get(f"/api/v1/tickets/{missing}", headers=outsider)
        assert answer.json()["error"]["message"] == "没有找到这张工单。"
        assert await product.say(OUTSIDER, missing) == "没有找到这张工单。"


async def test_answer_is_told_to_the_asker_alone(product: Product) -> None:
    me, _ = await employ(product, EMPLOYEE), await employ(product, COLLEAGUE)
    number = (await ask(product, me, ROUTED)).json()["ticket"]
    await product.work()
    await product.answer(SPECIALIST, number, ANSWER)
    await product.work()
    (told,) = await OutboxItem.filter(notice=Notice.TICKET_ANSWERED)
    assert told.account_id == await account(EMPLOYEE)
    assert not any(ANSWER in text for text in product.texts_to(COLLEAGUE))
    assert ANSWER in product.texts_to(EMPLOYEE)[-1]


async def test_what_was_asked_before_joining_stays_private(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    before = (await ask(product, me, ROUTED)).json()["ticket"]
    await employ(product, EMPLOYEE)
    colleague = await employ(product, COLLEAGUE)
    after = (await ask(product, me, "电子秤检定多少钱一台")).json()["ticket"]
    assert await numbers(product, colleague) == [after]
    assert await statuses(product, before, colleague) == {404}
    assert await numbers(product, me) == [after, before]


async def test_leaver_loses_access_at_once(product: Product) -> None:
    me, colleague = await employ(product, EMPLOYEE), await employ(product, COLLEAGUE)
    theirs = (await ask(product, me, ROUTED)).json()["ticket"]
    own = (await ask(product, colleague, ROUTED)).json()["ticket"]
    invitation = (await product.say(COLLEAGUE, "邀请同事")).split("绑定 ")[1][:9]
    assert await numbers(product, colleague) == [own, theirs]

    assert FIRM in await product.say(COLLEAGUE, "我离职了")
    assert await numbers(product, colleague) == [own, theirs]  # only asked whether
    assert "已解绑" in await product.say(COLLEAGUE, "确认解绑")
    assert await numbers(product, colleague) == [own]
    assert await statuses(product, theirs, colleague) == {404}
    assert await statuses(product, own, colleague) == {200, 201}
    assert (await get(product, "/me/colleagues", me)) == {"colleagues": []}
    # Nobody comes in by an invitation from before.
    assert "不对" in await product.say(OUTSIDER, f"绑定 {invitation}")
    assert "没有绑定企业" in await product.say(COLLEAGUE, "确认解绑")
    # What the leaver asked as a member stays the enterprise's.
    assert await numbers(product, me) == [own, theirs]


async def test_typed_name_of_a_firm_opens_nothing(product: Product) -> None:
    me = await employ(product, EMPLOYEE)
    number = (await ask(product, me, ROUTED)).json()["ticket"]
    attacker = await sign_in(product, OUTSIDER)
    typed = "武夷山泉 饮料有限公司\u200b"
    now = product.clock.now()
    await enterprises.remember(
        await account(OUTSIDER), enterprise=typed, phone="138-1234 5678", now=now
    )
    assert await get(product, "/me", attacker) == {
        "enterprise": FIRM, "confirmed": False, "phone": "138****5678", "colleagues": 0,
    }  # fmt: skip
    assert await Enterprise.all().count() == 1
    assert await numbers(product, attacker) == []
    assert await statuses(product, number, attacker) == {404}
    assert await get(product, "/me/colleagues", attacker) == {"colleagues": []}
    invited = await product.http.post(
        f"{ME}/codes", json={"purpose": "colleague"}, headers=attacker
    )
    assert invited.status_code == 409
    assert "只有已绑定企业的成员" in invited.json()["error"]["message"]
    # And what the attacker asks is not pushed under the firm's eyes.
    asked = (await ask(product, attacker, ROUTED)).json()["ticket"]
    assert (await Ticket.get(number=asked)).enterprise_id is None
    assert await numbers(product, me) == [number]
    assert (await get(product, "/me", me))["colleagues"] == 0


async def test_typed_name_never_takes_the_place_of_a_proven_one(product: Product) -> None:
    me = await employ(product, EMPLOYEE)
    mine, now = await account(EMPLOYEE), product.clock.now()
    await enterprises.remember(mine, enterprise=OTHER_FIRM, now=now)
    assert (await enterprises.facts_of(mine)).enterprise == FIRM
    await product.http.delete(f"{ME}/enterprise", headers=me)
    for typed in (OTHER_FIRM, FIRM, FIRM):
        await enterprises.remember(mine, enterprise=typed, now=now)
    facts = await enterprises.facts_of(mine)
    assert (facts.enterprise, facts.confirmed) == (FIRM, False)
    assert await Membership.filter(open_key=mine).count() == 1


async def test_one_code_lets_in_and_the_next_is_an_invitation(product: Product) -> None:
    me, colleague = await employ(product, EMPLOYEE), await sign_in(product, COLLEAGUE)
    now = product.clock.now()
    await enterprises.remember(await account(COLLEAGUE), enterprise=FIRM, now=now)
    made = await product.http.post(f"{ME}/codes", json={"purpose": "colleague"}, headers=me)
    assert made.status_code == 201
    assert made.json()["expires_text"] == "11月24日 10:00"
    typed = made.json()["code"].lower().replace("-", "  ")
    used = await product.http.post(f"{ME}/redeem", json={"code": typed}, headers=colleague)
    assert used.json()["result"] == "confirmed"
    assert await Membership.filter(account_id=await account(COLLEAGUE)).count() == 1
    assert (await get(product, "/me", me))["colleagues"] == 1
    listed = await get(product, "/me/colleagues", me)
    assert listed == {"colleagues": [{"name": "未留姓名", "since_text": "11月23日 10:00"}]}
    assert "还有1位同事" in await product.say(EMPLOYEE, "我的企业")


async def test_member_of_one_firm_leaves_it_before_joining_another(product: Product) -> None:
    await employ(product, EMPLOYEE)
    _, made = await codes.make_for_enterprise(OTHER_FIRM, now=product.clock.now())
    assert "请先回复“解绑”" in await product.say(EMPLOYEE, f"绑定 {made.shown}")
    await product.say(EMPLOYEE, "确认解绑")
    assert f"已绑定{OTHER_FIRM}" in await product.say(EMPLOYEE, made.shown)


@pytest.mark.parametrize("name", ["", "无", "\u200b\n \x00", "长" * 61])
async def test_odd_names_get_a_sentence(product: Product, name: str) -> None:
    with pytest.raises(DomainError, match="企业名称请写2到60个字"):
        await enterprises.enter(name, now=product.clock.now())


async def test_phone_is_kept_as_digits_and_shown_masked(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    mine, now = await account(EMPLOYEE), product.clock.now()
    await enterprises.remember(mine, phone="（０５９９）825-1234", now=now)
    assert (await Account.get(id=mine)).phone == "05998251234"
    assert (await get(product, "/me", me))["phone"] == "059****1234"
    with pytest.raises(DomainError, match="请填写11位手机号"):
        await enterprises.remember(mine, phone="12345", now=now)


async def test_many_type_a_new_name_at_once(product: Product) -> None:
    now = product.clock.now()
    accounts = [await Account.create(created_at=now) for _ in range(12)]
    await asyncio.gather(
        *(
            enterprises.remember(row.id, enterprise=FIRM, now=now)
            for row in accounts
            for _ in range(2)
        )
    )
    assert await Enterprise.all().count() == 1
    assert await Membership.filter(left_at=None).count() == 12


async def test_staff_look_after_enterprises_on_the_console(
    product: Product, config: Config
) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "server", "enterprise", *arguments],
            cwd=ROOT, env={**os.environ, "NQI_DATABASE_URL": config.database_url},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    code, told = await asyncio.to_thread(run, "code", f" {FIRM} ")
    assert code == 0, told
    shown = told.split("绑定码：")[1][:9]
    me = await sign_in(product, EMPLOYEE)
    # The console has the real clock: its code may be no code of today's here.
    product.clock.reset()
    used = await product.http.post(f"{ME}/redeem", json={"code": shown}, headers=me)
    assert used.status_code == 200, used.text
    assert (await asyncio.to_thread(run, "list"))[1] == f"{FIRM}：已确认1人，只填了名称0人\n"
    listed = (await asyncio.to_thread(run, "members", FIRM))[1]
    assert "已确认" in listed
    assert (await asyncio.to_thread(run, "members", OTHER_FIRM))[0] == 1
    assert (await asyncio.to_thread(run, "remove", FIRM, COLLEAGUE.openid))[0] == 1
    removed = await asyncio.to_thread(run, "remove", FIRM, EMPLOYEE.miniapp_openid)
    assert removed[0] == 0, removed
    assert not (await get(product, "/me", me))["enterprise"]
    again = await asyncio.to_thread(run, "remove", FIRM, listed.split()[0])
    assert again == (1, "没有找到这个成员。\n")
