"""Fixtures on the stack that NQI_TEST_STACK names: sqlite, or postgres with redis."""

import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import asyncpg
import pytest
import redis.asyncio

from handlers.house import House
from models import database
from models.clock import Clock
from nlp import load_packaged
from server.config import Config
from server.wiring import house_of
from tests import stack
from tests.product import MONDAY_MORNING, Product, config_for, running_product

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Stack:
    """Where databases are made. server: "" for SQLite, else the address of PostgreSQL."""

    folder: Path
    server: str
    redis_url: str


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The servers of the chosen stack, started once."""
    folder = tmp_path_factory.mktemp("stack")
    if os.environ.get("NQI_TEST_STACK", "sqlite") == "sqlite":
        yield Stack(folder, "", "")
        return
    with stack.postgres() as server, stack.redis(folder) as redis_url:
        yield Stack(folder, server, redis_url)


@asynccontextmanager
async def fresh_database(servers: Stack) -> AsyncIterator[str]:
    """A migrated, empty database: a copy of one that was migrated once."""
    if not servers.server:
        template = servers.folder / "template.sqlite3"
        if not template.is_file():
            await database.migrate(f"sqlite://{template}")
            sqlite3.connect(template).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
        path = servers.folder / f"test{next(_numbers)}.sqlite3"
        shutil.copyfile(template, path)
        yield f"sqlite://{path}"
        return
    admin = await asyncpg.connect(f"{servers.server}/postgres")
    try:
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = 'template_nqi'"):
            await admin.execute("CREATE DATABASE template_nqi")
            await database.migrate(f"{servers.server}/template_nqi")
        name = f"test{next(_numbers)}"
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE template_nqi")
        yield f"{servers.server}/{name}"
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
async def database_url(servers: Stack) -> AsyncIterator[str]:
    """A database for one test."""
    async with fresh_database(servers) as url:
        yield url


@pytest.fixture
async def redis_url(servers: Stack) -> str:
    """An empty Redis, "" where the stack has none."""
    if servers.redis_url:
        client = redis.asyncio.Redis.from_url(servers.redis_url)
        await client.flushall()
        await client.aclose()
    return servers.redis_url


@pytest.fixture
def config(database_url: str, redis_url: str) -> Config:
    """The product's configuration on this stack."""
    return config_for(database_url, redis_url)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still on a Monday morning."""
    clock = Clock()
    clock.freeze(MONDAY_MORNING)
    return clock


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> House:
    """The engine over the packaged knowledge, built once for all tests."""
    folder = tmp_path_factory.mktemp("engine")
    return house_of(config_for(f"sqlite://{folder}/none"), Clock(), load_packaged())


@pytest.fixture
def house(engine: House, clock: Clock) -> House:
    """The engine with this test's clock."""
    # Locks of its own too: one that a traceback keeps alive belongs to an earlier test's loop.
    return replace(engine, clock=clock, turns=WeakValueDictionary())


@pytest.fixture
async def product(config: Config, house: House, clock: Clock) -> AsyncIterator[Product]:
    """The running product with its staff, seen through the simulator."""
    async with running_product(config, house, clock) as running:
        yield running


def is_postgres(config: Config) -> bool:
    """Whether this run is on PostgreSQL."""
    return urlsplit(config.database_url).scheme == "postgres"
