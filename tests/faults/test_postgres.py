"""PostgreSQL restarted, its connections cut or used up: the service says so and recovers."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from tortoise.exceptions import DBConnectionError

from models import database, lanes
from models.accounts import Account
from models.tickets import Ticket
from models.transactions import transactional
from tests.cast import EMPLOYEE
from tests.faults.load import load
from tests.faults.service import CROWD, ROUTED, end_leases, finish_messages, surroundings
from tests.product import MONDAY_MORNING, Product
from tests.stack import Server

NOW = MONDAY_MORNING


async def restart(server: Server) -> None:
    """Cut everybody off, as a crash does, and come back."""
    await asyncio.to_thread(server.stop, signal.SIGQUIT)
    await asyncio.to_thread(server.start)


@pytest.fixture
async def connected(own_database: str) -> AsyncIterator[str]:
    """This process as one that uses the database."""
    await database.connect(own_database)
    yield own_database
    await database.disconnect()


async def test_restarts_under_load_lose_nothing(
    own_postgres: Server, own_database: str, redis_url: str, tmp_path: Path
) -> None:
    async with surroundings(own_database, redis_url, tmp_path) as service:
        await service.serve(workers=2)
        code = service.simulator.login_code(EMPLOYEE.miniapp_openid)
        login = await service.http.post("/api/v1/login", json={"code": code})
        service.http.headers["Authorization"] = f"Bearer {login.json()['token']}"
        pages: list[httpx.Response] = []
        async with load(service, CROWD[:6]) as asking:
            for _ in range(3):
                await asking.answered(8)
                stopping = asyncio.create_task(restart(own_postgres))
                while not stopping.done():
                    pages.append(await service.http.get("/api/v1/tickets"))
                await stopping
            await asking.answered(8)
        assert {page.status_code for page in pages} <= {200, 503}
        assert {page.json()["error"]["code"] for page in pages if page.status_code == 503} <= {
            "unavailable"
        }
        assert asking.statuses() <= {200, 503}
        await end_leases()  # of sends that could not even write down how they ended
        await finish_messages()
        asking.check()
        assert "request failed" not in service.log.read_text()


async def test_idle_connections_that_died_cost_no_request(
    own_postgres: Server, own_database: str, tmp_path: Path
) -> None:
    async with surroundings(own_database, "", tmp_path) as service:
        await service.serve("--no-worker")
        for _ in range(3):
            # Several at once, so that several connections are open and idle afterwards.
            deliveries = await asyncio.gather(
                *(service.simulator.say(p.openid, "几点下班") for p in CROWD[:8])
            )
            assert [[a.status for a in d.attempts] for d in deliveries] == [[200]] * 8
            await restart(own_postgres)


@transactional
async def write(name: str, begun: asyncio.Event, go_on: asyncio.Event) -> None:
    await Account.create(display_name=name, created_at=NOW)
    begun.set()
    await go_on.wait()
    await Account.create(display_name=name, created_at=NOW)


async def whole_pool_works() -> None:
    """As many transactions at once as there are connections; a lost one would be missed."""
    begun = [asyncio.Event() for _ in range(lanes.CONNECTIONS)]
    go_on = asyncio.Event()
    writing = [asyncio.create_task(write("whole", one, go_on)) for one in begun]
    async with asyncio.timeout(30):
        await asyncio.gather(*(one.wait() for one in begun))
        go_on.set()
        await asyncio.gather(*writing)


async def test_transactions_cut_in_the_middle_leave_nothing_behind(
    own_postgres: Server, connected: str
) -> None:
    for round_ in range(2):
        begun = [asyncio.Event() for _ in range(lanes.CONNECTIONS)]
        go_on = asyncio.Event()
        cut = [asyncio.create_task(write(f"cut{round_}", one, go_on)) for one in begun]
        await asyncio.gather(*(one.wait() for one in begun))
        await restart(own_postgres)
        go_on.set()
        ends = await asyncio.gather(*cut, return_exceptions=True)
        assert [type(end) for end in ends] == [DBConnectionError] * lanes.CONNECTIONS
        await whole_pool_works()
    assert not await Account.filter(display_name__startswith="cut").exists()


async def test_connections_cut_at_any_moment_come_back_to_the_pool(
    own_postgres: Server, connected: str
) -> None:
    admin = await asyncpg.connect(f"{own_postgres.url}/postgres")
    go_on = asyncio.Event()
    go_on.set()
    failed = 0
    for round_ in range(30):
        writing = [
            asyncio.create_task(write(f"r{round_}", asyncio.Event(), go_on))
            for _ in range(lanes.CONNECTIONS)
        ]
        await asyncio.sleep(0.001 * (round_ % 10))
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'nqi'"
        )
        ends = await asyncio.gather(*writing, return_exceptions=True)
        assert {type(end) for end in ends} <= {type(None), DBConnectionError}
        failed += sum(end is not None for end in ends)
    assert failed
    await admin.close()
    await whole_pool_works()
    names = await Account.all().values_list("display_name", flat=True)
    assert all(names.count(name) % 2 == 0 for name in set(names))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements may take this long, in connections opened from now on."""
    monkeypatch.setattr(database, "STATEMENT_SECONDS", 0.2)


@pytest.mark.usefixtures("impatient")
async def test_silent_statement_gives_its_connection_back(connected: str) -> None:
    await Account.create(display_name="locked", created_at=NOW)
    holder = await asyncpg.connect(connected)
    held = holder.transaction()
    await held.start()
    await holder.execute("LOCK TABLE account IN ACCESS EXCLUSIVE MODE")
    with pytest.raises(DBConnectionError):
        await Account.get(display_name="locked")
    await held.rollback()
    await holder.close()
    await whole_pool_works()


async def test_slow_pages_leave_connections_for_callbacks(product: Product) -> None:
    await product.say(EMPLOYEE, ROUTED)
    number = (await Ticket.get()).number
    code = product.simulator.login_code(EMPLOYEE.miniapp_openid)
    await product.work()
    login = await product.http.post("/api/v1/login", json={"code": code})
    me = {"Authorization": f"Bearer {login.json()['token']}"}

    holder = await asyncpg.connect(product.config.database_url)
    held = holder.transaction()
    await held.start()
    await holder.execute("LOCK TABLE consent IN ACCESS EXCLUSIVE MODE")
    pages = lanes.CONNECTIONS - lanes.KEPT_FOR_CALLBACKS
    slow = {
        asyncio.create_task(product.http.get("/api/v1/consents", headers=me)) for _ in range(pages)
    }

    async def at_the_lock() -> int:
        return int(await holder.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    while await at_the_lock() < pages:
        await asyncio.sleep(0.01)
    for path in ("/api/v1/tickets", f"/api/v1/tickets/{number}"):
        refused = await product.http.get(path, headers=me)
        assert refused.status_code == 503
        assert "稍后再试" in refused.json()["error"]["message"]
    delivery = await product.simulator.say(EMPLOYEE.openid, "几点下班")
    assert [a.status for a in delivery.attempts] == [200]
    assert "17:30" in (delivery.reply_text or "")
    assert not any(task.done() for task in slow)

    await held.rollback()
    await holder.close()
    assert {(await task).status_code for task in slow} == {200}
    assert (await product.http.get("/api/v1/tickets", headers=me)).status_code == 200
