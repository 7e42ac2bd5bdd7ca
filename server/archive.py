"""The format of a backup: a gzipped tar of tables, files and, last, a manifest of both.

    tables/NAME.jsonl   the rows of a table (models.dump)
    files/SHA256        a file of the store
    manifest.json       what there is: counts and digests

Nothing is ever unpacked to a path that an archive names.
"""

import gzip
import os
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from typing import IO

import msgspec

FORMAT = 1
MANIFEST = "manifest.json"
NAME = re.compile(r"manifest\.json|tables/[a-z_]+\.jsonl|files/[0-9a-f]{64}")
DAMAGED = "备份文件已损坏或不完整，没有恢复任何内容。请换一份备份。"
READING = 1024 * 1024  # bytes at once


class BackupError(Exception):
    """Nothing was done; str() is a sentence in Chinese."""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table. sha256: of its lines."""

    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup holds.

    migrations: all that were applied. files: their digests. lost: digests that rows name, and
    that were missing or damaged in the store when the backup was made.
    """

    format: int
    made_at: datetime
    migrations: list[str]
    tables: dict[str, Table]
    files: list[str]
    lost: list[str]


class Writer:
    """Adds members to a new archive."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def add(self, name: str, content: IO[bytes]) -> None:
        """Copy `content` from its beginning."""
        member = tarfile.TarInfo(name)
        member.size = content.seek(0, os.SEEK_END)
        member.mode = 0o600
        content.seek(0)
        self._tar.addfile(member, content)


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A new archive that only its owner may read; it has its name once it is complete.

    Raises BackupError when there is a file of that name or it can't be written.
    """
    if path.exists():
        raise BackupError(f"{path} 已经存在，请换一个文件名。")
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                with tarfile.open(fileobj=file, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
                    yield Writer(tar)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(path)
        except BaseException:
            unfinished.unlink()
            raise
    except OSError as error:
        raise BackupError(f"备份文件写不了（{error.strerror}）：{unfinished}") from error


def check(path: Path) -> Manifest:
    """Read everything once and compare it with the manifest. Raises BackupError."""
    found: dict[str, str] = {}
    body = b""
    for name, content in _members(path):
        with _damage_told():
            if name == MANIFEST:
                body = content.read()
            elif name in found:
                raise BackupError(DAMAGED)
            else:
                # typeshed wants readinto of its own kind; a buffered reader has it.
                found[name] = file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
    try:
        manifest = msgspec.json.decode(body, type=Manifest)
    except msgspec.DecodeError as error:
        raise BackupError(DAMAGED) from error
    if manifest.format != FORMAT:
        raise BackupError(f"这份备份是第 {manifest.format} 种格式，本程序只认得第 {FORMAT} 种。")
    wanted = {f"tables/{name}.jsonl": table.sha256 for name, table in manifest.tables.items()}
    wanted |= {f"files/{digest}": digest for digest in manifest.files}
    if wanted != found:
        raise BackupError(DAMAGED)
    return manifest


def tables(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and lines of each table, in the order in which they may be filled."""
    for name, content in _members(path):
        if name.startswith("tables/"):
            yield name.removeprefix("tables/").removesuffix(".jsonl"), content


def files(path: Path) -> Iterator[bytes]:
    """The files, one after the other."""
    for name, content in _members(path):
        if name.startswith("files/"):
            yield content.read()


def _members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """All members. Raises BackupError for what is no archive of ours, down to its last byte."""
    with _damage_told(), gzip.open(path) as unzipped:
        with tarfile.open(fileobj=unzipped, mode="r:") as tar:
            for member in tar:
                if not member.isreg() or not NAME.fullmatch(member.name):
                    raise BackupError(
                        f"备份文件里有不该有的内容（{member.name[:80]!r}），没有恢复任何内容。"
                    )
                content = tar.extractfile(member)
                assert content is not None  # noqa: S101 -- it is a regular file
                yield member.name, content
        # The checksum over everything stands at the very end.
        while unzipped.read(READING):
            pass


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise BackupError("没有找到备份文件。") from error
    except OSError as error:
        if error.errno is None:  # gzip's own
            raise BackupError(DAMAGED) from error
        raise BackupError(f"备份文件读不了（{error.strerror}）。") from error
    except (EOFError, zlib.error, tarfile.TarError, ValueError) as error:
        raise BackupError(DAMAGED) from error
