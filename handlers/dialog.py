"""The intake: what the bot does next. Pure: state and words in, state and effects out.

The form engine and the stories of later issues grow here; nothing in this module waits,
reads a clock or touches a database.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from handlers import wording
from nlp import Decision, Option

Decide = Callable[[str, str], Decision]

LONGEST_QUESTION = 2000
CLARIFICATIONS_BEFORE_HANDOVER = 2

DUTY_WORDS = {"上班": True, "值班": True, "下班": False, "休息": False}
_HUMAN = re.compile(r"^(转|找|要|接)?(一下)?(人工|真人|专员|客服|专家)(服务|客服)?[吧啊呀!！。]*$")
_CHOICE = re.compile(r"^[(选第]{0,2}([0-9一二三])[个项)]?[.。、]?$")
_DIGITS = {"一": 1, "二": 2, "三": 3}
_SHORT_ANSWER = 8  # characters; longer words after a question back are a question of their own
_HUMAN_ABOUT = re.compile(
    r"^(转|找|要)(一下)?(人工|专员|专家)[\s,，:：。]+(?:我?想?问一?下?)?(.{2,})$"
)
_TICKET_NUMBER = re.compile(r"(?<![0-9A-Z])NQ[0-9]{10,12}(?![0-9])")
# A separator, or nothing after it: "补充检验方法有哪些要求" is a question.
_ADDITION = re.compile(r"^(补充|追加)(说明|一下)?(?:[：:，,。、\s]+|$)")
_PROGRESS = re.compile(r"^(查?(一下)?进度|我的工单|工单进度|进度查询)[?？]*$")


@dataclass(frozen=True, slots=True)
class State:
    """What the bot remembers of a thread.

    question: the last thing asked that is still unanswered or may be referred to.
    options: the typed-number options now on offer.
    clarified: how often in a row the bot has asked back.
    """

    question: str = ""
    options: tuple[Option, ...] = ()
    clarified: int = 0


@dataclass(frozen=True, slots=True)
class TicketWanted:
    """A question that a person must answer."""

    question: str
    topic: str
    reasons: tuple[str, ...]
    standards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The next state and what is to be done: say something, open a ticket, add to one.

    progress: tell the asker's own tickets; where there are none, do the rest instead.
    number: tell of this one ticket, if it is the asker's.
    decision: the engine's, kept with the message. on_duty: a member of staff comes or leaves.
    """

    state: State
    say: str = ""
    ticket: TicketWanted | None = None
    addition: str = ""
    progress: bool = False
    number: str = ""
    decision: Decision | None = field(default=None)
    on_duty: bool | None = None


def advance(state: State, text: str, decide: Decide, *, is_staff: bool = False) -> Outcome:
    """One turn. `decide(question, context)` is the engine. Staff sign on and off with a word."""
    text = text.strip()
    plain = unicodedata.normalize("NFKC", text)
    if is_staff and plain in DUTY_WORDS:
        return Outcome(state, on_duty=DUTY_WORDS[plain])
    if not text:
        return Outcome(state, say=wording.EMPTY)
    if len(text) > LONGEST_QUESTION:
        return Outcome(state, say=wording.TEXT_TOO_LONG)
    if number := _TICKET_NUMBER.search(plain.upper()):
        return Outcome(state, number=number.group())
    if state.options and (outcome := _answer_to_options(state, plain, decide)):
        return outcome
    if about := _HUMAN_ABOUT.match(plain):
        return _hand_over(replace(state, question=about.group(4)), decide)
    if _HUMAN.match(plain):
        return _hand_over(state, decide)
    if addition := _ADDITION.match(text):
        # The person's own characters: NFKC would make 10⁶ read 106.
        added = text[addition.end() :].strip()
        return Outcome(state, addition=added, say="" if added else wording.ADD_WHAT)
    if _PROGRESS.match(plain):
        return Outcome(state, progress=True)
    return _ask(state, text, decide)


def _answer_to_options(state: State, plain: str, decide: Decide) -> Outcome | None:
    """What is typed after a question back: a number, a name on the list, or another name."""
    if choice := _CHOICE.match(plain):
        digit = choice.group(1)
        return _choose(state, _DIGITS.get(digit) or int(digit), decide)
    if len(plain) > _SHORT_ANSWER:
        return None
    named = [o for o in state.options if len(plain) > 1 and (plain in o.label or o.label in plain)]
    if len(named) == 1:
        return _ask(replace(state, options=()), named[0].query, decide)
    # Another product than the listed ones: the question itself still stands.
    completed = f"{plain}{state.question}"
    if decide(completed, "").action != "answer":
        return None
    return _ask(replace(state, options=()), completed, decide)


def _choose(state: State, number: int, decide: Decide) -> Outcome:
    if number == 0:
        return Outcome(replace(state, options=()), say=wording.BACK)
    if number > len(state.options):
        labels = [option.label for option in state.options]
        return Outcome(state, say=wording.options(f"没有第{number}项，请选：", labels))
    chosen = state.options[number - 1]
    return _ask(replace(state, options=()), chosen.query, decide)


def _hand_over(state: State, decide: Decide) -> Outcome:
    question = state.question or wording.HUMAN_WITHOUT_QUESTION
    decision = decide(question, "")
    topic = decision.topic if state.question else "other/out_of_scope"
    wanted = TicketWanted(
        question, topic, ("用户要求转人工", *decision.reasons), decision.standards
    )
    return Outcome(State(question=state.question), ticket=wanted, decision=decision)


def _ask(state: State, text: str, decide: Decide) -> Outcome:
    decision = decide(text, state.question)
    match decision.action:
        case "clarify" | "route" | "service" if decision.topic == "progress_query":
            # The asker's own records say more than any question back; without any, a clue goes to
            # a person and a bare question is asked for one.
            wanted = TicketWanted(text, decision.topic, decision.reasons, decision.standards)
            return Outcome(
                State(question=text),
                progress=True,
                say=decision.text,
                ticket=wanted if decision.action != "clarify" else None,
                decision=decision,
            )
        case "clarify" if state.clarified + 1 >= CLARIFICATIONS_BEFORE_HANDOVER:
            reasons = (f"追问{state.clarified}次仍不明确", *decision.reasons)
            question = f"{state.question}\n{text}" if state.question else text
            wanted = TicketWanted(question, decision.topic, reasons, decision.standards)
            return Outcome(State(question=text), ticket=wanted, decision=decision)
        case "clarify":
            asked = State(text, decision.options, state.clarified + 1)
            labels = [option.label for option in decision.options]
            question = decision.text or wording.NOT_RECOGNISED
            say = wording.options(question, labels) if labels else question
            return Outcome(asked, say=say, decision=decision)
        case "route" | "service":
            wanted = TicketWanted(text, decision.topic, decision.reasons, decision.standards)
            return Outcome(State(question=text), ticket=wanted, decision=decision)
        case _:
            # A greeting or a refusal is nothing to refer back to.
            keeps = decision.action == "answer" and decision.topic != "greeting"
            known = text if keeps else state.question
            return Outcome(State(question=known), say=decision.text, decision=decision)
