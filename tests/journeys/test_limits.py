"""Who asks too often, sends too much or takes his time is told so, and stops nobody else."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
import redis.asyncio

from models.conversations import InboundMessage
from server.config import Config
from server.http.limits import (
    ASK,
    FORGED,
    LOGIN,
    MESSAGES,
    STRANGER,
    Rate,
    TooMany,
    limits_for,
)
from tests.cast import COLLEAGUE, EMPLOYEE, SPECIALIST
from tests.journeys.test_api import ROUTED, ask, sign_in
from tests.product import Product
from tests.raw import exchange, trickle

PHONE, OTHER_PHONE = {"X-Forwarded-For": "198.51.100.1"}, {"X-Forwarded-For": "198.51.100.2"}
HELLO = {"Content": "几点下班"}


@pytest.fixture
def config(config: Config) -> Config:
    """Behind a proxy on this machine."""
    return replace(config, trusted_proxies=(ip_network("127.0.0.0/8"),))


async def until_refused(
    call: Callable[[], Awaitable[httpx.Response]], rate: Rate, *, counted: int = 0
) -> tuple[list[int], httpx.Response]:
    """Call until the answer is 429: the statuses before, and that answer. counted: calls before.

    In Redis minutes end by the clock, so one may end meanwhile; two can't.
    """
    statuses: list[int] = []
    for _ in range(2 * rate.a_minute + 1):
        answer = await call()
        if answer.status_code == 429:
            assert len(statuses) >= rate.a_minute - counted
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
            return statuses, answer
        statuses.append(answer.status_code)
    raise AssertionError(f"never refused: {statuses}")


async def test_sign_ins_are_counted_by_address(product: Product) -> None:
    async def login(headers: dict[str, str] = PHONE) -> httpx.Response:
        body = {"code": "never-issued"}
        return await product.http.post("/api/v1/login", json=body, headers=headers)

    statuses, refused = await until_refused(login, LOGIN)
    assert set(statuses) == {400}
    error = refused.json()["error"]
    assert error["code"] == "too_many_requests"
    assert error["message"] == f"操作太频繁了，请过 {refused.headers['Retry-After']} 秒再试。"
    assert (await login(OTHER_PHONE)).status_code == 400
    # X-Real-IP is not read, and what stands left of the last stranger is hearsay.
    forged = {"X-Forwarded-For": "198.51.100.77, 198.51.100.1", "X-Real-IP": "198.51.100.3"}
    assert (await login(forged)).status_code == 429


async def test_questions_are_counted_by_person(product: Product) -> None:
    me, colleague = await sign_in(product, EMPLOYEE), await sign_in(product, COLLEAGUE)
    statuses, refused = await until_refused(lambda: ask(product, me, "几点下班"), ASK)
    assert set(statuses) == {200}
    assert "太频繁" in refused.json()["error"]["message"]
    # Nothing of it was stored, others may ask, and the same person may read.
    assert await InboundMessage.all().count() == len(statuses)
    assert (await ask(product, colleague, "几点下班")).status_code == 200
    assert (await product.http.get("/api/v1/tickets", headers=me)).status_code == 200


async def test_strangers_are_counted_by_address(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)

    async def guess() -> httpx.Response:
        headers = {"Authorization": "Bearer a.b.c", **PHONE}
        return await product.http.get("/api/v1/tickets", headers=headers)

    statuses, _ = await until_refused(guess, STRANGER)
    assert set(statuses) == {401}
    for path in ("/desk", "/desk/enter/x", "/t/x"):
        page = await product.http.get(path, headers=PHONE)
        assert page.status_code == 429
        assert page.headers["content-type"].startswith("text/html")
        assert "太频繁" in page.text
        assert int(page.headers["Retry-After"]) >= 1
    document = await product.http.get("/api/v1/openapi.json", headers=PHONE)
    assert document.status_code == 429
    # Who is signed in is somebody, wherever the others at the same address come from.
    answer = await product.http.get("/api/v1/tickets", headers={**me, **PHONE})
    assert answer.status_code == 200


async def test_a_specialist_at_work_is_no_stranger(product: Product) -> None:
    me = await sign_in(product, EMPLOYEE)
    await ask(product, me, ROUTED)
    await product.work()
    await product.open_card(SPECIALIST)

    async def guess() -> httpx.Response:
        # Without the jar's cookie, from the specialist's own address.
        return await product.http.get("/desk", headers={"Cookie": "nqi_desk=x"})

    await until_refused(guess, STRANGER, counted=1)
    assert (await product.http.get("/desk")).status_code == 200


async def test_guessed_signatures_are_refused_and_wechat_is_not(product: Product) -> None:
    async def guess() -> httpx.Response:
        query = {"timestamp": "1", "nonce": "n", "msg_signature": "0" * 40}
        return await product.http.post("/wechat/callback", params=query, content=b"<xml/>")

    statuses, refused = await until_refused(guess, FORGED)
    assert set(statuses) == {403}
    assert refused.text == ""
    # The simulator, like a proxy's other clients, comes from the same address.
    assert "17:30" in await product.say(EMPLOYEE, "几点下班")


async def test_a_person_who_writes_too_fast_is_told_that_it_was_not_taken(
    product: Product,
) -> None:
    simulator = product.simulator

    async def write(number: int) -> str:
        head = simulator.head("official", EMPLOYEE.openid, "text")
        delivery = await simulator.deliver("official", {**head, **HELLO, "MsgId": number})
        return str(delivery.reply_text)

    replies = [await write(number) for number in range(MESSAGES.a_minute)]
    assert all("17:30" in reply for reply in replies)
    stored = await InboundMessage.all().count()
    refused = await write(1000)
    assert "没有收下" in refused
    assert "秒再发一次" in refused
    assert await InboundMessage.all().count() == stored
    # A repeated delivery of what was taken is no new message.
    assert await write(0) == replies[0]
    # What the platform reports is always taken, and so is what others write.
    event = {**simulator.head("official", EMPLOYEE.openid, "event"), "Event": "unsubscribe"}
    await simulator.deliver("official", event)
    assert "17:30" in await product.say(COLLEAGUE, "几点下班")
    assert await InboundMessage.all().count() == stored + 2


async def test_in_the_miniprogram_nothing_can_be_told_so_all_is_taken(product: Product) -> None:
    simulator = product.simulator
    for number in range(MESSAGES.a_minute + 1):
        head = simulator.head("miniapp", EMPLOYEE.miniapp_openid, "text")
        await simulator.deliver("miniapp", {**head, **HELLO, "MsgId": number})
    assert await InboundMessage.all().count() == MESSAGES.a_minute + 1


@pytest.fixture
async def store(config: Config) -> AsyncIterator[redis.asyncio.Redis]:
    if not config.redis_url:
        pytest.skip("this stack has no Redis")
    client = redis.asyncio.Redis.from_url(config.redis_url)
    yield client
    await client.aclose()


async def test_processes_count_together_and_redis_knows_nobody(
    product: Product, config: Config, store: redis.asyncio.Redis
) -> None:
    few = Rate("few", 3)
    async with limits_for(config) as one, limits_for(config) as other:
        with pytest.raises(TooMany):
            for _ in range(4):  # twice three, if the minute ends in between
                await one.check(few, EMPLOYEE.openid)
                await other.check(few, EMPLOYEE.openid)
    await product.http.get("/desk", headers=PHONE)
    keys = [key.decode() async for key in store.scan_iter("nqi:rate:*")]
    assert {key.split(":")[2] for key in keys} == {"few", "stranger"}
    for key in keys:
        assert EMPLOYEE.openid not in key
        assert "198.51" not in key
        assert 0 < await store.ttl(key) <= 120


TOO_LARGE = {
    "login": ("/api/v1/login", 64 * 1024 + 1),
    "question": ("/api/v1/ask", 64 * 1024 + 1),
    "question of 9 MB": ("/api/v1/ask", 9 * 1024 * 1024),
    "addition": ("/api/v1/tickets/NQ2611230001/messages", 64 * 1024 + 1),
    "callback": ("/wechat/callback", 1024 * 1024 + 1),
    "callback of 9 MB": ("/wechat/miniapp/callback", 9 * 1024 * 1024),
    "form": ("/desk/tickets/NQ2611230001/answer", 64 * 1024 + 1),
}


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize("name", TOO_LARGE)
async def test_a_body_too_large_is_answered(product: Product, name: str, chunked: bool) -> None:
    path, size = TOO_LARGE[name]
    me = await sign_in(product, EMPLOYEE)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, size, 64 * 1024):
            yield b"x" * min(64 * 1024, size - start)

    content: Any = pieces() if chunked else b"x" * size
    answer = await product.http.post(path, content=content, headers=me)
    assert answer.status_code == 413
    if path.startswith("/api/"):
        assert "内容太大了" in answer.json()["error"]["message"]
    # The connection was read to the body's end, so it still serves.
    assert (await product.http.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    "start",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n",
        b"POST /wechat/callback HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n",
    ],
    ids=["head", "body", "callback"],
)
async def test_who_trickles_is_cut_off(product: Product, start: bytes) -> None:
    product.app.config.update(REQUEST_TIMEOUT=0.4, RESPONSE_TIMEOUT=0.8)
    sent, said = await trickle(product.config.port, start, pause=0.05, most=400)
    assert sent < 400
    assert said.split(b" ")[1] in {b"408", b"503"}


MALFORMED = {
    "garbage": b"\x00\x01\x02\r\n\r\n",
    "one word": b"GET\r\n\r\n",
    "no protocol": b"GET /\r\n\r\n",
    "other protocol": b"GET / HTTP/2.0\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no slash": b"GET abc HTTP/1.1\r\nHost: x\r\n\r\n",
    "open bracket": b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "tunnel": b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "Chinese address": "GET /中 HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "no colon": b"GET /healthz HTTP/1.1\r\nHost\r\n\r\n",
    "length in words": b"POST /api/v1/login HTTP/1.1\r\nContent-Length: five\r\n\r\n",
    "length below zero": b"POST /api/v1/login HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
    "two lengths": b"POST /api/v1/login HTTP/1.1\r\n" + b"Content-Length: 5\r\n" * 2 + b"\r\nabcde",
    "bad chunk": b"POST /api/v1/login HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    "long header": b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 40_000 + b"\r\n\r\n",
    "odd method": b"F\xc3\xa4T /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "odd hops": b"GET /desk HTTP/1.1\r\nX-Forwarded-For: \xff[:::%,,;\x00\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed_requests_are_answered_without_a_trace(
    product: Product,
    name: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    head = await exchange(product.config.port, MALFORMED[name])
    assert head.split(b" ")[1] in {b"400", b"401", b"405", b"413"}
    said = caplog.text + "".join(capfd.readouterr())
    assert "Traceback" not in said
    assert "uncaught" not in said
