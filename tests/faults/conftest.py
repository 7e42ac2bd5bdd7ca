"""Faults are caused for real, on the stack that NQI_TEST_STACK names."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from models import database
from tests.faults.places import Place
from tests.faults.service import Service, surroundings
from tests.fixtures import (
    Stack,
    clock,
    config,
    database_url,
    engine,
    fresh_database,
    house,
    product,
    redis_url,
    servers,
)
from tests.stack import Server, postgres_server, redis_server

__all__ = ["clock", "config", "database_url", "engine", "house", "product", "redis_url", "servers"]

# What a stack does not have can't fail there.
ONLY_ON = {
    "sqlite": ["test_sqlite.py"],
    "postgres": ["test_postgres.py", "test_redis.py", "test_tokens.py"],
}
STACK = os.environ.get("NQI_TEST_STACK", "sqlite")
collect_ignore = [name for stack, names in ONLY_ON.items() if stack != STACK for name in names]


@pytest.fixture
async def service(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    """A product that runs as processes, none of them started yet."""
    async with surroundings(database_url, redis_url, tmp_path) as running:
        yield running


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Server]:
    """A Redis for this test to stop."""
    folder = tmp_path / "redis"
    folder.mkdir()
    with redis_server(folder) as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[Server]:
    """A PostgreSQL for this test to stop."""
    with postgres_server() as server:
        yield server


@pytest.fixture
async def own_database(own_postgres: Server) -> str:
    """A migrated database there; it goes away with its server."""
    admin = await asyncpg.connect(f"{own_postgres.url}/postgres")
    await admin.execute("CREATE DATABASE nqi")
    await admin.close()
    url = f"{own_postgres.url}/nqi"
    await database.migrate(url)
    return url


@pytest.fixture
async def empty(servers: Stack, tmp_path: Path) -> AsyncIterator[Place]:
    """An empty place to restore to."""
    async with fresh_database(servers) as url:
        yield Place(url, tmp_path / "restored")
