"""Passive replies: what the person sees, byte limits, encryption."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.parting import LIMIT, split_text
from server.wechat.crypto import decrypt, signature
from server.wechat.messages import Envelope
from server.wechat.replies import SUCCESS, clean_text, text_reply
from tests.wechat.callbacks import NOW, PLAIN, SAFE, open_plain, open_safe, payload

ANY_TEXT = st.text(alphabet=st.characters(), max_size=400)


def plain_envelope() -> Envelope:
    return open_plain(payload("messages/text.xml"))


def content(body: bytes) -> str:
    return ET.fromstring(body).findtext("Content", "")


def test_reply_goes_back_to_the_sender() -> None:
    kind, body = text_reply(plain_envelope(), "您好", NOW, PLAIN)
    root = ET.fromstring(body)
    assert kind.startswith("text/xml")
    assert {child.tag: child.text for child in root} == {
        "ToUserName": "oAbC1-employee",
        "FromUserName": "gh_7f083739789a",
        "CreateTime": str(int(NOW.timestamp())),
        "MsgType": "text",
        "Content": "您好",
    }


def test_encrypted_callback_gets_an_encrypted_reply() -> None:
    envelope = open_safe(payload("messages/text.xml"))
    _kind, body = text_reply(envelope, "您好", NOW, SAFE)
    outer = {child.tag: child.text or "" for child in ET.fromstring(body)}
    assert outer["MsgSignature"] == signature(
        SAFE.token, outer["TimeStamp"], outer["Nonce"], outer["Encrypt"]
    )
    assert content(decrypt(SAFE, outer["Encrypt"])) == "您好"


@given(ANY_TEXT)
def test_any_text_becomes_legal_xml_that_says_the_same(text: str) -> None:
    answer = text_reply(plain_envelope(), text, NOW, PLAIN)
    words = split_text(clean_text(text).strip())[0]
    if not words:
        assert answer == SUCCESS
        return
    # XML itself reads every line end as one newline.
    assert content(answer[1]) == words.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("text", ["]]>", "a]]>b]]>c", "]]]]>>", "]]", "<![CDATA[x]]>", "&amp;<b>"])
def test_markup_in_the_text_stays_text(text: str) -> None:
    assert content(text_reply(plain_envelope(), text, NOW, PLAIN)[1]) == text


def test_control_characters_and_lone_surrogates_are_dropped() -> None:
    assert clean_text("a\x00\x08\x0b\x1fb\ud800\ufffe\t\n😀") == "ab\t\n😀"


def test_a_long_answer_keeps_the_byte_limit_at_a_sentence_end() -> None:
    text = "铜绿假单胞菌不得检出。" * 200
    words = content(text_reply(plain_envelope(), text, NOW, PLAIN)[1])
    assert len(words.encode()) <= LIMIT
    assert words.endswith("。")
    assert len(words.encode()) > LIMIT - 40


@given(ANY_TEXT, st.integers(4, 60))
def test_parts_fit_and_join_to_the_same_text(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert all(len(part.encode("utf-8", "surrogatepass")) <= limit for part in parts)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)
    assert all(parts) or parts == [""] or not text.strip()


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("", 10, [""]),
        ("短", 10, ["短"]),
        ("一。二。三。", 12, ["一。二。", "三。"]),
        ("一！二？三；四", 12, ["一！二？", "三；四"]),
        ("一二\n三四", 9, ["一二", "三四"]),
        ("一，二，三四", 12, ["一，二，", "三四"]),
        ("一二三四", 7, ["一二", "三四"]),
        ("他说“好。”然后走了", 20, ["他说“好。”", "然后走了"]),
        ("😀😀", 5, ["😀", "😀"]),
        ("e\u0301" * 2, 4, ["e\u0301", "e\u0301"]),
        ("a👨‍👩‍👧b", 19, ["a👨‍👩‍👧", "b"]),
        ("ab👨‍👩‍👧", 19, ["ab", "👨‍👩‍👧"]),
        ("👍🏽👍🏽", 12, ["👍🏽", "👍🏽"]),
        ("🇨🇳🇨🇳", 12, ["🇨🇳", "🇨🇳"]),
        ("中文", 1, ["中", "文"]),
    ],
)
def test_cuts(text: str, limit: int, parts: list[str]) -> None:
    assert split_text(text, limit) == parts


def test_a_very_long_text_is_split_quickly() -> None:
    parts = split_text("很长的文字" * 100_000)
    assert len(parts) == pytest.approx(500_000 * 3 / 2046, abs=2)
