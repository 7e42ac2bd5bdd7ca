"""Ten minutes of nonsense at every door of the running service (`make soak`).

Two processes at once: tests/fuzz.py sends real callbacks damaged, sealed rightly and wrongly, and
bytes that are hardly HTTP; schemathesis asks the API. NQI_SOAK_SECONDS shortens it for trying.
"""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.cast import EMPLOYEE
from tests.faults.service import ROOT, Service, children

SECONDS = int(os.environ.get("NQI_SOAK_SECONDS", "600"))
MOST_GROWTH = 64 * 1024  # KiB, of a process that is warm

pytestmark = pytest.mark.soak


def resident(pid: int) -> int:
    """KiB of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1])


async def ran(*arguments: str, folder: Path, **variables: str) -> str:
    """Run a Python module to its end; returns what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def test_nonsense_breaks_nothing(service: Service, tmp_path: Path) -> None:
    service.variables["NQI_RATE_LIMIT_FACTOR"] = "1000"
    serve = await service.serve()
    origin = service.http.base_url
    code = service.simulator.login_code(EMPLOYEE.miniapp_openid)
    answer = await service.http.post("/api/v1/login", json={"code": code})
    session = f"Authorization: Bearer {answer.json()['token']}"
    processes = [*children(serve, "http"), *children(serve, "worker")]

    async def warm_size() -> list[int]:
        await asyncio.sleep(SECONDS / 3)
        return [resident(pid) for pid in processes]

    warm, seen, _ = await asyncio.gather(
        warm_size(),
        ran(
            "tests.fuzz", str(SECONDS),
            folder=ROOT, **service.variables,
        ),
        ran(
            # A code of wx.login can't be made up: its refusal is no finding.
            "schemathesis.cli", "run", f"{origin}/api/v1/openapi.json", "--header", session,
            "--exclude-checks", "positive_data_acceptance",
            "--phases", "coverage,fuzzing", "--max-time", str(SECONDS),
            folder=tmp_path,
        ),
    )  # fmt: skip
    # Every door was met, opened and found shut.
    assert {"callback 200", "callback 403", "bytes 400", "bytes 404"} <= json.loads(seen).keys()
    assert processes == [*children(serve, "http"), *children(serve, "worker")]
    grown = [resident(pid) - before for pid, before in zip(processes, warm, strict=True)]
    print(seen, "KiB when warm", warm, "grown by", grown)  # noqa: T201 -- a soak reports
    assert max(grown) < MOST_GROWTH
    log = service.log.read_text()
    assert "Traceback" not in log
    assert (await service.http.get("/healthz")).status_code == 200
