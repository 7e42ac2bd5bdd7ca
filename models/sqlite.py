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


class Client(SqliteClient):
    """The one connection of this process."""

    async def create_connection(self, with_db: bool) -> None:
        """Open it for two threads, never at once: aiosqlite's own, and the loop's (`groups`)."""
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
