"""Tortoise's backend for SQLite (an "engine" of its configuration): one connection, taken in turns.

Transactions begin IMMEDIATE: a deferred one that reads and then writes fails with "database is
locked" at once, whatever the busy timeout. Waiting for a turn ends, and a transaction that can't
begin gives its turn back.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, OperationalError

from models import lanes


class Client(SqliteClient):
    """The one connection of this process."""

    # The declared types are Tortoise's own wrappers; all that it does with them is `async with`.
    def acquire_connection(self) -> Any:
        """Lend the connection for one statement."""
        return self._lent()

    def _in_transaction(self) -> Any:
        return self._begun()

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[Any]:
        try:
            async with asyncio.timeout(lanes.current().seconds):
                await self._lock.acquire()
        except TimeoutError as error:
            raise DBConnectionError("the connection is busy") from error
        try:
            if self._connection is None:
                await self.create_connection(with_db=True)
            yield self._connection
        finally:
            self._lock.release()

    @asynccontextmanager
    async def _begun(self) -> AsyncIterator[SqliteTransactionWrapper]:
        async with self._lent() as connection:
            inside = SqliteTransactionWrapper(self)
            token = get_connections().set(self.connection_name, inside)
            try:
                await connection.execute("BEGIN IMMEDIATE")
                yield inside
                await connection.commit()
            except sqlite3.OperationalError as error:
                raise OperationalError(str(error)) from error
            finally:
                get_connections().reset(token)
                await connection.rollback()  # nothing, after a commit


client_class = Client
