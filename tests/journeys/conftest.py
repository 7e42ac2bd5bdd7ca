"""Journeys run on the stack that NQI_TEST_STACK names: sqlite, or postgres with redis."""

from tests.fixtures import (
    Stack,
    clock,
    config,
    database_url,
    engine,
    fresh_database,
    house,
    is_postgres,
    product,
    redis_url,
    servers,
)

__all__ = [
    "Stack",
    "clock",
    "config",
    "database_url",
    "engine",
    "fresh_database",
    "house",
    "is_postgres",
    "product",
    "redis_url",
    "servers",
]
