"""One-time codes: what they do, once, for whom; and what guessing, repeating and racing win."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from handlers import accounts, codes
from handlers.incoming import App
from models.accounts import Identity
from models.codes import Code
from models.enterprises import Membership
from models.tickets import Ticket
from server.config import Config
from tests.cast import COLLEAGUE, EMPLOYEE, OUTSIDER
from tests.journeys.test_api import ROUTED, sign_in
from tests.journeys.test_people import FIRM, ME, employ
from tests.product import Product

ROOT = Path(__file__).parents[2]
WRONG = "绑定码不对，或已用过、已过期。请核对，或请对方重新发一个。"
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


async def test_double_tap_is_one_effect(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
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
