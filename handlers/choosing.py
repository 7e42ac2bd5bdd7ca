"""Typed numbers and names: what is chosen of the options on offer."""

import re
from dataclasses import replace

from handlers import wording
from handlers.asking import ask, hand_over
from handlers.turns import Outcome, Senses, State

WRONG_CHOICES_BEFORE_HANDOVER = 3

CHOICE = re.compile(r"^[(选第]{0,2}(1?[0-9]|[一二三])[个项)]?[.。、]?$")
_DIGITS = {"一": 1, "二": 2, "三": 3}
_SHORT_ANSWER = 8  # characters; longer words after a question back are a question of their own


def answer_to_options(state: State, plain: str, senses: Senses) -> Outcome | None:
    """What is typed after a question back: a number, a name on the list, or another name."""
    if choice := CHOICE.match(plain):
        digit = choice.group(1)
        return _choose(state, _DIGITS.get(digit) or int(digit), senses)
    if len(plain) > _SHORT_ANSWER:
        return None
    named = [o for o in state.options if len(plain) > 1 and (plain in o.label or o.label in plain)]
    if len(named) == 1:
        return ask(replace(state, options=()), named[0].query, senses)
    # Another product than the listed ones: the question itself still stands.
    completed = f"{plain}{state.question}"
    if senses.decide(completed, "").action != "answer":
        return None
    return ask(replace(state, options=()), completed, senses)


def _choose(state: State, number: int, senses: Senses) -> Outcome:
    if number == 0:
        return Outcome(replace(state, options=(), misses=0), say=wording.BACK)
    if number > len(state.options):
        if state.misses + 1 >= WRONG_CHOICES_BEFORE_HANDOVER:
            return hand_over(state, senses, why=f"连续{WRONG_CHOICES_BEFORE_HANDOVER}次选错")
        labels = [option.label for option in state.options]
        say = wording.options(wording.no_such_option(number), labels)
        return Outcome(replace(state, misses=state.misses + 1), say=say)
    chosen = state.options[number - 1]
    return ask(replace(state, options=(), misses=0), chosen.query, senses)
