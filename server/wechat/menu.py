"""The official account's menu as a file, and in the form that the platform takes.

Rules of the page "自定义菜单 创建接口": 3 entries with 5 below each, names of 4 and 7 Chinese
characters on the screen, 1024 bytes of address.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from unicodedata import east_asian_width
from urllib.parse import urlsplit

import msgspec

MOST_BUTTONS, MOST_SUBS = 3, 5
WIDEST_BUTTON, WIDEST_SUB = 4, 7  # Chinese characters
LONGEST_URL = 1024  # bytes
# The field that each type needs beside its name.
NEEDED = {"click": "key", "view": "url", "miniprogram": "page"}


class MenuError(Exception):
    """The menu file can't be used; str() says where and why."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something to tap: a key of ours, a web page, a page of the mini-program, or entries below."""

    name: str
    type: Literal["", "click", "view", "miniprogram"] = ""
    key: str = ""
    url: str = ""
    page: str = ""
    sub: list["Entry"] = []


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    button: list[Entry]


@dataclass(frozen=True, slots=True)
class Menu:
    """The menu file, checked."""

    buttons: tuple[Entry, ...]

    @property
    def wants_miniapp(self) -> bool:
        """Whether an entry opens the mini-program."""
        entries = [entry for button in self.buttons for entry in (button, *button.sub)]
        return any(entry.type == "miniprogram" for entry in entries)

    def body(self, *, miniapp_appid: str, public_url: str) -> list[dict[str, Any]]:
        """What menu/create takes. public_url: opened where WeChat is too old for mini-programs."""

        def one(entry: Entry) -> dict[str, Any]:
            match entry.type:
                case "click":
                    told = {"key": entry.key}
                case "view":
                    told = {"url": entry.url}
                case _:
                    told = {"appid": miniapp_appid, "pagepath": entry.page, "url": public_url}
            return {"type": entry.type, "name": entry.name, **told}

        return [
            {"name": button.name, "sub_button": [one(entry) for entry in button.sub]}
            if button.sub
            else one(button)
            for button in self.buttons
        ]

    def lines(self) -> list[str]:
        """The menu for reading."""
        told = []
        for button in self.buttons:
            told.append(f"{button.name}{_means(button)}")
            told += [f"  · {entry.name}{_means(entry)}" for entry in button.sub]
        return told


def load_menu(path: Path, *, keys: Collection[str]) -> Menu:
    """Read and check the menu file. keys: what the conversation knows. Raises MenuError."""
    try:
        raw = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _File)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise MenuError(f"菜单文件 {path.name} 无法使用 / unusable menu file: {error}") from error
    if not 1 <= len(raw.button) <= MOST_BUTTONS:
        raise _wrong(f"一级菜单应有 1 至 {MOST_BUTTONS} 个，现在 {len(raw.button)} 个", "1 to 3")
    for button in raw.button:
        _check_name(button.name, WIDEST_BUTTON)
        if not button.sub:
            _check(button, keys)
            continue
        if button.type or button.key or button.url or button.page:
            raise _wrong(f"“{button.name}”有子菜单，本身不能再有动作", "it has entries below it")
        if len(button.sub) > MOST_SUBS:
            number = len(button.sub)
            raise _wrong(f"“{button.name}”的子菜单最多 {MOST_SUBS} 个，现在 {number} 个", "5 below")
        for entry in button.sub:
            _check_name(entry.name, WIDEST_SUB)
            if entry.sub:
                raise _wrong(f"“{entry.name}”已是子菜单，下面不能再有子菜单", "two levels only")
            _check(entry, keys)
    return Menu(tuple(raw.button))


def _check_name(name: str, widest: int) -> None:
    width = sum(1.0 if east_asian_width(letter) in "WF" else 0.5 for letter in name)
    if not name.strip() or width > widest:
        raise _wrong(f"菜单名称“{name}”应为 1 至 {widest} 个汉字（字母算半个）", "bad length")


def _check(entry: Entry, keys: Collection[str]) -> None:
    """That it has what its type needs, and nothing of another type."""
    given = {name for name in NEEDED.values() if getattr(entry, name)}
    if not entry.type:
        raise _wrong(f"“{entry.name}”既没有 type 也没有子菜单", "neither type nor entries below")
    needed = NEEDED[entry.type]
    if given != {needed}:
        raise _wrong(f"“{entry.name}”是 {entry.type}，应填 {needed}，且只填它", f"wants {needed}")
    if entry.type == "click" and entry.key not in keys:
        known = "、".join(keys)
        raise _wrong(f"“{entry.name}”的 key = {entry.key} 不认识，可用：{known}", "unknown key")
    if entry.type == "view" and not _is_address(entry.url):
        raise _wrong(f"“{entry.name}”的 url 应为 http(s) 地址，最多 {LONGEST_URL} 字节", "bad url")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    short = len(url.encode()) <= LONGEST_URL
    return parts.scheme in ("http", "https") and bool(parts.hostname) and short


def _means(entry: Entry) -> str:
    words: Mapping[str, str] = {
        "click": f"：点击 {entry.key}",
        "view": f"：网页 {entry.url}",
        "miniprogram": f"：小程序 {entry.page}",
    }
    return words.get(entry.type, "")


def _wrong(chinese: str, english: str) -> MenuError:
    return MenuError(f"菜单文件：{chinese} / menu file: {english}")
