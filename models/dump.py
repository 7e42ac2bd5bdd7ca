"""All tables as lines that look the same on SQLite and PostgreSQL, and back.

A line is one row as JSON: the columns sorted by name, moments in UTC, bytes as base64. Rows come
in the order of their keys, so the same rows are always the same bytes.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from itertools import islice
from operator import attrgetter
from typing import Any

from tortoise import Tortoise
from tortoise.fields import BinaryField, IntField
from tortoise.models import Model
from tortoise.transactions import in_transaction

from models.sql import fetch

AT_ONCE = 500  # rows in memory


def tables() -> dict[str, type[Model]]:
    """All models by the names of their tables, each after those that it points to."""
    models = (Tortoise.apps or {})["models"].values()
    points_to = {
        model: {
            model._meta.fields_map[name].related_model
            for name in model._meta.fk_fields | model._meta.o2o_fields
        }
        - {model}  # a row points to an older one of its own table, which is filled in first
        for model in models
    }
    return {model._meta.db_table: model for model in TopologicalSorter(points_to).static_order()}


async def migrations() -> list[str]:
    """The names of all migrations applied to the open database: what its tables look like."""
    rows = await fetch("SELECT name FROM tortoise_migrations WHERE app = 'models' ORDER BY name")
    return [str(row["name"]) for row in rows]


@asynccontextmanager
async def snapshot() -> AsyncIterator[None]:
    """Everything read inside is of one moment; writers are not held up.

    Not for use in a service: `models.transactions` says what a cancelled one would leave behind.
    """
    async with in_transaction() as connection:
        if connection.capabilities.dialect == "sqlite":
            # Ours begin as writers; a reader's transaction leaves the writing to others.
            await connection.execute_query("ROLLBACK")
            await connection.execute_query("BEGIN DEFERRED")
        else:
            await connection.execute_query(
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
            )
        # The moment is that of the first look.
        await migrations()
        yield


async def lines(model: type[Model]) -> AsyncIterator[bytes]:
    """All rows of a table, each a line with its end."""
    columns = sorted(model._meta.fields_db_projection)
    async for row in _rows(model):
        values = {column: getattr(row, column) for column in columns}
        text = json.dumps(
            values, ensure_ascii=False, allow_nan=False, separators=(",", ":"),
            sort_keys=True, default=_plain,
        )  # fmt: skip
        yield text.encode() + b"\n"


async def fill(model: type[Model], rows: Iterable[bytes]) -> None:
    """Insert rows with the ids they have, and let new ids come after them.

    Raises ValueError for a line that is no row of this table.
    """
    parsed = (_parsed(model, line) for line in rows)
    for batch in iter(lambda: list(islice(parsed, AT_ONCE)), []):
        await model.bulk_create(batch)
    await _continue_ids(model)


async def _rows(model: type[Model]) -> AsyncIterator[Model]:
    if not isinstance(model._meta.pk, IntField):
        # Databases sort words each in their own way. Tables with such keys are small.
        for row in sorted(await model.all(), key=attrgetter("pk")):
            yield row
        return
    key = model._meta.pk_attr
    rows = await model.all().order_by(key).limit(AT_ONCE)
    while rows:
        for row in rows:
            yield row
        rows = await model.filter(pk__gt=rows[-1].pk).order_by(key).limit(AT_ONCE)


def _parsed(model: type[Model], line: bytes) -> Model:
    values = json.loads(line)
    if not isinstance(values, dict) or values.keys() != model._meta.fields_db_projection.keys():
        raise ValueError(f"no row of {model._meta.db_table}")
    for name in _binary(model):
        values[name] = b64decode(values[name], validate=True)
    return model(**values)


def _binary(model: type[Model]) -> Iterator[str]:
    fields = model._meta.fields_map.items()
    return (name for name, field in fields if isinstance(field, BinaryField))


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(f"{type(value)} has no place in a dump yet")


async def _continue_ids(model: type[Model]) -> None:
    """PostgreSQL's sequence knows nothing of ids that were given; SQLite looks by itself."""
    newest = await model.all().order_by(f"-{model._meta.pk_attr}").first()
    if newest is None or not model._meta.pk.generated:
        return
    if newest._meta.db.capabilities.dialect != "sqlite":
        await fetch(
            "SELECT setval(pg_get_serial_sequence($1, $2), $3)",
            f'"{model._meta.db_table}"',
            model._meta.db_pk_column,
            newest.pk,
        )
