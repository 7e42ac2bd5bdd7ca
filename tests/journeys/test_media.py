"""Pictures and recordings sent as messages: fetched once, put on the right ticket, never lost."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handlers import media, pictures, takeover, wording
from models.attachments import Attachment
from models.conversations import Kind
from models.files import FileStore
from models.media import Media, MediaState
from models.outbox import Gate
from models.tickets import EventKind, Ticket, TicketEvent
from server.collector import GATE
from server.config import Config
from server.wechat.simulator.acts import SILENCE
from tests.cast import EMPLOYEE, SPECIALIST
from tests.journeys.test_attachments import ROUTED, kept, picture, send, sign_in
from tests.product import Product

MEDIA = "/cgi-bin/media/get"
ANSWERED = "桶装水铜绿超标咋办"


@pytest.fixture
def config(config: Config, tmp_path: Path) -> Config:
    return replace(config, files_dir=tmp_path / "files")


async def send_picture(product: Product, data: bytes | None = None) -> str:
    delivery = await product.simulator.send_image(EMPLOYEE.openid, data or picture())
    return delivery.reply_text or ""


async def send_voice(product: Product, words: str = "") -> str:
    return (await product.simulator.send_voice(EMPLOYEE.openid, SILENCE, words)).reply_text or ""


async def history(kind: EventKind) -> list[str]:
    return [event.text async for event in TicketEvent.filter(kind=kind).order_by("id")]


async def test_a_picture_of_an_open_ticket_reaches_the_specialist(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    ticket = await Ticket.get()
    assert await send_picture(product) == wording.picture_noted(ticket.number)
    assert (await Media.get()).state == MediaState.WANTED
    await product.work()
    row = await Media.get()
    (attachment,) = await Attachment.all()
    assert (row.state, row.ticket_id) == (MediaState.STORED, ticket.id)
    assert (attachment.sha256, attachment.ticket_id) == (row.sha256, ticket.id)
    assert [file.name for file in kept(product)] == [row.sha256]
    page, _ = await product.open_card(SPECIALIST)
    source = f"/desk/tickets/{ticket.number}/attachments/{attachment.id}"
    assert f'<img src="{source}"' in page
    assert wording.PICTURE_NOTED in page
    shown = await product.http.get(source)
    assert shown.headers["content-type"] == "image/jpeg"
    await product.work()
    assert len(product.simulator.calls(MEDIA)) == 1


@pytest.mark.parametrize("fetched_first", [True, False])
async def test_what_was_sent_before_goes_along(product: Product, fetched_first: bool) -> None:
    assert await send_picture(product) == wording.SAY_WHAT_PICTURE
    assert await send_voice(product) == wording.TYPE_PLEASE
    if fetched_first:
        await product.work()
        assert await Attachment.all().count() == 0
        assert len(kept(product)) == 2
    await product.say(EMPLOYEE, ROUTED)
    await product.work()
    ticket = await Ticket.get()
    kinds = [
        row.content_type async for row in Attachment.filter(ticket_id=ticket.id).order_by("id")
    ]
    assert sorted(kinds) == ["audio/amr", "image/jpeg"]
    page, _ = await product.open_card(SPECIALIST)
    assert page.count("<img ") == 1
    recording = await Attachment.get(content_type="audio/amr")
    url = f"/desk/tickets/{ticket.number}/attachments/{recording.id}"
    assert f'href="{url}" download' in page
    file = await product.http.get(url)
    assert file.content == SILENCE
    assert file.headers["content-disposition"].startswith("attachment;")
    me = await sign_in(product, EMPLOYEE)
    await product.work()  # learns that both apps are one person
    answer = await product.http.get(f"/api/v1/tickets/{ticket.number}", headers=me)
    listed = {a["content_type"]: a["is_picture"] for a in answer.json()["attachments"]}
    assert listed == {"audio/amr": False, "image/jpeg": True}


async def test_recognised_speech_is_a_question_and_its_sound_is_kept(product: Product) -> None:
    assert "GB 19298-2014" in await send_voice(product, ANSWERED)
    await product.work()
    assert (await Media.get()).ticket_id is None
    receipt = await send_voice(product, ROUTED)
    await product.work()
    ticket = await Ticket.get()
    assert ticket.number in receipt
    assert await Attachment.filter(ticket_id=ticket.id, content_type="audio/amr").count() == 2
    assert len(kept(product)) == 1  # the same bytes


async def test_an_addition_takes_along_what_came_before_it(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    await product.work()
    ticket = await Ticket.get()
    await product.answer(SPECIALIST, ticket.number, "请看收费表。")
    product.clock.travel(takeover.AFTER_ANSWER)
    assert wording.SAY_WHAT_PICTURE in await send_picture(product)
    assert await send_picture(product) == wording.SAY_WHAT_PICTURE
    assert await product.say(EMPLOYEE, "补充：这是标签") == wording.added(ticket.number)
    await product.work()
    assert await Attachment.filter(ticket_id=ticket.id).count() == 2


async def test_speech_without_words_lies_on_the_open_ticket(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    ticket = await Ticket.get()
    assert await send_voice(product) == wording.voice_noted(ticket.number)
    assert (await history(EventKind.MESSAGE))[-1] == wording.VOICE_NOTED
    await product.work()
    assert (await Attachment.get()).content_type == "audio/amr"


async def test_the_miniprogram_has_its_own_token(product: Product) -> None:
    await product.simulator.send_image(EMPLOYEE.miniapp_openid, picture())
    await product.work()
    assert (await Media.get()).state == MediaState.STORED
    assert [call.app for call in product.simulator.calls(MEDIA)] == ["miniapp"]


BAD = {
    "no picture": (b"\xff\xd8\xff no picture", "只能发送 JPG、PNG 或 WebP 图片。"),
    "too large": (b"\xff\xd8\xff" + bytes(5 * 1024 * 1024), "文件太大，超过5MB。"),
    "broken": (picture(side=200)[:4000], "图片已损坏"),
}


@pytest.mark.parametrize("name", BAD)
async def test_what_is_no_picture_is_refused_once(product: Product, name: str) -> None:
    data, words = BAD[name]
    await product.say(EMPLOYEE, ROUTED)
    await send_picture(product, data)
    await product.work()
    row = await Media.get()
    assert row.state == MediaState.REFUSED
    assert words in row.reason
    assert await history(EventKind.NOT_KEPT) == [wording.media_not_kept(Kind.IMAGE, row.reason)]
    assert kept(product) == []
    await product.pass_time(timedelta(hours=5))
    assert len(product.simulator.calls(MEDIA)) == 1
    page, _ = await product.open_card(SPECIALIST)
    assert "图片没有存上" in page


async def test_a_refusal_before_the_ticket_is_told_when_it_opens(product: Product) -> None:
    await send_picture(product, BAD["no picture"][0])
    await product.work()
    await product.say(EMPLOYEE, ROUTED)
    assert len(await history(EventKind.NOT_KEPT)) == 1


async def test_a_file_that_the_platform_has_dropped_is_lost(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    await send_picture(product)
    product.simulator.switch_on(MEDIA, "errcode", errcode=40007)
    await product.work()
    assert (await Media.get()).state == MediaState.LOST
    assert wording.MEDIA_EXPIRED in (await history(EventKind.NOT_KEPT))[0]
    await product.pass_time(timedelta(hours=5))
    assert len(product.simulator.calls(MEDIA)) == 1


async def test_trouble_of_the_platform_is_waited_out(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    await send_picture(product)
    product.simulator.switch_on(MEDIA, "errcode", errcode=45009)
    await product.work()
    assert (await Gate.get(name=GATE)).reason == "45009"
    await product.pass_time(timedelta(seconds=30))
    assert len(product.simulator.calls(MEDIA)) == 1
    product.simulator.faults.clear(None)
    await product.pass_time(timedelta(hours=1))
    assert (await Media.get()).state == MediaState.STORED
    assert await Attachment.all().count() == 1


async def test_nothing_is_tried_for_ever(product: Product) -> None:
    await send_picture(product)
    product.simulator.switch_on(MEDIA, "http_500")
    for _ in range(40):
        await product.pass_time(timedelta(hours=2))
    row = await Media.get()
    assert row.state == MediaState.LOST
    assert row.tries <= 36
    assert len(product.simulator.calls(MEDIA)) == row.tries


async def test_two_workers_and_a_kill_in_between_are_one_picture(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    for seed in range(4):
        await send_picture(product, picture(seed))
    one, other = product.worker(), product.worker()
    await asyncio.gather(one.collect(), other.collect())
    assert await Attachment.all().count() == 4
    # A worker that was slow beyond its lease meets a finished row.
    row = await Media.all().first()
    assert row is not None
    await media.keep(FileStore(product.config.files_dir), row, picture(9), now=product.clock.now())
    assert await Attachment.all().count() == 4
    assert len(kept(product)) == 4
    # Killed between file and row: the row is still wanted, and the file is there already.
    await send_picture(product, picture(7))
    FileStore(product.config.files_dir).put(pictures.clean(picture(7)).data)
    late = await Media.get(state=MediaState.WANTED)
    assert await media.claim(late, now=product.clock.now())
    assert not await media.claim(late, now=product.clock.now())
    await product.work()
    assert await Attachment.all().count() == 4
    await product.pass_time(media.LEASE)
    assert await Attachment.all().count() == len(kept(product)) == 5


async def test_a_message_delivered_twice_is_one_picture(product: Product) -> None:
    simulator = product.simulator
    body = simulator.media.put(picture(), product.clock.now())
    fields = {**simulator.head("official", EMPLOYEE.openid, "image"), "MediaId": body.media_id}
    sent = simulator.courier.seal("official", {**fields, "MsgId": simulator.next_id()})
    await asyncio.gather(*(simulator.courier.post("official", sent) for _ in range(4)))
    await product.work()
    assert await Media.all().count() == 1


async def test_twenty_are_enough(product: Product) -> None:
    for seed in range(22):
        await send_picture(product, picture(seed, side=8))
    await product.say(EMPLOYEE, ROUTED)
    ticket = await Ticket.get()
    assert await Media.filter(ticket_id=ticket.id).count() == 20
    assert [row.id async for row in Media.filter(ticket_id=None).order_by("id")] == [1, 2]
    assert await send_picture(product, picture(30)) == wording.ticket_full(ticket.number)
    await product.work()
    assert await Attachment.all().count() == 20
    assert len(await history(EventKind.NOT_KEPT)) == 1


async def test_a_place_taken_meanwhile_is_told(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    await product.say(EMPLOYEE, ROUTED)
    await product.work()  # both apps become one account
    ticket = await Ticket.get()
    await send_picture(product, picture(99))
    for seed in range(20):
        assert (await send(product, me, ticket.number, picture(seed, side=8))).status_code == 201
    await product.work()
    assert await Attachment.all().count() == len(kept(product)) == 20
    assert (await Media.get()).state == MediaState.REFUSED


async def test_what_nobody_wants_is_forgotten(product: Product) -> None:
    await send_picture(product)
    await product.work()
    assert len(kept(product)) == 1
    await product.pass_time(media.FORGOTTEN_AFTER + timedelta(minutes=1))
    assert kept(product) == []
    row = await Media.get()
    assert (row.state, row.sha256) == (MediaState.LOST, "")
