"""Real servers for tests: PostgreSQL and Redis on free ports, in a folder that goes away."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
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


@contextmanager
def _running(command: list[str], port: int, log: Path, user: str | None) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, user=user)
        try:
            _wait_for(port, process)
            yield
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL server; yields its address without a database name.

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
        with _running(command, port, data / "server.log", user):
            yield f"postgres://nqi@127.0.0.1:{port}"


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis server; yields its address."""
    port = free_port()
    command = [
        "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
        "--appendonly", "no", "--dir", str(folder),
    ]  # fmt: skip
    with _running(command, port, folder / "redis.log", None):
        yield f"redis://127.0.0.1:{port}/0"
