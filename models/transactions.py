"""One way to open a transaction, safe against what our stack is known to do.

Tortoise's `in_transaction()` never gives its lock or connection back when the task is cancelled
inside `__aenter__`, and Sanic cancels a request when its client hangs up, as WeChat does after
five seconds. So a transaction runs in a task of its own, shielded: it ends by itself whatever
becomes of the request. SQLite begins IMMEDIATE, because a deferred transaction that reads and
then writes fails with "database is locked" at once, whatever the busy timeout.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from tortoise.transactions import in_transaction

T = TypeVar("T")
P = ParamSpec("P")

_inside: ContextVar[bool] = ContextVar("inside_transaction", default=False)
_running: set[asyncio.Task[Any]] = set()


def transactional(
    use_case: Callable[P, Awaitable[T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    """Make an async function one transaction. Called inside another, it joins that one."""

    @wraps(use_case)
    async def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        if _inside.get():
            return await use_case(*args, **kwargs)
        return await own_task(_in_own_transaction(use_case, *args, **kwargs))

    return wrapped


async def own_task(work: Awaitable[T]) -> T:
    """Await `work` in a task of its own: a cancelled caller leaves, the work goes on to its end."""
    task = asyncio.create_task(_awaited(work))
    _running.add(task)
    task.add_done_callback(_finished)
    return await asyncio.shield(task)


async def settle() -> None:
    """Wait until all work begun by `own_task` has ended; called before connections close."""
    while _running:
        await asyncio.wait(set(_running))


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
    async with in_transaction() as connection:
        if connection.capabilities.dialect == "sqlite":
            await connection.execute_query("ROLLBACK")
            await connection.execute_query("BEGIN IMMEDIATE")
        token = _inside.set(True)
        try:
            return await use_case(*args, **kwargs)
        finally:
            _inside.reset(token)
