"""The intake: what the bot does next. Pure: state and words in, state and effects out.

Nothing here waits, reads a clock or touches a database. The order of the looks is the order of
precedence: what works at every turn, the form being filled in, the choice on offer, the question.
"""

import re
from dataclasses import replace

from handlers import form_talk, people, verdicts, wording
from handlers.applying import another_form, carry_on, reminder, start
from handlers.asking import ask, hand_over, offer_services
from handlers.choosing import CHOICE, answer_to_options
from handlers.commands import Command, after_aside, command_of, half_width
from handlers.filling import Filling, fill, miss, question_of
from handlers.forms import NOTE, forms
from handlers.slots import is_bare_value, is_question
from handlers.turns import (
    Addition,
    Duty,
    Hear,
    Judge,
    Lookup,
    Outcome,
    Progress,
    Rate,
    Release,
    Senses,
    State,
    TicketWanted,
)
from handlers.verdicts import Verdict
from nlp.confirmations import find_yes_no
from nlp.courtesies import is_greeting

LONGEST_QUESTION = 2000
# Said beside a form: from this confidence on a person is asked, below it was no answer to the form.
SURE_TO_ROUTE = 0.5

_RATES = ("评价", "评分", "打分")
# Taking up an offer to apply.
_TAKES_IT = frozenset({"办", "要办", "我要办", "办理", "直接办", "直接办理", "申请"})
# "投诉电话是多少" is a question.
_COMPLAINS = re.compile(r"^(?:我?[要想]?)投诉(?!.{0,6}(?:电话|热线|渠道|流程|处理|结果)).{2,}")
DUTY_WORDS = {"上班": True, "值班": True, "下班": False, "休息": False}
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
    if state.filling is not None and _COMPLAINS.match(plain) and not is_question(text):
        wanted = TicketWanted(text, "complaint", ("用户投诉",), ())
        return Outcome(state, effect=wanted, tail=reminder(state.filling))
    return None


def _talk(state: State, text: str, plain: str, senses: Senses) -> Outcome:
    if state.adding:
        return Outcome(replace(state, adding=False), effect=Addition(text))
    if state.filling is not None and not (state.options and CHOICE.match(plain)):
        return _fill(state, state.filling, text, senses)
    if verdict := verdicts.parse(text):
        otherwise = Outcome(state, say=wording.NOTHING_TO_CONFIRM)
        if verdict == Verdict.UNSOLVED:
            otherwise = Outcome(state, say=wording.NO_ANSWER_YET)
            if state.question:
                otherwise = hand_over(state, senses)
        return Outcome(otherwise.state, effect=Judge(verdict, text, otherwise))
    outcome = _converse(state, text, senses)
    if senses.lapsed and not is_question(text) and not _means_something(outcome):
        # The specialist asked something, and time was up before it was answered.
        return Outcome(state, effect=Hear(text, told=True))
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
        told = Outcome(state, effect=Hear(text, told=True))
        return Outcome(state, effect=Judge(Verdict.SOLVED, text, told))
    return heard


def _at_any_turn(state: State, text: str, plain: str, command: Command | None) -> Outcome | None:
    """What is never an answer to anything asked."""
    tail = reminder(state.filling)
    if number := _TICKET_NUMBER.search(plain.upper()):
        return Outcome(state, effect=Lookup(number.group()), tail=tail)
    if addition := _ADDITION.match(text):
        # The person's own characters: NFKC would make 10⁶ read 106.
        added = text[addition.end() :].strip()
        if not added:
            return Outcome(replace(state, adding=True), say=wording.ADD_WHAT, tail=tail)
        if state.filling is not None and not state.filling.paused:
            noted = fill(state.filling, {NOTE.name: added}, last=NOTE.name)
            say = f"{wording.ADD_TO_FORM}\n{noted.say}"
            return Outcome(replace(state, filling=noted.filling), say=say)
        return Outcome(state, effect=Addition(added), tail=tail)
    if command == Command.PROGRESS:
        return Outcome(state, effect=Progress(), tail=tail)
    if text.startswith(_RATES) and (scores := verdicts.parse_rating(text)):
        return Outcome(state, effect=Rate(scores[0], scores[1]), tail=tail)
    if command == Command.BOT:
        return Outcome(state, say=wording.NOT_TAKEN, tail=tail)
    return None


def _fill(state: State, open_form: Filling, text: str, senses: Senses) -> Outcome:
    """One more text while a form is open."""
    other = "" if open_form.paused else another_form(open_form, text)
    if other and not form_talk.answers_choice(open_form, text, senses.scene):
        form, asked = forms()[open_form.form], question_of(open_form)
        switched = replace(state, filling=replace(open_form, switch=other))
        say = wording.another_form(form.title, forms()[other].title, asked)
        return Outcome(switched, say=say)
    step = form_talk.proceed(open_form, text, senses.scene, senses.known)
    if step.aside and step.filling is not None:
        beside = _beside(state, step.filling, text, senses)
        if beside is not None:
            return beside
        # It only looked like a question, or it brought a value as well.
        grown = step.filling.values != open_form.values
        step = replace(step, aside=False) if grown else miss(open_form, wording.NOT_RECOGNISED)
        if grown and step.filling is not None:
            step = replace(step, say=question_of(step.filling))
    if step.hand_over:
        return hand_over(state, senses, said=text, why="连续几次没填成")
    return carry_on(state, step)


def _beside(state: State, open_form: Filling, text: str, senses: Senses) -> Outcome | None:
    """Something else is said while a form is open; None where it means nothing to us."""
    if command_of(text) == Command.ASIDE:
        text = after_aside(text)
        if not text:
            return Outcome(replace(state, filling=open_form), say=wording.ASK_AWAY)
    begun = replace(state, filling=open_form)
    outcome = _converse(begun, text, senses, may_start=open_form.paused)
    if outcome.state.filling is not None and outcome.state.filling.form != open_form.form:
        return outcome  # another form has begun, and this one waits for it
    if not open_form.paused and not _means_something(outcome):
        return None
    if isinstance(outcome.effect, TicketWanted) and not open_form.paused:
        form = forms()[open_form.form]
        asked = replace(
            outcome.effect, topic=form.topic, question=f"{form.title}：{outcome.effect.question}"
        )
        outcome = replace(outcome, effect=asked)
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
    if state.options and (outcome := answer_to_options(state, plain, senses)):
        return outcome
    if command_of(plain) == Command.SERVICES:
        return offer_services(state)
    agrees = find_yes_no(plain) is True
    bare = is_bare_value(text, senses.scene)
    if state.offered and may_start and (agrees or bare or plain in _TAKES_IT):
        # What was asked names what is applied for: "想参加食品安全管理员培训".
        both = f"{state.question}，{text}"
        return start(state.offered, both, replace(state, offered=""), senses)
    state = replace(state, offered="")
    if state.submitted and agrees:
        return Outcome(state, effect=Progress(), say=wording.ALREADY_SUBMITTED)
    if fixed := _nothing_to_refer_to(plain, agrees=agrees):
        return Outcome(replace(state, options=()), say=fixed)
    if bare:
        # Whose telephone, which day? To the engine it would look like a number of something.
        effect = Addition(text) if state.filed else None
        return Outcome(state, effect=effect, say="" if effect else wording.WHAT_FOR)
    return ask(replace(state, submitted=False), text, senses, may_start=may_start)


def _nothing_to_refer_to(plain: str, *, agrees: bool) -> str:
    """What to say to words that only make sense where something is open; "" for others."""
    match command_of(plain):
        case Command.CANCEL | Command.PAUSE:
            return wording.NOTHING_TO_CANCEL
        case Command.RESUME | Command.SWITCH:
            return wording.NOTHING_TO_GO_ON
    return wording.NOTHING_TO_CONFIRM if agrees and not is_greeting(plain) else ""
