"""Callbacks as raw HTTP requests, signed and sealed before anything is measured."""

import itertools
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlencode

from server.config import AppCredentials
from server.wechat.crypto import encrypt, signature

PATH = "/wechat/callback"
TO = "gh_bench"

_numbers = itertools.count(1)


def texts(
    credentials: AppCredentials, questions: Iterable[str], *, people: int, name: str = "oBench"
) -> list[bytes]:
    """One text message a question; the senders, whose openids begin with `name`, take turns."""

    def body(number: int, question: str) -> str:
        return (
            f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{question}]]></Content>"
            f"<MsgId>{23_000_000_000_000_000 + number}</MsgId>"
        )

    return _posts(credentials, questions, people, name, body)


def views(credentials: AppCredentials, count: int, *, people: int) -> list[bytes]:
    """Events that ask for no answer: somebody opened a link of the menu."""

    def body(number: int, _: str) -> str:
        return (
            "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[VIEW]]></Event>"
            f"<EventKey><![CDATA[https://nqi.example/guide?visit={number}]]></EventKey>"
            "<MenuId>430000001</MenuId>"
        )

    return _posts(credentials, [""] * count, people, "oBench", body)


def _posts(
    credentials: AppCredentials,
    questions: Iterable[str],
    people: int,
    name: str,
    body: Callable[[int, str], str],
) -> list[bytes]:
    made = []
    now = str(int(time.time()))
    for person, question in enumerate(questions):
        number = next(_numbers)
        openid = f"{name}{person % people:022d}"
        plain = (
            f"<xml><ToUserName><![CDATA[{TO}]]></ToUserName>"
            f"<FromUserName><![CDATA[{openid}]]></FromUserName>"
            f"<CreateTime>{now}</CreateTime>{body(number, question)}</xml>"
        )
        made.append(_post(credentials, openid, now, str(1_000_000_000 + number), plain))
    return made


def _post(credentials: AppCredentials, openid: str, now: str, nonce: str, plain: str) -> bytes:
    query = {
        "signature": signature(credentials.token, now, nonce),
        "timestamp": now,
        "nonce": nonce,
        "openid": openid,
    }
    if credentials.aes_key:
        sealed = encrypt(credentials, plain.encode())
        query["encrypt_type"] = "aes"
        query["msg_signature"] = signature(credentials.token, now, nonce, sealed)
        plain = (
            f"<xml><ToUserName><![CDATA[{TO}]]></ToUserName>"
            f"<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        )
    content = plain.encode()
    head = (
        f"POST {PATH}?{urlencode(query)} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Mozilla/4.0\r\n"
        f"Accept: */*\r\nContent-Type: text/xml\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content
