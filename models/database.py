"""Connecting, and bringing the schema up to date."""

import asyncio
import fcntl
import pkgutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from tortoise import Tortoise
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.connection import get_connection
from tortoise.migrations.api import migrate as apply_migrations

from models import lanes, migrations
from models.groups import BUSY_SECONDS
from models.transactions import gather, settle

# Any constant will do, as long as nobody else on this database server uses it.
MIGRATION_LOCK = 0x6E71_6931
STATEMENT_SECONDS = 20.0


def is_sqlite(url: str) -> bool:
    """Whether this database URL names a SQLite file."""
    return url.startswith("sqlite:")


def tortoise_config(url: str, *, migrating: bool = False) -> dict[str, Any]:
    """Tortoise's configuration for `url` (sqlite://path or postgres://…).

    While migrating, SQLite's foreign keys are off: a rebuilt table would otherwise take its
    CASCADE children with it.
    """
    connection = expand_db_url(url)
    settings = connection["credentials"]
    if is_sqlite(url):
        connection["engine"] = "models.sqlite"
        settings |= {"synchronous": "NORMAL", "busy_timeout": int(BUSY_SECONDS * 1000)}
        settings |= {"foreign_keys": "OFF"} if migrating else {}
    else:
        connection["engine"] = "models.postgres"
        settings.setdefault("maxsize", lanes.CONNECTIONS)
        if not migrating:
            # A server that went silent must not hold a connection, and its caller, for ever.
            settings.setdefault("command_timeout", STATEMENT_SECONDS)
    return {
        "connections": {"default": connection},
        "apps": {
            "models": {
                "models": ["models"],
                "default_connection": "default",
                "migrations": "models.migrations",
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


async def connect(url: str) -> None:
    """Open the database for this process; `disconnect` gives it back."""
    if is_sqlite(url):
        _sqlite_path(url).parent.mkdir(parents=True, exist_ok=True)
    await Tortoise.init(config=tortoise_config(url), _enable_global_fallback=True)
    gather()


async def disconnect() -> None:
    """Let running transactions end, then close."""
    await settle()
    await Tortoise.close_connections()


async def migrate(url: str) -> None:
    """Apply all migrations; of two at once, one waits.

    Raises whatever the database raises; nothing is half-applied on either database.
    """
    if is_sqlite(url):
        _sqlite_path(url).parent.mkdir(parents=True, exist_ok=True)
    async with _migration_lock(url):
        try:
            await apply_migrations(config=tortoise_config(url, migrating=True))
        finally:
            await Tortoise.close_connections()
        if is_sqlite(url):
            await asyncio.to_thread(_check_foreign_keys, _sqlite_path(url))


@asynccontextmanager
async def _migration_lock(url: str) -> AsyncIterator[None]:
    """Tortoise locks nothing: three migrations at once on PostgreSQL, and two failed."""
    if is_sqlite(url):
        lock = await asyncio.to_thread(_lock_file, _sqlite_path(url))
        try:
            yield
        finally:
            lock.close()
        return
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        yield
    finally:
        await connection.close()


def _lock_file(path: Path) -> Any:
    """Hold a lock beside the database until the returned handle is closed."""
    handle = path.with_suffix(".migrating").open("w")
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def _check_foreign_keys(path: Path) -> None:
    connection = sqlite3.connect(path)
    try:
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    finally:
        connection.close()
    if broken:
        raise RuntimeError(f"foreign keys broken after migration: {broken[:5]}")


def _sqlite_path(url: str) -> Path:
    """The file that a SQLite URL names."""
    parts = urlsplit(url)
    return Path(parts.netloc + parts.path)


def is_created(url: str) -> bool:
    """Whether there is anything to connect to: opening a SQLite file would make an empty one."""
    return not is_sqlite(url) or _sqlite_path(url).is_file()


async def missing_migrations() -> list[str]:
    """Migrations that this code knows and the open database has not seen, in order."""
    applied = await _applied()
    return [name for name in _known() if name not in applied]


async def unknown_migrations() -> list[str]:
    """Migrations of the open database that this code does not know: newer code was here."""
    return sorted(await _applied() - set(_known()))


async def is_migrated() -> bool:
    """Whether the open database has everything that this code knows of."""
    return not await missing_migrations()


def _known() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(migrations.__path__))


async def _applied() -> set[str]:
    """What Tortoise's own table says. Asked by hand: its recorder takes a database that does not
    answer for an empty one."""
    connection = get_connection("default")
    dialect = connection.capabilities.dialect
    exists = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'tortoise_migrations'"
        if dialect == "sqlite"
        else "SELECT 1 WHERE to_regclass('tortoise_migrations') IS NOT NULL"
    )
    if not await connection.execute_query_dict(exists):
        return set()
    rows = await connection.execute_query_dict(
        "SELECT name FROM tortoise_migrations WHERE app = 'models'"
    )
    return {row["name"] for row in rows}
