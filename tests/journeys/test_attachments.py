"""Pictures of a ticket: sent by the asker, kept once, seen by the right people."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random

import httpx
import pytest
from PIL import Image

from models.attachments import Attachment
from models.outbox import Notice, OutboxItem
from models.tickets import EventKind, Ticket, TicketEvent, TicketState
from models.transactions import settle
from server.config import Config
from server.wechat.simulator import Person
from tests.cast import COLLEAGUE, EMPLOYEE, METROLOGIST, OFFICER, SPECIALIST
from tests.product import Product

ROUTED = "送检3个水样要多少钱"


@pytest.fixture
def config(config: Config, tmp_path: Path) -> Config:
    return replace(config, files_dir=tmp_path / "files")


def picture(seed: int = 1, *, side: int = 60, kind: str = "JPEG") -> bytes:
    output = BytesIO()
    noise = Random(seed).randbytes(3 * side * side)
    Image.frombytes("RGB", (side, side), noise).save(output, kind)
    return output.getvalue()


async def sign_in(product: Product, person: Person) -> dict[str, str]:
    code = product.simulator.login_code(person.miniapp_openid)
    answer = await product.http.post("/api/v1/login", json={"code": code})
    return {"Authorization": f"Bearer {answer.json()['token']}"}


async def open_ticket(product: Product, me: dict[str, str]) -> str:
    answer = await product.http.post("/api/v1/ask", json={"text": ROUTED}, headers=me)
    return str(answer.json()["ticket"])


async def send(
    product: Product, me: dict[str, str], number: str, data: bytes, key: str = ""
) -> httpx.Response:
    more = {"Idempotency-Key": key} if key else {}
    return await product.http.post(
        f"/api/v1/tickets/{number}/attachments", content=data, headers={**me, **more}
    )


def kept(product: Product) -> list[Path]:
    """All files in the store's folder, also unfinished ones."""
    return [path for path in product.config.files_dir.rglob("*") if path.is_file()]


async def test_picture_reaches_the_specialist(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    number = await open_ticket(product, me)
    answer = await send(product, me, number, picture())
    assert answer.status_code == 201, answer.text
    (listed,) = answer.json()["attachments"]
    assert listed["content_type"] == "image/jpeg"
    assert answer.json()["events"][-1]["text"] == "补充了图片"

    mine = await product.http.get(listed["url"], headers=me)
    assert mine.status_code == 200
    assert mine.headers["content-type"] == "image/jpeg"
    assert mine.headers["x-content-type-options"] == "nosniff"
    assert len(mine.content) == listed["size"]
    assert Image.open(BytesIO(mine.content)).size == (60, 60)
    (file,) = kept(product)
    assert file.name == sha256(mine.content).hexdigest()
    assert file.stat().st_mode & 0o077 == 0

    await product.work()
    notices = [item async for item in OutboxItem.filter(notice=Notice.TICKET_MESSAGE)]
    assert [item.payload["number"] for item in notices] == [number]
    page, _ = await product.open_card(SPECIALIST)
    source = f"/desk/tickets/{number}/attachments/{listed['id']}"
    assert f'<img src="{source}"' in page
    assert (await product.http.get(source)).content == mine.content


async def test_only_the_right_people_see_it(product: Product) -> None:
    me, other = await sign_in(product, EMPLOYEE), await sign_in(product, COLLEAGUE)
    number, others = await open_ticket(product, me), await open_ticket(product, other)
    url = (await send(product, me, number, picture())).json()["attachments"][0]["url"]
    kept_id = url.rsplit("/", 1)[1]
    none = f"/api/v1/tickets/NQ0000000000/attachments/{kept_id}"
    for path, headers, status in (
        (url, {}, 401),
        (url, other, 404),
        (none, other, 404),
        # One's own ticket is no way to somebody else's picture.
        (f"/api/v1/tickets/{others}/attachments/{kept_id}", other, 404),
        (f"/api/v1/tickets/{number}/attachments/99", me, 404),
        (f"/api/v1/tickets/{number}/attachments/99999999999999999999", me, 404),
        (f"/api/v1/tickets/{number}/attachments/-5309063248", me, 404),
        (f"/api/v1/tickets/{number}/attachments/../x", me, 404),
        (f"/desk/tickets/{number}/attachments/{kept_id}", {}, 401),
        (url, me, 200),
    ):
        assert (await product.http.get(path, headers=headers)).status_code == status, path
    assert (await product.http.get(url, headers=other)).json() == (
        await product.http.get(none, headers=other)
    ).json()
    refused = await send(product, other, number, picture())
    assert refused.status_code == 404
    assert refused.json() == (await send(product, other, "NQ0000000000", picture())).json()
    assert await Attachment.all().count() == 1
    for person, status in ((METROLOGIST, 404), (OFFICER, 200), (SPECIALIST, 200)):
        product.http.cookies.clear()
        await product.desk_form_of(person, number)
        desk = await product.http.get(f"/desk/tickets/{number}/attachments/{kept_id}")
        assert desk.status_code == status, person.nickname


async def test_the_same_tap_is_one_picture(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    number = await open_ticket(product, me)
    answers = await asyncio.gather(
        *(send(product, me, number, picture(), key="tap") for _ in range(6))
    )
    assert {a.status_code for a in answers} == {201}
    assert await Attachment.all().count() == 1
    assert await TicketEvent.filter(kind=EventKind.MESSAGE).count() == 1
    other = await send(product, me, number, picture(2), key="tap")
    assert other.status_code == 409
    assert len(kept(product)) == 1


async def test_a_messages_key_is_no_pictures_key(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    number = await open_ticket(product, me)
    said = await product.http.post(
        f"/api/v1/tickets/{number}/messages",
        json={"text": "见图"},
        headers={**me, "Idempotency-Key": "k"},
    )
    assert said.status_code == 201
    assert (await send(product, me, number, picture(), key="k")).status_code == 201


async def test_same_bytes_of_two_people_are_one_file(product: Product) -> None:
    me, other = await sign_in(product, EMPLOYEE), await sign_in(product, COLLEAGUE)
    numbers = [await open_ticket(product, me), await open_ticket(product, other)]
    answers = await asyncio.gather(
        send(product, me, numbers[0], picture()), send(product, other, numbers[1], picture())
    )
    assert [a.status_code for a in answers] == [201, 201]
    assert await Attachment.all().count() == 2
    assert len(kept(product)) == 1


async def test_an_answered_ticket_is_reopened_and_an_old_one_is_not(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    number = await open_ticket(product, me)
    await product.work()
    await product.answer(SPECIALIST, number, "请看收费表。")
    assert (await send(product, me, number, picture())).status_code == 201
    assert (await Ticket.get()).state == TicketState.ACCEPTED
    await Ticket.all().update(state=TicketState.ANSWERED, answered_at=product.clock.now())
    product.clock.travel(timedelta(days=7, minutes=1))
    me = await sign_in(product, EMPLOYEE)
    late = await send(product, me, number, picture(2))
    assert late.status_code == 409
    assert len(kept(product)) == 1


async def test_twenty_are_enough(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    number = await open_ticket(product, me)
    answers = await asyncio.gather(*(send(product, me, number, picture(n)) for n in range(22)))
    assert sorted(a.status_code for a in answers) == [201] * 20 + [409] * 2
    refused = next(a for a in answers if a.status_code == 409)
    assert "最多放20张图片" in refused.json()["error"]["message"]
    assert len(kept(product)) == await Attachment.all().count() == 20


REFUSED: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 400, "没有收到图片"),
    "script": (b"<svg onload=alert(1)>", 415, "只能发送 JPG、PNG 或 WebP"),
    "half": (picture(side=200)[:4000], 400, "已损坏"),
    "large": (bytes(5 * 1024 * 1024 + 1), 413, "不能超过5MB"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_picture_is_refused_in_words(product: Product, name: str) -> None:
    data, status, words = REFUSED[name]
    me = await sign_in(product, EMPLOYEE)
    number = await open_ticket(product, me)
    answer = await send(product, me, number, data)
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]
    assert kept(product) == []
    assert await Attachment.all().count() == 0


async def test_a_lost_file_is_told_and_breaks_nothing_else(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    number = await open_ticket(product, me)
    url = (await send(product, me, number, picture())).json()["attachments"][0]["url"]
    kept(product)[0].unlink()
    answer = await product.http.get(url, headers=me)
    assert answer.status_code == 404
    assert "文件已丢失" in answer.json()["error"]["message"]
    assert (await product.http.get(f"/api/v1/tickets/{number}", headers=me)).status_code == 200


async def test_hanging_up_leaves_nothing_half_done(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    number = await open_ticket(product, me)
    for seed in range(8):
        sending = asyncio.create_task(send(product, me, number, picture(seed, side=500)))
        await asyncio.sleep(0.004 * seed)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    # One more goes through the same lock after them all.
    assert (await send(product, me, number, picture(99))).status_code == 201
    await settle()
    rows = {row.sha256 async for row in Attachment.all()}
    assert rows
    assert {path.name for path in kept(product)} == rows
