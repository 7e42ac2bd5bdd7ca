"""The platform file: what is refused, what only warns, what is answered from it."""

from datetime import time, timedelta
from pathlib import Path

import pytest

from handlers.platform import PlatformError, load_platform, platform_articles
from handlers.windows import ALLOWANCES
from models.accounts import App
from models.windows import Act

DEMO = Path(__file__).parents[2] / "server" / "data" / "platform.demo.toml"
NAME = "演示市水饮料及食品产业质量基础设施“一站式”服务平台"


def written(tmp_path: Path, old: str, new: str) -> Path:
    path = tmp_path / "platform.toml"
    text = DEMO.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return path


def test_demo_file_is_marked_and_loads() -> None:
    platform = load_platform(DEMO)
    assert "演示" in platform.name
    assert platform.spans[0] == (time(8, 30), time(12))


@pytest.mark.parametrize("word", ["国家", "中国", "全国"])
def test_forbidden_words_in_front_of_the_name(tmp_path: Path, word: str) -> None:
    with pytest.raises(PlatformError, match="不得冠以"):
        load_platform(written(tmp_path, NAME, word + NAME))


def test_another_name_only_warns(tmp_path: Path) -> None:
    assert load_platform(written(tmp_path, NAME, "饮水通")).name == "饮水通"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"08:30", "12:00"', '"12:00", "08:30"'),
        ('"08:30", "12:00"', '"8点", "12:00"'),
        ("answer_hours = 4", "answer_hours = 0"),
        ("answer_hours = 4", "answer_hours = "),
        ("close_after_days = 3", "close_after_days = 0"),
        ("service_phone", "telephone"),
        ("# [allowances.official]", "[allowances.wecom]"),
        ("# [allowances.official]", "[allowances.official]\nclick = { messages = 3 }"),
    ],
)
def test_unusable_files_say_why(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(PlatformError, match="/"):
        load_platform(written(tmp_path, old, new))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('code = "hall"', 'code = "park"', "park 重复"),
        ('code = "hall"', 'code = "大厅"', "只能用字母"),
        ("latitude = 30.5700\n", "", "要么都填"),
        ("latitude = 30.5700", "latitude = 104.065", "写反"),
        ("longitude = 104.0650", "longitude = 30.57", "不在中国范围"),
        ("longitude = 104.0650", "longitude = inf", "不在中国范围"),
        ("latitude = 30.5700", "latitude = nan", "不在中国范围"),
        ("latitude = 30.5700", 'latitude = "30.57"', "latitude"),
        ("latitude = 30.5700", "lattitude = 30.57", "lattitude"),
    ],
)
def test_sites_that_cannot_be_meant(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(PlatformError, match=says):
        load_platform(written(tmp_path, old, new))


def test_sites_need_neither_place_nor_code(tmp_path: Path) -> None:
    path = written(tmp_path, 'code = "hall"\nlatitude = 30.5700\nlongitude = 104.0650\n', "")
    platform = load_platform(path)
    assert platform.sites[1].latitude is None
    assert platform.site("") is None
    assert platform.site("park") is platform.sites[0]


def test_allowances_are_the_platforms_own_unless_the_file_differs(tmp_path: Path) -> None:
    assert load_platform(DEMO).allowances == ALLOWANCES
    changed = "[allowances.official]\nclick = { messages = 1, minutes = 2 }"
    given = load_platform(written(tmp_path, "# [allowances.official]", changed)).allowances
    assert given == {**ALLOWANCES, (App.OFFICIAL, Act.CLICK): (1, timedelta(minutes=2))}


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(PlatformError):
        load_platform(tmp_path / "none.toml")


def test_articles_hold_the_files_facts() -> None:
    answers = "\n".join(article.answer for article in platform_articles(load_platform(DEMO)))
    for fact in ("08:30—12:00", "0000-1234567", "0000-7654321", "A12窗口", "3 个工作日"):
        assert fact in answers
