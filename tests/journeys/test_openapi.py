"""The API's own description: complete, open to all, and true, as schemathesis finds it."""

import asyncio
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from models.conversations import InboundMessage
from models.tickets import EventKind, TicketEvent
from server.config import Config
from tests.cast import EMPLOYEE, SPECIALIST
from tests.journeys.test_api import ANSWER, ROUTED, ask, sign_in
from tests.product import Product

DOCUMENT = "/api/v1/openapi.json"
SETTINGS = Path(__file__).with_name("schemathesis.toml")


@pytest.fixture
def config(config: Config) -> Config:
    """Nobody is too fast here: schemathesis asks many times a second."""
    return replace(config, rate_limit_factor=1000)


async def test_document_tells_of_every_route_and_of_no_other(product: Product) -> None:
    answer = await product.http.get(DOCUMENT)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    told = {
        (method.upper(), path)
        for path, operations in answer.json()["paths"].items()
        for method in operations
    }
    served = {
        (method, re.sub(r"<(\w+):\w+>", r"{\1}", f"/{route.path}"))
        for route in product.app.router.routes
        for method in route.methods
        if route.path.startswith("api/")
    }
    assert told | {("GET", DOCUMENT)} == served


async def test_schemathesis_finds_the_document_true(product: Product, tmp_path: Path) -> None:
    me = await sign_in(product, EMPLOYEE)
    number = (await ask(product, me, ROUTED)).json()["ticket"]
    await product.work()
    await product.answer(SPECIALIST, number, ANSWER)
    await product.work()
    asked = await InboundMessage.all().count()
    # A process of its own, as a stranger would check us; in an empty folder, for it leaves files.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "--config-file", SETTINGS,
        "run", f"{product.http.base_url}{DOCUMENT}",
        cwd=tmp_path,
        env={
            **os.environ,
            "NQI_TEST_SESSION": me["Authorization"].removeprefix("Bearer "),
            "NQI_TEST_TICKET": number,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    # It got behind the sign-in: questions were asked, and the ticket was added to.
    assert await InboundMessage.all().count() > asked
    assert await TicketEvent.filter(kind=EventKind.MESSAGE).exists()
