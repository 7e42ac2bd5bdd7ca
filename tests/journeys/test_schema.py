"""The schema that migrations make, on this stack: complete, guarded, safe to run at once."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
from tortoise import Tortoise
from tortoise.connection import get_connection
from tortoise.migrations.autodetector import MigrationAutodetector

from models import database
from models.sql import fetch
from tests.fixtures import Stack
from tests.product import Product

ROOT = Path(__file__).parents[2]


async def test_migrations_say_all_that_the_models_say(product: Product) -> None:
    apps = database.tortoise_config(product.config.database_url)["apps"]
    assert Tortoise.apps
    assert await MigrationAutodetector(Tortoise.apps, apps).changes() == []


async def test_every_declared_index_is_there(product: Product) -> None:
    # Tortoise's AddField makes no index of `db_index=True`, so we look instead of trusting.
    if get_connection("default").capabilities.dialect == "sqlite":
        rows = await fetch("SELECT tbl_name AS name, sql AS definition FROM sqlite_master")
    else:
        rows = await fetch("SELECT tablename AS name, indexdef AS definition FROM pg_indexes")
    definitions = [(row["name"], str(row["definition"])) for row in rows]
    assert Tortoise.apps
    for model in Tortoise.apps["models"].values():
        columns = model._meta.fields_db_projection
        wanted = [
            *(tuple(columns.get(f, f) for f in index) for index in model._meta.indexes),
            *((columns[name],) for name, field in model._meta.fields_map.items() if field.index),
        ]
        for index in wanted:
            listed = ", ".join(f'"{column}"' for column in index)
            assert any(
                table == model._meta.db_table
                and (listed in definition or listed.replace('"', "") in definition)
                for table, definition in definitions
            ), (model, index)


async def test_three_migrations_at_once_end_well(servers: Stack, tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/new.sqlite3"
    if servers.server:
        admin = await asyncpg.connect(f"{servers.server}/postgres")
        await admin.execute("CREATE DATABASE at_once")
        await admin.close()
        url = f"{servers.server}/at_once"
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "server", "migrate"],
            cwd=ROOT,
            env={**os.environ, "NQI_DATABASE_URL": url},
            stdout=subprocess.DEVNULL,
        )
        for _ in range(3)
    ]
    codes = [await asyncio.to_thread(process.wait, 60) for process in processes]
    assert codes == [0, 0, 0]
    await database.connect(url)
    assert await database.is_migrated()
    await database.disconnect()


async def test_sqlite_keeps_children_while_migrating(tmp_path: Path) -> None:
    """A rebuilt table takes its CASCADE children with it unless foreign keys are off."""
    for migrating, enforced in ((True, 0), (False, 1)):
        config = database.tortoise_config(f"sqlite://{tmp_path}/a.sqlite3", migrating=migrating)
        await Tortoise.init(config=config)
        connection = get_connection("default")
        _, rows = await connection.execute_query("PRAGMA foreign_keys")
        assert [tuple(row) for row in rows] == [(enforced,)]
        await Tortoise.close_connections()
