"""What people say to an open form, in any order: values, corrections, a stop, something else.

One text in, the next step out. Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from handlers import wording
from handlers.commands import Command, command_of, half_width
from handlers.filling import (
    Filling,
    Step,
    ask_for,
    ask_next,
    asker_of,
    fill,
    known_to,
    miss,
    rows_of,
)
from handlers.forms import TYPED, Form, Slot, forms
from handlers.slots import (
    LATER,
    Harvest,
    Scene,
    Wrong,
    answer,
    harvest,
    is_question,
    says_anything,
    wholly,
)
from nlp.confirmations import Correction, find_correction, find_yes_no

# From so many characters on, what is said beside the form's own words is the matter itself.
A_STORY = 8
_WISHING = re.compile(
    r"我们?|厂里?|公司|你们|想|请|帮忙?|做|个|要|一下|给|来|看看?|派|能不能|能|可以|专家|老师|上门|申请|需要|吗|的"
)
_PARTS = re.compile(r"[,，;；。\n]+")
_NAMES_ONE = re.compile(
    r"^(?:要?改|修改|更正|换)?(?:一下)?(?P<name>.{1,8}?)(?:不对|错了?|有误|要改|改一下)?$"
)
_MORE = re.compile(r"^(?:还|再|另外)?(?:要|想)?(?:再?加|增加|添)")


def begin(name: str, text: str, scene: Scene, known: Mapping[str, str]) -> Step:
    """Start a form with what the first sentence and our records already tell."""
    form = forms()[name]
    found = harvest(form.wanted, text, scene)
    values = {**known_to(form, known), **found.values}
    told = _WISHING.sub("", form.cue.sub("", text))
    for slot in form.slots:
        if slot.kind == "story" and len(told) > A_STORY:
            values[slot.name] = text
    for correction in _corrections(form, text):
        named = _named(form, correction.label)
        value = answer(named, correction.words, scene) if named else Wrong("")
        if named is not None and not isinstance(value, Wrong):
            values[named.name] = value
    noted = rows_of(form, {name: value for name, value in values.items() if name != "phone"})
    problem = next(iter(found.wrong.values()), "")
    begun = ask_next(Filling(name, values))
    if begun.filling is not None and not begun.filling.asked:
        noted = []  # the summary says it all
    head = "\n".join(filter(None, (wording.begun(form.title, noted), problem)))
    return replace(begun, say=f"{head}\n{begun.say}")


def proceed(filling: Filling, text: str, scene: Scene, known: Mapping[str, str]) -> Step:
    """One more text while the form is open."""
    form = forms()[filling.form]
    filling = replace(filling, values={**known_to(form, known), **filling.values})
    if step := _commanded(form, filling, text, scene):
        return step
    if filling.paused:
        return _taken_up(form, filling, text, scene)
    if step := _all_corrected(form, filling, text, scene):
        return step
    if not filling.asked:
        return _at_summary(form, filling, text, scene)
    slot = form.slot(filling.asked)
    return _special(filling, slot, text) or _answered(form, filling, slot, text, scene)


def _commanded(form: Form, filling: Filling, text: str, scene: Scene) -> Step | None:
    match command_of(text):
        case Command.CANCEL:
            return Step(None, say=wording.cancelled(form.title))
        case Command.RESUME:
            return ask_next(filling)
        case Command.PAUSE:
            return Step(replace(filling, paused=True), say=wording.paused(form.title))
        case Command.ASIDE:
            return Step(replace(filling, paused=True), aside=True)
        case Command.SWITCH if filling.switch:
            return begin(filling.switch, "", scene, asker_of(form, filling.values))
    return None


def answers_choice(filling: Filling, text: str, scene: Scene) -> bool:
    """Whether the text names one of the choices on offer, or corrects something."""
    form = forms()[filling.form]
    slot = form.slot(filling.asked) if filling.asked else None
    chosen = slot is not None and slot.kind == "choice"
    return bool(_corrections(form, text)) or (
        chosen and slot is not None and not isinstance(answer(slot, text, scene), Wrong)
    )


def _taken_up(form: Form, filling: Filling, text: str, scene: Scene) -> Step:
    """A form put aside is gone on with as soon as somebody plainly answers it."""
    if not filling.asked:
        return ask_next(filling) if find_yes_no(text) else Step(filling, aside=True)
    slot = form.slot(filling.asked)
    plainly = slot.kind not in ("words", "story") and not is_question(text)
    if plainly and wholly(slot, text, scene):
        return _answered(form, replace(filling, paused=False), slot, text, scene)
    return Step(filling, aside=True)


def _special(filling: Filling, slot: Slot, text: str) -> Step | None:
    """Words about the question itself."""
    command = command_of(text)
    if command == Command.WHY and slot.reason:
        return Step(filling, say=f"{slot.reason}\n{slot.ask}")
    if command == Command.SKIP:
        if slot.firm:
            return miss(filling, wording.needed(slot.label, slot.reason))
        return fill(filling, {slot.name: LATER})
    return None if command is None else Step(filling, aside=True)


def _answered(form: Form, filling: Filling, slot: Slot, text: str, scene: Scene) -> Step:
    if slot.kind == "story":
        return _taken(filling, slot, answer(slot, text, scene), {})
    looked_for = [s for s in form.wanted if s is not slot and s.name not in filling.values]
    # What is asked in words is the whole answer, not the part that its expressions would find.
    if slot.kind not in ("words", "product"):
        looked_for.insert(0, slot)
    found = harvest(looked_for, text, scene)
    asks = is_question(text)
    if slot.name in found.values:
        return replace(fill(filling, found.values, last=slot.name), aside=asks)
    if asks:
        return Step(fill(filling, found.values).filling if found.values else filling, aside=True)
    if slot.name in found.wrong:
        return miss(filling, found.wrong[slot.name])
    if others := _elsewhere(form, slot, text, scene) or _others_alone(found):
        return fill(filling, others)
    rest = text if slot.kind == "choice" else found.rest
    if slot.kind == "words" and form.cue.search(rest) and len(rest) <= A_STORY:
        return miss(filling, wording.SAY_MORE)
    return _taken(filling, slot, answer(slot, rest, scene), found.values)


def _elsewhere(form: Form, slot: Slot, text: str, scene: Scene) -> Mapping[str, str]:
    """A choice, a day, an amount or a telephone that is another slot's: it has changed."""
    for other in form.wanted:
        sure = other.kind in TYPED or other.kind == "choice"
        if sure and other is not slot and wholly(other, text, scene):
            return harvest([other], text, scene).values
    return {}


def _others_alone(found: Harvest) -> Mapping[str, str]:
    """What the text gives to other slots, where it says nothing else."""
    return {} if says_anything(found.rest) else found.values


def _taken(filling: Filling, slot: Slot, value: str | Wrong, others: Mapping[str, str]) -> Step:
    if not isinstance(value, Wrong):
        return fill(filling, {**others, slot.name: value}, last=slot.name)
    if others:
        return fill(filling, others)
    return miss(filling, value.reason)


def _at_summary(form: Form, filling: Filling, text: str, scene: Scene) -> Step:
    agreed = find_yes_no(text)
    if agreed:
        return Step(filling, submit=True)
    if agreed is False:
        return Step(replace(filling, misses=0), say=wording.CHANGE_WHAT)
    plain = half_width(text)
    if (one := _NAMES_ONE.match(plain)) and (named := _named(form, one["name"])):
        return ask_for(filling, named.name)
    if _MORE.match(plain):
        return Step(filling, say=wording.SAY_THE_SUM)
    if is_question(text):
        return Step(filling, aside=True)
    # In passing only what can't be mistaken; words may be about anything.
    sure = [s for s in form.wanted if s.kind in TYPED or s.kind == "choice"]
    found = harvest([*sure, *(s for s in form.wanted if wholly(s, text, scene))], text, scene)
    if found.values:
        return fill(filling, found.values)
    return miss(filling, next(iter(found.wrong.values()), wording.CONFIRM_HOW))


def _corrections(form: Form, text: str) -> list[Correction]:
    """The corrections that the text makes: several only where every part of it is one."""
    parts = [part for part in _PARTS.split(text) if part.strip()]
    each = [find_correction(part, form.names) for part in parts]
    several = [c for c in each if c is not None and c.label]
    if len(several) > 1 and len(several) == len(parts):
        return several
    whole = find_correction(text, form.names)
    return [whole] if whole else []


def _all_corrected(form: Form, filling: Filling, text: str, scene: Scene) -> Step | None:
    step = None
    for correction in _corrections(form, text):
        step = _corrected(form, filling, correction, scene) or step
        filling = step.filling if step and step.filling else filling
    return step


def _named(form: Form, label: str) -> Slot | None:
    return next((s for s in form.wanted if label in s.names), None)


def _corrected(form: Form, filling: Filling, correction: Correction, scene: Scene) -> Step | None:
    """Put a new value in the place of an old one; None where no slot can be meant."""
    words = correction.words.removeprefix("还是").removeprefix("应该是")
    named = _named(form, correction.label)
    if named is not None:
        value = answer(named, words, scene)
        if not isinstance(value, Wrong):
            return fill(filling, {named.name: value}, last=named.name)
    # Its kind says what it is for: "时间改成两天" is about how long.
    found = harvest(form.wanted, words, scene)
    if found.values:
        return fill(filling, found.values)
    if found.wrong:
        return miss(filling, next(iter(found.wrong.values())))
    # Words that fit no slot are for the one filled last.
    last = named or (form.slot(filling.last) if filling.last else None)
    if last is None:
        return None
    value = answer(last, words, scene)
    if isinstance(value, Wrong):
        return miss(filling, value.reason)
    return fill(filling, {last.name: value}, last=last.name)
