"""Files and the rows that name them: the file comes first, and goes when no row names it."""

import asyncio
import errno

from handlers.errors import StorageFull, Unavailable
from models.attachments import Attachment
from models.files import FileStore
from models.media import Media
from models.sql import fetch, hold
from models.transactions import transactional

FULL = "服务器的存储空间满了，图片没有保存。请稍后再发，或联系工作人员。"
_NAMED = "SELECT sha256 FROM attachment UNION SELECT sha256 FROM media WHERE sha256 <> ''"


async def put(files: FileStore, data: bytes) -> str:
    """Keep the bytes before a row names them; their digest. Raises StorageFull."""
    try:
        return await asyncio.to_thread(files.put, data)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise StorageFull(FULL) from error


async def require(files: FileStore, digest: str) -> None:
    """Hold the file until the caller's transaction, whose row names it, ends.

    Raises Unavailable when somebody has just taken it back.
    """
    await hold(digest)
    if not files.has(digest):
        raise Unavailable("图片没有存好，请再发一次。")


@transactional
async def remove_unless_named(files: FileStore, digest: str) -> None:
    """Take back a file whose row did not come about, or went.

    Another row may name the same bytes, or be about to: whoever writes one looks for the file
    under the same lock, so that none is ever without its file.
    """
    await hold(digest)
    if await Attachment.filter(sha256=digest).exists() or await Media.exists(sha256=digest):
        return
    files.remove(digest)


async def named() -> list[str]:
    """The digests of all files that rows name, in order."""
    return sorted(str(row["sha256"]) for row in await fetch(_NAMED))
