"""What happens as the house fills up: many open tickets, and very many callbacks."""

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.bench import callbacks
from tests.bench.client import Broken, saturate
from tests.bench.questions import distinct
from tests.bench.report import Findings, Reach
from tests.bench.rounds import HEAD, Contender, Mail, costs_of, play, ratio
from tests.bench.stage import PEOPLE, WARM_UP, Stage, count, decisions, require_rows

FEW = 100
FOR_A_PERSON = "送检3个水样要多少钱"
OPEN = "state IN ('parked', 'assigned', 'accepted')"
CALLBACKS = 100_000
SAMPLES = 10
GROWTH = 1.05  # from the first sample on, when every cache is full
MB = 1 << 20


def tickets(stage: Stage) -> Findings:
    """The same questions in a house with few and with many open tickets, by turns."""
    many = stage.plan.tickets
    crowded = stage.new_database("tickets-many")
    _open_tickets(stage, crowded, FEW)
    quiet = stage.folder / "tickets-few.sqlite3"
    shutil.copy(crowded, quiet)
    _open_tickets(stage, crowded, many - FEW)
    before = [count(path, "inbound_message", "1=1") for path in (quiet, crowded)]
    plan = stage.plan
    questions = distinct(WARM_UP + plan.rounds * plan.texts)

    def mail(first: int, texts: int) -> Mail:
        asked = questions[first : first + texts]
        return Mail(texts=callbacks.texts(stage.credentials, asked, people=PEOPLE))

    with ExitStack() as stack:
        few, full = (
            Contender(
                f"{number} open tickets",
                stack.enter_context(stage.ours(f"sqlite://{path}")),
                lambda m: m.texts,
            )
            for number, path in ((FEW, quiet), (many, crowded))
        )
        play(
            [few, full], lambda n: mail(WARM_UP + n * plan.texts, plan.texts),
            rounds=plan.rounds, warm=mail(0, WARM_UP),
        )  # fmt: skip
    for path, had, contender in zip((quiet, crowded), before, (few, full), strict=True):
        require_rows(path, "inbound_message", had + contender.sent, "state = 'done'")
    return Findings(
        f"Open tickets, {FEW} and {many}",
        [HEAD.replace("x hello", f"x {FEW}"), few.line(few), full.line(few)],
        [
            Reach(
                f"cost with {many} / with {FEW}",
                ratio(few.rates, full.rates),
                1.5,
                by_cpu=ratio(full.costs, few.costs),
            )
        ],
        {"rounds": costs_of([few, full])},
    )


def _open_tickets(stage: Stage, database: Path, wanted: int) -> None:
    """Let `wanted` more people each ask what only a person can answer."""
    had = count(database, "ticket", OPEN)
    requests = callbacks.texts(
        stage.credentials, [FOR_A_PERSON] * wanted, people=wanted, name=f"oFill{had:03d}"
    )
    with stage.ours(f"sqlite://{database}") as server:
        saturate(server.port, requests)
    opened = count(database, "ticket", OPEN) - had
    if opened != wanted:
        raise Broken(f"{wanted} tickets wanted, {opened} opened")


def memory(stage: Stage) -> Findings:
    """Resident memory over very many callbacks, questions and events by turns."""
    database = stage.new_database("memory")
    share = CALLBACKS // SAMPLES
    samples: list[float] = []
    with stage.ours(f"sqlite://{database}") as ours:
        for number in range(SAMPLES):
            saturate(ours.port, _mixed(stage, share, seed=number))
            samples.append(ours.memory() / MB)
    require_rows(database, "inbound_message", share * SAMPLES, "state = 'done'")
    return Findings(
        f"Memory over {CALLBACKS} callbacks",
        ["  resident MB: " + " ".join(f"{sample:.1f}" for sample in samples)],
        [Reach("memory, last sample / first", samples[-1] / samples[0], GROWTH)],
        {"resident_mb": samples, "decisions": decisions(database)},
    )


def _mixed(stage: Stage, number: int, seed: int) -> Sequence[bytes]:
    half = number // 2
    people = number  # the more, the harder for whatever is kept by person
    questions = distinct(half, seed=100 + seed)
    asked = callbacks.texts(stage.credentials, questions, people=people, name=f"oLong{seed:02d}")
    seen = callbacks.views(stage.credentials, number - half, people=people)
    return [request for pair in zip(asked, seen, strict=True) for request in pair]
