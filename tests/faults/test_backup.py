"""Backup of a running product, and `restore --verify` to an empty place: all of it or nothing."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from handlers import ratings
from handlers.house import House
from handlers.knowledge import import_corpus
from handlers.ratings import Axis
from models import dump
from models.clock import Clock
from models.ratings import Rating
from models.tickets import Counter, Ticket
from nlp import load_packaged
from server import archive
from server.config import Config
from server.wechat.simulator import Person
from tests.cast import COLLEAGUE, EMPLOYEE
from tests.faults.disks import tiny_disk
from tests.faults.places import ANSWER, Place, here, story
from tests.fixtures import Stack, fresh_database, is_postgres
from tests.journeys.test_attachments import ROUTED, open_ticket, picture, send, sign_in
from tests.product import Product, running_product
from tests.stack import free_port


@pytest.fixture
def config(config: Config, tmp_path: Path) -> Config:
    return replace(config, files_dir=tmp_path / "files")


async def backup_while_talking(product: Product, path: Path) -> str:
    """Take a backup while newcomers ask and a picture follows; returns what the command said.

    Newcomers add to every table between the first that is read and the last, and the knowledge
    makes that take a while: read at several moments, rows would point to nobody.
    """
    await import_corpus(load_packaged(), now=product.clock.now())
    stopped = asyncio.Event()
    came = count(1)

    async def come() -> None:
        while not stopped.is_set():
            n = next(came)
            newcomer = Person(f"oNew{n}", f"mNew{n}", f"uNew{n}", f"新人{n}")
            product.simulator.people.add(newcomer, product.clock.now())
            assert await product.say(newcomer, ROUTED)
            if n % 10 == 0:
                me = await sign_in(product, newcomer)
                mine = await open_ticket(product, me)
                assert (await send(product, me, mine, picture(n))).status_code == 201

    coming = asyncio.gather(*(come() for _ in range(3)))
    code, said = await here(product).run("backup", path)
    stopped.set()
    await coming
    assert code == 0, said
    saved = archive.check(path).tables["ticket"].rows
    assert 1 < saved < await Ticket.all().count(), "nobody came in meanwhile"
    return said


async def test_backup_under_load_is_one_moment_and_restores_equal(
    config: Config, empty: Place, house: House, clock: Clock, tmp_path: Path
) -> None:
    path = tmp_path / "b.tar.gz"
    async with running_product(config, house, clock) as product:
        number, image = await story(product)
        assert "个人信息" in await backup_while_talking(product, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir() if "unfinished" in p.name] == []

    code, said = await empty.run("restore", path, "--verify")
    assert code == 0, said
    assert "与备份完全一致" in said
    manifest = archive.check(path)
    rows = sum(table.rows for table in manifest.tables.values())
    figures = f"{len(manifest.tables)} 张表，{rows} 行，{len(manifest.files)} 个附件"
    assert f"已复核：{figures}" in said

    # The restored product knows the ticket, shows the picture, and goes on from there.
    other = replace(config, database_url=empty.url, files_dir=empty.files, port=free_port())
    async with running_product(other, house, clock) as restored:
        me = await sign_in(restored, EMPLOYEE)
        detail = (await restored.http.get(f"/api/v1/tickets/{number}", headers=me)).json()
        assert detail["events"][-1]["text"] == ANSWER
        url = detail["attachments"][0]["url"]
        assert (await restored.http.get(url, headers=me)).content == image
        assert "17:30" in await restored.say(EMPLOYEE, "几点下班")
        before = await Ticket.all().count()
        await open_ticket(restored, await sign_in(restored, COLLEAGUE))
        assert await Ticket.all().count() == before + 1


async def test_a_rated_ticket_and_what_follows_it_come_back(
    config: Config, empty: Place, house: House, clock: Clock, tmp_path: Path
) -> None:
    path = tmp_path / "b.tar.gz"
    async with running_product(config, house, clock) as product:
        await story(product)
        await product.say(EMPLOYEE, "几点下班")
        await product.work()  # learns that it is the same person
        await product.say(EMPLOYEE, "解决了")
        scores = {Axis.PROFESSIONALISM: 5, Axis.INTEGRITY: 4}
        await ratings.rate(await Ticket.get(), scores, now=clock.now())
        clock.travel(timedelta(days=8))
        await product.say(EMPLOYEE, "没解决")
        code, said = await here(product).run("backup", path)
        assert code == 0, said
    code, said = await empty.run("restore", path, "--verify")
    assert code == 0, said
    async with empty.opened():
        first, second = await Ticket.all().order_by("id")
        assert (second.follows_id, (await Rating.get()).ticket_id) == (first.id, first.id)


async def test_a_snapshot_is_one_moment_and_holds_up_no_writer(empty: Place) -> None:
    async with empty.opened():
        async with dump.snapshot():
            # Somebody else writes, and need not wait for us.
            await empty.execute("INSERT INTO counter (name, value) VALUES ('meanwhile', 1)")
            assert not await Counter.exists()
        assert await Counter.exists()


async def test_what_one_database_gives_the_other_takes(
    product: Product, servers: Stack, tmp_path: Path
) -> None:
    await story(product)
    first, second = tmp_path / "first.tar.gz", tmp_path / "second.tar.gz"
    assert (await here(product).run("backup", first))[0] == 0
    # One more SQLite is fine where there is no PostgreSQL; where there is, it goes there and back.
    other = Place(f"sqlite://{tmp_path}/other.sqlite3", tmp_path / "other")
    assert (await other.run("migrate"))[0] == 0
    code, said = await other.run("restore", first, "--verify")
    assert code == 0, said
    assert (await other.run("backup", second))[0] == 0
    if is_postgres(product.config):
        async with fresh_database(servers) as url:
            back = Place(url, tmp_path / "back")
            code, said = await back.run("restore", second, "--verify")
            assert code == 0, said
    one, two = archive.check(first), archive.check(second)
    # What may be sent to whom was forgotten: since the backup it may have changed.
    assert one.tables.pop("message_window").rows > two.tables.pop("message_window").rows == 0
    assert one.tables == two.tables
    assert one.files == two.files


async def test_nothing_is_ever_overwritten(product: Product, empty: Place, tmp_path: Path) -> None:
    await story(product)
    path = tmp_path / "b.tar.gz"
    await here(product).run("backup", path)
    code, said = await here(product).run("backup", path)
    assert (code, "已经存在" in said) == (2, True)
    code, said = await here(product).run("restore", path)
    assert (code, "不是空的" in said) == (2, True)
    used = Place(empty.url, product.config.files_dir)
    code, said = await used.run("restore", path)
    assert (code, "NQI_FILES_DIR" in said) == (2, True)
    assert await empty.is_empty()
    code, said = await empty.run("backup", tmp_path / "no" / "folder.tar.gz")
    assert (code, "写不了" in said) == (2, True)


async def test_verify_notices_what_differs(product: Product, empty: Place, tmp_path: Path) -> None:
    await story(product)
    path = tmp_path / "b.tar.gz"
    await here(product).run("backup", path)
    # A database that changes what it is given.
    if is_postgres(product.config):
        await empty.execute(
            "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN NEW.question = NEW.question || ''!''; RETURN NEW; END'",
            "CREATE TRIGGER fault BEFORE INSERT ON ticket FOR EACH ROW EXECUTE FUNCTION fault()",
        )
    else:
        await empty.execute(
            "CREATE TRIGGER fault AFTER INSERT ON ticket BEGIN"
            " UPDATE ticket SET question = question || '!' WHERE id = NEW.id; END"
        )
    code, said = await empty.run("restore", path, "--verify")
    assert code == 1, said
    assert re.findall("表 .* 与备份不一致", said) == ["表 ticket 与备份不一致"]


async def test_a_lost_file_is_named_and_the_rest_is_saved(
    product: Product, empty: Place, tmp_path: Path
) -> None:
    number, _ = await story(product)
    me = await sign_in(product, EMPLOYEE)
    product.clock.travel(timedelta(minutes=1))
    await send(product, me, number, picture(2))
    await send(product, me, number, picture(3))
    gone, bad, *_ = sorted(p for p in product.config.files_dir.rglob("*") if p.is_file())
    gone.unlink()
    bad.write_bytes(b"rot")
    path = tmp_path / "b.tar.gz"
    code, said = await here(product).run("backup", path)
    assert code == 1
    assert gone.name in said
    assert bad.name in said
    code, said = await empty.run("restore", path, "--verify")
    assert (code, "1 个附件" in said) == (0, True), said


async def test_full_disk_leaves_no_half_backup(product: Product, tmp_path: Path) -> None:
    number, _ = await story(product)
    large = await send(product, await sign_in(product, EMPLOYEE), number, picture(2, side=400))
    assert large.status_code == 201
    with tiny_disk(tmp_path / "disk", "size=64k") as disk:
        code, said = await here(product).run("backup", disk / "b.tar.gz")
        assert (code, "写不了" in said) == (2, True), said
        assert list(disk.iterdir()) == []


@pytest.mark.parametrize("short_of_room", ["database", "files"])
async def test_full_disk_leaves_nothing_half_restored(
    product: Product, tmp_path: Path, short_of_room: str
) -> None:
    number, _ = await story(product)
    large = await send(product, await sign_in(product, EMPLOYEE), number, picture(2, side=2000))
    assert large.status_code == 201
    await import_corpus(load_packaged(), now=product.clock.now())
    path = tmp_path / "b.tar.gz"
    await here(product).run("backup", path)
    with tiny_disk(tmp_path / "disk", "size=2m") as disk:
        database, files = (disk, tmp_path) if short_of_room == "database" else (tmp_path, disk)
        place = Place(f"sqlite://{database}/new.sqlite3", files / "new")
        assert (await place.run("migrate"))[0] == 0
        code, said = await place.run("restore", path)
        assert code == 2, said
        assert ("数据库中途出错" if short_of_room == "database" else "附件写不进") in said
        assert await place.is_empty()
