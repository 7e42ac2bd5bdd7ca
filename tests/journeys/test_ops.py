"""Alive, ready, counted: what operators and their machines see."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tortoise.transactions import in_transaction

from handlers import gates, outbox
from handlers.gates import Trouble
from handlers.house import House
from models.accounts import App, Consent, Identity
from models.clock import Clock
from models.conversations import InboundMessage, InboundState
from models.outbox import OutboxItem
from models.sql import fetch
from models.tickets import Ticket
from server.config import Config
from server.readiness import LAG_TOO_LONG, WORKER_TOO_OLD
from tests.cast import EMPLOYEE, SPECIALIST
from tests.journeys.conftest import Stack, is_postgres
from tests.journeys.test_callback import post, raw, sealed
from tests.journeys.test_delivery import CUSTOM
from tests.product import Product, running_product

TOKEN = "metrics-token-0001"
ROUTED = "送检3个水样要多少钱"
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
async def watched(config: Config, house: House, clock: Clock) -> AsyncIterator[Product]:
    """A running product whose operator has a token, and whose worker has just been seen."""
    config = replace(config, metrics_token=TOKEN)
    async with running_product(config, house, clock) as product:
        await product.worker().beat()
        yield product


async def ready(product: Product) -> tuple[int, dict[str, str], dict[str, str]]:
    """Status, words and details of /readyz."""
    answer = await product.http.get("/readyz", headers=OPERATOR)
    body = answer.json()
    return answer.status_code, body["checks"], body["details"]


async def samples(product: Product) -> dict[tuple[str, ...], float]:
    """What /metrics says: (name, label values in order of label names…) to value."""
    answer = await product.http.get("/metrics", headers=OPERATOR)
    assert answer.status_code == 200
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_alive_with_the_workers_age(watched: Product) -> None:
    watched.clock.travel(timedelta(seconds=7))
    body = (await watched.http.get("/healthz")).json()
    assert body == {"status": "ok", "version": "0.1.0", "worker_age_seconds": 7.0}
    await fetch("DELETE FROM heartbeat")
    assert (await watched.http.get("/healthz")).json()["worker_age_seconds"] is None
    assert not watched.simulator.journal.calls


async def test_ready_but_for_next_years_calendar(watched: Product) -> None:
    answer = await watched.http.get("/readyz")
    assert answer.status_code == 200
    # Nobody knows the holidays of 2027 yet; that makes promises provisional, and nothing else.
    assert answer.json() == {
        "status": "warn",
        "checks": {
            "database": "ok", "migrations": "ok", "outbox": "ok", "worker": "ok", "token": "ok",
            "workdays": "warn",
        },
    }  # fmt: skip
    assert "2027-01-01" in (await ready(watched))[2]["workdays"]
    watched.clock.freeze(datetime(2026, 10, 1, tzinfo=UTC))
    await watched.worker().beat()
    assert (await watched.http.get("/readyz")).json()["status"] == "ok"
    assert not watched.simulator.journal.calls


async def test_not_ready_without_a_worker(watched: Product) -> None:
    watched.clock.travel(timedelta(seconds=WORKER_TOO_OLD + 1))
    status, checks, details = await ready(watched)
    assert (status, checks["worker"]) == (503, "fail")
    assert details["worker"] == "seen 31 s ago"
    await fetch("DELETE FROM heartbeat")
    assert (await ready(watched))[2]["worker"] == "never seen"


async def test_not_ready_while_due_rows_wait(watched: Product) -> None:
    await watched.say(EMPLOYEE, ROUTED)
    watched.clock.travel(timedelta(seconds=LAG_TOO_LONG + 1))
    await watched.worker().beat()
    status, checks, details = await ready(watched)
    assert (status, checks["outbox"]) == (503, "fail")
    assert "121 s" in details["outbox"]
    # What waits at a shut gate, or behind an earlier row of its stream, is not late.
    item = await OutboxItem.get()
    leave = await gates.enter("official_template", a_minute=600, now=watched.clock.now())
    assert leave is not None
    await gates.refused(leave, Trouble.THROTTLED, reason="45009", now=watched.clock.now())
    await OutboxItem.filter(id=item.id).update(gate="official_template")
    assert (await ready(watched))[1]["outbox"] == "ok"
    await OutboxItem.filter(id=item.id).update(
        gate=None, due_at=watched.clock.now() + timedelta(minutes=1)
    )
    await outbox.enqueue(
        item.notice, account_id=item.account_id, app=item.app, payload=item.payload,
        dedupe_key="behind", stream=item.stream, now=watched.clock.now() - timedelta(hours=1),
    )  # fmt: skip
    assert (await ready(watched))[1]["outbox"] == "ok"


async def test_a_dead_lease_is_late_from_its_end_on(watched: Product) -> None:
    await watched.say(EMPLOYEE, ROUTED)
    assert await outbox.claim(now=watched.clock.now(), limit=1)
    watched.clock.travel(outbox.LEASE + timedelta(seconds=LAG_TOO_LONG - 1))
    await watched.worker().beat()
    assert (await ready(watched))[1]["outbox"] == "ok"
    watched.clock.travel(timedelta(seconds=2))
    assert (await ready(watched))[1]["outbox"] == "fail"


async def test_not_ready_before_all_migrations(watched: Product) -> None:
    await fetch("DELETE FROM tortoise_migrations WHERE name LIKE '0002%'")
    status, checks, details = await ready(watched)
    assert (status, checks["migrations"]) == (503, "fail")
    assert details["migrations"] == "missing 0002_gates_heartbeats_attachments"


async def test_not_ready_when_no_token_is_to_be_had(watched: Product) -> None:
    assert (await ready(watched))[2]["token"] == "official not fetched, miniapp not fetched"
    await watched.say(EMPLOYEE, ROUTED)
    await watched.work()
    assert "official present" in (await ready(watched))[2]["token"]
    leave = await gates.enter("official_custom", a_minute=600, now=watched.clock.now())
    assert leave is not None
    reason = "40164 203.0.113.7"
    await gates.refused(leave, Trouble.MISCONFIGURED, reason=reason, now=watched.clock.now())
    status, checks, details = await ready(watched)
    assert (status, checks["token"]) == (503, "fail")
    assert details["token"] == "official_custom 40164 203.0.113.7"


@asynccontextmanager
async def hanging_tables(product: Product) -> AsyncIterator[None]:
    """Reads wait: on SQLite for the one connection, on PostgreSQL for a lock on the tables."""
    async with in_transaction() as connection:
        if is_postgres(product.config):
            await connection.execute_query("LOCK TABLE heartbeat, outbox_item, gate")
        yield


async def test_a_hanging_database_holds_no_probe(watched: Product) -> None:
    async with hanging_tables(watched):
        # Without a bound these would wait for as long as the tables are locked.
        for _ in range(3):
            answers = await asyncio.gather(*(watched.http.get("/healthz") for _ in range(5)))
            assert [a.status_code for a in answers] == [200] * 5
            assert answers[0].json()["worker_age_seconds"] is None
        waiting = len(asyncio.all_tasks())
        status, checks, details = await ready(watched)
        assert (status, checks["outbox"], checks["worker"]) == (503, "fail", "fail")
        assert details["worker"] == "no answer within 1 s"
        assert ("nqi_database_up",) in await samples(watched)
        await ready(watched)
        # One look a part is under way, however often it is asked for.
        assert len(asyncio.all_tasks()) <= waiting + 7
    assert (await ready(watched))[0] == 200
    assert (await watched.http.get("/healthz")).json()["worker_age_seconds"] == 0.0


async def test_without_a_database_http_lives(watched: Product, servers: Stack) -> None:
    if not is_postgres(watched.config):
        pytest.skip("a file does not go away; see the test above")
    name = watched.config.database_url.rpartition("/")[2]
    admin = await asyncpg.connect(f"{servers.server}/postgres")
    try:
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
        await admin.execute(f"ALTER DATABASE {name} RENAME TO away")
        answer = await watched.http.get("/healthz")
        assert (answer.status_code, answer.json()["worker_age_seconds"]) == (200, None)
        status, checks, _ = await ready(watched)
        assert (status, checks["database"], checks["workdays"]) == (503, "fail", "warn")
        assert (await samples(watched))[("nqi_database_up",)] == 0
        await admin.execute(f"ALTER DATABASE away RENAME TO {name}")
    finally:
        await admin.close()
    assert (await ready(watched))[0] == 200


async def test_details_are_the_operators(watched: Product) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
        assert "details" not in (await watched.http.get("/readyz", headers=headers)).json()
        assert (await watched.http.get("/metrics", headers=headers)).status_code == 401


async def test_without_a_token_there_are_no_metrics(product: Product) -> None:
    for headers in ({}, {"Authorization": "Bearer"}, OPERATOR):
        assert (await product.http.get("/metrics", headers=headers)).status_code == 404
        assert "details" not in (await product.http.get("/readyz", headers=headers)).json()


async def duplicated(product: Product, text: str) -> None:
    fields = {**product.simulator.head("official", EMPLOYEE.openid, "text"), "Content": text}
    for _ in range(2):
        await product.simulator.deliver("official", {**fields, "MsgId": 7001})


async def test_what_happens_is_counted(watched: Product) -> None:
    before = await samples(watched)
    await duplicated(watched, "几点下班")
    await watched.say(EMPLOYEE, ROUTED)
    assert (await post(watched, sealed(watched), msg_signature="wrong"))[0] == 403
    assert (await post(watched, raw(watched, b"no xml")))[0] == 200
    watched.simulator.switch_on(CUSTOM, "errcode", errcode=45015)
    await watched.work()
    after = await samples(watched)

    def more(*key: str) -> float:
        return after.get(key, 0.0) - before.get(key, 0.0)

    count = "nqi_callback_seconds_count"
    assert more(count, "official", "reply") == 3
    assert more(count, "official", "refused") == 1
    assert more(count, "official", "quarantined") == 1
    # The edge that matters is one that can be asked for.
    assert ("nqi_callback_seconds_bucket", "official", "4.5", "reply") in after
    assert more("nqi_callback_duplicates_total", "official") == 1
    assert more("nqi_deliveries_total", "official_template", "0") >= 1
    assert more("nqi_token_fetches_total", "official", "normal") == 1
    assert after[("nqi_bodies_quarantined",)] == 1
    # One question of two went to a person; the repeated delivery is no second question.
    assert after[("nqi_unanswered_ratio",)] == 0.5


async def test_the_state_of_things_is_measured(watched: Product) -> None:
    await watched.say(EMPLOYEE, ROUTED)
    watched.clock.travel(timedelta(seconds=40))
    identity = await Identity.get(openid=EMPLOYEE.openid)
    template = next(
        id_ for (app, _), id_ in watched.app.ctx.wiring.templates.ids.items() if app == App.MINIAPP
    )
    await Consent.create(identity=identity, template_id=template, credits=3)
    await Consent.create(identity=identity, template_id="nobody-configured-this", credits=9)
    now = watched.clock.now()
    leave = await gates.enter("miniapp_subscribe", a_minute=600, now=now)
    assert leave is not None
    await gates.refused(leave, Trouble.MISCONFIGURED, reason="40164 203.0.113.7", now=now)
    await Ticket.all().update(answer_due_at=now - timedelta(hours=1))
    await InboundMessage.all().update(state=InboundState.FAILED)
    state = await samples(watched)
    assert state[("nqi_database_up",)] == 1
    assert state[("nqi_outbox_rows", "pending")] == await OutboxItem.all().count() > 0
    assert state[("nqi_outbox_lag_seconds",)] == 40
    assert state[("nqi_worker_age_seconds",)] == 40
    assert state[("nqi_gate_shut", "40164", "miniapp_subscribe")] == 1
    assert state[("nqi_deadlines_missed",)] == 1
    assert state[("nqi_messages_failed",)] == 1
    assert sum(v for (name, *_), v in state.items() if name == "nqi_credits_left") == 3
    text = (await watched.http.get("/metrics", headers=OPERATOR)).text
    ticket = await Ticket.get()
    for private in (EMPLOYEE.openid, SPECIALIST.openid, ticket.number, "203.0.113.7", template):
        assert private not in text
