"""The forms of the guide's services, read from data/forms.toml: one definition for every door."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache, cached_property
from importlib.resources import files
from typing import Literal

import msgspec

from handlers import wording

Kind = Literal[
    "words", "story", "choice", "day", "span", "number", "product", "enterprise", "phone"
]
TYPED = frozenset({"day", "span", "number", "phone"})

# What else people call a value of this kind when they correct it.
_ALSO_CALLED: dict[str, list[str]] = {
    "day": ["日期", "时间", "哪天", "日子"],
    "span": ["时长", "多久", "天数"],
    "number": ["数量", "几个"],
    "product": ["产品", "样品", "产品名称", "样品名称"],
    "enterprise": ["单位", "公司", "厂", "厂家", "企业名称", "公司名称", "单位名称"],
    "phone": ["手机", "联系方式", "号码", "电话号码", "手机号", "联系电话"],
}


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """One thing that a form wants to know; see data/forms.toml.

    firm: can't be skipped. optional: never asked for. reason: why it is asked.
    """

    name: str
    label: str
    kind: Kind
    ask: str
    aka: list[str] = []
    find: list[str] = []
    choices: dict[str, list[str]] = {}
    units: list[str] = []
    firm: bool = False
    optional: bool = False
    reason: str = ""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What people may call it."""
        return (self.label, *self.aka, *_ALSO_CALLED.get(self.kind, []))

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """`find`, compiled."""
        return tuple(re.compile(expression) for expression in self.find)

    @property
    def question(self) -> str:
        """How it is asked in the chat, with its reason and its choices."""
        lines = [f"{self.ask}（{self.reason}）" if self.reason else self.ask]
        lines += [f"{number}. {label}" for number, label in enumerate(self.choices, 1)]
        return "\n".join(lines)


# What does not fit anywhere else has a place in every form.
NOTE = Slot(
    name="note",
    label="备注",
    kind="story",
    ask=wording.NOTE,
    aka=["补充", "另外", "说明"],
    optional=True,
)


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """One service that people apply for."""

    title: str
    topic: str
    cues: list[str]
    slots: list[Slot]
    main: bool = False
    at_once: bool = False
    why_enterprise: str = ""
    why_phone: str = ""

    @cached_property
    def cue(self) -> re.Pattern[str]:
        """Whatever names this very service."""
        return re.compile("|".join(self.cues), re.IGNORECASE)

    @cached_property
    def wanted(self) -> tuple[Slot, ...]:
        """All slots in the order in which they are asked."""
        return (*self.slots, *self._who(), NOTE)

    @cached_property
    def names(self) -> frozenset[str]:
        """Whatever people may call a slot of this form."""
        return frozenset(name for slot in self.wanted for name in slot.names)

    def slot(self, name: str) -> Slot:
        """The slot of this name. Raises KeyError."""
        for slot in self.wanted:
            if slot.name == name:
                return slot
        raise KeyError(name)

    def _who(self) -> Iterator[Slot]:
        for kind, reason in (("enterprise", self.why_enterprise), ("phone", self.why_phone)):
            if reason:
                label, ask = wording.WHO[kind]
                yield msgspec.convert(
                    {
                        "name": kind,
                        "label": label,
                        "kind": kind,
                        "ask": ask,
                        "firm": True,
                        "reason": reason,
                    },
                    Slot,
                )


@cache
def forms() -> dict[str, Form]:
    """All forms by name, in the order of the file."""
    text = (files("handlers") / "data" / "forms.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Form])


def named_in(text: str) -> str:
    """The form whose own words stand in the text, or that is applied for by its title; else ""."""
    for name, form in forms().items():
        if text.endswith(form.title) or form.cue.search(text):
            return name
    return ""


def main_of(topic: str) -> str:
    """The form that takes what is wanted of a topic in general; "" where there is none."""
    return next((n for n, form in forms().items() if form.main and form.topic == topic), "")
