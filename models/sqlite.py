"""Tortoise's backend for SQLite (an "engine" of its configuration), made to end its waiting.

There is one connection, taken in turns. While another process keeps the database locked, the one
whose turn it is waits for it; the others must not queue up behind without end.
"""

import asyncio
import sqlite3
from typing import Any

import aiosqlite
from tortoise.backends.base.client import ConnectionWrapper
from tortoise.backends.sqlite.client import SqliteClient
from tortoise.exceptions import DBConnectionError

from models import lanes

_leaving: set[asyncio.Task[None]] = set()


def _give_back_later(lock: asyncio.Lock, connection: aiosqlite.Connection) -> None:
    """Release the lock once all that waits in aiosqlite's thread has been done."""

    async def when_done() -> None:
        try:
            # Its turn comes behind whatever was given to the thread before.
            await connection.execute_fetchall("SELECT 1")
        except (ValueError, sqlite3.Error):
            pass  # closed meanwhile
        finally:
            lock.release()

    task = asyncio.get_running_loop().create_task(when_done())
    _leaving.add(task)
    task.add_done_callback(_leaving.discard)


class _Turn(ConnectionWrapper[Any]):
    """Waits for its turn as long as the caller's lane allows, and gives it back on failure."""

    async def __aenter__(self) -> Any:
        if self._lock.locked():
            try:
                async with asyncio.timeout(lanes.current().seconds):
                    await self._lock.acquire()
            except TimeoutError as error:
                raise DBConnectionError("the connection is busy") from error
        else:
            await self._lock.acquire()
        try:
            await self.ensure_connection()
        except BaseException:
            self._lock.release()
            raise
        return self.connection

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        if exc_type is not None and issubclass(exc_type, asyncio.CancelledError):
            # The statement of the one who left may still be running in aiosqlite's thread, and
            # nobody else may touch the connection meanwhile.
            _give_back_later(self._lock, self.connection)
            return
        await super().__aexit__(exc_type, exc_val, exc_tb)


class Client(SqliteClient):
    """The one connection of this process."""

    _closed = False

    async def close(self) -> None:
        """Close it for good: who comes later must not open it again."""
        self._closed = True
        await super().close()

    async def create_connection(self, with_db: bool) -> None:
        """Open it for two threads, never at once: aiosqlite's own, and the loop's (`groups`)."""
        if self._closed:
            raise DBConnectionError("the database has been closed")
        if self._connection is None:
            self._connection = await aiosqlite.connect(
                self.filename, isolation_level=None, check_same_thread=False
            )
            self._connection.row_factory = sqlite3.Row
            for pragma, value in self.pragmas.items():
                await self._connection.execute_fetchall(f"PRAGMA {pragma}={value}")
            await self._post_connect()

    def acquire_connection(self) -> ConnectionWrapper[Any]:
        """Lend the connection for one statement, or to one group."""
        return _Turn(self._lock, self)


client_class = Client
