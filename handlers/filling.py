"""Filling in a form in a chat: one text in, the next step out. Pure.

Values come in any order or all in one sentence, are corrected, skipped, put aside and resumed,
shown in one summary and then submitted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from handlers import wording
from handlers.commands import Command, command_of, half_width
from handlers.forms import Form, Slot, forms
from handlers.slots import LATER, Scene, Wrong, answer, harvest, shown
from nlp.confirmations import Correction, find_correction, find_yes_no, is_cancel

# The third wrong answer in a row goes to a person, with all that was said.
MOST_MISSES = 2
# From so many characters on, what is said beside the form's own words is the matter itself.
A_STORY = 8
_QUESTION = re.compile(
    r"[?？]|[吗呢么]$|什么|怎么|咋|如何|多少|多久|几天|哪|能不能|可不可以|是不是|要不要|为啥|为什么|区别|是否"
)


@dataclass(frozen=True, slots=True)
class Filling:
    """A form being filled in.

    values: slot → value. asked: the slot asked for now, "" once the summary is shown. last: the
    slot that was filled last. misses: answers in a row that could not be taken. paused: put aside
    until the person says 继续. switch: another form that was wanted meanwhile.
    """

    form: str
    values: Mapping[str, str] = field(default_factory=dict)
    asked: str = ""
    last: str = ""
    misses: int = 0
    paused: bool = False
    switch: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What follows. filling: None when it is over. aside: the text was no answer, the
    conversation takes it. hand_over: a person must help."""

    filling: Filling | None
    say: str = ""
    submit: bool = False
    aside: bool = False
    hand_over: bool = False


def begin(name: str, text: str, scene: Scene, known: Mapping[str, str]) -> Step:
    """Start a form with what the first sentence and our records already tell."""
    form = forms()[name]
    found = harvest(form.wanted, text, scene)
    values = {slot.name: known[slot.kind] for slot in form.wanted if known.get(slot.kind)}
    values.update(found.values)
    told = form.cue.sub("", text)
    for slot in form.wanted:
        if slot.kind == "story" and len(told) > A_STORY:
            values[slot.name] = text
    noted = rows_of(form, {name: value for name, value in values.items() if name != "phone"})
    problem = next(iter(found.wrong.values()), "")
    head = "\n".join(filter(None, (wording.begun(form.title, noted), problem)))
    return _next(Filling(name, values), say=head)


def proceed(filling: Filling, text: str, scene: Scene) -> Step:
    """One more text while the form is open."""
    form = forms()[filling.form]
    plain = half_width(text)
    command = command_of(plain)
    if is_cancel(plain):
        return Step(None, say=wording.cancelled(form.title))
    if command == Command.RESUME:
        return _next(replace(filling, paused=False, switch=""))
    if filling.switch and command == Command.SWITCH:
        return begin(filling.switch, "", scene, _who(form, filling))
    if command == Command.ASIDE:
        return Step(replace(filling, paused=True), aside=True)
    if filling.paused:
        return Step(filling, aside=True)
    correction = find_correction(text, form.names)
    if correction and (step := _corrected(form, filling, correction, scene)):
        return step
    if not filling.asked:
        return _at_summary(form, filling, text, scene)
    return _answered(form, filling, form.slot(filling.asked), text, scene)


def question_of(filling: Filling) -> str:
    """What is being asked now."""
    form = forms()[filling.form]
    return form.slot(filling.asked).question if filling.asked else summary(filling)


def summary(filling: Filling) -> str:
    """All that was said, to be confirmed."""
    form = forms()[filling.form]
    return wording.summary(form.title, rows_of(form, filling.values))


def rows_of(form: Form, values: Mapping[str, str]) -> list[tuple[str, str]]:
    """Labels and values as people read them, in the form's order."""
    return [
        (slot.label, shown(slot, values[slot.name])) for slot in form.wanted if slot.name in values
    ]


def is_question(text: str) -> bool:
    """Whether it asks something, as far as its words show."""
    return bool(_QUESTION.search(text.strip()))


def agrees(text: str) -> bool:
    """Whether it is a mere yes."""
    return find_yes_no(text) is True


def gives_up(text: str) -> bool:
    """Whether it is a mere 取消."""
    return is_cancel(text)


def missed(filling: Filling, reason: str) -> Step:
    """What was said can't be taken: say why and ask again, or hand over to a person."""
    if filling.misses >= MOST_MISSES:
        return Step(filling, hand_over=True)
    once_more = replace(filling, misses=filling.misses + 1)
    skip = ""
    if filling.asked and not forms()[filling.form].slot(filling.asked).firm:
        skip = wording.MAY_SKIP
    asked = question_of(filling) if filling.asked else ""
    return Step(once_more, say="\n".join(filter(None, (reason, asked, skip))))


def _who(form: Form, filling: Filling) -> dict[str, str]:
    """Who is asking is the same in another form."""
    return {
        slot.kind: filling.values[slot.name]
        for slot in form.wanted
        if slot.kind in wording.WHO and slot.name in filling.values
    }


def _answered(form: Form, filling: Filling, slot: Slot, text: str, scene: Scene) -> Step:
    command = command_of(half_width(text))
    if command == Command.WHY and slot.reason:
        return Step(filling, say=f"{slot.reason}\n{slot.ask}")
    if command == Command.SKIP:
        if slot.firm:
            return missed(filling, wording.needed(slot.label, slot.reason))
        return _filled(filling, {slot.name: LATER})
    open_slots = [s for s in form.wanted if s.name not in filling.values]
    if slot.kind == "story":
        return _taken(filling, slot, answer(slot, text, scene), {})
    found = harvest(open_slots, text, scene)
    if slot.name in found.values:
        return _filled(filling, found.values, last=slot.name)
    if is_question(text):
        return Step(filling, aside=True)
    if slot.name in found.wrong:
        return missed(filling, found.wrong[slot.name])
    rest = text if slot.kind == "choice" else found.rest
    return _taken(filling, slot, answer(slot, rest, scene), found.values)


def _taken(filling: Filling, slot: Slot, value: str | Wrong, others: Mapping[str, str]) -> Step:
    if not isinstance(value, Wrong):
        return _filled(filling, {**others, slot.name: value}, last=slot.name)
    if others:
        return _filled(filling, others)
    return missed(filling, value.reason)


def _at_summary(form: Form, filling: Filling, text: str, scene: Scene) -> Step:
    agreed = find_yes_no(text)
    if agreed:
        return Step(filling, submit=True)
    if agreed is False:
        return Step(replace(filling, misses=0), say=wording.CHANGE_WHAT)
    if is_question(text):
        return Step(filling, aside=True)
    found = harvest(form.wanted, text, scene)
    if found.values:
        return _filled(filling, found.values)
    return missed(filling, next(iter(found.wrong.values()), wording.CONFIRM_HOW))


def _corrected(form: Form, filling: Filling, correction: Correction, scene: Scene) -> Step | None:
    """Put a new value in the place of an old one; None where no slot can be meant."""
    named = next((s for s in form.wanted if correction.label in s.names), None)
    if named is not None:
        value = answer(named, correction.words, scene)
        if not isinstance(value, Wrong):
            return _filled(filling, {named.name: value}, last=named.name)
    # Its kind says what it is for: "时间改成两天" is about how long.
    found = harvest(form.wanted, correction.words, scene)
    if found.values:
        return _filled(filling, found.values)
    if found.wrong:
        return missed(filling, next(iter(found.wrong.values())))
    # Words that fit no slot are for the one filled last.
    last = named or (form.slot(filling.last) if filling.last else None)
    if last is None:
        return None
    value = answer(last, correction.words, scene)
    if isinstance(value, Wrong):
        return missed(filling, value.reason)
    return _filled(filling, {last.name: value}, last=last.name)


def _filled(filling: Filling, values: Mapping[str, str], *, last: str = "") -> Step:
    last = last or next(reversed(list(values)), filling.last)
    changed = replace(filling, values={**filling.values, **values}, last=last, misses=0)
    return _next(changed)


def _next(filling: Filling, *, say: str = "") -> Step:
    """Ask for what is still missing, else show the summary."""
    form = forms()[filling.form]
    slot = next((slot for slot in form.wanted if slot.name not in filling.values), None)
    asked = replace(filling, asked=slot.name if slot else "")
    return Step(asked, say="\n".join(filter(None, (say, question_of(asked)))))
