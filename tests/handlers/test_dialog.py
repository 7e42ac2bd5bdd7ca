"""The intake without database or engine: state and words in, state and effects out."""

from datetime import date

import pytest
from msgspec.structs import replace

from handlers import dialog, wording
from handlers.dialog import advance
from handlers.slots import Scene
from handlers.turns import Addition, Decide, Outcome, Senses, State, TicketWanted
from nlp import Decision, Option

ANSWER = Decision("answer", "testing", ("GB 19298-2014",), 0.9, "答案", (), ("理由",))
CLARIFY = replace(
    ANSWER, action="clarify", text="哪一种？", options=(Option("矿泉水", "矿泉水溴酸盐"),)
)
ROUTE = replace(ANSWER, action="route", text="")
GREETING = replace(ANSWER, topic="greeting", text="您好")


def senses(decide: Decide) -> Senses:
    return Senses(decide, Scene(date(2026, 11, 23), lambda _text: ()))


def turn(state: State, text: str, decision: Decision = ANSWER) -> Outcome:
    return advance(state, text, senses(lambda _question, _context: decision))


def ticket(outcome: Outcome) -> TicketWanted | None:
    return outcome.effect if isinstance(outcome.effect, TicketWanted) else None


def test_answer_is_remembered_as_what_was_asked() -> None:
    outcome = turn(State(), "桶装水铜绿")
    assert (outcome.say, outcome.state.question) == ("答案", "桶装水铜绿")


def test_greeting_is_nothing_to_refer_back_to() -> None:
    assert turn(State(question="桶装水铜绿"), "谢谢", GREETING).state.question == "桶装水铜绿"


def test_the_engine_hears_the_previous_question() -> None:
    heard: list[tuple[str, str]] = []

    def decide(question: str, context: str) -> Decision:
        heard.append((question, context))
        return ANSWER

    advance(State(question="桶装水铜绿"), "那矿泉水呢", senses(decide))
    assert heard == [("那矿泉水呢", "桶装水铜绿")]


@pytest.mark.parametrize("typed", ["1", "１", " 1 ", "1.", "（1）", "1、"])
def test_a_number_chooses(typed: str) -> None:
    state = turn(State(), "溴酸盐", CLARIFY).state
    heard: list[str] = []

    def decide(question: str, _context: str) -> Decision:
        heard.append(question)
        return ANSWER

    assert advance(state, typed, senses(decide)).say == "答案"
    assert heard == ["矿泉水溴酸盐"]


def test_zero_and_too_large_a_number() -> None:
    state = turn(State(), "溴酸盐", CLARIFY).state
    assert turn(state, "0").say == wording.BACK
    assert "没有第7项" in turn(state, "7").say
    assert turn(state, "7").state.options == state.options


def test_a_number_without_options_is_a_question() -> None:
    assert ticket(turn(State(), "1", ROUTE)) is not None


def test_second_failed_clarification_is_a_ticket() -> None:
    first = turn(State(), "那个", replace(CLARIFY, options=()))
    assert ticket(first) is None
    second = turn(first.state, "就那个", replace(CLARIFY, options=()))
    wanted = ticket(second)
    assert wanted is not None
    assert wanted.question == "那个\n就那个"


def test_an_answer_between_clarifications_starts_counting_anew() -> None:
    state = turn(State(), "那个", replace(CLARIFY, options=())).state
    state = turn(state, "桶装水铜绿").state
    assert ticket(turn(state, "那个", replace(CLARIFY, options=()))) is None


@pytest.mark.parametrize(
    "words", ["转人工", "人工", "人工客服", "找专员", "转人工吧", "要人工服务！", "找真人"]
)
def test_a_person_is_one_word_away(words: str) -> None:
    outcome = turn(State(question="桶装水铜绿"), words)
    wanted = ticket(outcome)
    assert wanted is not None
    assert wanted.question == "桶装水铜绿"


def test_a_sentence_about_people_is_a_question() -> None:
    assert ticket(turn(State(), "人工挖孔桩用什么标准")) is None


def test_addition() -> None:
    assert turn(State(), "补充：是桶装水").effect == Addition("是桶装水")


def test_empty_and_overlong() -> None:
    assert turn(State(), "  ").say == wording.EMPTY
    assert turn(State(), "长" * (dialog.LONGEST_QUESTION + 1)).say == wording.TEXT_TOO_LONG


def test_unclear_answer_without_words_still_says_something() -> None:
    assert turn(State(), "那个", replace(CLARIFY, text="", options=())).say


def test_addition_keeps_the_persons_own_characters() -> None:
    assert turn(State(), "补充：10⁶CFU/mL，2m²，½瓶").effect == Addition("10⁶CFU/mL，2m²，½瓶")


def test_addition_of_nothing_asks_what() -> None:
    assert turn(State(), "补充").say == wording.ADD_WHAT


@pytest.mark.parametrize("text", ["补充检验方法有哪些要求", "补充维生素的饮料要标什么"])
def test_question_that_begins_like_an_addition(text: str) -> None:
    assert turn(State(), text).effect is None
    assert turn(State(), text).say == "答案"
