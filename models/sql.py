"""Raw statements for the few places where the ORM has no word for what both databases can do."""

import re
from typing import Any

from tortoise.connection import get_connection

_PLACEHOLDER = re.compile(r"\$(\d+)")


async def fetch(statement: str, *values: Any) -> list[dict[str, Any]]:
    """Run one statement with `$1…$n` placeholders; rows as dictionaries.

    Inside a transaction it runs there. Values come back as the driver gives them: on SQLite
    moments and JSON are text, so return ids and load the rows through the ORM.
    """
    connection = get_connection("default")
    if connection.capabilities.dialect == "sqlite":
        statement = _PLACEHOLDER.sub(r"?\1", statement)
    return [dict(row) for row in await connection.execute_query_dict(statement, list(values))]


def skip_locked() -> str:
    """The clause that lets two claimers take different rows; SQLite has one writer and none."""
    dialect = get_connection("default").capabilities.dialect
    return "" if dialect == "sqlite" else "FOR UPDATE SKIP LOCKED"
