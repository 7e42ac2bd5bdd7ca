"""Tortoise's backend for PostgreSQL (an "engine" of its configuration), made to survive outages.

What Tortoise 1.1 lacks: asyncpg's many words for a lost server become one DBConnectionError;
waiting for a free connection ends; and a transaction that can't begin gives its connection back,
which otherwise is lost to the pool for ever.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError

from models import lanes

# Classes 08, 57, 53 and 40 of PostgreSQL's codes: broken; shutting down or starting up; out of
# resources; deadlocked. InterfaceError: the driver noticed first ("connection is closed").
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


@contextmanager
def _lost_as_unavailable() -> Iterator[None]:
    try:
        yield
    except LOST as error:
        if isinstance(error, (ValueError, DBConnectionError)):
            raise  # a value that no column takes is no outage; the other is said already
        raise DBConnectionError(f"{type(error).__name__}: {error}") from error


class _Translating(AsyncpgDBClient):
    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        with _lost_as_unavailable():
            return await super()._translate_exceptions(func, *args, **kwargs)


class _Transaction(_Translating, TransactionWrapper):
    """The connection as the code inside a transaction sees it."""


class Client(_Translating):
    """Lends connections of the pool by the caller's lane."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shared = asyncio.Semaphore(max(1, self.pool_maxsize - lanes.KEPT_FOR_CALLBACKS))

    # The declared types are Tortoise's own wrappers; all that it does with them is `async with`.
    def acquire_connection(self) -> Any:
        """Lend a connection for one statement."""
        return self._lent()

    def _in_transaction(self) -> Any:
        return self._begun()

    @asynccontextmanager
    async def _begun(self) -> AsyncIterator[_Transaction]:
        async with self._lent() as connection:
            transaction = connection.transaction()
            with _lost_as_unavailable():
                await transaction.start()
            inside = _Transaction(self)
            inside._connection = connection
            token = get_connections().set(self.connection_name, inside)
            try:
                yield inside
            except BaseException:
                with suppress(*LOST):  # a lost server has rolled back by itself
                    await transaction.rollback()
                raise
            finally:
                get_connections().reset(token)
            with _lost_as_unavailable():
                await transaction.commit()

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[Any]:
        lane = lanes.current()
        async with self._share(lane):
            with _lost_as_unavailable():
                pool = await self._opened()
                connection = await pool.acquire(timeout=lane.seconds)
            try:
                yield connection
            finally:
                # A connection that can't be reset is dropped by the pool; what was done with
                # it before is done.
                with suppress(*LOST):
                    await pool.release(connection)

    async def _opened(self) -> asyncpg.Pool:
        if self._pool is None:
            async with self._pool_init_lock:
                if self._pool is None:
                    await self.create_connection(with_db=True)
        return self._pool

    @asynccontextmanager
    async def _share(self, lane: lanes.Lane) -> AsyncIterator[None]:
        if not lane.shares:
            yield
            return
        with _lost_as_unavailable():
            async with asyncio.timeout(lane.seconds):
                await self._shared.acquire()
        try:
            yield
        finally:
            self._shared.release()


client_class = Client
