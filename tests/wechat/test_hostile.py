"""Hostile and damaged bodies: quarantined with a reason, never another exception."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.wechat.bodies import MAX_BYTES
from server.wechat.messages import MAX_RAW, Malformed
from tests.wechat.callbacks import open_plain, open_safe, payload, payloads

HOSTILE = {
    "array.json": "neither XML nor JSON",
    "bad_utf8.json": "bad UTF-8",
    "bad_utf8.xml": "bad UTF-8",
    "bare_root.xml": "no object",
    "claims_gbk.xml": "bad UTF-8",
    "consent_of_words.json": "consent without items",
    "consent_without_list.xml": "consent without items",
    "control_in_name.json": "control character",
    "control_reference.xml": "bad XML: reference to invalid character number",
    "doctype.xml": "DTD or entities",
    "doubled.json": "doubled field",
    "empty.xml": "body empty",
    "entity.xml": "DTD or entities",
    "entity_bomb.xml": "DTD or entities",
    "entity_file.xml": "DTD or entities",
    "entity_unknown.xml": "bad XML: undefined entity",
    "html.xml": "root element is not xml",
    "long_media_id.xml": "MediaId too long",
    "long_openid.xml": "FromUserName too long",
    "missing_Event.xml": "missing Event",
    "missing_MediaId.xml": "missing MediaId",
    "mixed_text.xml": "text between elements",
    "nan.json": "NaN or Infinity",
    "not_a_body.txt": "neither XML nor JSON",
    "nul.json": "control character",
    "nul.xml": "bad XML",
    "spaces.xml": "body empty",
    "surrogate.json": "control character",
    "trailing.xml": "bad XML: junk after document element",
    "true_for_text.json": "missing Content",
    "truncated.json": "bad JSON",
    "truncated.xml": "bad XML",
    "utf16.xml": "bad UTF-8",
}


def expected_reason(name: str) -> str:
    stem = name.split(".", maxsplit=1)[0]
    how, _, what = stem.partition("_")
    if how in ("missing", "empty", "nested"):
        return f"missing {what}"
    if how == "time":
        return "bad CreateTime"
    return f"doubled {what}"


@pytest.mark.parametrize("path", payloads("hostile"))
def test_hostile_bodies_are_quarantined_with_a_reason(path: str) -> None:
    name = path.removeprefix("hostile/")
    body = payload(path)
    for opener in (open_plain, open_safe):
        with pytest.raises(Malformed) as caught:
            opener(body)
        assert (HOSTILE.get(name) or expected_reason(name)) in caught.value.reason
        assert caught.value.raw == body


HEAD = b'{"ToUserName": "gh", "FromUserName": "o", "CreateTime": 1, "MsgType": "text", "MsgId": 1, '


@pytest.mark.parametrize(
    "body",
    [
        b"<xml>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</xml>",
        b"<xml>" + b"<a>" * 50_000,
        HEAD + b'"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        HEAD + b'"a": ' + b"[" * 50_000,
        HEAD + b'"a": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
        HEAD + b'"a": ' + b"[" * 33 + b"]" * 33 + b"}",
        b"<xml>" + b"<a>" * 32 + b"</a>" * 32 + b"</xml>",
    ],
    ids=["xml", "xml-open", "list", "list-open", "object", "list-33", "xml-33"],
)
def test_deep_nesting_is_refused_without_harm(body: bytes) -> None:
    for opener in (open_plain, open_safe):
        with pytest.raises(Malformed, match="nested too deep"):
            opener(body)


def test_a_body_over_one_megabyte_is_refused_and_kept_in_part() -> None:
    body = b"<xml>" + b"x" * MAX_BYTES
    with pytest.raises(Malformed, match="too large") as caught:
        open_plain(body)
    assert caught.value.raw == body[:MAX_RAW]


def test_many_digits_cost_nothing() -> None:
    body = HEAD + b'"Content": "x", "n": ' + b"9" * 500_000 + b', "e": 1e999}'
    incoming = open_plain(body).incoming
    assert incoming.payload["e"] == "1e999"
    json.dumps(incoming.payload, allow_nan=False).encode()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["ToUserName", "FromUserName", "MsgId", "Content", "MediaId", "EventKey", "List", "MsgID"]
)
TYPES = st.sampled_from(["text", "image", "voice", "event", "location", "x"])
EVENTS = st.sampled_from(["CLICK", "subscribe", "subscribe_msg_popup_event", "y"])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "ToUserName": st.just("gh") | VALUES,
        "FromUserName": st.just("o1") | VALUES,
        "CreateTime": st.integers() | VALUES,
        "MsgType": TYPES | VALUES,
        "MsgId": st.integers() | VALUES,
        "Event": EVENTS | VALUES,
        "Content": VALUES,
    },
)
TAGS = NAMES.map(lambda name: f"<{name}>") | NAMES.map(lambda name: f"</{name}>")
SCRAPS = st.sampled_from(["<xml>", "</xml>", "<![CDATA[", "]]>", "&#0;", "<!DOCTYPE a", "<?a?>"])


def opens_or_is_malformed(body: bytes) -> None:
    for opener in (open_plain, open_safe):
        try:
            incoming = opener(body).incoming
        except Malformed as error:
            assert error.reason
            assert len(error.raw) <= MAX_RAW
        else:
            assert len(incoming.dedupe_key) <= 200
            json.dumps(incoming.payload, allow_nan=False, ensure_ascii=False).encode()


@given(st.binary(max_size=300) | st.binary(max_size=50).map(lambda tail: b"<xml>" + tail))
def test_fuzz_bytes(body: bytes) -> None:
    opens_or_is_malformed(body)


@given(FIELDS, st.dictionaries(NAMES, VALUES, max_size=6))
def test_fuzz_json(fields: dict[str, object], more: dict[str, object]) -> None:
    opens_or_is_malformed(json.dumps(more | fields).encode())


@given(st.lists(TAGS | SCRAPS | st.text(max_size=5), max_size=30))
def test_fuzz_xml(scraps: list[str]) -> None:
    opens_or_is_malformed(("<xml>" + "".join(scraps) + "</xml>").encode("utf-8", "replace"))


@given(
    st.sampled_from([*payloads("messages"), *payloads("events")]),
    st.integers(0, 600),
    st.integers(0, 20),
    st.binary(max_size=4),
)
def test_fuzz_damage(name: str, start: int, length: int, patch: bytes) -> None:
    body = payload(name)
    opens_or_is_malformed(body[:start] + patch + body[start + length :])
