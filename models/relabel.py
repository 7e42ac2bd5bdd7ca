"""A migration's operation for enumerations that learn more words."""

from typing import Any

from tortoise.migrations import operations as ops


class Relabel(ops.AlterField):
    """An AlterField that changes a column's description alone.

    The database has nothing to do, and on SQLite must not: it would build the table anew and lose
    its indexes.
    """

    async def database_forward(self, *_args: Any, **_more: Any) -> None:
        """Nothing changes there."""

    async def database_backward(self, *_args: Any, **_more: Any) -> None:
        """Nothing changed there."""
