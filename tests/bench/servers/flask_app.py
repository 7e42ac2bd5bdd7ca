"""The usual way: Flask, wechatpy as its documentation shows it, and sqlite3, written with care.

One connection, WAL, synchronous NORMAL, one commit a message, a duplicate stored once. With
NQI_BENCH_MATCH=1 it also finds the best entry of the same knowledge that ours looks through, by
jieba and rank_bm25, and replies with it.
"""

import os
import sqlite3
from dataclasses import dataclass
from typing import Any

import jieba
from flask import Flask, Response, abort, request
from rank_bm25 import BM25Okapi
from wechatpy import create_reply, parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException

from nlp import load_packaged
from tests.bench.callbacks import PATH

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY,
    dedupe_key TEXT NOT NULL UNIQUE,
    openid TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    raw TEXT NOT NULL,
    reply TEXT NOT NULL,
    sent_at TEXT NOT NULL
)
"""
INSERT = """
INSERT INTO message (dedupe_key, openid, kind, text, raw, reply, sent_at)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (dedupe_key) DO NOTHING
"""


class Knowledge:
    """The packaged corpus, one document an article, a standard or a limit."""

    def __init__(self) -> None:
        corpus = load_packaged()
        entries = [
            *(
                (" ".join((one.question, *one.variants, one.answer)), one.answer)
                for one in corpus.articles
            ),
            *(
                (" ".join((one.number, one.title, *one.products)), f"{one.number} {one.title}")
                for one in corpus.standards
            ),
            *(
                (f"{one.product} {one.indicator}", f"{one.limit} {one.unit}（{one.number}）")
                for one in corpus.limits
            ),
        ]
        self._replies = [reply for _, reply in entries]
        self._index = BM25Okapi([jieba.lcut(text) for text, _ in entries])

    def best(self, question: str) -> str:
        """What the entry says that fits best."""
        scores = self._index.get_scores(jieba.lcut(question))
        return self._replies[int(scores.argmax())]


@dataclass(frozen=True, slots=True)
class Callback:
    """The one route. knowledge: None where messages are only stored."""

    connection: sqlite3.Connection
    crypto: WeChatCrypto
    knowledge: Knowledge | None

    def receive(self) -> Response:
        """Authenticate, parse, match, store, reply."""
        query = request.args
        try:
            raw = self.crypto.decrypt_message(
                request.get_data(), query["msg_signature"], query["timestamp"], query["nonce"]
            )
        except (InvalidSignatureException, InvalidAppIdException):
            abort(403)
        message = parse_message(raw)
        text = message.content if message.type == "text" else ""
        reply = self.knowledge.best(text) if self.knowledge and text else ""
        self._store(message, text, raw, reply)
        if not reply:
            return Response("success")
        answer = create_reply(reply, message).render()
        sealed = self.crypto.encrypt_message(answer, query["nonce"], query["timestamp"])
        return Response(sealed, mimetype="text/xml")

    def _store(self, message: Any, text: str, raw: str, reply: str) -> None:
        if message.type == "event":
            key = f"{message.source}:{message.create_time}:{message.event}:{message.url}"
        else:
            key = f"{message.source}:{message.id}"
        sent_at = message.create_time.isoformat()
        values = (key, message.source, message.type, text, raw, reply, sent_at)
        with self.connection:
            self.connection.execute(INSERT, values)


def create() -> Flask:
    """The application, its settings from NQI_BENCH_* and NQI_WECHAT_* variables."""
    # The server has one thread, which is not the one that imports.
    connection = sqlite3.connect(os.environ["NQI_BENCH_DATABASE"], check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    with connection:
        connection.execute(SCHEMA)
    token, key, appid = (os.environ[f"NQI_WECHAT_{name}"] for name in ("TOKEN", "AES_KEY", "APPID"))
    knowledge = Knowledge() if os.environ.get("NQI_BENCH_MATCH") else None
    callback = Callback(connection, WeChatCrypto(token, key, appid), knowledge)
    app = Flask("bench")
    app.add_url_rule(PATH, view_func=callback.receive, methods=["POST"])
    return app
