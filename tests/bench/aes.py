"""What safe mode costs, beside the cipher alone.

The bare cipher is the scheme done with `cryptography`'s own calls and nothing else: base64, key,
AES-CBC, padding, random head. Beyond it safe mode needs a second XML envelope each way.
"""

import base64
import secrets
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from handlers.incoming import App
from server.config import AppCredentials
from server.wechat.crypto import BLOCK, RANDOM, encrypt
from server.wechat.messages import open_callback
from server.wechat.replies import text_reply
from tests.bench import callbacks
from tests.bench.report import Findings, Reach, spread
from tests.bench.rounds import HEAD, Contender, Mail, costs_of, play
from tests.bench.stage import PEOPLE, WARM_UP, Stage, require_rows

ANSWER = "先停、再查、后验证。" * 20
MESSAGE = 300  # bytes of a message around its text
REPEATS = 2000


def aes(stage: Stage) -> Findings:
    """The same events to two servers alike but for the key; then the edge alone, in-process."""
    sealed = stage.credentials
    plain = replace(sealed, aes_key="")

    def mail(views: int) -> Mail:
        return Mail(
            views=callbacks.views(sealed, views, people=PEOPLE),
            plain_views=callbacks.views(plain, views, people=PEOPLE),
        )

    with_key, without = stage.new_database("aes"), stage.new_database("plain")
    with ExitStack() as stack:
        enter = stack.enter_context
        safe = Contender("dev, AES", enter(stage.dev(with_key, aes=True)), lambda m: m.views)
        open_ = Contender(
            "dev, plain", enter(stage.dev(without, aes=False)), lambda m: m.plain_views
        )
        play(
            [safe, open_], lambda _: mail(stage.plan.views), rounds=stage.plan.rounds,
            warm=mail(WARM_UP),
        )  # fmt: skip
    require_rows(with_key, "inbound_message", safe.sent, "state = 'done'")
    require_rows(without, "inbound_message", open_.sent, "state = 'done'")
    added = [a - b for a, b in zip(safe.costs, open_.costs, strict=True)]
    bare_in = _bare_in(sealed, MESSAGE)
    bare_out = _bare_out(sealed, MESSAGE + len(ANSWER.encode()))
    edge = _edge(sealed) - _edge(plain)
    return Findings(
        "AES (an event goes in sealed; a question also comes out sealed)",
        [
            HEAD.replace("x hello", "x plain"),
            safe.line(open_),
            open_.line(open_),
            f"  added by AES, us a request: {spread(added)} in the process, events;"
            f" {edge:.0f} at the edge alone, a question and its answer",
            f"  the bare cipher: {bare_in:.1f} us in, {bare_out:.1f} us out",
        ],
        [
            Reach("AES adds / bare cipher, whole process", statistics.median(added) / bare_in, 2),
            Reach("AES adds / bare cipher, edge alone", edge / (bare_in + bare_out), 2),
        ],
        {
            "rounds": costs_of([safe, open_]),
            "added_us": added,
            "edge_added_us": edge,
            "bare_in_us": bare_in,
            "bare_out_us": bare_out,
        },
    )


def _edge(credentials: AppCredentials) -> float:
    """Microseconds to open one question and to write its answer, with nothing between."""
    requests = callbacks.texts(credentials, ["桶装水铜绿超标咋办"] * 10, people=10)
    parted = [request.decode().split("\r\n\r\n", 1) for request in requests]
    letters = [
        (parse_qs(urlsplit(head.split(" ", 2)[1]).query), body.encode()) for head, body in parted
    ]
    now = datetime.now(UTC)

    def turn() -> None:
        for query, body in letters:
            envelope = open_callback(App.OFFICIAL, credentials, query, body, now)
            text_reply(envelope, ANSWER, now, credentials)

    return _microseconds(turn, REPEATS // len(letters)) / len(letters)


def _bare_in(credentials: AppCredentials, length: int) -> float:
    """Microseconds that `cryptography` takes to open a message of so many bytes."""
    key = base64.b64decode(credentials.aes_key + "=")
    sealed = encrypt(credentials, b"x" * length)

    def turn() -> None:
        decryptor = Cipher(AES(key), CBC(key[:16])).decryptor()
        data = decryptor.update(base64.b64decode(sealed)) + decryptor.finalize()
        unpadder = PKCS7(BLOCK * 8).unpadder()
        unpadder.update(data) + unpadder.finalize()

    return _microseconds(turn, REPEATS)


def _bare_out(credentials: AppCredentials, length: int) -> float:
    """Microseconds that `cryptography` takes to seal a message of so many bytes."""
    key = base64.b64decode(credentials.aes_key + "=")
    plain = b"x" * length

    def turn() -> None:
        padder = PKCS7(BLOCK * 8).padder()
        data = padder.update(secrets.token_bytes(RANDOM) + plain) + padder.finalize()
        encryptor = Cipher(AES(key), CBC(key[:16])).encryptor()
        base64.b64encode(encryptor.update(data) + encryptor.finalize())

    return _microseconds(turn, REPEATS)


def _microseconds(turn: Callable[[], None], times: int) -> float:
    """CPU time of one turn: the median of ten batches."""
    found: list[float] = []
    for _ in range(10):
        started = time.process_time()
        for _ in range(times):
            turn()
        found.append((time.process_time() - started) / times * 1e6)
    return statistics.median(found)
