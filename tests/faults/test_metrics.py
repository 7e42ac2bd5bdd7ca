"""What several processes count is told by whichever of them is asked, also after a death."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cast import EMPLOYEE
from tests.faults.service import ROUTED, Service, all_sent, children, ended, until

OPERATOR = {"Authorization": "Bearer metrics-token-0001"}
ANSWERS = ("nqi_callback_seconds_count", "official", "reply")
SENDS = ("nqi_deliveries_total", "official_template", "0")


async def scraped(service: Service) -> dict[tuple[str, ...], float]:
    """/metrics of whichever process takes the connection."""
    answer = await service.http.get("/metrics", headers={**OPERATOR, "Connection": "close"})
    assert answer.status_code == 200
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def ask(service: Service, times: int) -> None:
    """Questions by several connections, so that every process gets some."""
    await asyncio.gather(*(service.simulator.say(EMPLOYEE.openid, ROUTED) for _ in range(times)))
    await until(all_sent)


async def replaced(service: Service, pid: int, role: str) -> None:
    async def other() -> bool:
        now = children(service.processes[0], role)
        return bool(now) and pid not in now and await service.healthy()

    await until(other)


async def test_all_processes_count_together(service: Service) -> None:
    service.variables["NQI_METRICS_TOKEN"] = "metrics-token-0001"
    supervisor = await service.serve()
    await ask(service, 4)
    before = await scraped(service)
    assert before[ANSWERS] == 4
    assert before[SENDS] > 0, "the worker's counts are told by an HTTP process"
    for role in ("http", "worker"):
        for pid in children(supervisor, role):
            os.kill(pid, signal.SIGKILL)
            await replaced(service, pid, role)
    assert (await scraped(service))[ANSWERS] == 4, "what the dead counted is not lost"
    await ask(service, 2)
    after = await scraped(service)
    assert after[ANSWERS] == 6
    assert after[SENDS] >= before[SENDS]


@pytest.mark.parametrize("given", [False, True], ids=["own folder", "given folder"])
async def test_the_folder_goes_away_unless_it_was_given(
    service: Service, tmp_path: Path, given: bool
) -> None:
    service.variables["NQI_METRICS_TOKEN"] = "metrics-token-0001"
    service.variables["TMPDIR"] = str(tmp_path / "tmp")
    (tmp_path / "tmp").mkdir()
    shared = tmp_path / "shared"
    if given:
        service.variables["PROMETHEUS_MULTIPROC_DIR"] = str(shared)
    supervisor = await service.serve("--no-worker")
    service.start("worker")  # by itself, as on a host of its own
    await ask(service, 2)
    counted = await scraped(service)
    assert counted[ANSWERS] == 2
    # A worker that shares the folder is counted; another one counts for itself.
    assert (SENDS in counted) == given
    supervisor.terminate()
    assert await ended(supervisor) == 0
    assert list((tmp_path / "tmp").glob("nqi-metrics-*")) == []
    assert shared.exists() == given
