"""How long one waits: at a steady rate, and for the first answer after a start."""

import statistics
import time
from collections.abc import Sequence

from tests.bench import callbacks
from tests.bench.client import arrive, saturate
from tests.bench.questions import distinct
from tests.bench.report import Findings, Reach, percentile, spread
from tests.bench.stage import WARM_UP, Stage, decisions, require_rows

RATE = 300  # requests a second
PEOPLE = 2000
MB = 1 << 20


def latency(stage: Stage) -> Findings:
    """p99 at a constant arrival rate, ours beside hello, by turns."""
    count = int(RATE * stage.plan.seconds)
    questions = distinct(WARM_UP + stage.plan.repeats * count)
    database = stage.new_database("latency")
    hello_p50, hello_p99 = list[float](), list[float]()
    ours_p50, ours_p99 = list[float](), list[float]()

    def post(asked: Sequence[str]) -> list[bytes]:
        return callbacks.texts(stage.credentials, asked, people=PEOPLE)

    with stage.hello() as hello, stage.ours(f"sqlite://{database}") as ours:
        warm = post(questions[:WARM_UP])
        saturate(hello.port, warm)
        saturate(ours.port, warm)
        for number in range(stage.plan.repeats):
            first = WARM_UP + number * count
            requests = post(questions[first : first + count])
            for server, p50, p99 in (
                (hello, hello_p50, hello_p99),
                (ours, ours_p50, ours_p99),
            ):
                load = arrive(server.port, requests, RATE)
                p50.append(percentile(load.latencies, 0.5) * 1e3)
                p99.append(percentile(load.latencies, 0.99) * 1e3)
    require_rows(database, "inbound_message", len(questions), "state = 'done'")
    figure = statistics.median(a / b for a, b in zip(ours_p99, hello_p99, strict=True))
    return Findings(
        f"Latency at {RATE} requests/s, ms from the moment intended (median, least-most)",
        [
            f"  bare Sanic hello        p50 {spread(hello_p50, 2)}  p99 {spread(hello_p99, 2)}",
            f"  ours, matches, answers  p50 {spread(ours_p50, 2)}  p99 {spread(ours_p99, 2)}",
        ],
        [Reach("p99 / hello's p99", figure, 3)],
        {
            "hello_p50_ms": hello_p50,
            "hello_p99_ms": hello_p99,
            "ours_p50_ms": ours_p50,
            "ours_p99_ms": ours_p99,
            "decisions": decisions(database),
        },
    )


def start(stage: Stage) -> Findings:
    """From starting `serve` to the first question's answer, and what it then weighs."""
    seconds, cpu = list[float](), list[float]()
    first, later = list[float](), list[float]()
    questions = distinct(WARM_UP)
    for number in range(stage.plan.repeats):
        database = stage.new_database(f"start-{number}")
        requests = callbacks.texts(stage.credentials, questions, people=PEOPLE)
        begun = time.perf_counter()
        with stage.ours(f"sqlite://{database}") as ours:
            saturate(ours.port, requests[:1])
            seconds.append(time.perf_counter() - begun)
            cpu.append(ours.cpu())
            first.append(ours.memory() / MB)
            saturate(ours.port, requests[1:])
            later.append(ours.memory() / MB)
        require_rows(database, "inbound_message", len(questions), "state = 'done'")
    return Findings(
        "Start",
        [
            f"  first answer after {spread(seconds, 2)} s, of which CPU {spread(cpu, 2)} s;"
            f" resident {spread(first)} MB then, {spread(later)} MB after {len(questions)} answers"
        ],
        [
            Reach(
                "start to first answer",
                statistics.median(seconds),
                2,
                unit="s",
                by_cpu=statistics.median(cpu),
            ),
            Reach("resident memory", statistics.median(later), 150, unit="MB"),
        ],
        {
            "seconds": seconds,
            "cpu_seconds": cpu,
            "resident_first_mb": first,
            "resident_later_mb": later,
        },
    )
