"""Who may call: every way in which a signature, a time or a mode can be wrong is refused."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.incoming import App, Kind
from server.config import AppCredentials
from server.wechat.bodies import MAX_BYTES
from server.wechat.crypto import encrypt, signature
from server.wechat.messages import Malformed, Refused, open_callback, verify_url
from tests.wechat.callbacks import NOW, PLAIN, SAFE, Query, payload, plain_query, seal

TEXT = payload("messages/text.xml")
WRONG_NAMES = ["signature", "timestamp", "nonce"]


def changed(query: Query, name: str, how: str) -> Query:
    values = {
        "missing": None,
        "no values": [],
        "empty": [""],
        "doubled": query[name] * 2,
        "doubled with rubbish": [*query[name], "x"],
        "wrong": ["0" * len(query[name][0])],
        "foreign": ["é\udc80"],
        "upper case": [query[name][0].upper() + " "],
    }[how]
    rest = {key: value for key, value in query.items() if key != name}
    return rest if values is None else rest | {name: values}


HOWS = [
    "missing",
    "no values",
    "empty",
    "doubled",
    "doubled with rubbish",
    "wrong",
    "foreign",
    "upper case",
]


def refuse(credentials: AppCredentials, query: Query, body: bytes) -> None:
    with pytest.raises(Refused):
        open_callback(App.OFFICIAL, credentials, query, body, NOW)


@pytest.mark.parametrize("name", WRONG_NAMES)
@pytest.mark.parametrize("how", HOWS)
def test_plaintext_parameters(name: str, how: str) -> None:
    query = changed(plain_query(), name, how)
    refuse(PLAIN, query, TEXT)
    with pytest.raises(Refused):
        verify_url(PLAIN, query | {"echostr": ["1"]}, NOW)


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce"])
@pytest.mark.parametrize("how", HOWS)
def test_safe_parameters(name: str, how: str) -> None:
    query, body = seal(TEXT)
    refuse(SAFE, changed(query, name, how), body)


def test_safe_mode_does_not_read_the_url_signature() -> None:
    query, body = seal(TEXT)
    del query["signature"]
    assert open_callback(App.OFFICIAL, SAFE, query, body, NOW).incoming.kind is Kind.TEXT


@pytest.mark.parametrize("seconds", [-600, -1, 0, 1, 600])
def test_ten_minutes_either_way_are_allowed(seconds: int) -> None:
    query = plain_query(moment=NOW + timedelta(seconds=seconds))
    assert open_callback(App.OFFICIAL, PLAIN, query, TEXT, NOW).incoming.text
    query, body = seal(TEXT, moment=NOW + timedelta(seconds=seconds))
    assert open_callback(App.OFFICIAL, SAFE, query, body, NOW).incoming.text


@pytest.mark.parametrize("seconds", [-(10**9), -601, 601, 10**9])
def test_more_than_ten_minutes_are_refused(seconds: int) -> None:
    moment = NOW + timedelta(seconds=seconds)
    refuse(PLAIN, plain_query(moment=moment), TEXT)
    refuse(SAFE, *seal(TEXT, moment=moment))


@pytest.mark.parametrize(
    "timestamp", ["now", "1.5", "-1", "١٢٣", "²", "9" * 13, "9" * 5000, " 1795406400", "nan"]
)
def test_a_signed_timestamp_that_is_no_number_is_refused(timestamp: str) -> None:
    query = {
        "timestamp": [timestamp],
        "nonce": ["n"],
        "signature": [signature(PLAIN.token, timestamp, "n")],
    }
    refuse(PLAIN, query, TEXT)


def test_an_empty_token_never_authenticates() -> None:
    refuse(replace(PLAIN, token=""), plain_query(token=""), TEXT)
    nobody = replace(SAFE, token="")
    refuse(nobody, *seal(TEXT, credentials=nobody))


def test_plaintext_is_refused_while_a_key_is_set() -> None:
    query = plain_query(token=SAFE.token)
    refuse(SAFE, query, TEXT)
    refuse(SAFE, query | {"msg_signature": query["signature"]}, TEXT)


def test_compatible_mode_believes_the_encrypted_part_only() -> None:
    query, body = seal(TEXT)
    forged = b"<FromUserName>oForged</FromUserName><Content>forged</Content></xml>"
    envelope = open_callback(App.OFFICIAL, SAFE, query, body.replace(b"</xml>", forged), NOW)
    assert envelope.incoming.openid == "oAbC1-employee"
    assert envelope.incoming.text == "桶装水铜绿超标咋办"


def test_another_ciphertext_under_the_same_signature_is_refused() -> None:
    query, _body = seal(TEXT)
    _query, other = seal(payload("messages/image.xml"))
    refuse(SAFE, query, other)


def test_another_appid_is_refused() -> None:
    refuse(SAFE, *seal(TEXT, credentials=replace(SAFE, appid="wxother")))


@pytest.mark.parametrize(
    "encrypt_field", ["", "<Encrypt></Encrypt>", "<Encrypt><a/></Encrypt>", "<Encrypt>x</Encrypt>"]
)
def test_signed_rubbish_in_place_of_the_ciphertext_is_refused(encrypt_field: str) -> None:
    query = plain_query(token=SAFE.token)
    signed = signature(SAFE.token, query["timestamp"][0], query["nonce"][0], "x")
    body = f"<xml><ToUserName>gh</ToUserName>{encrypt_field}</xml>".encode()
    refuse(SAFE, query | {"msg_signature": [signed]}, body)


def test_doubled_ciphertext_is_refused() -> None:
    query, body = seal(TEXT)
    inner = body[body.index(b"<Encrypt>") : body.index(b"</xml>")]
    refuse(SAFE, query, body.replace(b"</xml>", inner + b"</xml>"))


def test_large_bodies() -> None:
    large = b"<xml>" + b"x" * MAX_BYTES
    refuse(SAFE, seal(TEXT)[0], large)
    with pytest.raises(Malformed):
        open_callback(App.OFFICIAL, PLAIN, plain_query(), large, NOW)
    refuse(PLAIN, plain_query(token="guessed"), large)


@pytest.mark.parametrize(
    "body", [b"", b"<", b"{", b"<xml>" + b"<a>" * 50_000, b'{"a":' * 50_000, b"\xff", b"[1]"]
)
def test_an_unreadable_outer_body_is_refused_in_safe_mode(body: bytes) -> None:
    refuse(SAFE, seal(TEXT)[0], body)


@given(st.binary(max_size=200))
def test_fuzzed_outer_bodies_are_refused_in_safe_mode(body: bytes) -> None:
    refuse(SAFE, seal(TEXT)[0], body)


@given(st.dictionaries(st.sampled_from([*WRONG_NAMES, "msg_signature"]), st.lists(st.text())))
def test_fuzzed_queries_are_refused(query: Query) -> None:
    refuse(PLAIN, query, TEXT)
    refuse(SAFE, query, seal(TEXT)[1])


def test_any_recipient_is_echoed() -> None:
    query = plain_query()
    body = TEXT.replace(b"gh_7f083739789a", "谁都行".encode())
    assert open_callback(App.OFFICIAL, PLAIN, query, body, NOW).to_user == "谁都行"


def test_one_nonce_may_carry_several_messages() -> None:
    query = plain_query()
    first = open_callback(App.OFFICIAL, PLAIN, query, TEXT, NOW)
    second = open_callback(App.OFFICIAL, PLAIN, query, payload("events/click.xml"), NOW)
    assert first.incoming.dedupe_key != second.incoming.dedupe_key


@pytest.mark.parametrize("credentials", [PLAIN, SAFE], ids=["plain", "safe"])
def test_verification_echoes(credentials: AppCredentials) -> None:
    query = plain_query(token=credentials.token) | {"echostr": ["5929140"]}
    assert verify_url(credentials, query, NOW) == "5929140"


def encrypted_verification(echo: bytes) -> Query:
    query = plain_query(token=SAFE.token)
    sealed = encrypt(SAFE, echo)
    signed = signature(SAFE.token, query["timestamp"][0], query["nonce"][0], sealed)
    return query | {"echostr": [sealed], "msg_signature": [signed]}


def test_verification_decrypts_in_safe_mode() -> None:
    assert verify_url(SAFE, encrypted_verification(b"5929140"), NOW) == "5929140"


def test_verification_with_a_wrong_msg_signature_is_refused() -> None:
    query = encrypted_verification(b"1")
    query["echostr"] = [encrypt(SAFE, b"2")]
    with pytest.raises(Refused):
        verify_url(SAFE, query, NOW)
    with pytest.raises(Refused):
        verify_url(SAFE, encrypted_verification(b"\xff"), NOW)


@pytest.mark.parametrize("echo", [[], [""], ["1", "2"], ["<b>é"], ["a\r\nb"], ["\udc80"]])
def test_verification_needs_one_plain_echo(echo: list[str]) -> None:
    with pytest.raises(Refused):
        verify_url(PLAIN, plain_query() | {"echostr": echo}, NOW)


def test_verification_without_a_token_or_in_the_past_is_refused() -> None:
    nobody = replace(PLAIN, token="")
    with pytest.raises(Refused):
        verify_url(nobody, plain_query(token="") | {"echostr": ["1"]}, NOW)
    old = plain_query(moment=NOW - timedelta(seconds=601)) | {"echostr": ["1"]}
    with pytest.raises(Refused):
        verify_url(PLAIN, old, NOW)
