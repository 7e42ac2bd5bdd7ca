"""Where a backup is taken and where it is restored to, and the story that it holds."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from models import database
from models.files import FileStore
from tests.cast import COLLEAGUE, EMPLOYEE, SPECIALIST
from tests.journeys.test_attachments import open_ticket, picture, send, sign_in
from tests.product import Product, environment

ROOT = Path(__file__).parents[2]
ANSWER = "带样到窗口，当场按项目报价。"


@dataclass(slots=True)
class Place:
    """A migrated, empty database and an empty folder for files."""

    url: str
    files: Path

    async def run(self, *arguments: str | Path) -> tuple[int, str]:
        """A command over this place: its exit code and all that it said."""
        variables = environment(self.url, FILES_DIR=str(self.files))
        result = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "server", *map(str, arguments)],
            cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        said = result.stdout + result.stderr
        assert "Traceback" not in said, said
        return result.returncode, said

    async def execute(self, *statements: str) -> None:
        """Change the database behind everybody's back."""
        if self.url.startswith("sqlite:"):
            connection = sqlite3.connect(self.url.removeprefix("sqlite://"))
            with connection:
                for statement in statements:
                    connection.execute(statement)
            connection.close()
            return
        client = await asyncpg.connect(self.url)
        for statement in statements:
            await client.execute(statement)
        await client.close()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[FileStore]:
        """Its database is this process's, and this is its store."""
        await database.connect(self.url)
        try:
            yield FileStore(self.files)
        finally:
            await database.disconnect()

    async def is_empty(self) -> bool:
        """Whether nothing at all was left here."""
        if self.url.startswith("sqlite:"):
            connection = sqlite3.connect(self.url.removeprefix("sqlite://"))
            rows = connection.execute("SELECT count(*) FROM account").fetchone()[0]
            connection.close()
        else:
            client = await asyncpg.connect(self.url)
            rows = await client.fetchval("SELECT count(*) FROM account")
            await client.close()
        return not rows and not [path for path in self.files.rglob("*") if path.is_file()]


def here(product: Product) -> Place:
    return Place(product.config.database_url, product.config.files_dir)


async def story(product: Product) -> tuple[str, bytes]:
    """Questions, a ticket with its answer, a visit, two pictures; the number, the picture kept."""
    me = await sign_in(product, EMPLOYEE)
    number = await open_ticket(product, me)
    sent = await send(product, me, number, picture())
    await product.work()
    await product.answer(SPECIALIST, number, ANSWER)
    await product.say(COLLEAGUE, "纯净水的emoji🤝\u2028换行")
    # A visit, and a picture that no ticket has taken yet.
    await product.simulator.scan(COLLEAGUE.openid, "park")
    await product.simulator.send_image(COLLEAGUE.openid, picture(2))
    await product.work()
    kept = await product.http.get(sent.json()["attachments"][0]["url"], headers=me)
    return number, kept.content
