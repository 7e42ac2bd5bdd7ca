"""An operation for migrations: an enum has new words, and the database does not care."""

from typing import Any

from tortoise.migrations.operations import AlterField


class Redescribed(AlterField):
    """Tells the state of the migrations that an enum column may hold new words.

    Tortoise writes an AlterField, for the words stand in the column's description; that would
    rebuild SQLite's table and leave its indexes behind.
    """

    async def database_forward(self, *_args: Any, **_kwargs: Any) -> None:
        """Nothing to do."""

    async def database_backward(self, *_args: Any, **_kwargs: Any) -> None:
        """Nothing to do."""
