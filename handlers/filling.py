"""A form being filled in: what it holds, and the steps that it can take. Pure.

What people say to it is read in `handlers.form_talk`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from handlers import wording
from handlers.forms import Form, forms
from handlers.slots import shown

# The third wrong answer in a row goes to a person, with all that was said.
MOST_MISSES = 2


@dataclass(frozen=True, slots=True)
class Filling:
    """A form being filled in.

    values: slot → value. asked: the slot asked for now, "" once the summary is shown. last: the
    slot that was filled last. misses: answers in a row that could not be taken. paused: put aside
    until it is taken up again. switch: another form that was wanted meanwhile.
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
    """What follows. filling: None when it is over. aside: the text asks something as well, or
    only that: the conversation takes it. hand_over: a person must help."""

    filling: Filling | None
    say: str = ""
    submit: bool = False
    aside: bool = False
    hand_over: bool = False


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


def asker_of(form: Form, values: Mapping[str, str]) -> dict[str, str]:
    """Who is asking, by kind of slot: it is the same in another form."""
    return {
        slot.kind: values[slot.name]
        for slot in form.wanted
        if slot.kind in wording.WHO and slot.name in values
    }


def known_to(form: Form, known: Mapping[str, str]) -> dict[str, str]:
    """What a form asks for and we know already. known: by kind of slot; the result by slot."""
    return {slot.name: known[slot.kind] for slot in form.wanted if known.get(slot.kind)}


def ask_next(filling: Filling, *, say: str = "") -> Step:
    """Ask for what is still missing, else show the summary."""
    form = forms()[filling.form]
    missing = (s for s in form.wanted if s.name not in filling.values and not s.optional)
    slot = next(missing, None)
    asked = replace(filling, asked=slot.name if slot else "", paused=False, switch="")
    return Step(asked, say="\n".join(filter(None, (say, question_of(asked)))))


def ask_for(filling: Filling, name: str) -> Step:
    """Ask for one slot again."""
    asked = replace(filling, asked=name, misses=0)
    return Step(asked, say=question_of(asked))


def fill(filling: Filling, values: Mapping[str, str], *, last: str = "") -> Step:
    """Put values in, and go on."""
    last = last or next(reversed(list(values)), filling.last)
    changed = replace(filling, values={**filling.values, **values}, last=last, misses=0)
    return ask_next(changed)


def miss(filling: Filling, reason: str) -> Step:
    """What was said can't be taken: say why and ask again, or hand over to a person.

    At the summary there is nothing that a person could help with: it waits.
    """
    if not filling.asked:
        return Step(filling, say=reason)
    if filling.misses >= MOST_MISSES:
        return Step(filling, hand_over=True)
    once_more = replace(filling, misses=filling.misses + 1)
    firm = forms()[filling.form].slot(filling.asked).firm
    may_skip = "" if firm else wording.MAY_SKIP
    return Step(once_more, say="\n".join(filter(None, (reason, question_of(filling), may_skip))))
