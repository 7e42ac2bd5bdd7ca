"""The file store: what people sent, each file under the SHA-256 of its bytes, never changed."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

UNFINISHED = ".unfinished-"


@dataclass(frozen=True, slots=True)
class FileStore:
    """A folder `ab/abcdef…`, made when the first file comes. All methods block.

    They raise OSError, for a full disk with errno ENOSPC or EDQUOT.
    """

    folder: Path

    def path(self, digest: str) -> Path:
        """Where the file with this digest (64 hex digits) is or would be."""
        return self.folder / digest[:2] / digest

    def put(self, data: bytes) -> str:
        """Keep `data` and return its digest; on failure nothing stays.

        It is on the disk in full before it has its name. The same bytes put twice are one file.
        """
        digest = sha256(data).hexdigest()
        path = self.path(digest)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=UNFINISHED, delete=False) as file:
            unfinished = Path(file.name)
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                unfinished.replace(path)
                _sync_folder(path.parent)
            except BaseException:
                unfinished.unlink(missing_ok=True)
                raise
        return digest

    def has(self, digest: str) -> bool:
        """Whether there is a file with this digest."""
        return self.path(digest).is_file()

    def read(self, digest: str) -> bytes:
        """The bytes of one file. Raises FileNotFoundError."""
        return self.path(digest).read_bytes()

    def remove(self, digest: str) -> None:
        """Take one file out; nothing happens where there is none."""
        self.path(digest).unlink(missing_ok=True)

    def digests(self) -> Iterator[str]:
        """The digests of all files."""
        for path in self.folder.glob("??/*"):
            if not path.name.startswith(UNFINISHED):
                yield path.name


def _sync_folder(folder: Path) -> None:
    """Let names written there outlast a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
