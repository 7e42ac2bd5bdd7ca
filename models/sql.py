"""Statements for the few places where the ORM has no word for what both databases can do, and
for the way of an inbound message, where its words take longer than the database."""

import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
from tortoise import fields
from tortoise.backends.sqlite.client import SqliteClient
from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.models import Model

from models.groups import connection_here

_PLACEHOLDER = re.compile(r"\$(\d+)")
Row = dict[str, Any]


async def fetch(statement: str, *values: Any) -> list[Row]:
    """Run one statement with `$1…$n` placeholders; rows as dictionaries.

    Inside a transaction it runs there. Values come back as the driver gives them: JSON as text,
    and on SQLite moments as well, see `moment`.
    """
    grouped = connection_here()
    if grouped is not None:
        try:
            return [dict(row) for row in grouped.execute(_for_sqlite(statement), values)]
        except sqlite3.IntegrityError as error:
            raise IntegrityError(error) from error
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error
    connection = get_connection("default")
    if isinstance(connection, SqliteClient):
        statement = _for_sqlite(statement)
    return await connection.execute_query_dict(statement, list(values))


def moment(value: Any) -> datetime:
    """A moment as `fetch` gives it, aware UTC."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value).astimezone(UTC)


async def insert(model: type[Model], **columns: Any) -> int | None:
    """Add one row, with the model's defaults; its id, or None where a unique key is there already.

    Values as the model's fields take them; a relation by its `…_id`.
    """
    statement, writers = _insertion(model, tuple(columns))
    given = (_plain(columns[name]) if name in columns else default() for name, default in writers)
    rows = await fetch(statement, *given)
    return int(rows[0]["id"]) if rows else None


async def add(row: Model) -> bool:
    """Store a row that was built in memory. False where a unique key is there already."""
    columns = {name: getattr(row, name) for name in row._meta.fields_db_projection if name != "id"}
    row_id = await insert(type(row), **columns)
    if row_id is None:
        return False
    row.pk, row._saved_in_db = row_id, True
    return True


async def hold(digest: str) -> None:
    """Wait for, and until this transaction ends be, the only one who holds `digest` (hex).

    SQLite has one writer, who holds everything.
    """
    if get_connection("default").capabilities.dialect != "sqlite":
        number = int.from_bytes(bytes.fromhex(digest)[:8], signed=True)
        await fetch("SELECT pg_advisory_xact_lock($1)", number)


def skip_locked() -> str:
    """The clause that lets two claimers take different rows; SQLite has one writer and none."""
    return "" if isinstance(get_connection("default"), SqliteClient) else "FOR UPDATE SKIP LOCKED"


def as_json(value: Any) -> str:
    """What a JSON column holds."""
    return msgspec.json.encode(value).decode()


@cache
def _for_sqlite(statement: str) -> str:
    return _PLACEHOLDER.sub(r"?\1", statement)


def _plain(value: Any) -> Any:
    return as_json(value) if isinstance(value, (dict, list)) else value


@cache
def _insertion(
    model: type[Model], given: tuple[str, ...]
) -> tuple[str, tuple[tuple[str, Callable[[], Any]], ...]]:
    """The statement, and for each of its columns how to come by a value that is not given."""
    meta = model._meta
    columns = [
        (name, meta.fields_map[name])
        for name in meta.fields_db_projection
        if not meta.fields_map[name].generated
    ]
    listed = ", ".join(f'"{meta.fields_db_projection[name]}"' for name, _ in columns)
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    unknown = set(given) - {name for name, _ in columns}
    if unknown:
        raise TypeError(f"{model.__name__} has no {', '.join(sorted(unknown))}")
    statement = (
        f'INSERT INTO "{meta.db_table}" ({listed}) VALUES ({places})'  # noqa: S608 -- our own names
        " ON CONFLICT DO NOTHING RETURNING id"
    )
    return statement, tuple((name, _default(field)) for name, field in columns)


def _default(field: fields.Field[Any]) -> Callable[[], Any]:
    default = field.default
    if callable(default):
        return lambda: _plain(default())
    return lambda: default
