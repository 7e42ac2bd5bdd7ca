"""Real servers for tests: PostgreSQL and Redis on free ports, in a folder that goes away."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nothing listens on {port}")


class Server:
    """A server process that a test may stop and start again on the same port and folder."""

    def __init__(
        self,
        url: str,
        command: list[str],
        port: int,
        log: Path,
        *,
        user: str | None = None,
        is_ready: Sequence[str] = ("true",),
    ) -> None:
        self.url = url
        self._command, self._port, self._log, self._user = command, port, log, user
        self._is_ready = is_ready
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it serves: PostgreSQL listens before it has recovered."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, stdout=output, stderr=output, user=self._user
            )
        _wait_for(self._port, self._process)
        while subprocess.run(self._is_ready, check=False).returncode != 0:
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Signal it and wait for its end; SIGQUIT is PostgreSQL's immediate mode."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None


@contextmanager
def _running(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL server; its address is without a database name.

    Its folder is its own: pytest closes its folders to others whenever a session starts, and as
    root the server runs as another user.
    """
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not binaries:
        raise RuntimeError("PostgreSQL is missing: run `make test`, it installs it")
    programs = binaries[-1].parent
    # The server refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="nqi-postgres-") as name:
        data = Path(name)
        if user:
            shutil.chown(data, user)
        subprocess.run(
            [programs / "initdb", "-D", data, "-A", "trust", "-U", "nqi", "-E", "UTF8", "-N",
             "--locale=C.UTF-8"],
            check=True, capture_output=True, user=user, cwd="/",
        )  # fmt: skip
        port = free_port()
        command = [
            str(programs / "postgres"), "-D", name, "-p", str(port), "-k", "",
            "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200",
        ]  # fmt: skip
        is_ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        server = Server(
            f"postgres://nqi@127.0.0.1:{port}",
            command,
            port,
            data / "server.log",
            user=user,
            is_ready=is_ready,
        )
        with _running(server):
            yield server


@contextmanager
def postgres() -> Iterator[str]:
    """The same for who only wants its address."""
    with postgres_server() as server:
        yield server.url


@contextmanager
def redis_server(folder: Path) -> Iterator[Server]:
    """A Redis server that keeps nothing over a stop."""
    port = free_port()
    command = [
        "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
        "--appendonly", "no", "--dir", str(folder),
    ]  # fmt: skip
    server = Server(f"redis://127.0.0.1:{port}/0", command, port, folder / "redis.log")
    with _running(server):
        yield server


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """The same for who only wants its address."""
    with redis_server(folder) as server:
        yield server.url
