"""Backup of a running product, and `restore --verify` to an empty place: all of it or nothing."""

import asyncio
import gzip
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

import asyncpg
import pytest

from handlers.house import House
from models import database
from models.clock import Clock
from models.files import FileStore
from models.tickets import Ticket
from server import archive
from server.backup import compare, put_back
from server.config import Config
from tests.cast import COLLEAGUE, EMPLOYEE, OUTSIDER, SPECIALIST
from tests.journeys.conftest import Stack, fresh_database, is_postgres
from tests.journeys.test_attachments import open_ticket, picture, send, sign_in
from tests.product import Product, environment, running_product
from tests.stack import free_port

ROOT = Path(__file__).parents[2]
ANSWER = "带样到窗口，当场按项目报价。"


@pytest.fixture
def config(config: Config, tmp_path: Path) -> Config:
    return replace(config, files_dir=tmp_path / "files")


@dataclass(slots=True)
class Place:
    """A migrated, empty database and an empty folder for files."""

    url: str
    files: Path

    async def run(self, *arguments: str | Path) -> tuple[int, str]:
        """A command over this place: its exit code and all that it said."""
        variables = environment(self.url, FILES_DIR=str(self.files))
        result = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "server", *map(str, arguments)],
            cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        said = result.stdout + result.stderr
        assert "Traceback" not in said, said
        return result.returncode, said

    async def execute(self, *statements: str) -> None:
        """Change the database behind everybody's back."""
        if self.url.startswith("sqlite:"):
            connection = sqlite3.connect(self.url.removeprefix("sqlite://"))
            with connection:
                for statement in statements:
                    connection.execute(statement)
            connection.close()
            return
        client = await asyncpg.connect(self.url)
        for statement in statements:
            await client.execute(statement)
        await client.close()

    async def is_empty(self) -> bool:
        """Whether nothing at all was left here."""
        if self.url.startswith("sqlite:"):
            connection = sqlite3.connect(self.url.removeprefix("sqlite://"))
            rows = connection.execute("SELECT count(*) FROM account").fetchone()[0]
            connection.close()
        else:
            client = await asyncpg.connect(self.url)
            rows = await client.fetchval("SELECT count(*) FROM account")
            await client.close()
        return not rows and not [path for path in self.files.rglob("*") if path.is_file()]


@pytest.fixture
async def empty(servers: Stack, tmp_path: Path) -> AsyncIterator[Place]:
    async with fresh_database(servers) as url:
        yield Place(url, tmp_path / "restored")


def here(product: Product) -> Place:
    return Place(product.config.database_url, product.config.files_dir)


async def story(product: Product) -> tuple[str, bytes]:
    """A question, a ticket, a picture and an answer; the ticket's number and the picture kept."""
    me = await sign_in(product, EMPLOYEE)
    number = await open_ticket(product, me)
    sent = await send(product, me, number, picture())
    await product.work()
    await product.answer(SPECIALIST, number, ANSWER)
    await product.say(COLLEAGUE, "纯净水的emoji🤝\u2028换行")
    await product.work()
    kept = await product.http.get(sent.json()["attachments"][0]["url"], headers=me)
    return number, kept.content


async def backup_while_talking(product: Product, path: Path) -> str:
    """Take a backup while messages and pictures come in; returns what the command said."""
    stopped = asyncio.Event()
    talked = 0

    async def talk() -> None:
        nonlocal talked
        me = await sign_in(product, OUTSIDER)
        mine = await open_ticket(product, me)
        while not stopped.is_set():
            talked += 1
            assert await product.say(OUTSIDER, f"第{talked}次问：几点下班")
            if talked <= 10:
                assert (await send(product, me, mine, picture(talked + 1))).status_code == 201

    talking = asyncio.create_task(talk())
    code, said = await here(product).run("backup", path)
    stopped.set()
    await talking
    assert code == 0, said
    assert talked > 3, "hardly anything came in meanwhile"
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
    assert one.tables == two.tables
    assert one.files == two.files


async def test_a_flipped_byte_is_noticed(product: Product, empty: Place, tmp_path: Path) -> None:
    await story(product)
    path, damaged = tmp_path / "b.tar.gz", tmp_path / "damaged.tar.gz"
    await here(product).run("backup", path)
    whole = path.read_bytes()
    # Left out: gzip's header of ten bytes, which holds a time and the name of a system, and the
    # last byte of compressed data, whose last bits mean nothing.
    inside = [*range(10, 40), *Random(1).sample(range(40, len(whole) - 9), 150)]
    for at in [*inside, *range(len(whole) - 8, len(whole))]:
        damaged.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        with pytest.raises(archive.BackupError):
            archive.check(damaged)
    for length in (0, 5, len(whole) // 2, len(whole) - 1):
        damaged.write_bytes(whole[:length])
        with pytest.raises(archive.BackupError, match="已损坏"):
            archive.check(damaged)
    code, said = await empty.run("restore", damaged, "--verify")
    assert code == 2
    assert "备份文件已损坏" in said
    assert await empty.is_empty()


Members = dict[str, bytes]


def rewritten(path: Path, change: Callable[[Members], object]) -> Path:
    """The archive with other content, wrapped up faultlessly."""
    with tarfile.open(path) as tar:
        members = {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]
    change(members)
    result = path.with_name("rewritten.tar.gz")
    with tarfile.open(result, "w:gz") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return result


def _in_manifest(old: str, new: str) -> Callable[[Members], None]:
    def change(members: Members) -> None:
        text = members["manifest.json"].decode()
        assert old in text
        members["manifest.json"] = text.replace(old, new).encode()

    return change


def _one_row_less(members: Members) -> None:
    lines = members["tables/ticket_event.jsonl"].splitlines(keepends=True)
    members["tables/ticket_event.jsonl"] = b"".join(lines[1:])


def _other_picture(members: Members) -> None:
    name = next(name for name in members if name.startswith("files/"))
    members[name] = picture(9)


def _no_picture(members: Members) -> None:
    del members[next(name for name in members if name.startswith("files/"))]


def _orphans(members: Members) -> None:
    """Tickets without the account that asked, with a manifest that says so."""
    empty = archive.Table(rows=0, sha256=sha256(b"").hexdigest())
    manifest = json.loads(members["manifest.json"])
    manifest["tables"]["account"] = {"rows": empty.rows, "sha256": empty.sha256}
    members["tables/account.jsonl"] = b""
    members["manifest.json"] = json.dumps(manifest).encode()


BAD: dict[str, tuple[Callable[[Members], object], str]] = {
    "another schema": (_in_manifest("0002_", "0099_"), "数据库版本"),
    "another format": (_in_manifest('"format":1', '"format":2'), "第 2 种格式"),
    "manifest gone": (lambda members: members.pop("manifest.json"), "已损坏"),
    "row gone": (_one_row_less, "已损坏"),
    "picture swapped": (_other_picture, "已损坏"),
    "picture gone": (_no_picture, "已损坏"),
    "table gone": (lambda members: members.pop("tables/counter.jsonl"), "已损坏"),
    "path upwards": (lambda members: members.update({"../evil": b"x"}), "不该有的内容"),
    "path from the root": (lambda members: members.update({"/tmp/evil": b"x"}), "不该有的内容"),
    "path below files": (
        lambda members: members.update({"files/../../evil": b"x"}),
        "不该有的内容",
    ),
    "rows without their parents": (_orphans, "互相矛盾"),
}


async def test_bad_archives_are_refused_and_nothing_is_left(
    config: Config, house: House, clock: Clock, empty: Place, tmp_path: Path
) -> None:
    path = tmp_path / "b.tar.gz"
    async with running_product(config, house, clock) as product:
        await story(product)
        await here(product).run("backup", path)
    await database.connect(empty.url)
    store = FileStore(empty.files)
    for name, (change, words) in BAD.items():
        with pytest.raises(archive.BackupError, match=words):
            await put_back(rewritten(path, change), store)
        assert await empty.is_empty(), name
    # After all that, the true one still goes in.
    await put_back(path, store)
    assert (await compare(archive.check(path), store)).wrong == []
    await database.disconnect()
    code, said = await empty.run("restore", tmp_path / "none.tar.gz")
    assert (code, "没有找到备份文件" in said) == (2, True)


async def test_links_in_an_archive_are_refused(empty: Place, tmp_path: Path) -> None:
    path = tmp_path / "links.tar.gz"
    with gzip.open(path, "wb") as zipped, tarfile.open(fileobj=zipped, mode="w:") as tar:
        member = tarfile.TarInfo("manifest.json")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)
    code, said = await empty.run("restore", path)
    assert (code, "不该有的内容" in said) == (2, True)


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
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk small enough to fill")
    number, _ = await story(product)
    large = await send(product, await sign_in(product, EMPLOYEE), number, picture(2, side=400))
    assert large.status_code == 201
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], check=True)
    try:
        code, said = await here(product).run("backup", disk / "b.tar.gz")
        assert (code, "写不了" in said) == (2, True), said
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    shutil.rmtree(disk)
