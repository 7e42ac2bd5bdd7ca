"""What a callback says: every message type and event, and dedupe keys."""

import pytest
from wechatpy import parse_message

from handlers.incoming import App, Incoming, Kind
from tests.wechat.callbacks import open_plain, open_safe, payload, payloads

XML_MESSAGES = {
    "text": (Kind.TEXT, "桶装水铜绿超标咋办", ""),
    "text_cdata_end": (Kind.TEXT, "a]]>b &amp; <c>", ""),
    "image": (Kind.IMAGE, "", "media-image-1"),
    "voice": (Kind.VOICE, "压力表多久检定一次。", "media-voice-1"),
    "voice_unrecognised": (Kind.VOICE, "", "media-voice-2"),
    "video": (Kind.VIDEO, "", "media-video-1"),
    "shortvideo": (Kind.VIDEO, "", "media-video-2"),
    "location": (Kind.LOCATION, "高新区质量服务站", ""),
    "link": (Kind.LINK, "GB 19298-2014 解读", ""),
    "file": (Kind.FILE, "检测报告.pdf", ""),
    "miniprogrampage": (Kind.CARD, "我的工单", ""),
    "unknown_type": (Kind.OTHER, "", ""),
}
XML_EVENTS = {
    "subscribe": (Kind.FOLLOWED, ""),
    "subscribe_scene": (Kind.FOLLOWED, "station-3"),
    "unsubscribe": (Kind.UNFOLLOWED, ""),
    "scan": (Kind.SCANNED, "station-3"),
    "click": (Kind.CLICKED, "MENU_ASK"),
    "view": (Kind.OTHER, ""),
    "location": (Kind.OTHER, ""),
    "scancode_push": (Kind.OTHER, ""),
    "pic_sysphoto": (Kind.OTHER, ""),
    "templatesendjobfinish": (Kind.SEND_REPORT, ""),
    "consent_popup": (Kind.CONSENT, ""),
    "consent_popup_one": (Kind.CONSENT, ""),
    "consent_change": (Kind.CONSENT, ""),
    "consent_sent": (Kind.CONSENT, ""),
    "unknown_event": (Kind.OTHER, ""),
}
JSON_EVENTS = {
    "user_enter_tempsession": Kind.ENTERED,
    "consent_popup": Kind.CONSENT,
    "consent_popup_one": Kind.CONSENT,
    "consent_sent": Kind.CONSENT,
    "wxa_media_check": Kind.OTHER,
}
ACCEPT_A = {"template_id": "tpl-a", "status": "accept", "message_id": ""}
REJECT_A = {"template_id": "tpl-a", "status": "reject", "message_id": ""}
REJECT_B = {"template_id": "tpl-b", "status": "reject", "message_id": ""}
SENT_A = {"template_id": "tpl-a", "status": "success", "message_id": "1700827132819554304"}


def read(name: str, *, app: App = App.OFFICIAL) -> Incoming:
    return open_plain(payload(name), app=app).incoming


def variant(name: str, old: str, new: str) -> Incoming:
    body = payload(name).decode()
    assert old in body
    return open_plain(body.replace(old, new).encode()).incoming


@pytest.mark.parametrize("name", XML_MESSAGES)
def test_xml_messages(name: str) -> None:
    incoming = read(f"messages/{name}.xml")
    assert (incoming.kind, incoming.text, incoming.media_id) == XML_MESSAGES[name]
    assert incoming.openid == "oAbC1-employee"
    assert incoming.sent_at.isoformat() == "2026-11-23T06:13:20+00:00"
    assert incoming.dedupe_key == "official:oAbC1-employee:25123456789012345"


@pytest.mark.parametrize("name", XML_EVENTS)
def test_xml_events(name: str) -> None:
    incoming = read(f"events/{name}.xml")
    assert (incoming.kind, incoming.text) == XML_EVENTS[name]


@pytest.mark.parametrize("name", JSON_EVENTS)
def test_json_events(name: str) -> None:
    assert read(f"events/{name}.json", app=App.MINIAPP).kind is JSON_EVENTS[name]


@pytest.mark.parametrize("path", [f"messages/{name}.xml" for name in XML_MESSAGES])
def test_wechatpy_reads_the_same(path: str) -> None:
    theirs = parse_message(payload(path))
    ours = read(path)
    assert theirs.source == ours.openid
    assert str(theirs.id) == ours.dedupe_key.rsplit(":", maxsplit=1)[-1]
    assert theirs.create_time.timestamp() == ours.sent_at.timestamp()
    assert theirs.target == ours.payload["ToUserName"]
    assert getattr(theirs, "media_id", "") == ours.media_id
    if ours.kind is Kind.TEXT:
        assert theirs.content == ours.text


def test_json_messages() -> None:
    text = read("messages/text.json", app=App.MINIAPP)
    assert (text.kind, text.text) == (Kind.TEXT, "压力表多久检定一次")
    assert text.dedupe_key == "miniapp:oMini-employee:6054768590064713728"
    assert read("messages/image.json").media_id == "media-image-3"
    assert read("messages/miniprogrampage.json").kind is Kind.CARD


@pytest.mark.parametrize("name", [*payloads("messages"), *payloads("events")])
@pytest.mark.parametrize("form", ["xml", "json"])
def test_safe_mode_reads_the_same_as_plaintext(name: str, form: str) -> None:
    body = payload(name)
    plain, safe = open_plain(body), open_safe(body, form=form)
    assert safe.incoming == plain.incoming
    assert (plain.encrypted, safe.encrypted) == (False, True)
    assert (safe.from_user, safe.to_user) == (plain.from_user, plain.to_user)


@pytest.mark.parametrize(
    ("name", "consents"),
    [
        ("consent_popup.xml", [ACCEPT_A, REJECT_B]),
        ("consent_popup.json", [ACCEPT_A, REJECT_B]),
        ("consent_popup_one.xml", [ACCEPT_A]),
        ("consent_popup_one.json", [ACCEPT_A]),
        ("consent_change.xml", [REJECT_A]),
        ("consent_sent.xml", [SENT_A]),
        ("consent_sent.json", [SENT_A]),
    ],
)
def test_consents_look_alike_in_both_forms(name: str, consents: list[dict[str, str]]) -> None:
    assert read(f"events/{name}").payload["consents"] == consents


def test_payload_keeps_every_field() -> None:
    assert read("messages/location.xml").payload["Location_X"] == "23.134521"
    assert read("events/pic_sysphoto.xml").payload["SendPicsInfo"]["PicList"]["item"] == [
        {"PicMd5Sum": "a"},
        {"PicMd5Sum": "b"},
    ]
    assert read("events/templatesendjobfinish.xml").payload["Status"] == "failed:user block"


def test_another_msgid_user_or_app_is_another_message() -> None:
    keys = {
        read("messages/text.xml").dedupe_key,
        read("messages/text.xml", app=App.MINIAPP).dedupe_key,
        variant("messages/text.xml", "25123456789012345", "25123456789012346").dedupe_key,
        variant("messages/text.xml", "oAbC1-employee", "oAbC1-colleague").dedupe_key,
    }
    assert len(keys) == 4


def test_a_retry_is_the_same_message_whatever_its_text() -> None:
    first = read("messages/text.xml").dedupe_key
    assert variant("messages/text.xml", "桶装水铜绿超标咋办", "别的").dedupe_key == first


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("events/click.xml", "MENU_ASK", "MENU_TICKETS"),
        ("events/click.xml", "1795414400", "1795414401"),
        ("events/click.xml", "CLICK", "VIEW"),
        ("events/templatesendjobfinish.xml", "200163836", "200163837"),
        ("events/wxa_media_check.json", "5ee0b0f2-3d0e1", "5ee0b0f2-3d0e2"),
        ("events/consent_sent.xml", "1700827132819554304", "1700827132819554305"),
        ("events/consent_popup_one.json", "tpl-a", "tpl-b"),
    ],
)
def test_events_of_one_second_are_told_apart(name: str, old: str, new: str) -> None:
    assert variant(name, old, new).dedupe_key != read(name).dedupe_key


def test_parts_of_a_key_can_not_imitate_each_other() -> None:
    body = payload("events/click.xml").decode()
    first = body.replace("CLICK", "a:b").replace("MENU_ASK", "c")
    second = body.replace("CLICK", "a").replace("MENU_ASK", "b:c")
    keys = {open_plain(each.encode()).incoming.dedupe_key for each in (first, second)}
    assert len(keys) == 2


def test_long_keys_are_hashed_and_still_differ() -> None:
    first = variant("events/click.xml", "MENU_ASK", "k" * 5000 + "1")
    second = variant("events/click.xml", "MENU_ASK", "k" * 5000 + "2")
    assert len(first.dedupe_key) <= 200
    assert first.dedupe_key != second.dedupe_key
