"""Group commit on SQLite: transactions that are wanted at the same time share one.

SQLite has one connection and one writer, and each statement sent to its thread costs more than the
statement itself. So whole use-cases go there: while one group runs, the next gathers, and is then
run in one hop under one BEGIN IMMEDIATE and one COMMIT. IMMEDIATE because a deferred transaction
that reads and then writes fails with "database is locked" at once, whatever the busy timeout.

A use-case's waiting is for the database. Over `_Inline`, a connection that answers at once, it
never really waits; a small loop in that thread serves the rare gathering of Tortoise's.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Generator, Iterable
from contextvars import Context, copy_context
from dataclasses import dataclass
from types import coroutine
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

import aiosqlite
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, OperationalError

from models import lanes

T = TypeVar("T")
Use = Callable[[], Coroutine[Any, Any, T]]
Begin = Callable[[Coroutine[Any, Any, None]], object]

LARGEST = 64  # use-cases in a group; more would keep the first ones waiting


class _Inline:
    """What Tortoise uses of an aiosqlite connection, without leaving the thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @property
    def total_changes(self) -> int:
        return self._connection.total_changes

    async def execute(self, sql: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        return self._connection.execute(sql, tuple(values))

    async def execute_insert(self, sql: str, values: Iterable[Any]) -> tuple[int | None]:
        return (self._connection.execute(sql, tuple(values)).lastrowid,)

    async def execute_fetchall(self, sql: str, values: Iterable[Any] | None = None) -> list[Any]:
        return self._connection.execute(sql, tuple(values or ())).fetchall()

    async def executemany(self, sql: str, values: Iterable[Iterable[Any]]) -> None:
        self._connection.executemany(sql, [tuple(row) for row in values])


@dataclass(slots=True)
class _Unit:
    """One use-case that waits for its group, and how it ended."""

    use_case: Use[Any]
    context: Context
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None

    async def run(self, client: SqliteTransactionWrapper, connection: sqlite3.Connection) -> None:
        """Run it under a savepoint. Raises only when the transaction itself has broken."""
        connection.execute("SAVEPOINT unit")
        self.context.run(get_connections().set, client.connection_name, client)
        try:
            self.result = await _in_context(self.context, self.use_case())
        except Exception as error:  # noqa: BLE001 -- handed to the caller, who raises it
            self.error = error
            connection.execute("ROLLBACK TO unit")
        connection.execute("RELEASE unit")

    def tell(self, broken: Exception | None) -> None:
        """Give the caller, if it still waits, the result or the reason."""
        if self.future.done():
            return
        error = broken or self.error
        if error is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(self.result)


class Group:
    """The use-cases that wait for one connection."""

    def __init__(self, client: SqliteClient, begin: Begin) -> None:
        self._client = client
        self._begin = begin
        self._waiting: list[_Unit] = []
        self._at_work = False
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        """Give the loop back, unless a group is stuck on it."""
        if not self._loop.is_running():
            self._loop.close()

    async def run(self, use_case: Use[T]) -> T:
        """Run it in the next group; it is committed on return.

        A cancelled caller leaves, the use-case goes on to its end.
        """
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(_Unit(use_case, copy_context(), future))
        if not self._at_work:
            self._at_work = True
            self._begin(self._work())
        result: T = await future
        return result

    async def _work(self) -> None:
        # Whoever came first must not decide how long the others may wait for the connection.
        lanes.enter(lanes.BACKGROUND)
        try:
            while self._waiting:
                units, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
                broken: Exception | None = None
                try:
                    async with self._client.acquire_connection() as connection:
                        await connection._execute(_run_all, self._client, units, self._loop)
                except sqlite3.Error as error:
                    broken = OperationalError(error)
                except DBConnectionError as error:
                    broken = error
                for unit in units:
                    unit.tell(broken)
        finally:
            self._at_work = False


_groups: WeakKeyDictionary[SqliteClient, Group] = WeakKeyDictionary()


def group_of(client: SqliteClient, *, begin: Begin) -> Group:
    """The group of this connection. begin: starts background work that must be waited for."""
    group = _groups.get(client)
    if group is None:
        group = _groups[client] = Group(client, begin)
    return group


def close_all() -> None:
    """Give back what groups hold, when the connections are closed."""
    while _groups:
        _groups.popitem()[1].close()


def _run_all(client: SqliteClient, units: list[_Unit], loop: asyncio.AbstractEventLoop) -> None:
    """In the connection's thread: one transaction. Raises when it could not be committed."""
    connection = cast(aiosqlite.Connection, client._connection)._conn
    connection.execute("BEGIN IMMEDIATE")
    try:
        loop.run_until_complete(_run_units(client, units, connection))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


async def _run_units(
    client: SqliteClient, units: list[_Unit], connection: sqlite3.Connection
) -> None:
    inline = SqliteTransactionWrapper(client)
    inline._connection = _Inline(connection)  # type: ignore[assignment]
    for unit in units:
        await unit.run(inline, connection)


@coroutine
def _in_context(context: Context, use_case: Coroutine[Any, Any, T]) -> Generator[Any, None, T]:
    """Await `use_case` with the context variables of whoever wanted it."""
    while True:
        try:
            waits_for = context.run(use_case.send, None)
        except StopIteration as end:
            result: T = end.value
            return result
        yield waits_for
