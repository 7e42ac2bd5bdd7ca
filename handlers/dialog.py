"""The intake: what the bot does next. Pure: state and words in, state and effects out.

Nothing here waits, reads a clock or touches a database. The order of the looks is the order of
precedence: what works at every turn, the form being filled in, the choice on offer, the question.
"""

import re
from dataclasses import replace

from handlers import filling, people, verdicts, wording
from handlers.applying import another_form, carry_on, reminder, start
from handlers.asking import ask, hand_over, offer_services
from handlers.commands import Command, after_aside, command_of, half_width
from handlers.filling import Filling
from handlers.forms import forms
from handlers.turns import (
    Addition,
    Duty,
    Hear,
    Judge,
    Lookup,
    Outcome,
    Progress,
    Release,
    Senses,
    State,
)
from handlers.verdicts import Verdict
from nlp.courtesies import is_greeting

LONGEST_QUESTION = 2000
WRONG_CHOICES_BEFORE_HANDOVER = 3
# Said beside a form: from this confidence on a person is asked, below it was no answer to the form.
SURE_TO_ROUTE = 0.5

DUTY_WORDS = {"上班": True, "值班": True, "下班": False, "休息": False}
_CHOICE = re.compile(r"^[(选第]{0,2}(1?[0-9]|[一二三])[个项)]?[.。、]?$")
_DIGITS = {"一": 1, "二": 2, "三": 3}
_SHORT_ANSWER = 8  # characters; longer words after a question back are a question of their own
_HUMAN_ABOUT = re.compile(
    r"^(?:转|找|要)(?:一下)?(?:人工|专员|专家)[\s,，:：。]+(?:我?想?问一?下?)?(.{2,})$"
)
_TICKET_NUMBER = re.compile(r"(?<![0-9A-Z])NQ[0-9]{10,12}(?![0-9])")
# A separator, or nothing after it: "补充检验方法有哪些要求" is a question.
_ADDITION = re.compile(r"^(?:补充|追加)(?:说明|一下)?(?:[：:，,。、\s]+|$)")


def advance(state: State, text: str, senses: Senses) -> Outcome:
    """One turn."""
    text = text.strip()
    plain = half_width(text)
    command = command_of(plain)
    return (
        _not_for_the_bot(state, text, plain, senses)
        or _called_for(state, text, plain, command, senses)
        or _at_any_turn(state, text, plain, command)
        or _talk(state, text, plain, senses)
    )


def _not_for_the_bot(state: State, text: str, plain: str, senses: Senses) -> Outcome | None:
    """What the service itself or a specialist is to hear, and what nobody can."""
    if senses.is_staff and plain in DUTY_WORDS:
        return Outcome(state, effect=Duty(DUTY_WORDS[plain]))
    if (wish := people.parse(text)) and not (state.filling and plain == wish.code):
        # Also where a specialist listens: a code is for nobody else's eyes.
        return Outcome(state, effect=wish, tail=reminder(state.filling))
    if senses.with_specialist:
        return _to_specialist(state, text, plain)
    if not text:
        return Outcome(state, say=wording.EMPTY)
    if len(text) > LONGEST_QUESTION:
        return Outcome(state, say=wording.TEXT_TOO_LONG)
    return None


def _called_for(
    state: State, text: str, plain: str, command: Command | None, senses: Senses
) -> Outcome | None:
    """A person or a complaint, at whatever turn."""
    if command == Command.HUMAN:
        return hand_over(state, senses)
    if about := _HUMAN_ABOUT.match(plain):
        return hand_over(replace(state, question=about.group(1)), senses)
    if command == Command.COMPLAINT:
        shelved = state.filling and replace(state.filling, paused=True)
        return start("complaint", text, replace(state, shelved=shelved or state.shelved), senses)
    return None


def _talk(state: State, text: str, plain: str, senses: Senses) -> Outcome:
    if state.filling is not None and not (state.options and _CHOICE.match(plain)):
        return _fill(state, state.filling, text, senses)
    outcome = _converse(state, text, senses)
    if verdict := verdicts.parse(text):
        unsolved = verdict == Verdict.UNSOLVED and state.question
        otherwise = hand_over(state, senses) if unsolved else outcome
        return Outcome(otherwise.state, effect=Judge(verdict, text, otherwise))
    return outcome


def _to_specialist(state: State, text: str, plain: str) -> Outcome:
    """The bot is silent: what is said goes to the person who has the conversation."""
    command = command_of(plain)
    if command == Command.BOT:
        return Outcome(state, effect=Release(), say=wording.BOT_AGAIN)
    heard = Outcome(
        state, effect=Hear(text, courtesy=is_greeting(plain), called=command == Command.HUMAN)
    )
    if verdicts.parse(text) == Verdict.SOLVED:
        return Outcome(state, effect=Judge(Verdict.SOLVED, text, heard))
    return heard


def _at_any_turn(state: State, text: str, plain: str, command: Command | None) -> Outcome | None:
    """What is never an answer to anything asked."""
    tail = reminder(state.filling)
    if number := _TICKET_NUMBER.search(plain.upper()):
        return Outcome(state, effect=Lookup(number.group()), tail=tail)
    if addition := _ADDITION.match(text):
        # The person's own characters: NFKC would make 10⁶ read 106.
        added = text[addition.end() :].strip()
        effect = Addition(added) if added else None
        return Outcome(state, say="" if added else wording.ADD_WHAT, effect=effect, tail=tail)
    if command == Command.PROGRESS:
        return Outcome(state, effect=Progress(), tail=tail)
    if command == Command.BOT:
        return Outcome(state, say=wording.NOT_TAKEN, tail=tail)
    return None


def _fill(state: State, open_form: Filling, text: str, senses: Senses) -> Outcome:
    """One more text while a form is open."""
    if (other := another_form(open_form, text)) and not open_form.paused:
        form, asked = forms()[open_form.form], filling.question_of(open_form)
        switched = replace(state, filling=replace(open_form, switch=other))
        say = wording.another_form(form.title, forms()[other].title, asked)
        return Outcome(switched, say=say)
    step = filling.proceed(open_form, text, senses.scene)
    if step.aside and step.filling is not None:
        beside = _beside(state, step.filling, text, senses)
        if beside is not None:
            return beside
        step = filling.missed(open_form, wording.NOT_RECOGNISED)
    if step.hand_over:
        return hand_over(state, senses, said=text, why="连续几次没填成")
    return carry_on(state, step)


def _beside(state: State, open_form: Filling, text: str, senses: Senses) -> Outcome | None:
    """Something else is said while a form is open; None where it means nothing to us."""
    if command_of(half_width(text)) == Command.ASIDE:
        text = after_aside(half_width(text))
        if not text:
            return Outcome(replace(state, filling=open_form), say=wording.ASK_AWAY)
    outcome = _converse(replace(state, filling=open_form), text, senses, may_start=False)
    if not open_form.paused and not _means_something(outcome):
        return None
    return replace(outcome, tail=reminder(open_form))


def _means_something(outcome: Outcome) -> bool:
    """Whether what was said beside a form is a question of its own, and no clumsy answer."""
    decision = outcome.decision
    if decision is None:
        return True
    sure = decision.confidence >= SURE_TO_ROUTE
    return decision.action in ("answer", "decline") or (decision.action != "clarify" and sure)


def _converse(state: State, text: str, senses: Senses, *, may_start: bool = True) -> Outcome:
    """A text that belongs to no form."""
    plain = half_width(text)
    if state.options and (outcome := _answer_to_options(state, plain, senses)):
        return outcome
    if command_of(plain) == Command.SERVICES:
        return offer_services(state)
    if state.submitted and filling.agrees(plain):
        return Outcome(state, effect=Progress(), say=wording.ALREADY_SUBMITTED)
    if filling.gives_up(plain):
        return Outcome(replace(state, options=()), say=wording.NOTHING_TO_CANCEL)
    return ask(replace(state, submitted=False), text, senses, may_start=may_start)


def _answer_to_options(state: State, plain: str, senses: Senses) -> Outcome | None:
    """What is typed after a question back: a number, a name on the list, or another name."""
    if choice := _CHOICE.match(plain):
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
        say = wording.options(f"没有第{number}项，请选：", labels)
        return Outcome(replace(state, misses=state.misses + 1), say=say)
    chosen = state.options[number - 1]
    return ask(replace(state, options=(), misses=0), chosen.query, senses)
