"""Servers under measurement: real processes, pinned, with their CPU time and memory."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.client import Broken

ROOT = Path(__file__).parents[2]
START_WITHIN = 60.0
STOP_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core serves and which one asks; `all` for servers that may use whatever there is."""

    server: str
    client: int
    all: str

    @classmethod
    def here(cls) -> "Cores":
        """This machine's. Raises Broken where there are not two."""
        found = sorted(os.sched_getaffinity(0))
        if len(found) < 2:
            raise Broken("two cores are needed: one for the server, one for the client")
        return cls(str(found[0]), found[-1], ",".join(map(str, found)))


@dataclass(frozen=True, slots=True)
class Running:
    """One server with its children."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def cpu(self) -> float:
        """Seconds of CPU that all its processes and threads have used until now."""
        return sum(_cpu(pid) for pid in self._family())

    def memory(self) -> int:
        """Resident bytes of its largest process: the one that serves."""
        return max(_resident(pid) for pid in self._family())

    def _family(self) -> list[int]:
        found = [self.process.pid]
        for pid in found:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
            found += map(int, children.split())
        return found


@contextmanager
def running(
    command: Sequence[str], *, port: int, cores: str, folder: Path, env: Mapping[str, str] = {}
) -> Iterator[Running]:
    """Run `command` in `folder` on these cores until the block is left.

    Yields once it accepts connections; the first response may take longer. Raises Broken when it
    ends early, or ends badly, with the end of its log.
    """
    log = folder / f"{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["taskset", "-c", cores, *command],
            cwd=folder, stdout=output, stderr=output,
            env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        )  # fmt: skip
    server = Running(process, port, log)
    try:
        _await_listener(server)
        yield server
    except Broken as error:
        raise Broken(f"{error}\n{_tail(log)}") from error
    finally:
        _end(process)


def run(command: Sequence[str], *, folder: Path, env: Mapping[str, str]) -> None:
    """Run `command` to its end. Raises Broken when it fails."""
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Broken(f"{command}: {done.stderr.decode(errors='replace')[-2000:]}")


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def _await_listener(server: Running) -> None:
    # Looking into /proc, not connecting: a server of one thread could be held up by a probe.
    wanted = f":{server.port:04X} "
    deadline = time.monotonic() + START_WITHIN
    while not any(
        wanted in line.split("00000000:0000")[0] and " 0A " in line
        for line in Path("/proc/net/tcp").read_text("ascii").splitlines()
    ):
        if server.process.poll() is not None:
            raise Broken(f"{server.process.args!r} ended with {server.process.returncode}")
        if time.monotonic() > deadline:
            raise Broken(f"nothing listens on {server.port}")
        time.sleep(0.02)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise Broken(f"{process.args!r} did not stop") from None


def _cpu(pid: int) -> float:
    # In nanoseconds, where /proc/PID/stat counts hundredths of a second.
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text("ascii").split()[0]) for thread in threads) / 1e9


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGESIZE")


def _tail(log: Path) -> str:
    return log.read_text("utf-8", errors="replace")[-3000:]
