"""Statements for the few places where the ORM has no word for what both databases can do, and
for the way of an inbound message, where its words take longer than the database."""

import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

import msgspec
from tortoise import fields
from tortoise.backends.sqlite.client import SqliteClient
from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.models import Model

from models.groups import connection_here

_PLACEHOLDER = re.compile(r"\$(\d+)")
Row = dict[str, Any]
M = TypeVar("M", bound=Model)


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
    statement, jsons, defaults = _insertion(model, tuple(columns))
    values = [*columns.values(), *[default() for default in defaults]]
    for place in jsons:
        if values[place] is not None:
            values[place] = as_json(values[place])
    rows = await fetch(statement, *values)
    return int(rows[0]["id"]) if rows else None


async def create(model: type[M], **columns: Any) -> M | None:
    """`insert`, and the row as an object; None where a unique key is there already.

    Nothing is checked or converted on the way into the object.
    """
    row_id = await insert(model, **columns)
    if row_id is None:
        return None
    return model.construct(_saved_in_db=True, id=row_id, **columns)


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


@cache
def _insertion(
    model: type[Model], given: tuple[str, ...]
) -> tuple[str, tuple[int, ...], tuple[Callable[[], Any], ...]]:
    """The statement, the places of its values that are JSON, and how to come by the values that
    are not given, which follow the given ones."""
    meta = model._meta
    wanted = {name for name in meta.fields_db_projection if not meta.fields_map[name].generated}
    if unknown := set(given) - wanted:
        raise TypeError(f"{model.__name__} has no {', '.join(sorted(unknown))}")
    names = [*given, *sorted(wanted - set(given))]
    listed = ", ".join(f'"{meta.fields_db_projection[name]}"' for name in names)
    places = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    statement = (
        f'INSERT INTO "{meta.db_table}" ({listed}) VALUES ({places})'  # noqa: S608 -- our own names
        " ON CONFLICT DO NOTHING RETURNING id"
    )
    held = [meta.fields_map[name] for name in names]
    jsons = tuple(at for at, field in enumerate(held) if isinstance(field, fields.JSONField))
    return statement, jsons, tuple(_default(field) for field in held[len(given) :])


def _default(field: fields.Field[Any]) -> Callable[[], Any]:
    default = field.default
    return default if callable(default) else lambda: default
