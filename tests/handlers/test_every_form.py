"""Every form, at every step: filled in, interrupted, put aside, given up, handed to a person."""

from datetime import date

import pytest
from msgspec.structs import replace

from handlers.dialog import advance
from handlers.forms import Slot, forms
from handlers.slots import Scene
from handlers.turns import Outcome, Senses, State, Submission, TicketWanted
from nlp import Decision

HOURS = Decision("answer", "other/out_of_scope", (), 0.95, "17:30下班", (), ())
SERVICE = replace(HOURS, action="service", text="")
VALUES = {
    "words": "原子荧光光谱",
    "story": "灌装车间菌落总数老是超标",
    "day": "下周三",
    "span": "两天",
    "number": "3",
    "product": "饮用天然矿泉水",
    "enterprise": "康泉水业有限公司",
    "phone": "13800001111",
}
CHAT_FORMS = [name for name, form in forms().items() if not form.at_once]
STEPS = [
    (name, step)
    for name in CHAT_FORMS
    for step in range(sum(not slot.optional for slot in forms()[name].wanted) + 1)
]


def decide(question: str, _context: str) -> Decision:
    return HOURS if "几点下班" in question else SERVICE


SENSES = Senses(decide, Scene(date(2026, 11, 23), lambda text: (text,) if "矿泉水" in text else ()))


def value_of(slot: Slot) -> str:
    return "1" if slot.kind == "choice" else VALUES[slot.kind]


def turn(state: State, text: str) -> Outcome:
    return advance(state, text, SENSES)


def filled(name: str, steps: int) -> State:
    """The form begun by its title and answered so many times."""
    outcome = turn(State(), f"申请{forms()[name].title}")
    for _ in range(steps):
        filling = outcome.state.filling
        assert filling is not None
        if not filling.asked:
            break
        outcome = turn(outcome.state, value_of(forms()[name].slot(filling.asked)))
    return outcome.state


@pytest.mark.parametrize("name", CHAT_FORMS)
def test_filled_in_and_confirmed(name: str) -> None:
    state = filled(name, 20)
    assert state.filling is not None
    assert state.filling.asked == ""
    done = turn(state, "确认")
    assert isinstance(done.effect, Submission)
    wanted = {slot.name for slot in forms()[name].wanted if not slot.optional}
    assert set(done.effect.values) == wanted
    assert done.state.filling is None


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_a_person_is_one_word_away(name: str, step: int) -> None:
    outcome = turn(filled(name, step), "转人工")
    assert isinstance(outcome.effect, TicketWanted)
    assert outcome.effect.topic == forms()[name].topic
    assert forms()[name].title in outcome.effect.question
    assert outcome.state.filling is None


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_a_question_in_between_leaves_it_where_it_was(name: str, step: int) -> None:
    state = filled(name, step)
    assert state.filling is not None
    asked = state.filling.asked
    if asked and forms()[name].slot(asked).kind == "story":
        return  # whatever is said there is the story
    outcome = turn(state, "你们几点下班？")
    assert outcome.say == "17:30下班"
    assert forms()[name].title in outcome.tail
    assert outcome.state.filling == state.filling


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_put_aside_and_taken_up(name: str, step: int) -> None:
    state = filled(name, step)
    assert state.filling is not None
    aside = turn(state, "先问个别的")
    assert aside.state.filling is not None
    assert aside.state.filling.paused
    back = turn(turn(aside.state, "你们几点下班？").state, "继续")
    assert back.state.filling == state.filling


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_given_up(name: str, step: int) -> None:
    outcome = turn(filled(name, step), "算了")
    assert outcome.state.filling is None
    assert outcome.effect is None
    assert forms()[name].title in outcome.say


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_a_complaint_comes_first_and_the_form_waits(name: str, step: int) -> None:
    outcome = turn(filled(name, step), "投诉")
    assert isinstance(outcome.effect, TicketWanted)
    assert outcome.effect.topic == "complaint"
    assert outcome.state.shelved is not None
    told = turn(outcome.state, "窗口的人态度很差，让我等了一个小时")
    assert told.state.filling is not None
    assert told.state.filling.form == name


SLOTS = [(name, slot.name) for name in CHAT_FORMS for slot in forms()[name].wanted]


@pytest.mark.parametrize(("name", "wanted"), SLOTS)
def test_each_slot_is_asked_again_at_the_summary(name: str, wanted: str) -> None:
    slot = forms()[name].slot(wanted)
    asked = turn(filled(name, 20), f"改{slot.label}")
    assert slot.ask in asked.say
    told = turn(asked.state, value_of(slot))
    assert told.state.filling is not None
    assert told.state.filling.asked == ""
    assert slot.name in told.state.filling.values
