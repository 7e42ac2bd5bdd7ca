"""Nonsense for the doors of a running service: `python -m tests.fuzz SECONDS`.

The service is the one that the NQI_* variables describe. A process of its own, for hypothesis
wants the process's randomness to itself. Prints as JSON how often each door answered how; ends
with the example that was answered as no door may.
"""

import json
import os
import re
import secrets
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from server.config import Config, load_config
from tests.wechat.callbacks import Query, payload, payloads, seal

MEANT = {503, 504, 507}
BATCH = settings(
    max_examples=100,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

BODIES = st.sampled_from(
    [name for folder in ("messages", "events", "hostile") for name in payloads(folder)]
).map(payload)
WORDS = st.text(max_size=40) | st.sampled_from(
    ["]]>", "<a>", "&#0;", "\x00", "𝕏" * 700, "1", "补充"]
)
# Real fields with other words in them, or any damage at all.
REWORDED = st.builds(
    lambda body, word: re.sub(rb"CDATA\[[^\]]*\]\]", b"CDATA[" + word + b"]]", body, count=9),
    BODIES,
    WORDS.map(lambda word: word.encode("utf-8", "replace").replace(b"\\", b"/")),
)
DAMAGED = st.builds(
    lambda body, start, length, patch: body[:start] + patch + body[start + length :],
    BODIES,
    st.integers(0, 900),
    st.integers(0, 20),
    st.binary(max_size=8),
)
BREAKS = st.sampled_from(["", "", "", "drop", "double", "change", "strip body", "stale"])
METHODS = (
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "CONNECT",
    "TRACE",
    "get",
    "F\xe4T",
    "",
)
TARGETS = (
    "/", "*", "//", "/healthz", "/desk", "/desk/enter/x", "/desk/tickets/NQ2611230001/answer",
    "/t/x", "/static/desk.css", "/static/..%2f", "/api/v1/ask", "/api/v1/login",
    "/api/v1/notices/1/seen", "/api/v1/openapi.json", "/wechat/callback?signature=%ff&x",
    "/wechat/miniapp/callback", "http://[::1", "abc", "/%00", "/" + "a" * 20_000,
)  # fmt: skip
NAMES = (
    "Host", "Content-Length", "Transfer-Encoding", "Authorization", "Cookie", "X-Forwarded-For",
    "Content-Type", "Expect", "Connection", "Upgrade", "Idempotency-Key", "Accept", "Range", "X",
)  # fmt: skip
VALUES = (
    "x", "5", "-1", "99999999999999999999", "chunked", "gzip", "100-continue", "close", "websocket",
    "Bearer a.b.c", "nqi_desk=\xff; a", "multipart/form-data; boundary=", "application/json",
    "multipart/form-data; boundary=b", "application/x-www-form-urlencoded; charset=nonsense",
    "[::1]:80, 10.0.0.1", "\x00", "a" * 9000, "",
)  # fmt: skip
LATIN = st.text(alphabet=st.characters(max_codepoint=255), max_size=12)
HEADERS = st.lists(
    st.tuples(st.sampled_from(NAMES) | LATIN, st.sampled_from(VALUES) | LATIN).map(": ".join),
    max_size=5,
)
CONTENT = LATIN | st.sampled_from(
    [
        '{"text": "几点下班"}',
        "text=%ff&form=%",
        "--b\r\nContent-Disposition: x\r\n\r\n",
        "0\r\n",
    ]
)
REQUESTS = st.builds(
    lambda method, target, headers, content, patch, at: _patched(
        "\r\n".join([f"{method} {target} HTTP/1.1", *headers, "", content]).encode(), patch, at
    ),
    st.sampled_from(METHODS),
    st.sampled_from(TARGETS) | LATIN.map(lambda text: "/" + text),
    HEADERS,
    CONTENT,
    st.just(b"") | st.binary(max_size=3),
    st.integers(0, 200),
)


def _patched(request: bytes, patch: bytes, at: int) -> bytes:
    return request[:at] + patch + request[at:]


def broken(query: Query, body: bytes, how: str) -> tuple[Query, bytes]:
    """A signed callback, signed no more."""
    if how == "drop":
        query.pop("nonce")
    elif how == "double":
        query["timestamp"] *= 2
    elif how == "change":
        query["msg_signature"] = [query["msg_signature"][0][::-1]]
    elif how == "stale":
        query["timestamp"] = ["1"]
    elif how == "strip body":
        body = body[: len(body) // 2]
    return query, body


class Fuzz:
    """Sends until the time is up; `seen` counts the statuses of each door."""

    def __init__(self, config: Config, ends: float) -> None:
        self.config = config
        self.ends = ends
        self.seen: Counter[tuple[str, int]] = Counter()

    def note(self, door: str, status: int, sent: object) -> None:
        self.seen[door, status] += 1
        assert status < 500 or status in MEANT, (door, status, sent)

    def run(self) -> None:
        """Batch after batch, each with other examples, in turns: hypothesis knows one thread."""
        with httpx.Client(base_url=f"http://127.0.0.1:{self.config.port}", timeout=30) as http:
            while time.monotonic() < self.ends:
                for batch in (self.callbacks(http), self.bytes()):
                    seed(secrets.randbits(64))(batch)()

    def callbacks(self, http: httpx.Client) -> Callable[[], None]:
        @BATCH
        @given(
            st.sampled_from(["/wechat/callback", "/wechat/miniapp/callback"]),
            REWORDED | DAMAGED | BODIES | st.binary(max_size=200),
            st.sampled_from(["xml", "json"]),
            BREAKS,
        )
        def batch(path: str, inner: bytes, form: str, how: str) -> None:
            credentials = self.config.miniapp if "miniapp" in path else self.config.official
            now = datetime.now(UTC)
            signed = seal(inner, form=form, credentials=credentials, moment=now)
            query, body = broken(*signed, how)
            answer = http.post(path, params=query, content=body)
            self.note("callback", answer.status_code, (path, inner, form, how))

        return batch

    def bytes(self) -> Callable[[], None]:
        @BATCH
        @given(REQUESTS)
        def batch(request: bytes) -> None:
            with socket.create_connection(("127.0.0.1", self.config.port), 10) as connection:
                connection.sendall(request)
                connection.settimeout(0.1)
                try:
                    head = connection.recv(4096)
                except OSError:
                    head = b""  # it waits for more, or hung up at once
            if head:
                self.note("bytes", int(head.split(b" ")[1]), request)

        return batch


def main() -> None:
    """Fuzz for as many seconds as the first argument says."""
    fuzz = Fuzz(load_config(os.environ), time.monotonic() + float(sys.argv[1]))
    fuzz.run()
    print(json.dumps({f"{door} {status}": n for (door, status), n in fuzz.seen.items()}))  # noqa: T201 -- the result


if __name__ == "__main__":
    main()
