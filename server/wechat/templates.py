"""How each notice looks as a template or subscription message, by the templates file.

The platform refuses a field that breaks its rule (47003), so values are fitted to the rule that
the field's name states (WECHAT.md, "Field rules").
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from handlers.incoming import App
from models.clock import SHANGHAI
from models.outbox import Notice

_NOT_ASCII = re.compile(r"[^\x20-\x7e]")
_NOT_CHINESE = re.compile(r"[^\u4e00-\u9fff]")
# Emoji and other symbols beyond the basic plane, dingbats, and the characters that glue them.
_EMOJI = re.compile("[\U00010000-\U0010ffff\u2600-\u27bf\u200d\ufe0f]")
_TYPE = re.compile(r"([a-z_]+?)\d+$")


# What {state} says in a template.
STATES = {Notice.TICKET_ANSWERED: "已答复", Notice.TICKET_WRITTEN: "待您查看"}


class TemplatesError(Exception):
    """The templates file can't be used; str() says why."""


@dataclass(frozen=True, slots=True)
class Template:
    """A message template of the platform. fields: name → (label, text with {placeholders})."""

    id: str
    title: str
    fields: Mapping[str, tuple[str, str]]


class Templates:
    """The templates file, checked: which template tells which notice in which application."""

    def __init__(self, templates: Mapping[tuple[App, Notice], Template]) -> None:
        self._templates = dict(templates)
        self.ids = {key: template.id for key, template in self._templates.items()}

    def all(self) -> list[Template]:
        """Every template, as the simulator must know them."""
        return list(self._templates.values())

    def render(self, app: App, notice: Notice, payload: Mapping[str, object]) -> dict[str, str]:
        """The fields of a message, each fitted to its rule. Raises KeyError for an unknown pair."""
        values = {key: str(value) for key, value in payload.items()}
        if "due" in values:
            due = datetime.fromisoformat(values["due"]).astimezone(SHANGHAI)
            values["due"] = f"{due:%Y年%m月%d日 %H:%M}"
        values.setdefault("state", STATES.get(notice, ""))
        return {
            name: fit(name, text.format_map(values))
            for name, (_label, text) in self._templates[app, notice].fields.items()
        }


def fit(name: str, value: str) -> str:
    """`value` as the rule in the field's name allows it; never empty."""
    matched = _TYPE.match(name)
    kind = matched.group(1) if matched else ""
    value = " ".join(_EMOJI.sub("", value).split())
    return FITTERS.get(kind, _cut(20))(value) or ("-" if kind == "character_string" else "无")


def _cut(length: int) -> Callable[[str], str]:
    return lambda value: value if len(value) <= length else value[: length - 1] + "…"


FITTERS: dict[str, Callable[[str], str]] = {
    "thing": _cut(20),
    "character_string": lambda value: _NOT_ASCII.sub("", value)[:32],
    "number": lambda value: value[:32],
    "letter": lambda value: value[:32],
    "phrase": lambda value: _NOT_CHINESE.sub("", value)[:5],
    "name": lambda value: value[:10],
    "phone_number": lambda value: value[:17],
    "car_number": lambda value: value[:8],
    "time": lambda value: value,
    "date": lambda value: value,
    "amount": lambda value: value,
}


# Every value that a template may name, to find misspelt placeholders when the file is read.
EXAMPLE = {
    "number": "NQ2611230001",
    "topic": "检验检测",
    "question": "问题",
    "due": "2026-11-23T08:00:00+00:00",
    "name": "专员",
}


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    fields: dict[str, tuple[str, str]]
    title: str = ""


def load_templates(path: Path) -> Templates:
    """Read the templates file. Raises TemplatesError."""
    try:
        raw = msgspec.convert(
            tomllib.loads(path.read_text("utf-8")), dict[App, dict[Notice, _Entry]]
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise TemplatesError(
            f"模板文件 {path.name} 无法使用 / unusable templates file: {error}"
        ) from error
    templates = Templates(
        {
            (app, notice): Template(entry.id, entry.title, entry.fields)
            for app, notices in raw.items()
            for notice, entry in notices.items()
        }
    )
    for app, notice in templates.ids:
        try:
            templates.render(app, notice, EXAMPLE)
        except (KeyError, ValueError, IndexError) as error:
            raise TemplatesError(
                f"模板文件 {path.name} 的 {app}.{notice} 有不认识的占位符"
                f" / unknown placeholder: {error}"
            ) from error
    return templates
