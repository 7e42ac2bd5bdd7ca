"""`backup` and `restore`: the database and the file store as one archive, and back.

The dump is logical and ours: it needs no pg_dump on the service's host, and what was taken from
SQLite goes into PostgreSQL and the other way round.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import msgspec
from tortoise.exceptions import IntegrityError

from handlers import filing, windows
from models import dump
from models.files import FileStore
from models.transactions import transactional
from server import archive
from server.archive import BackupError, Manifest, Table
from server.config import Config
from server.say import say


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was read again after a restore. wrong: one sentence for each difference."""

    tables: int
    rows: int
    files: int
    wrong: list[str]


async def backup(config: Config, path: Path, *, now: datetime) -> int:
    """The command: exit code 1 when files were lost before the backup."""
    manifest = await back_up(path, FileStore(config.files_dir), now=now)
    rows = sum(table.rows for table in manifest.tables.values())
    say(f"已备份到 {path}：{len(manifest.tables)} 张表，{rows} 行，{len(manifest.files)} 个附件")
    say("备份含个人信息：仅本用户可读（0600），请加密保存，过期销毁。")
    for digest in manifest.lost:
        say(f"注意：附件 {digest} 在文件夹里缺失或已损坏，没有备份到")
    return 1 if manifest.lost else 0


async def restore(config: Config, path: Path, *, verify: bool) -> int:
    """The command: exit code 1 when what is there after restoring differs from the backup."""
    store = FileStore(config.files_dir)
    manifest = await put_back(path, store)
    say(f"已恢复 {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC 的备份")
    say("备份之后发出的链接和登录可能对不上号：请换一个新的 NQI_SECRET_KEY，再启动服务。")
    comparison = await compare(manifest, store) if verify else None
    await windows.forget()
    say("客服消息还能发几条，备份之后可能变了：这项记录已清空，按微信的答复重新记。")
    if comparison is None:
        return 0
    say(f"已复核：{comparison.tables} 张表，{comparison.rows} 行，{comparison.files} 个附件")
    for line in comparison.wrong or ["与备份完全一致"]:
        say(line)
    return 1 if comparison.wrong else 0


async def back_up(path: Path, store: FileStore, *, now: datetime) -> Manifest:
    """Write the open database and the file store, as of one moment, while the service runs.

    Files are never changed, and there before the row that names them: whatever the snapshot names
    can be copied after it. A lost file is noted and stops nothing. Raises BackupError.
    """
    with archive.writing(path) as writer:
        tables = {}
        async with dump.snapshot():
            migrations = await dump.migrations()
            for name, model in dump.tables().items():
                # Without a name, so that nothing readable stays behind whatever happens.
                with TemporaryFile(dir=path.parent) as content:
                    tables[name] = await _write(dump.lines(model), content)
                    writer.add(f"tables/{name}.jsonl", content)
            named = await filing.named()
        lost = []
        for digest in named:
            data = _intact(store, digest)
            if data is None:
                lost.append(digest)
            else:
                writer.add(f"files/{digest}", BytesIO(data))
        manifest = Manifest(
            format=archive.FORMAT,
            made_at=now,
            migrations=migrations,
            tables=tables,
            files=[digest for digest in named if digest not in lost],
            lost=lost,
        )
        writer.add(archive.MANIFEST, BytesIO(msgspec.json.encode(manifest)))
    return manifest


async def put_back(path: Path, store: FileStore) -> Manifest:
    """Fill the open database and the store, which must both be empty: all of it or nothing.

    Raises BackupError.
    """
    manifest = archive.check(path)
    applied = await dump.migrations()
    if applied != manifest.migrations:
        raise BackupError(
            f"备份的数据库版本是 {_newest(manifest.migrations)}，这里是 {_newest(applied)}。"
            "请用与备份同一版本的程序恢复，再升级。"
        )
    if manifest.tables.keys() != dump.tables().keys():
        raise BackupError(archive.DAMAGED)
    if any(store.digests()):
        raise BackupError(f"文件夹 {store.folder} 不是空的，请恢复到空的 NQI_FILES_DIR。")
    try:
        await _fill(path, store)
    except BaseException as error:
        for digest in manifest.files:
            store.remove(digest)
        if isinstance(error, IntegrityError | ValueError):
            raise BackupError("备份里的数据互相矛盾，没有恢复任何内容。") from error
        raise
    return manifest


async def compare(manifest: Manifest, store: FileStore) -> Comparison:
    """Read the open database and the store from end to end, and compare them with a backup."""
    wrong = []
    found: dict[str, Table] = {}
    async with dump.snapshot():
        for name, model in dump.tables().items():
            found[name] = await _write(dump.lines(model), None)
            if found[name] != manifest.tables.get(name):
                wrong.append(f"表 {name} 与备份不一致（现有 {found[name].rows} 行）")
        named = await filing.named()
    if set(named) != {*manifest.files, *manifest.lost}:
        wrong.append("附件清单与备份不一致")
    intact = [digest for digest in manifest.files if _intact(store, digest) is not None]
    wrong += [f"附件 {digest} 缺失或损坏" for digest in manifest.files if digest not in intact]
    rows = sum(table.rows for table in found.values())
    return Comparison(tables=len(found), rows=rows, files=len(intact), wrong=wrong)


@transactional
async def _fill(path: Path, store: FileStore) -> None:
    models = dump.tables()
    for name, model in models.items():
        if await model.exists():
            raise BackupError(
                f"目标数据库不是空的（表 {name} 里有数据）。"
                "请恢复到刚运行过 migrate 的空数据库，并且先不要启动服务。"
            )
    for name, lines in archive.tables(path):
        await dump.fill(models[name], lines)
    for data in archive.files(path):
        try:
            store.put(data)
        except OSError as error:
            raise BackupError(
                f"附件写不进 {store.folder}（{error.strerror}），没有恢复任何内容。"
            ) from error


async def _write(lines: AsyncIterator[bytes], output: IO[bytes] | None) -> Table:
    """Count and digest lines, and write them where they are wanted."""
    rows, digest = 0, sha256()
    async for line in lines:
        rows += 1
        digest.update(line)
        if output is not None:
            output.write(line)
    return Table(rows=rows, sha256=digest.hexdigest())


def _intact(store: FileStore, digest: str) -> bytes | None:
    """The file's bytes, if they are there and still the same."""
    try:
        data = store.read(digest)
    except OSError:
        return None
    return data if sha256(data).hexdigest() == digest else None


def _newest(migrations: list[str]) -> str:
    return migrations[-1] if migrations else "空的"
