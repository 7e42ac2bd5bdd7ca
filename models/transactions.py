"""One way to open a transaction, safe and fast on what our stack is known to do.

Tortoise's `in_transaction()` never gives its lock or connection back when the task is cancelled
inside `__aenter__`, and Sanic cancels a request when its client hangs up, as WeChat does after
five seconds. So a transaction runs apart from its caller and ends by itself whatever becomes of
the request: on PostgreSQL in a task of its own, on SQLite in a group (`models.groups`).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from tortoise.backends.sqlite.client import SqliteClient
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from models import groups

SETTLE_WITHIN = 3.0  # seconds

T = TypeVar("T")
P = ParamSpec("P")

_inside: ContextVar[bool] = ContextVar("inside_transaction", default=False)
_running: set[asyncio.Task[Any]] = set()


def transactional(
    use_case: Callable[P, Coroutine[Any, Any, T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    """Make an async function one transaction. Called inside another, it joins that one.

    It may wait for the database and for nothing else.
    """

    @wraps(use_case)
    async def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        if _inside.get():
            return await use_case(*args, **kwargs)
        group = groups.open_group()
        if group is None:
            return await own_task(_in_own_transaction(use_case, *args, **kwargs))

        async def unit() -> T:
            _inside.set(True)
            return await use_case(*args, **kwargs)

        return await group.run(unit)

    return wrapped


def gather() -> None:
    """Share transactions on the database that was just opened, where it is SQLite."""
    connection = get_connection("default")
    client = connection if isinstance(connection, SqliteClient) else None
    groups.gather_on(client, begin=_begin)


async def own_task(work: Awaitable[T], seconds: float | None = None) -> T:
    """Await `work` in a task of its own: a cancelled caller leaves, the work goes on to its end.

    So it does when it takes longer than `seconds`; then raises TimeoutError.
    """
    task = _begin(work)
    await asyncio.wait((task,), timeout=seconds)
    if not task.done():
        raise TimeoutError
    return task.result()


async def settle() -> None:
    """Let work begun here end; called before connections close.

    What waits for a silent database is not waited for: it never reached its commit.
    """
    deadline = time.monotonic() + SETTLE_WITHIN
    while _running and (left := deadline - time.monotonic()) > 0:
        await asyncio.wait(set(_running), timeout=left)


def _begin(work: Awaitable[T]) -> asyncio.Task[T]:
    task = asyncio.create_task(_awaited(work))
    _running.add(task)
    task.add_done_callback(_finished)
    return task


async def _awaited(work: Awaitable[T]) -> T:
    return await work


def _finished(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    # Retrieves the exception of a task whose caller has gone; without it asyncio would only
    # mutter at garbage collection. A caller that still waits gets it raised as well.
    if not task.cancelled():
        task.exception()


async def _in_own_transaction(
    use_case: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    async with in_transaction():
        # A context variable set in a task of its own ends with it.
        _inside.set(True)
        return await use_case(*args, **kwargs)
