"""Asking the engine: what its decision leads to, and when a person is asked instead."""

from dataclasses import replace

from handlers import questions, wording
from handlers.applying import form_wanted, is_about, reminder, start, wishes
from handlers.filling import rows_of
from handlers.forms import forms, main_of, named_in
from handlers.slots import is_question
from handlers.turns import Addition, Outcome, Progress, Senses, State, TicketWanted
from nlp import Decision, Option

CLARIFICATIONS_BEFORE_HANDOVER = 2
# A longer text after a receipt is a matter of its own.
A_REMARK = 20


def ask(state: State, text: str, senses: Senses, *, may_start: bool = True) -> Outcome:
    """A question. may_start: whether it may begin a form."""
    parts = questions.split(text)
    if parts and (outcome := _ask_several(state, parts, senses)):
        return outcome
    decision = senses.decide(text, state.question)
    wanted = TicketWanted(text, decision.topic, decision.reasons, decision.standards)
    fresh = replace(state, options=(), misses=0, clarified=0)
    if state.filed and _belongs_to_ticket(text, decision):
        return Outcome(state, effect=Addition(text), decision=decision)
    if may_start and (name := form_wanted(text, decision.action, decision.topic)):
        # What was asked before may name the product; it is told to the form.
        return replace(start(name, text, fresh, senses), decision=decision)
    match decision.action:
        case "clarify" | "route" | "service" if decision.topic == "progress_query":
            # The asker's own records say more than any question back; without any, a clue goes to
            # a person and a bare question is asked for one.
            otherwise = wanted if decision.action != "clarify" else None
            return Outcome(
                replace(fresh, question=text),
                say=decision.text,
                effect=Progress(otherwise),
                decision=decision,
            )
        case "clarify":
            return _ask_back(state, text, decision)
        case "service" if decision.topic == "other/out_of_scope":
            return replace(offer_services(fresh), decision=decision)
        case "route" | "service":
            filed = replace(fresh, question=text, filed=True)
            offered = named_in(text) or main_of(decision.topic) if is_about(text) else ""
            tail = wording.may_apply(forms()[offered].title) if offered else ""
            return Outcome(filed, effect=wanted, decision=decision, tail=tail)
        case _:
            # A greeting or a refusal is nothing to refer back to.
            keeps = decision.action == "answer" and decision.topic != "greeting"
            known = text if keeps else state.question
            offered = named_in(text) if keeps and may_start else ""
            told = replace(fresh, question=known, filed=state.filed and not keeps, offered=offered)
            tail = wording.may_apply(forms()[offered].title) if offered else ""
            return Outcome(told, say=decision.text, decision=decision, tail=tail)


def _belongs_to_ticket(text: str, decision: Decision) -> bool:
    """Whether what is said right after a receipt is more about the same matter."""
    return (
        decision.action in ("clarify", "route", "service")
        and len(text) <= A_REMARK
        and not is_question(text)
        and not wishes(text)
    )


def offer_services(state: State) -> Outcome:
    """All services to choose from, by number or name."""
    offered = tuple(Option(form.title, f"申请{form.title}") for form in forms().values())
    labels = [option.label for option in offered]
    say = wording.options(wording.WHICH_SERVICE, labels)
    return Outcome(replace(state, options=offered, misses=0), say=say)


def hand_over(
    state: State, senses: Senses, *, said: str = "", why: str = "用户要求转人工"
) -> Outcome:
    """To a person, with everything that was said so far."""
    after = State(question=state.question, filed=True)
    if state.filling is not None and not state.filling.paused:
        form = forms()[state.filling.form]
        rows = rows_of(form, state.filling.values)
        question = wording.unfinished(form.title, rows, said)
        phone = state.filling.values.get("phone")
        reasons = (why, f"正在填{form.title}", *([f"联系电话：{phone}"] if phone else []))
        return Outcome(after, effect=TicketWanted(question, form.topic, reasons, ()))
    after = replace(after, filling=state.filling)
    question = state.question or wording.HUMAN_WITHOUT_QUESTION
    decision = senses.decide(question, "")
    topic = decision.topic if state.question else "other/out_of_scope"
    wanted = TicketWanted(question, topic, (why, *decision.reasons), decision.standards)
    return Outcome(after, effect=wanted, decision=decision, tail=reminder(state.filling))


def _ask_back(state: State, text: str, decision: Decision) -> Outcome:
    """Ask what is meant; the second time in a row a person is asked."""
    if state.clarified + 1 >= CLARIFICATIONS_BEFORE_HANDOVER:
        reasons = (f"追问{state.clarified}次仍不明确", *decision.reasons)
        question = f"{state.question}\n{text}" if state.question else text
        wanted = TicketWanted(question, decision.topic, reasons, decision.standards)
        given_up = replace(state, question=text, options=(), misses=0, clarified=0)
        return Outcome(given_up, effect=wanted, decision=decision)
    asked = replace(
        state, question=text, options=decision.options, misses=0, clarified=state.clarified + 1
    )
    labels = [option.label for option in decision.options]
    question = decision.text or wording.NOT_RECOGNISED
    say = wording.options(question, labels) if labels else question
    return Outcome(asked, say=say, decision=decision)


def _ask_several(state: State, parts: tuple[str, ...], senses: Senses) -> Outcome | None:
    """Answer several questions one by one, each leaning on the one before; what has no answer goes
    to a person together. None where they are no questions of their own."""
    decisions: list[Decision] = []
    for place, part in enumerate(parts):
        decisions.append(senses.decide(part, parts[place - 1] if place else state.question))
    if not any(decision.action == "answer" for decision in decisions):
        return None
    answers, open_parts = [], []
    for part, decision in zip(parts, decisions, strict=True):
        if decision.action in ("answer", "decline"):
            answers.append((part, decision.text))
        else:
            open_parts.append((part, decision))
            answers.append((part, wording.FOR_A_PERSON))
    told = Outcome(
        replace(state, question=parts[-1], options=(), misses=0, clarified=0),
        say=wording.several(answers),
        decision=decisions[-1],
    )
    if not open_parts:
        return told
    first = open_parts[0][1]
    question = "\n".join(part for part, _ in open_parts)
    wanted = TicketWanted(question, first.topic, first.reasons, first.standards)
    return replace(told, say="", effect=wanted, tail=told.say)
