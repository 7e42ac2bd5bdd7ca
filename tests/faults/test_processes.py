"""`serve` and its processes: what dies comes back, what is stopped loses nothing."""

import asyncio
import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from models.conversations import InboundMessage
from models.outbox import OutboxItem, OutboxState
from models.tickets import Ticket
from server.wechat.simulator import Delivery
from tests import cast
from tests.cast import EMPLOYEE
from tests.faults.service import (
    CROWD,
    CUSTOM,
    LABEL,
    ROOT,
    ROUTED,
    Service,
    all_sent,
    children,
    end_leases,
    ended,
    until,
)

USER_INFO = "/cgi-bin/user/info"
STOPS_WITHIN = 15  # seconds, promised to whoever stops it


async def test_story_runs_over_processes_and_stops_cleanly(service: Service) -> None:
    serve = await service.serve(workers=service.scale)
    fields = {
        **service.simulator.head("official", EMPLOYEE.openid, "text"),
        "Content": ROUTED,
        "MsgId": 1,
    }
    deliveries = await asyncio.gather(
        *(service.simulator.deliver("official", fields) for _ in range(4))
    )
    replies = {d.reply_text for d in deliveries}
    assert len(replies) == 1
    assert await InboundMessage.all().count() == 1
    ticket = await Ticket.get()
    assert ticket.number in str(replies.pop())
    await until(all_sent)
    assert service.simulator.sent_to(cast.SPECIALIST.openid) or service.simulator.sent_to(
        cast.OTHER_SPECIALIST.openid
    )
    # The simulator is for development: a served product has none.
    for path in ("/dev/phone", "/dev/wechat/cgi-bin/stable_token"):
        assert (await service.http.get(path)).status_code == 404

    serve.terminate()
    assert await ended(serve) == 0
    log = service.log.read_text()
    assert "Traceback" not in log
    for secret in ("official-secret", "official-token", EMPLOYEE.openid, ROUTED):
        assert secret not in log


async def test_killed_processes_come_back_and_none_outlives_its_supervisor(
    service: Service,
) -> None:
    serve = await service.serve(workers=service.scale)
    for role in ("http", "worker"):
        before = children(serve, role)
        assert before
        for pid in before:
            os.kill(pid, signal.SIGKILL)

        async def replaced(role: str = role, before: list[int] = before) -> bool:
            now = children(serve, role)
            return len(now) == len(before) and not set(now) & set(before)

        await until(replaced)
    await until(service.healthy)
    reply = (await service.simulator.say(EMPLOYEE.openid, "几点下班")).reply_text
    assert "17:30" in str(reply)

    orphans = [*children(serve, "http"), *children(serve, "worker")]
    serve.kill()
    await ended(serve)

    async def all_gone() -> bool:
        return not any(Path(f"/proc/{pid}/cmdline").exists() for pid in orphans)

    await until(all_gone)


async def test_child_that_dies_at_once_is_started_more_and_more_rarely(tmp_path: Path) -> None:
    births = tmp_path / "births"
    program = f"import time; open({str(births)!r}, 'a').write(f'{{time.monotonic()}}\\n'); exit(1)"
    supervisor = subprocess.Popen(
        [
            sys.executable, "-c",
            "import sys; from server.supervisor import Child, Supervisor;"
            f"Supervisor([Child('x', [sys.executable, '-S', '-c', {program!r}])]).run()",
        ],
        cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip

    async def four_times() -> bool:
        return births.exists() and len(births.read_text().splitlines()) == 4

    await until(four_times)
    supervisor.terminate()
    await ended(supervisor)
    moments = [float(line) for line in births.read_text().splitlines()]
    pauses = [after - before for before, after in pairwise(moments)]
    assert [pause >= least for pause, least in zip(pauses, (0.5, 1, 2), strict=True)] == [True] * 3


async def test_stopped_under_load_loses_nothing(service: Service) -> None:
    """SIGTERM while messages come in and sends hang at the platform."""
    serve = await service.serve(workers=service.scale)
    # The work is done and the answer held back: the worst that a stop can meet.
    service.simulator.switch_on(CUSTOM, "timeout", seconds=20, processed=True)
    service.simulator.switch_on(USER_INFO, "timeout", seconds=20)
    people = CROWD[:24]
    waiting = people[:8]
    for person in waiting:
        assert (await service.simulator.say(person.miniapp_openid, "几点下班")).ok
    await service.called(times=len(waiting))
    calling = [asyncio.create_task(_ask(service, n)) for n in range(8, 24)]
    await until(InboundMessage.filter(openid__startswith="oCrowd").exists)
    serve.terminate()
    assert await ended(serve, STOPS_WITHIN) == 0
    # The address is closed now, so tries still under way end.
    accepted = [d for d in await asyncio.gather(*calling) if d.ok]

    service.simulator.faults.clear()
    await service.serve()
    assert await end_leases() == await OutboxItem.filter(state=OutboxState.LEASED).count()
    await until(all_sent)
    for person in waiting:
        texts = service.texts_to(person.miniapp_openid)
        assert sum(not text.startswith(LABEL) for text in texts) == 1, texts
        assert len(texts) <= 2
    for delivery in accepted:
        texts = service.texts_to(delivery.openid)
        assert sum("17:30" in text and not text.startswith(LABEL) for text in texts) == 1, texts


async def _ask(service: Service, number: int) -> Delivery:
    return await service.simulator.say(CROWD[number].openid, "几点下班")
