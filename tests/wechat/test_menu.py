"""The menu file: what is refused, and that the platform takes what is not."""

from pathlib import Path

import pytest

from handlers.conversation import MENU_WORDS
from server.wechat.menu import MenuError, load_menu
from server.wechat.simulator.errors import PlatformError
from server.wechat.simulator.menus import checked

DEMO = Path(__file__).parents[2] / "server" / "data" / "menu.demo.toml"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "menu.toml"
    path.write_text(text, "utf-8")
    return path


def click(name: str, key: str = "ask") -> str:
    return f"name = '{name}'\ntype = 'click'\nkey = '{key}'\n"


def test_the_demo_menu_is_taken() -> None:
    menu = load_menu(DEMO, keys=MENU_WORDS)
    body = menu.body(miniapp_appid="wx1", public_url="https://example.org")
    assert [button["name"] for button in checked(body)] == ["问一问", "办业务", "我的"]
    assert menu.wants_miniapp
    assert body[2]["sub_button"][2] == {
        "type": "miniprogram",
        "name": "打开小程序",
        "appid": "wx1",
        "pagepath": "pages/index/index",
        "url": "https://example.org",
    }
    assert "  · 转人工：点击 human" in menu.lines()


def test_entries_without_others_below(tmp_path: Path) -> None:
    text = (
        "[[button]]\n" + click("提问") + "[[button]]\nname='官网'\ntype='view'\nurl='https://a.b'"
    )
    body = load_menu(written(tmp_path, text), keys=MENU_WORDS).body(miniapp_appid="", public_url="")
    assert body == [
        {"type": "click", "name": "提问", "key": "ask"},
        {"type": "view", "name": "官网", "url": "https://a.b"},
    ]


BUTTON, SUB = "[[button]]\n", "[[button.sub]]\n"
BAD = {
    "no toml": ("not toml", "无法使用"),
    "nothing": ("button = []", "1 至 3 个"),
    "four": ((BUTTON + click("一")) * 4, "现在 4 个"),
    "six below": (BUTTON + "name = '多'\n" + (SUB + click("一")) * 6, "最多 5 个，现在 6 个"),
    "three levels": (
        BUTTON + "name = '一'\n" + SUB + "name = '二'\n[[button.sub.sub]]\n" + click("三"),
        "不能再有子菜单",
    ),
    "long name": (BUTTON + click("我要来提问"), "1 至 4 个汉字"),
    "long name below": (BUTTON + "name='一'\n" + SUB + click("一二三四五六七A"), "1 至 7 个汉字"),
    "no name": (BUTTON + click(" "), "1 至 4 个汉字"),
    "unknown key": (BUTTON + click("提问", "asks"), "key = asks 不认识，可用：ask、services"),
    "no key": (BUTTON + "name='提问'\ntype='click'", "应填 key"),
    "two fields": (BUTTON + click("提问") + "url='https://a.b'", "只填它"),
    "no action": (BUTTON + "name='提问'", "既没有 type 也没有子菜单"),
    "action above": (BUTTON + click("提问") + SUB + click("一"), "本身不能再有动作"),
    "bad address": (BUTTON + "name='官网'\ntype='view'\nurl='a.b'", "http(s) 地址"),
    "long address": (BUTTON + f"name='官网'\ntype='view'\nurl='https://a.b/{'x' * 1024}'", "1024"),
    "unknown type": (BUTTON + "name='扫码'\ntype='scancode_push'", "无法使用"),
    "unknown field": (BUTTON + click("提问") + "keyy='a'", "无法使用"),
}


@pytest.mark.parametrize("name", BAD)
def test_unusable_files_say_why(tmp_path: Path, name: str) -> None:
    text, words = BAD[name]
    with pytest.raises(MenuError) as raised:
        load_menu(written(tmp_path, text), keys=MENU_WORDS)
    assert words in str(raised.value)
    assert " / " in str(raised.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MenuError, match="无法使用"):
        load_menu(tmp_path / "none.toml", keys=MENU_WORDS)


@pytest.mark.parametrize(
    ("buttons", "code"),
    [
        ([], 40016),
        ("x", 47001),
        ([{"name": "长" * 6, "type": "click", "key": "a"}], 40018),
        ([{"name": "a", "type": "x"}], 40017),
        ([{"name": "a", "type": "click"}], 40019),
        ([{"name": "a", "sub_button": [{"name": "b", "type": "click", "key": "c"}] * 6}], 40023),
        ([{"name": "a", "sub_button": [{"name": "b", "type": "view"}]}], 40027),
    ],
)
def test_the_simulated_platform_is_as_strict(buttons: object, code: int) -> None:
    with pytest.raises(PlatformError) as raised:
        checked(buttons)
    assert raised.value.errcode == code
