"""Messages that ask nothing in words get an answer that helps; questions are left alone."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import wording
from handlers.oddments import reply_to
from handlers.platform import Platform, load_platform
from handlers.sites import distance
from models.clock import SHANGHAI
from models.conversations import Kind

PLATFORM = load_platform(Path(__file__).parents[2] / "server" / "data" / "platform.demo.toml")
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)


def reply(kind: Kind, text: str = "", **payload: Any) -> str:
    return reply_to(kind, payload, text, PLATFORM, MONDAY)


def where(platform: Platform = PLATFORM, now: datetime = MONDAY, **payload: Any) -> str:
    return reply_to(Kind.LOCATION, payload, "某地", platform, now)


@pytest.mark.parametrize(
    ("one", "other", "kilometres"),
    [
        ((39.9042, 116.4074), (31.2304, 121.4737), 1067.3),  # Beijing, Shanghai
        ((0, 0), (0, 180), 20015.1),  # half round the equator
        ((90, 0), (-90, 77), 20015.1),
        ((30.66, 104.06), (30.66, 104.06), 0),
    ],
)
def test_distances(one: tuple[float, float], other: tuple[float, float], kilometres: float) -> None:
    assert distance(*one, *other) == pytest.approx(kilometres, abs=0.5)
    assert distance(*other, *one) == pytest.approx(kilometres, abs=0.5)


def test_nearest_site_with_everything_to_go_there() -> None:
    said = where(Location_X="30.6393", Location_Y="104.0600")
    assert said.startswith("离您最近的是产业园服务站（演示），约 2.3 公里（直线距离）。")
    for words in ("园综合楼1楼", "0000-1234567", "08:30—12:00", "现在在上班", "政务中心服务窗口"):
        assert words in said
    assert "不在上班" in where(now=MONDAY + timedelta(days=6), Location_X="30.6", Location_Y="104")
    near_the_window = where(Location_X="30.5705", Location_Y="104.0650")
    assert near_the_window.startswith("离您最近的是政务中心服务窗口（演示），约 50 米")


@pytest.mark.parametrize(
    "place",
    [
        {},
        {"Location_X": "30.6"},
        {"Location_X": "nan", "Location_Y": "104"},
        {"Location_X": "1e999", "Location_Y": "104"},
        {"Location_X": "130", "Location_Y": "104"},
        {"Location_X": {"a": "b"}, "Location_Y": ["104"]},
        {"Location_X": "北纬三十度", "Location_Y": ""},
    ],
    ids=str,
)
def test_without_a_usable_place_all_addresses(place: dict[str, Any]) -> None:
    said = where(**place)
    assert "园综合楼1楼" in said
    assert "A12窗口" in said
    assert "公里" not in said


def test_without_coordinates_in_the_file_all_addresses() -> None:
    blind = tuple(
        type(site)(name=site.name, kind=site.kind, address=site.address) for site in PLATFORM.sites
    )
    said = where(replace(PLATFORM, sites=blind), Location_X="30.6", Location_Y="104.0")
    assert "A12窗口" in said
    assert "公里" not in said
    nothing = where(replace(PLATFORM, sites=()), Location_X="30.6", Location_Y="104.0")
    assert PLATFORM.service_phone in nothing


@pytest.mark.parametrize(
    ("kilometres", "words"),
    [(0.0, "约 50 米"), (0.34, "约 350 米"), (0.97, "约 1.0 公里"), (99.94, "约 99.9 公里"),
     (99.96, "约 100 公里"), (1067.3, "约 1067 公里")],
)  # fmt: skip
def test_distances_as_people_say_them(kilometres: float, words: str) -> None:
    assert wording.distance(kilometres) == words


def test_what_cannot_be_opened_is_named_and_asked_about() -> None:
    assert "“GB 19298-2014 解读”" in reply(Kind.LINK, "GB 19298-2014 解读")
    assert "“检测报告.pdf”" in reply(Kind.FILE, "检测报告.pdf")
    assert "“”" not in reply(Kind.FILE)
    assert "“质量服务”" in reply(Kind.CARD, "质量服务")
    assert "截" in reply(Kind.VIDEO)
    assert len(reply(Kind.LINK, "长" * 500)) < 150


@pytest.mark.parametrize(
    "text",
    ["[微笑]", "😀", "[强][强]", "👍🏻", "❤️！", " [捂脸]😂 。", "👨‍👩‍👧", "🇨🇳", "[动画表情]"],
)
def test_faces_alone(text: str) -> None:
    assert reply(Kind.TEXT, text) == wording.STICKER


def test_empty_and_unsupported() -> None:
    assert reply(Kind.TEXT, " \n") == wording.EMPTY
    assert reply(Kind.TEXT, "【收到不支持的消息类型，暂无法显示】") == wording.UNSUPPORTED


@pytest.mark.parametrize(
    "text",
    ["1", "1️⃣", "0", "[1]", "[转人工]", "铜绿超标[捂脸]", "好的👌", "？", "℃", "GB 19298", "[GB]",
     "补充", "上班", "①", "微笑", "+"],
)  # fmt: skip
def test_words_are_left_to_the_dialog(text: str) -> None:
    assert reply(Kind.TEXT, text) == ""


@given(st.sampled_from(Kind), st.text(max_size=200), st.text(max_size=20), st.text(max_size=20))
def test_nothing_breaks_it(kind: Kind, text: str, north: str, east: str) -> None:
    said = reply(kind, text, Location_X=north, Location_Y=east)
    assert len(said.encode()) < 2000
