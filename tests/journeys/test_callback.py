"""The callback's door: raw bodies, signatures, modes, and everything a stranger may send."""

import time
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from wechatpy.crypto import PrpCrypto

from models.conversations import InboundMessage, Kind, QuarantinedBody
from server.config import AppCredentials
from server.wechat.crypto import signature
from server.wechat.simulator.envelope import SignedRequest, seal
from tests.cast import EMPLOYEE
from tests.product import Product

PATH = "/wechat/callback"
TEXT = {
    "ToUserName": "gh_official",
    "FromUserName": EMPLOYEE.openid,
    "CreateTime": 1795399200,
    "MsgType": "text",
    "Content": "你好",
    "MsgId": 1,
}


def sealed(product: Product, **fields: Any) -> SignedRequest:
    return seal(
        product.config.official,
        {**TEXT, **fields},
        mode="safe",
        form="xml",
        now=product.clock.now(),
    )


def raw(product: Product, inner: bytes) -> SignedRequest:
    """Any bytes as the encrypted, authentic content of a callback."""
    credentials = product.config.official
    crypto = PrpCrypto(_key(credentials))
    encrypted = crypto.encrypt(inner, credentials.appid).decode()
    stamp, nonce = str(int(product.clock.now().timestamp())), "nonce"
    params = {
        "timestamp": stamp,
        "nonce": nonce,
        "msg_signature": signature(credentials.token, stamp, nonce, encrypted),
    }
    body = f"<xml><ToUserName>gh</ToUserName><Encrypt>{encrypted}</Encrypt></xml>"
    return SignedRequest(params, body.encode(), "text/xml", "safe")


def _key(credentials: AppCredentials) -> bytes:
    return b64decode(credentials.aes_key + "=")


async def post(product: Product, sent: SignedRequest, **params: Any) -> tuple[int, str]:
    answer = await product.http.post(PATH, params={**sent.params, **params}, content=sent.body)
    return answer.status_code, answer.text


async def test_verification_echoes(product: Product) -> None:
    assert await product.simulator.courier.verify("official")
    assert await product.simulator.courier.verify("miniapp")


async def test_authentic_message_is_taken(product: Product) -> None:
    status, body = await post(product, sealed(product))
    assert status == 200
    assert "Encrypt" in body
    assert await InboundMessage.all().count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"msg_signature": ""},
        {"msg_signature": "0" * 40},
        {"msg_signature": ["0" * 40, "1" * 40]},
        {"timestamp": ""},
        {"timestamp": "soon"},
        {"nonce": "another"},
    ],
    ids=str,
)
async def test_wrong_authentication_is_refused(product: Product, change: Mapping[str, Any]) -> None:
    assert (await post(product, sealed(product), **change))[0] == 403
    assert await InboundMessage.all().count() == 0
    assert await QuarantinedBody.all().count() == 0


async def test_doubled_signature_is_refused(product: Product) -> None:
    sent = sealed(product)
    given = sent.params["msg_signature"]
    assert (await post(product, sent, msg_signature=[given, given]))[0] == 403


@pytest.mark.parametrize("step", [timedelta(minutes=11), timedelta(minutes=-11)], ids=str)
async def test_old_and_future_timestamps_are_refused(product: Product, step: timedelta) -> None:
    sent = sealed(product)
    product.clock.travel(step)
    assert (await post(product, sent))[0] == 403


async def test_wrong_appid_is_refused(product: Product) -> None:
    credentials = replace(product.config.official, appid="wxsomebodyelse")
    sent = seal(credentials, TEXT, mode="safe", form="xml", now=product.clock.now())
    assert (await post(product, sent))[0] == 403


async def test_plaintext_is_refused_while_a_key_is_set(product: Product) -> None:
    sent = seal(product.config.official, TEXT, mode="plain", form="xml", now=product.clock.now())
    assert (await post(product, sent))[0] == 403
    assert await InboundMessage.all().count() == 0


async def test_one_apps_credentials_do_not_open_the_others_door(product: Product) -> None:
    sent = seal(product.config.miniapp, TEXT, mode="safe", form="xml", now=product.clock.now())
    assert (await post(product, sent))[0] == 403


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize("mode", ["safe", "compat"])
async def test_every_mode_and_form_is_read(product: Product, mode: Any, form: Any) -> None:
    sent = seal(product.config.official, TEXT, mode=mode, form=form, now=product.clock.now())
    assert (await post(product, sent))[0] == 200
    assert (await InboundMessage.get()).text == "你好"


async def test_plaintext_mode(product: Product) -> None:
    wiring = product.app.ctx.wiring
    official = replace(wiring.config.official, aes_key="")
    product.app.ctx.wiring = replace(wiring, config=replace(wiring.config, official=official))
    sent = seal(official, TEXT, mode="plain", form="xml", now=product.clock.now())
    status, body = await post(product, sent)
    assert status == 200
    assert "<Content>" in body
    assert (await post(product, sent, signature="0" * 40))[0] == 403


async def test_same_nonce_with_a_new_message_is_accepted(product: Product) -> None:
    first = sealed(product, MsgId=1)
    await post(product, first)
    credentials, stamp, nonce = (
        product.config.official,
        first.params["timestamp"],
        first.params["nonce"],
    )
    second = raw(product, sealed_text(MsgId=2))
    encrypted = second.body.decode().split("<Encrypt>")[1].split("<")[0]
    sign = signature(credentials.token, stamp, nonce, encrypted)
    status, _ = await post(product, second, timestamp=stamp, nonce=nonce, msg_signature=sign)
    assert status == 200
    assert await InboundMessage.all().count() == 2


def sealed_text(**fields: Any) -> bytes:
    inner = "".join(f"<{k}>{v}</{k}>" for k, v in {**TEXT, **fields}.items())
    return f"<xml>{inner}</xml>".encode()


HOSTILE = {
    "doctype": b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><FromUserName>&a;</FromUserName></xml>',
    "deep xml": b"<xml>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</xml>",
    "deep json": b"[" * 50_000 + b"]" * 50_000,
    "bad utf-8": b"<xml><FromUserName>\xff\xfe</FromUserName></xml>",
    "not xml": b"hello",
    "empty": b"",
    "no fields": b"<xml></xml>",
    "no user": sealed_text(FromUserName=""),
    "no id": sealed_text(MsgId=""),
    "no type": sealed_text(MsgType=""),
    "doubled user": sealed_text().replace(b"</xml>", b"<FromUserName>x</FromUserName></xml>"),
    "bad time": sealed_text(CreateTime="yesterday"),
    "nested id": sealed_text(MsgId="<a>1</a>"),
    "over 1 MB": sealed_text(Content="长" * 400_000),
    "json list": b"[1, 2]",
    "json nan": b'{"FromUserName": NaN}',
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_authentic_nonsense_is_quarantined(product: Product, name: str) -> None:
    status, body = await post(product, raw(product, HOSTILE[name]))
    assert (status, body) in {(200, "success"), (403, ""), (413, "")}
    assert await InboundMessage.all().count() == 0
    kept = await QuarantinedBody.all().count()
    assert kept == (1 if status == 200 else 0)
    if kept:
        assert (await QuarantinedBody.get()).reason


@pytest.mark.parametrize("name", HOSTILE)
async def test_nonsense_from_strangers_is_refused(product: Product, name: str) -> None:
    answer = await product.http.post(PATH, content=HOSTILE[name])
    assert answer.status_code == (413 if name == "over 1 MB" else 403)
    assert await QuarantinedBody.all().count() == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_other_requests_get_no_trace(product: Product, method: str) -> None:
    answer = await product.http.request(method, PATH)
    assert answer.status_code in {403, 405}
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"MsgType": "hologram"}, Kind.OTHER),
        ({"MsgType": "event", "Event": "wonder", "EventKey": "x"}, Kind.OTHER),
        ({"MsgType": "event", "Event": "VIEW", "EventKey": "u"}, Kind.OTHER),
        ({"MsgType": "event", "Event": "LOCATION"}, Kind.OTHER),
        ({"MsgType": "location", "Location_X": "1", "Location_Y": "2"}, Kind.LOCATION),
        ({"MsgType": "voice", "MediaId": "m", "Recognition": ""}, Kind.VOICE),
        ({"MsgType": "link", "Title": "t", "Url": "u"}, Kind.LINK),
    ],
    ids=str,
)
async def test_every_type_has_a_place(product: Product, fields: dict[str, str], kind: Kind) -> None:
    assert (await post(product, sealed(product, **fields)))[0] == 200
    assert (await InboundMessage.get()).kind == kind


async def test_reply_is_safe_xml(product: Product) -> None:
    reply = await product.say(EMPLOYEE, "]]><Content>坏</Content> \u0007 GB 19298")
    assert reply


async def test_answer_comes_within_a_second(product: Product) -> None:
    started = time.perf_counter()
    await product.say(EMPLOYEE, "桶装水铜绿超标咋办")
    # Generous on purpose: a hang shows, a busy machine does not. `make bench` measures.
    assert time.perf_counter() - started < 4
