"""Keeps the processes of `serve` alive: HTTP processes on one shared socket, and one worker.

Sanic restarts nothing that dies, neither a managed process nor a worker killed with -9, so the
parent is ours: it holds the listening socket, starts the children and starts them again.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import structlog

from server import metrics
from server.config import ConfigError

RESTART_FIRST = 0.5  # seconds, doubling with every early death
RESTART_LONGEST = 30.0
HEALTHY_AFTER = 30.0  # a child that lived so long starts afresh at once
# Requests have 8 s to end, sends too, and transactions 3 s more; 15 s are promised.
STOP_WITHIN = 14.0
LOOK_EVERY = 0.2

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Child:
    """One process to keep alive."""

    name: str
    command: Sequence[str]
    sockets: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = RESTART_FIRST
    restart_at: float = 0.0

    def start(self) -> None:
        """Start it, now."""
        self.process = subprocess.Popen(  # noqa: S603 -- fixed arguments, no shell
            self.command,
            pass_fds=tuple(self.sockets),
            env={**os.environ, metrics.PROCESS: self.name},
        )
        self.started = time.monotonic()


@dataclass(slots=True)
class Supervisor:
    """Runs the children until a signal says to stop."""

    children: list[Child]
    _stopping: bool = field(default=False)

    def run(self) -> int:
        """Start all, restart what dies, stop all on a signal. Returns an exit code."""
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(signum, self._stop)
        try:
            while not self._stopping:
                for child in self.children:
                    self._look_after(child)
                time.sleep(LOOK_EVERY)
        finally:
            late = self._end()
        return 1 if late else 0

    def _stop(self, _signum: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is not None:
            lived = now - child.started
            child.pause = RESTART_FIRST if lived > HEALTHY_AFTER else child.pause
            log.error("process died", name=child.name, code=child.process.returncode)
            child.process, child.restart_at = None, now + child.pause
            child.pause = min(child.pause * 2, RESTART_LONGEST)
        if child.process is None and now >= child.restart_at and not self._stopping:
            child.start()

    def _end(self) -> int:
        """Stop all children; returns how many had to be killed."""
        running = [c.process for c in self.children if c.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_WITHIN
        late = 0
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                late += 1
                process.kill()
                process.wait()
        return late


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ConfigError where the address is taken or is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise ConfigError(
            f"无法监听 {host}:{port}（被占用？请改 NQI_PORT 或 NQI_HOST）"
            f" / can't listen there: {error.strerror}"
        ) from error


def end_with_parent(lifeline: int) -> None:
    """End this process when its supervisor is gone, even by kill -9.

    lifeline: the reading end of a pipe that only the supervisor holds open for writing.
    """

    def watch() -> None:
        os.read(lifeline, 1)
        # A signal that comes between two runs of the loop, as it does at start, is lost.
        while True:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(STOP_WITHIN)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


@contextmanager
def _metrics_folder() -> Iterator[None]:
    """Where the children count together: a folder that goes away, or the one that is given."""
    given = os.environ.get(metrics.FOLDER)
    if given:
        Path(given).mkdir(parents=True, exist_ok=True)
        yield
        return
    with tempfile.TemporaryDirectory(prefix="nqi-metrics-") as folder:
        os.environ[metrics.FOLDER] = folder
        yield


def supervise(host: str, port: int, *, workers: int, with_worker: bool) -> int:
    """Bind the address once and keep `workers` HTTP processes, and a worker, on it."""
    with listen(host, port) as listener, _metrics_folder():
        listener.set_inheritable(True)
        lifeline, held_open = os.pipe()
        program = [sys.executable, "-m", "server"]
        tied = ["--lifeline", str(lifeline)]
        fd = listener.fileno()
        children = [
            Child(f"http-{i}", [*program, "http", "--fd", str(fd), *tied], (fd, lifeline))
            for i in range(workers)
        ]
        if with_worker:
            children.append(Child("worker", [*program, "worker", *tied], (lifeline,)))
        try:
            return Supervisor(children).run()
        finally:
            os.close(held_open)
