"""Applying for a service in the conversation: which form, its first step, the steps to its end."""

import re
from dataclasses import replace

from handlers import form_talk, wording
from handlers.filling import Filling, Step, question_of, rows_of
from handlers.forms import forms, main_of, named_in
from handlers.slots import LATER, is_question
from handlers.turns import Addition, Outcome, Senses, State, Submission, TicketWanted

# A longer text may tell of anything.
SHORT = 20
# Asks about a service rather than for it.
_ABOUT = re.compile(r"材料|条件|流程|收费|报给|缺[啥什]|退回|怎么写|要不要|能不能用|押金")
# Asks how to apply, which applying answers (corpus README).
_HOW = re.compile(r"(?:怎么|如何|咋)(?:申请|办|预约|报名)")
# Says that something is to be done, not merely known.
_WISH = re.compile(
    r"想[做建学请找]|(?:请|派)(?:个|几个|一个)?(?:专家|老师)|申请|预约|报名|委托|办理|登记|租|借|送检|送样|安排|上门|对接|发布|外包|辅导|^想?要?办"
)


def form_wanted(text: str, action: str, topic: str) -> str:
    """The form that these words start, given the engine's decision; "" for none."""
    named = named_in(text)
    if action == "service" and not is_about(text):
        return named or main_of(topic)
    wished = action == "route" or _WISH.search(text)
    return named if wished and action != "service" and not is_question(text) else ""


def wishes(text: str) -> bool:
    """Whether the text names a service, or says that something is to be done."""
    return bool(named_in(text) or _WISH.search(text) or "投诉" in text)


def is_about(text: str) -> bool:
    """Whether it asks about a service."""
    return bool(_ABOUT.search(text)) and not _HOW.search(text)


def another_form(open_form: Filling, text: str) -> str:
    """Another form that these few words plainly ask for; "" for none."""
    other = named_in(text) if len(text) <= SHORT and _WISH.search(text) else ""
    return "" if other == open_form.form or is_question(text) else other


def start(name: str, text: str, state: State, senses: Senses) -> Outcome:
    """Begin a form; one that is registered at once becomes a ticket with the first word."""
    form = forms()[name]
    known = dict(senses.known)
    if products := senses.scene.products(state.question):
        known["product"] = "、".join(products)
    step = form_talk.begin(name, text, senses.scene, known)
    put_aside = state.filling and replace(state.filling, paused=True)
    begun = replace(
        state,
        filling=step.filling,
        shelved=state.shelved or put_aside,
        options=(),
        clarified=0,
        misses=0,
    )
    if not form.at_once or step.filling is None:
        return Outcome(begun, say=step.say)
    wanted = TicketWanted(text, form.topic, (f"用户要{form.title}",), ())
    return Outcome(begun, effect=wanted, say=question_of(step.filling))


def carry_on(state: State, step: Step) -> Outcome:
    """What a step of the open form leads to; a step that hands over is the caller's."""
    shelved = state.shelved
    over = replace(state, filling=shelved, shelved=None, question="", options=(), misses=0)
    if step.filling is None:
        return Outcome(over, say=step.say, tail=reminder(shelved))
    form = forms()[step.filling.form]
    if form.at_once and not step.filling.asked:
        # The ticket is there already; what was told now belongs to it.
        if set(step.filling.values.values()) == {LATER}:
            return Outcome(over, say=wording.NOTHING_MORE, tail=reminder(shelved))
        told = wording.requested(form.title, rows_of(form, step.filling.values))
        return Outcome(over, effect=Addition(told), tail=reminder(shelved))
    if step.submit:
        submission = Submission(step.filling.form, dict(step.filling.values))
        return Outcome(
            replace(over, submitted=True, filed=True), effect=submission, tail=reminder(shelved)
        )
    return Outcome(replace(state, filling=step.filling, options=()), say=step.say)


def reminder(open_form: Filling | None) -> str:
    """That a form is still open; "" where none is."""
    if open_form is None:
        return ""
    title, asked = forms()[open_form.form].title, question_of(open_form)
    return wording.reminder(title, asked, paused=open_form.paused)
