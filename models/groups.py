"""Group commit on SQLite: transactions that are wanted at the same time share one.

SQLite has one connection and one writer. Each statement sent to aiosqlite's thread costs more than
the statement itself, and two threads of Python that take turns cost both of them more than they
win. So use-cases run here, in the event loop's own thread: what was wanted during one turn of the
loop is run in the next one, under one BEGIN IMMEDIATE and one COMMIT. IMMEDIATE because a deferred
transaction that reads and then writes fails with "database is locked" at once, whatever the busy
timeout.

A use-case waits for the database and nothing else, and `Inline` answers at once. What does take
time, another process that holds the lock, is waited for without holding up the loop.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Coroutine, Generator, Iterable
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from types import coroutine
from typing import Any, TypeVar, cast

import aiosqlite
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, OperationalError

from models import lanes

T = TypeVar("T")
Use = Callable[[], Coroutine[Any, Any, T]]
Begin = Callable[[Coroutine[Any, Any, None]], object]

LARGEST = 64  # use-cases in a group; more would keep the first ones waiting
BUSY_SECONDS = 10.0  # so long another process may hold the lock
_LOOK_AGAIN = 0.005  # seconds


class Inline:
    """What Tortoise uses of an aiosqlite connection, answered at once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @property
    def total_changes(self) -> int:
        return self.connection.total_changes

    async def execute(self, sql: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        return self.connection.execute(sql, tuple(values))

    async def execute_insert(self, sql: str, values: Iterable[Any]) -> tuple[int | None]:
        return (self.connection.execute(sql, tuple(values)).lastrowid,)

    async def execute_fetchall(self, sql: str, values: Iterable[Any] | None = None) -> list[Any]:
        return self.connection.execute(sql, tuple(values or ())).fetchall()

    async def executemany(self, sql: str, values: Iterable[Iterable[Any]]) -> None:
        self.connection.executemany(sql, [tuple(row) for row in values])


# The connection of the group that the running use-case belongs to.
_here: ContextVar[sqlite3.Connection | None] = ContextVar("sqlite_of_group", default=None)


def connection_here() -> sqlite3.Connection | None:
    """SQLite itself, inside a use-case that runs in a group."""
    return _here.get()


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
        self.context.run(_enter, client, connection)
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
                        await _run_all(self._client, units, connection._conn)
                except sqlite3.Error as error:
                    broken = OperationalError(error)
                except DBConnectionError as error:
                    broken = error
                except BaseException as error:
                    # Whatever it was, nobody may wait for ever.
                    for unit in (*units, *self._waiting):
                        unit.tell(DBConnectionError(f"the group ended: {type(error).__name__}"))
                    self._waiting.clear()
                    raise
                for unit in units:
                    unit.tell(broken)
                # Others of this loop have their turn, and what they want joins the next group.
                await asyncio.sleep(0)
        finally:
            self._at_work = False


_open: list[Group] = []


def gather_on(client: SqliteClient | None, *, begin: Begin) -> None:
    """From now on use-cases gather for this connection; None: for none, as on PostgreSQL.

    begin: starts background work that must be waited for.
    """
    _open[:] = [] if client is None else [Group(client, begin)]


def open_group() -> Group | None:
    """The group of the open database, where that is SQLite."""
    return _open[0] if _open else None


async def _run_all(
    client: SqliteClient, units: list[_Unit], connection: sqlite3.Connection
) -> None:
    """One transaction. Raises when it could not be begun or committed."""
    await _begin_immediate(connection)
    inline = SqliteTransactionWrapper(client)
    inline._connection = cast(aiosqlite.Connection, Inline(connection))
    try:
        for unit in units:
            await unit.run(inline, connection)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


async def _begin_immediate(connection: sqlite3.Connection) -> None:
    """Take the lock; whoever else holds it is waited for in steps, between which the loop runs."""
    connection.execute("PRAGMA busy_timeout = 0")
    deadline = time.monotonic() + BUSY_SECONDS
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(_LOOK_AGAIN)
            else:
                return
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")


def _enter(client: SqliteTransactionWrapper, connection: sqlite3.Connection) -> None:
    get_connections().set(client.connection_name, client)
    _here.set(connection)


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
