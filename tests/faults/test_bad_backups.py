"""Archives that are damaged, foreign or hostile: refused in words, nothing left behind."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from handlers.house import House
from models.clock import Clock
from server import archive
from server.backup import compare, put_back
from server.config import Config
from tests.faults.places import Place, here, story
from tests.journeys.test_attachments import picture
from tests.product import Product, running_product


@pytest.fixture
def config(config: Config, tmp_path: Path) -> Config:
    return replace(config, files_dir=tmp_path / "files")


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
        # Our backups hold regular files only, so none of them is None.
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
    async with empty.opened() as store:
        for name, (change, words) in BAD.items():
            with pytest.raises(archive.BackupError, match=words):
                await put_back(rewritten(path, change), store)
            assert await empty.is_empty(), name
        # After all that, the true one still goes in.
        await put_back(path, store)
        assert (await compare(archive.check(path), store)).wrong == []
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
