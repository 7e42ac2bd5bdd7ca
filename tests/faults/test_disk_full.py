"""A disk that is full, and a database that takes the row back: told in words, nothing left over."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.watch import media_waiting
from models.attachments import Attachment
from models.media import Media, MediaState
from models.outbox import Notice, OutboxItem
from models.sql import fetch
from models.tickets import EventKind, TicketEvent
from server.config import Config
from tests.cast import COLLEAGUE, EMPLOYEE
from tests.faults.disks import tiny_disk
from tests.fixtures import is_postgres
from tests.journeys.test_attachments import ROUTED, kept, open_ticket, picture, send, sign_in
from tests.product import Product

FULL = "服务器的存储空间满了，图片没有保存。请稍后再发，或联系工作人员。"


@pytest.fixture(params=["size=256k", "size=4m,nr_inodes=6"], ids=["bytes", "inodes"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with tiny_disk(tmp_path / "disk", request.param) as folder:
        yield folder


@pytest.fixture
def config(config: Config, tmp_path: Path, request: pytest.FixtureRequest) -> Config:
    wants_disk = "disk" in request.fixturenames
    folder = request.getfixturevalue("disk") if wants_disk else tmp_path
    return replace(config, files_dir=folder / "files")


def use_up(disk: Path) -> Path:
    """Fill the disk to its last block or inode; returns what takes the room."""
    filler = disk / "filler"
    filler.mkdir()
    try:
        for number in range(100_000):
            (filler / str(number)).write_bytes(bytes(64 * 1024))
    except OSError:
        return filler
    raise AssertionError("the disk never filled up")


async def test_full_disk_is_told_and_leaves_nothing(product: Product, disk: Path) -> None:
    me = await sign_in(product, EMPLOYEE)
    number = await open_ticket(product, me)
    assert (await send(product, me, number, picture(1))).status_code == 201
    before = kept(product)
    filler = use_up(disk)

    for seed in (2, 3):
        answer = await send(product, me, number, picture(seed, side=400), key=str(seed))
        assert answer.status_code == 507
        assert answer.json()["error"] == {"code": "storage_full", "message": FULL}
    assert kept(product) == before
    assert await Attachment.all().count() == 1
    assert await TicketEvent.filter(kind=EventKind.MESSAGE).count() == 1
    assert await OutboxItem.filter(notice=Notice.TICKET_MESSAGE).count() == 1
    # Everything else goes on, and with room again the same tap succeeds.
    assert await product.say(COLLEAGUE, "几点下班")
    for file in filler.iterdir():
        file.unlink()
    filler.rmdir()
    again = await send(product, me, number, picture(2, side=100), key="2")
    assert again.status_code == 201
    assert await Attachment.all().count() == len(kept(product)) == 2


async def test_a_picture_sent_as_a_message_waits_for_room(product: Product, disk: Path) -> None:
    await product.say(EMPLOYEE, ROUTED)
    filler = use_up(disk)
    await product.simulator.send_image(EMPLOYEE.openid, picture(1, side=200))
    await product.work()
    assert (await Media.get()).state == MediaState.WANTED
    assert await media_waiting(now=product.clock.now() + timedelta(hours=1)) == 1
    assert await Attachment.all().count() == 0
    for file in filler.iterdir():
        file.unlink()
    filler.rmdir()
    await product.pass_time(timedelta(minutes=10))
    assert (await Media.get()).state == MediaState.STORED
    assert await Attachment.all().count() == len(kept(product)) == 1


async def refuse_commits(product: Product) -> None:
    """From now on a new attachment's transaction fails in its very last step, the commit."""
    await fetch(
        "CREATE TABLE fault"
        " (ticket_id INTEGER REFERENCES ticket (id) DEFERRABLE INITIALLY DEFERRED)"
    )
    if not is_postgres(product.config):
        await fetch(
            "CREATE TRIGGER fault AFTER INSERT ON attachment"
            " BEGIN INSERT INTO fault VALUES (-1); END"
        )
        return
    await fetch(
        "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO fault VALUES (-1); RETURN NULL; END'"
    )
    await fetch(
        "CREATE TRIGGER fault AFTER INSERT ON attachment FOR EACH ROW EXECUTE FUNCTION fault()"
    )


async def test_row_that_is_taken_back_takes_its_file_along(product: Product) -> None:
    me, other = await sign_in(product, EMPLOYEE), await sign_in(product, COLLEAGUE)
    number, others = await open_ticket(product, me), await open_ticket(product, other)
    assert (await send(product, me, number, picture(1))).status_code == 201
    before = kept(product)
    await refuse_commits(product)
    assert (await send(product, me, number, picture(2))).status_code >= 500
    # The bytes of a picture that is already there stay where they are.
    assert (await send(product, other, others, picture(1))).status_code >= 500
    assert kept(product) == before
    assert await Attachment.all().count() == 1
