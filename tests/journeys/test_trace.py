"""A request's id: given or made, in the answer, and in every line that comes of it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from models.outbox import OutboxItem
from server.http import trace
from tests.cast import EMPLOYEE
from tests.journeys.test_callback import post, raw, sealed
from tests.journeys.test_delivery import CUSTOM
from tests.product import Product

GIVEN = "proxy-0123456789"
ROUTED = "送检3个水样要多少钱"
Lines = list[Any]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is logged meanwhile, with its context."""
    with capture_logs(processors=[merge_contextvars]) as captured:
        yield captured


async def test_ids_are_taken_or_made(product: Product) -> None:
    answer = await product.http.get("/healthz", headers={"X-Request-Id": GIVEN})
    assert answer.headers["x-request-id"] == GIVEN
    made = set()
    for refused in ("short", "x" * 65, "two words here", "a=1;b=2;c=3", "<script>alert", ""):
        answer = await product.http.get("/healthz", headers={"X-Request-Id": refused})
        made.add(answer.headers["x-request-id"])
        assert trace.TRUSTED.fullmatch(answer.headers["x-request-id"])
    assert len(made) == 6, "each request has an id of its own"
    for path in ("/no/such/page", "/api/v1/tickets"):
        answer = await product.http.get(path, headers={"X-Request-Id": GIVEN})
        assert answer.headers["x-request-id"] == GIVEN


async def test_lines_of_a_request_carry_its_id(product: Product, lines: Lines) -> None:
    sent = raw(product, b"no xml")
    answer = await product.http.post("/wechat/callback", params=sent.params, content=sent.body)
    first = answer.headers["x-request-id"]
    status, _ = await post(product, sealed(product), msg_signature="wrong")
    assert status == 403
    quarantined, refused = lines
    assert quarantined["event"] == "callback quarantined"
    assert quarantined["request"] == first
    # The same connection, another request.
    assert refused["event"] == "callback refused"
    assert trace.TRUSTED.fullmatch(refused["request"])
    assert refused["request"] != first


async def test_work_that_goes_on_keeps_the_id(
    product: Product, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The response is given while the engine still thinks; what it logs then is of this request."""
    may_go_on = asyncio.Event()

    async def thinks(*_: Any, **__: Any) -> None:
        await may_go_on.wait()
        structlog.get_logger("handlers.conversation").warning("thought at last")

    monkeypatch.setattr("handlers.inbox.respond", thinks)
    monkeypatch.setattr("server.http.callback.ANSWER_WITHIN", 1.0)
    sent = sealed(product, Content=ROUTED)
    answer = await product.http.post(
        "/wechat/callback",
        params=sent.params,
        content=sent.body,
        headers={"X-Request-Id": GIVEN},
    )
    assert answer.status_code == 200
    may_go_on.set()
    async with asyncio.timeout(10):
        while not (thought := [x for x in lines if x["event"] == "thought at last"]):
            await asyncio.sleep(0.01)
    assert thought[0]["request"] == GIVEN


async def test_only_slow_and_failed_requests_are_told(
    product: Product, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    await product.http.get("/healthz")
    assert lines == []
    await product.http.get("/readyz", headers={"X-Request-Id": GIVEN})  # no worker: 503
    (failed,) = lines
    assert (failed["method"], failed["route"], failed["status"]) == ("GET", "readyz", 503)
    assert failed["request"] == GIVEN
    monkeypatch.setattr(trace, "SLOW", 0.0)
    await product.http.get("/desk/enter/a-token-of-somebody")
    assert lines[-1]["route"] == "desk/enter/<token:str>"
    assert "a-token-of-somebody" not in str(lines)


async def test_sends_are_told_by_their_row(product: Product, lines: Lines) -> None:
    product.simulator.switch_on("/cgi-bin/message/template/send", "errcode", errcode=47003)
    product.simulator.switch_on(CUSTOM, "errcode", errcode=40125)
    await product.say(EMPLOYEE, ROUTED)
    await product.work()
    told = [line for line in lines if line.get("item")]
    assert {line["item"] for line in told} == {(await OutboxItem.get()).id}
    assert "request" not in told[0]
