"""What every part of the bench stands on: cores, folder, databases, our own server."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from server.config import AppCredentials
from tests.bench.client import Broken
from tests.bench.processes import Cores, Running, python, run, running
from tests.product import environment
from tests.stack import free_port

PEOPLE = 500
WARM_UP = 300


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured. rounds x texts questions are asked of each server that matches."""

    rounds: int
    texts: int
    views: int
    repeats: int  # of what takes long or is started anew each time
    seconds: float  # of each load at a constant rate
    tickets: int  # open ones, as many as the house should bear


FULL = Plan(rounds=10, texts=500, views=1500, repeats=5, seconds=10, tickets=10_000)
QUICK = Plan(rounds=3, texts=300, views=600, repeats=2, seconds=4, tickets=1_000)


@dataclass(slots=True)
class Stage:
    """One run of the bench."""

    folder: Path
    cores: Cores
    plan: Plan
    _template: Path | None = field(default=None)

    @property
    def credentials(self) -> AppCredentials:
        """The official account's, safe mode."""
        made = environment("")
        return AppCredentials(
            made["NQI_WECHAT_APPID"],
            made["NQI_WECHAT_SECRET"],
            made["NQI_WECHAT_TOKEN"],
            made["NQI_WECHAT_AES_KEY"],
        )

    def new_database(self, name: str) -> Path:
        """A SQLite file of its own, migrated and filled."""
        if self._template is None:
            template = self.folder / "template.sqlite3"
            run(
                python("tests.bench.prepare"),
                folder=self.folder,
                env=environment(f"sqlite://{template}"),
            )
            self._template = template
        path = self.folder / f"{name}.sqlite3"
        shutil.copy(self._template, path)
        return path

    @contextmanager
    def ours(
        self, url: str, redis_url: str = "", *, cores: str = "", workers: int = 1
    ) -> Iterator[Running]:
        """`python -m server serve --no-worker` on this database; one core unless told."""
        env = environment(url, redis_url, WORKERS=str(workers))
        with running(
            python("server", "serve", "--no-worker"),
            port=int(env["NQI_PORT"]), cores=cores or self.cores.server, folder=self.folder,
            env=env,
        ) as server:  # fmt: skip
            yield server

    @contextmanager
    def dev(self, database: Path, *, aes: bool) -> Iterator[Running]:
        """`python -m server dev`, the one door that plaintext may pass."""
        env = environment(f"sqlite://{database}", **({} if aes else {"WECHAT_AES_KEY": ""}))
        with running(
            python("server", "dev"),
            port=int(env["NQI_PORT"]), cores=self.cores.server, folder=self.folder, env=env,
        ) as server:  # fmt: skip
            yield server

    @contextmanager
    def hello(self) -> Iterator[Running]:
        """Sanic with nothing behind the route."""
        port = free_port()
        with running(
            python("tests.bench.servers.hello", str(port)),
            port=port, cores=self.cores.server, folder=self.folder,
        ) as server:  # fmt: skip
            yield server


def require_rows(database: Path, table: str, sent: int, condition: str = "1=1") -> None:
    """Raises Broken unless each request that was answered left its row."""
    counted = count(database, table, condition)
    if counted != sent:
        raise Broken(f"{database.stem}: {sent} requests answered, {counted} rows in {table}")


def count(database: Path, table: str, condition: str) -> int:
    """Rows of a table; all names are this package's own, never data."""
    with closing(sqlite3.connect(database)) as connection:
        return int(
            connection.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchone()[0]
        )


def decisions(database: Path) -> dict[str, int]:
    """How many messages were answered, asked back, routed, …, in our own database."""
    with closing(sqlite3.connect(database)) as connection:
        return dict(
            connection.execute(
                "SELECT coalesce(json_extract(decision, '$.action'), 'none'), count(*)"
                " FROM inbound_message WHERE kind = 'text' GROUP BY 1 ORDER BY 2 DESC"
            ).fetchall()
        )
