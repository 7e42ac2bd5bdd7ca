"""The load: one thread over raw sockets, so lean that the servers are what is measured.

Requests are bytes made beforehand; while the clock runs, a response is read only as far as its
length. What it says is judged afterwards.
"""

import gc
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

CONNECTIONS = 32
PATIENCE = 30.0  # seconds without any response
OK = b"HTTP/1.1 200 "
HEAD_END = b"\r\n\r\n"


class Broken(Exception):
    """A server refused, failed, hung up or fell silent: its figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of one load. latencies: seconds, empty where none were asked for."""

    seconds: float
    responses: Sequence[bytes]
    latencies: Sequence[float] = ()

    @property
    def rate(self) -> float:
        """Responses a second."""
        return len(self.responses) / self.seconds

    @property
    def answered(self) -> int:
        """How many responses said more than `success`."""
        return sum(not response.endswith(b"success") for response in self.responses)


class _Connection:
    __slots__ = ("buffer", "intended", "port", "socket")

    def __init__(self, port: int) -> None:
        self.port = port
        self.buffer = b""
        self.intended = 0.0
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self) -> bytes | None:
        """The whole response, or None while some of it is missing."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise Broken(f"port {self.port}: the server hung up on {self.buffer[:200]!r}")
        data = self.buffer + data
        end = data.find(HEAD_END)
        if end < 0 or len(data) < end + len(HEAD_END) + _length(data[:end]):
            self.buffer = data
            return None
        self.buffer = b""
        return data


def _length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    if at < 0:
        raise Broken(f"a response without a length: {head!r}")
    return int(head[at + 15 :].split(b"\r\n", 1)[0])


def saturate(port: int, requests: Sequence[bytes], connections: int = CONNECTIONS) -> Load:
    """As fast as the server answers: every connection sends its next request at once."""
    responses: list[bytes] = []
    with _connected(port, min(connections, len(requests))) as (poll, by_fd):
        waiting = iter(requests)
        started = time.perf_counter()
        for connection in by_fd.values():
            connection.socket.send(next(waiting))
        while len(responses) < len(requests):
            ready = poll.poll(PATIENCE)
            if not ready:
                raise Broken(f"port {port}: silent after {len(responses)} responses")
            for fd, _ in ready:
                connection = by_fd[fd]
                response = connection.read()
                if response is not None:
                    responses.append(response)
                    request = next(waiting, None)
                    if request is not None:
                        connection.socket.send(request)
        seconds = time.perf_counter() - started
    return _checked(Load(seconds, responses))


def arrive(port: int, requests: Sequence[bytes], rate: float, connections: int = 64) -> Load:
    """At a constant rate, whatever the server does; latency counts from the moment intended.

    The loop spins: epoll's own waiting is no finer than a millisecond.
    """
    responses: list[bytes] = []
    latencies: list[float] = []
    with _connected(port, connections) as (poll, by_fd):
        free = deque(by_fd.values())
        sent = 0
        started = time.perf_counter()
        heard = started
        while len(responses) < len(requests):
            now = time.perf_counter()
            while free and sent < len(requests) and now >= (due := started + sent / rate):
                connection = free.popleft()
                connection.intended = due
                connection.socket.send(requests[sent])
                sent += 1
            for fd, _ in poll.poll(0):
                connection = by_fd[fd]
                response = connection.read()
                if response is not None:
                    heard = time.perf_counter()
                    latencies.append(heard - connection.intended)
                    responses.append(response)
                    free.append(connection)
            if now - heard > PATIENCE:
                raise Broken(f"port {port}: silent after {len(responses)} responses")
        seconds = time.perf_counter() - started
    return _checked(Load(seconds, responses, latencies))


@contextmanager
def _connected(
    port: int, connections: int
) -> Iterator[tuple[select.epoll, dict[int, _Connection]]]:
    by_fd: dict[int, _Connection] = {}
    gc.disable()
    try:
        with select.epoll() as poll:
            for _ in range(connections):
                connection = _Connection(port)
                by_fd[connection.socket.fileno()] = connection
                poll.register(connection.socket, select.EPOLLIN)
            yield poll, by_fd
    finally:
        gc.enable()
        for connection in by_fd.values():
            connection.socket.close()


def _checked(load: Load) -> Load:
    for response in load.responses:
        if not response.startswith(OK):
            raise Broken(f"not 200: {response[:300]!r}")
    return load
