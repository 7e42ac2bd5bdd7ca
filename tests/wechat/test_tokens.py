"""The shared token: one fetch for many, a dead one replaced, forced refreshes counted."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from handlers.incoming import App
from server.wechat.client import SendResult, WeChatClient
from server.wechat.errors import Misconfigured, TokenDead, Unavailable
from server.wechat.tokens import (
    FORCES_A_DAY,
    MemoryTokenStore,
    RedisTokenStore,
    StoreDown,
    Token,
    TokenStore,
)
from tests.wechat.callbacks import NOW
from tests.wechat.platform import Platform, fault, reply

SEND = "custom/send"
DEAD_CODES = [40001, 40014, 42001]


def redis_at(socket: Path) -> Redis:
    return Redis(unix_socket_path=str(socket), retry=Retry(NoBackoff(), 0))


@pytest.fixture(scope="session")
def redis_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    server = shutil.which("redis-server")
    assert server is not None, "redis-server is missing: `make test` installs it"
    folder = tmp_path_factory.mktemp("redis")
    socket = folder / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    with subprocess.Popen([server, *options], stdout=subprocess.DEVNULL) as process:
        while not socket.exists():
            time.sleep(0.01)
        yield socket
        process.terminate()


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[TokenStore]:
    if request.param == "memory":
        yield MemoryTokenStore()
        return
    redis = redis_at(request.getfixturevalue("redis_socket"))
    await redis.flushall()
    yield RedisTokenStore(redis)
    await redis.aclose()


@pytest.fixture
def platform(store: TokenStore) -> Platform:
    return Platform(store=store)


async def send(client: WeChatClient) -> SendResult:
    return await client.send_custom_text(App.OFFICIAL, openid="o1", text="x")


async def test_store_keeps_one_token_per_app(store: TokenStore) -> None:
    assert await store.get(App.OFFICIAL) is None
    await store.put(App.OFFICIAL, "a", NOW)
    await store.put(App.OFFICIAL, "b", NOW)
    await store.put(App.MINIAPP, "c", NOW)
    assert await store.get(App.OFFICIAL) == Token("b", NOW)
    assert await store.get(App.MINIAPP) == Token("c", NOW)


async def test_store_lock_excludes_per_app(store: TokenStore) -> None:
    inside: list[App] = []

    async def hold(app: App) -> None:
        async with store.lock(app):
            assert app not in inside
            inside.append(app)
            await asyncio.sleep(0.02)
            inside.remove(app)

    await asyncio.gather(*(hold(app) for app in (App.OFFICIAL, App.MINIAPP) * 3))
    with pytest.raises(ZeroDivisionError):
        async with store.lock(App.OFFICIAL):
            raise ZeroDivisionError
    await hold(App.OFFICIAL)


async def test_forced_refreshes_are_thirty_seconds_apart(store: TokenStore) -> None:
    assert await store.claim_force(App.OFFICIAL, NOW)
    assert not await store.claim_force(App.OFFICIAL, NOW + timedelta(seconds=29))
    assert await store.claim_force(App.MINIAPP, NOW)
    assert await store.claim_force(App.OFFICIAL, NOW + timedelta(seconds=30))
    # The clock was set back by an hour.
    assert await store.claim_force(App.OFFICIAL, NOW - timedelta(hours=1))


async def test_forced_refreshes_are_twenty_a_day_in_china(store: TokenStore) -> None:
    moments = [NOW + timedelta(minutes=minute) for minute in range(FORCES_A_DAY + 1)]
    claims = [await store.claim_force(App.OFFICIAL, moment) for moment in moments]
    assert claims == [True] * FORCES_A_DAY + [False]
    midnight_in_china = NOW.replace(hour=16)
    assert not await store.claim_force(App.OFFICIAL, midnight_in_china - timedelta(seconds=1))
    assert await store.claim_force(App.OFFICIAL, midnight_in_china)


async def test_a_token_is_fetched_once_and_again_before_it_expires(platform: Platform) -> None:
    platform.on(SEND, fault(0))
    client = platform.client()
    await send(client)
    platform.clock.travel(timedelta(seconds=6899))
    await send(client)
    assert len(platform.calls("stable_token")) == 1
    platform.clock.travel(timedelta(seconds=1))
    await send(client)
    assert len(platform.calls("stable_token")) == 2


async def test_a_short_life_does_not_mean_a_fetch_for_each_send(platform: Platform) -> None:
    platform.on("stable_token", reply(access_token="t", expires_in=300))
    platform.on(SEND, fault(0))
    client = platform.client()
    await send(client)
    await send(client)
    assert len(platform.calls("stable_token")) == 1


@pytest.mark.parametrize("code", DEAD_CODES)
async def test_a_dead_token_is_replaced_once(platform: Platform, code: int) -> None:
    platform.on(SEND, fault(code), fault(0))
    await send(platform.client())
    used = [call.url.params["access_token"] for call in platform.calls(SEND)]
    assert used == ["token-1", "token-2"]
    assert platform.forced() == [False, False]


@pytest.mark.parametrize("code", DEAD_CODES)
async def test_a_lasting_refusal_ends_after_one_more_send(platform: Platform, code: int) -> None:
    platform.on(SEND, fault(code))
    with pytest.raises(TokenDead) as caught:
        await send(platform.client())
    assert (caught.value.code, caught.value.permanent) == (code, False)
    assert len(platform.calls(SEND)) == 2
    assert len(platform.calls("stable_token")) == 2


async def test_the_same_dead_token_again_forces_a_refresh(platform: Platform) -> None:
    old, new = (reply(access_token=name, expires_in=7200) for name in ("old", "new"))
    platform.on("stable_token", old, old, new)
    platform.on(SEND, fault(42001), fault(0))
    await send(platform.client())
    assert platform.forced() == [False, False, True]
    assert platform.calls(SEND)[1].url.params["access_token"] == "new"


async def test_forcing_is_bounded(platform: Platform) -> None:
    platform.on("stable_token", reply(access_token="old", expires_in=7200))
    platform.on(SEND, fault(40001))
    client = platform.client()
    for _ in range(5):
        with pytest.raises(TokenDead):
            await send(client)
    assert platform.forced().count(True) == 1
    # The token never changed, so the second send was never worth making.
    assert len(platform.calls(SEND)) == 5
    platform.clock.travel(timedelta(seconds=30))
    with pytest.raises(TokenDead):
        await send(client)
    assert platform.forced().count(True) == 2


async def test_twelve_sends_without_a_token_make_one_fetch(platform: Platform) -> None:
    platform.on(SEND, fault(0))
    client = platform.client()
    await asyncio.gather(*(send(client) for _ in range(12)))
    assert len(platform.calls("stable_token")) == 1


@pytest.mark.parametrize("processes", [1, 12])
async def test_twelve_sends_with_an_invalid_token_make_one_fetch(
    platform: Platform, processes: int
) -> None:
    await platform.store.put(App.OFFICIAL, "invalid", NOW + timedelta(hours=1))
    platform.on(SEND, lambda request: fault(40001 * ("invalid" in str(request.url))))
    clients = [platform.client() for _ in range(processes)]
    await asyncio.gather(*(send(clients[each % processes]) for each in range(12)))
    assert len(platform.calls("stable_token")) == 1
    assert len(platform.calls(SEND)) == 24


async def test_a_token_that_another_process_replaced_is_used(platform: Platform) -> None:
    await platform.store.put(App.OFFICIAL, "first", NOW + timedelta(hours=1))
    refused = asyncio.Event()

    def refuse_the_first(request: httpx.Request) -> httpx.Response:
        refused.set()
        return fault(40001 if request.url.params["access_token"] == "first" else 0)

    platform.on(SEND, refuse_the_first)
    async with platform.store.lock(App.OFFICIAL):
        sending = asyncio.create_task(send(platform.client()))
        await refused.wait()
        await platform.store.put(App.OFFICIAL, "second", NOW + timedelta(hours=1))
    await sending
    assert not platform.calls("stable_token")


async def test_those_who_wait_for_a_failing_fetch_share_its_failure(platform: Platform) -> None:
    platform.on("stable_token", fault(40164))
    client = platform.client()
    results = await asyncio.gather(*(send(client) for _ in range(12)), return_exceptions=True)
    assert all(isinstance(result, Misconfigured) for result in results)
    assert len(platform.calls("stable_token")) == 1
    with pytest.raises(Misconfigured):
        await send(client)
    assert len(platform.calls("stable_token")) == 2


async def test_a_cancelled_send_leaves_the_lock_free(platform: Platform) -> None:
    client = platform.client()
    platform.on(SEND, fault(0))
    async with platform.store.lock(App.OFFICIAL):
        waiting = asyncio.create_task(send(client))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await send(client)


async def test_a_store_out_of_reach_means_that_nothing_was_sent(tmp_path: Path) -> None:
    redis = redis_at(tmp_path / "none.sock")
    store = RedisTokenStore(redis)
    platform = Platform(store=store)
    platform.on(SEND, fault(0))
    with pytest.raises(Unavailable) as caught:
        await send(platform.client())
    assert not caught.value.maybe_sent
    for call in (store.put(App.OFFICIAL, "x", NOW), store.claim_force(App.OFFICIAL, NOW)):
        with pytest.raises(StoreDown):
            await call
    with pytest.raises(StoreDown):
        async with store.lock(App.OFFICIAL):
            raise AssertionError("never entered")
    await redis.aclose()


async def test_a_lock_that_ran_out_does_not_fail_the_send(redis_socket: Path) -> None:
    redis = redis_at(redis_socket)
    await redis.flushall()
    store = RedisTokenStore(redis)
    async with store.lock(App.OFFICIAL):
        await redis.flushall()
    await redis.aclose()
