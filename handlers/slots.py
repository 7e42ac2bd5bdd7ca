"""Values of a form: found in what people say, checked with a reason, shown as people say them.

A value is kept as text: days as "2026-12-02", "2026-12-02 上午" or "2026-12-02 14:30", amounts as
"20台", everything else as it was said.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from handlers import wording
from handlers.forms import TYPED, Slot
from models.text import storable
from nlp.amounts import find_numbers
from nlp.confirmations import find_yes_no
from nlp.found import Found, left_over
from nlp.numerals import arabic
from nlp.phones import find_phones
from nlp.when import Day, find_days, find_spans

FARTHEST = timedelta(days=400)
MOST = 100_000
LONGEST_WORDS, LONGEST_STORY = 60, 500
LATER = "待商定"

_LEAD_IN = re.compile(
    r"^(?:我们?(?:是|叫|公司是)?|(?:单位|公司|企业)(?:是|叫)?|名称(?:是)?|就是?|是|要|想(?:要)?|有|测|检"
    r"|帮(?:我们?)?|给(?:我们?)?)[:：,， ]*"
)
# What stands before a thing that is named in passing, and is no part of its name.
_VERBS = re.compile(
    r"^(?:我们?|你们|帮|请|约|个|想|要|需要|预约|申请|安排|检定|校准|送检|送|做|租|借|用|是|的|把|将|再来|给|[一1]?[台个套块只])+"
)
_VERBS_ALONE = re.compile(r"(?:我们?)?(?:自己)?(?:送|寄|拿|带|发)(?:过?[来去])?(?:吧|了|就行)?")
_VAGUE = ("几", "一些", "多少", "什么", "哪")
_TAIL = re.compile(r"[吧啊呀哦嘛呢的]+$")
_QUESTION = re.compile(
    r"[?？]|[吗么]$|(?<!什)么[?？]*$|什么|怎么|咋|如何|多少|多久|几[点天个号时]|哪|能不能|可不可以|是不是|要不要|行不行"
    r"|有没有|为啥|为什么|区别|是否|条件|流程|材料|缺啥|[要能用会可行]钱?不$|呢$"
)
# Asking for something to be done is no question.
_POLITE = re.compile(r"^(?:能不能|能否|可不可以|能|可以)?(?:请|帮|安排|派|麻烦)")
# "周一送过去行吗" tells a day; the rest is courtesy.
_AT_THE_END = re.compile(r"[,，]?(?:行吗|行不行|行不|可以吗|好吗|成吗|可不可以)[?？]*$")
_EDGES = " \t\n，,。.、;；:：!！~～"
# A firm's name begins where something begins, and ends in a word for a firm.
_ENTERPRISE = re.compile(
    r"(?:^|[\s，,。.、:：;；])(?:我们?)?(?:公司|单位|企业|厂)?(?:叫|是|帮|给|来自)?"
    r"((?!.{0,6}(?:请|来|到|去|做|委托|取样|送|租|借|检|测|派|进|找|我们|你们|他们))"
    r"[一-龥A-Za-z0-9（）()]{2,28}(?:公司|集团|水业|合作社|乳业|酒业|厂))(?![里家房区商长])"
)
# Without one of these there is neither a day nor an amount.
_COUNTED = re.compile(r"[0-9０-９零〇一二三四五六七八九十两俩半几今明后昨前周末底旬]")
_DIGIT = re.compile(r"[0-9]")
_SAYS = re.compile(r"[一-龥A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Scene:
    """What reading depends on: the day, and who knows products' names."""

    today: date
    products: Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something was said that can't be meant; the reason is for the person."""

    reason: str


@dataclass(frozen=True, slots=True)
class Harvest:
    """What a text gives to some slots. rest: the text, with commas in the place of
    the days, amounts, phones and firm's name that were taken."""

    values: dict[str, str]
    wrong: dict[str, str]
    rest: str


def harvest(slots: Sequence[Slot], text: str, scene: Scene) -> Harvest:
    """Values for as many slots as the text has some for, each place of the text used once."""
    values: dict[str, str] = {}
    wrong: dict[str, str] = {}
    rest = text
    for slot in slots:
        if slot.kind not in TYPED:
            continue
        found = _first(slot, rest, scene)
        if found is None:
            continue
        place, value = found
        if slot.kind == "number":
            value = _all_amounts(slot, rest, scene) or value
        if isinstance(value, Wrong):
            wrong[slot.name] = value.reason
        else:
            values[slot.name] = value
        rest = f"{rest[: place.start]}{'，' * (place.end - place.start)}{rest[place.end :]}"
    # A firm's name may hold a product's: 康泉水业, 青岛啤酒股份有限公司.
    for slot in sorted(slots, key=lambda slot: slot.kind != "enterprise"):
        if slot.kind not in TYPED and (said := _named(slot, rest, scene)):
            values[slot.name] = said
            if slot.kind == "enterprise":
                rest = rest.replace(said, "，" * len(said), 1)
    return Harvest(values, wrong, rest)


def wholly(slot: Slot, text: str, scene: Scene) -> bool:
    """Whether the text is a value of this slot and nothing else."""
    if slot.kind in TYPED:
        found = harvest([slot], text, scene)
        return slot.name in found.values and not says_anything(found.rest)
    said = _named(slot, text, scene)
    return bool(said) and len(text.strip(_EDGES)) <= len(said) + 1


def says_anything(text: str) -> bool:
    """Whether there is a letter or a digit in it."""
    return bool(_SAYS.search(text))


def is_bare_value(text: str, scene: Scene) -> bool:
    """Whether it is a day, an amount with its unit or a telephone number, and nothing else."""
    if not _COUNTED.search(text):
        return False
    places = [found.place for found in find_days(text, scene.today)]
    places += [found.place for found in find_spans(text)]
    places += [found.place for found in find_numbers(text) if found.value.unit]
    places += [found.place for found in find_phones(text)]
    left = left_over(text, places).strip("人的吧呢啊样 ")
    return bool(places) and not says_anything(left)


def is_question(text: str) -> bool:
    """Whether it asks something, as far as its words show."""
    text = _AT_THE_END.sub("", text.strip())
    return bool(_QUESTION.search(text)) and not _POLITE.match(text)


def answer(slot: Slot, text: str, scene: Scene) -> str | Wrong:
    """The text as an answer to this slot's question."""
    text = storable(text).strip()
    if slot.kind in TYPED:
        if found := _first(slot, text, scene):
            return found[1]
        if slot.kind == "number" and (bare := _bare_number(text)):
            return _amount(slot, Decimal(bare), slot.units[0] if slot.units else "")
        return Wrong(wording.NOT_UNDERSTOOD[slot.kind])
    if slot.kind == "choice":
        return _choice(slot, text)
    if slot.kind == "story":
        return _words(text.strip(), LONGEST_STORY)
    # A size belongs to it: 18.9升桶装水.
    if slot.kind == "product" and not _DIGIT.search(text) and (products := scene.products(text)):
        return "、".join(products)
    if slot.kind == "enterprise" and _tells_more(text):
        return Wrong(wording.NOT_UNDERSTOOD["enterprise"])
    if not any(p.search(text) for p in slot.patterns) and _is_no_name(text, scene):
        return Wrong(wording.SAY_MORE)
    said = _TAIL.sub("", _LEAD_IN.sub("", text.strip(_EDGES)).strip(_EDGES))
    return _words(said, LONGEST_WORDS)


def shown(slot: Slot, value: str) -> str:
    """A value as people read it; a phone number only in part."""
    if slot.kind == "day" and value[:1].isdigit():
        return wording.day_of_form(value)
    return wording.masked(value) if slot.kind == "phone" else value


def _first(slot: Slot, text: str, scene: Scene) -> tuple[Found[Any], str | Wrong] | None:
    """The first finding of the slot's kind that is right, else the first one."""
    findings = [(found, value) for found, value in _findings(slot, text, scene) if value]
    right = next((f for f in findings if not isinstance(f[1], Wrong)), None)
    return right or (findings[0] if findings else None)


def _all_amounts(slot: Slot, text: str, scene: Scene) -> str:
    """Several amounts in one sentence, "天平3台压力表10块", are all meant; "" for one."""
    amounts = [value for _, value in _findings(slot, text, scene) if isinstance(value, str)]
    return "、".join(amounts) if len(amounts) > 1 else ""


def _findings(slot: Slot, text: str, scene: Scene) -> list[tuple[Found[Any], str | Wrong | None]]:
    match slot.kind:
        case "day":
            return [(f, _day(f, scene.today)) for f in find_days(text, scene.today)]
        case "span":
            return [(f, f.said) for f in find_spans(text)]
        case "phone":
            bad = Wrong(wording.NOT_UNDERSTOOD["phone"])
            return [(f, f.value or bad) for f in find_phones(text)]
        case _:
            return [
                (f, _amount(slot, f.value.number, f.value.unit))
                for f in find_numbers(text)
                if f.value.unit in slot.units
            ]


def _day(found: Found[Day | None], today: date) -> str | Wrong:
    if found.value is None:
        return Wrong(wording.no_such_day(found.said))
    when = found.value
    if when.date < today:
        return Wrong(wording.day_is_past(found.said))
    if when.date > today + FARTHEST:
        return Wrong(wording.day_too_far(found.said))
    more = f"{when.time:%H:%M}" if when.time else when.part
    return f"{when.date.isoformat()} {more or ('前后' if when.rough else '')}".strip()


def _amount(slot: Slot, number: Decimal, unit: str) -> str | Wrong:
    if not 0 < number <= MOST or number != int(number):
        return Wrong(wording.number_out_of_range(slot.label))
    return f"{int(number)}{unit}"


def _bare_number(text: str) -> str:
    plain = arabic(text.replace("两", "二").strip(_EDGES + "吧个左右大概约"))
    return plain if plain.isascii() and plain.isdigit() and len(plain) <= 9 else ""


def _named(slot: Slot, text: str, scene: Scene) -> str:
    """A value that the text names unasked; "" where it names none, or several choices."""
    if slot.kind == "choice":
        chosen = _chosen(slot, text)
        return chosen[0] if len(chosen) == 1 else ""
    if slot.kind == "product":
        return "、".join(scene.products(text))
    if slot.kind == "enterprise":
        found = _ENTERPRISE.search(text)
        return found[1] if found else ""
    for pattern in slot.patterns:
        if match := pattern.search(text):
            said = _VERBS.sub("", match[1].strip(_EDGES))
            if len(said) > 1 and not said.startswith(_VAGUE):
                return said
    return ""


def _tells_more(text: str) -> bool:
    """Whether it is a sentence with an amount or a pause in it, and so no firm's name."""
    amounts = any(found.value.unit for found in find_numbers(text))
    return amounts or bool(re.search(r"[，,。；;]", text.strip(_EDGES)))


def _is_no_name(text: str, scene: Scene) -> bool:
    """A yes or no, a day, an amount or a number to call: whatever it means, no name of a thing."""
    bare_number = text.strip(_EDGES).isdigit()
    verbs_alone = _VERBS_ALONE.fullmatch(text.strip(_EDGES)) is not None
    said_nothing = find_yes_no(text) is not None or bare_number or verbs_alone
    return said_nothing or is_bare_value(text, scene)


def _choice(slot: Slot, text: str) -> str | Wrong:
    bare = _bare_number(text)
    if bare and 1 <= int(bare) <= len(slot.choices):
        return list(slot.choices)[int(bare) - 1]
    chosen = _chosen(slot, text)
    if len(chosen) == 1:
        return chosen[0]
    return Wrong(wording.choose_one(list(slot.choices)))


def _chosen(slot: Slot, text: str) -> list[str]:
    said = text.lower()
    return [
        label
        for label, words in slot.choices.items()
        if label.lower() in said or any(word.lower() in said for word in words)
    ]


def _words(said: str, longest: int) -> str | Wrong:
    if not _SAYS.search(said) or len(said) < 2:
        return Wrong(wording.SAY_MORE)
    if len(said) > longest:
        return Wrong(wording.too_many_words(longest, len(said)))
    return said
