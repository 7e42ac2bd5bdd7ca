"""Requests a second and CPU a request, beside the limit and beside the usual way."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench import callbacks
from tests.bench.processes import Running, python, running
from tests.bench.questions import distinct
from tests.bench.report import Findings, Reach
from tests.bench.rounds import HEAD, Contender, Mail, costs_of, crowded, play, ratio
from tests.bench.stage import PEOPLE, WARM_UP, Stage, decisions, require_rows
from tests.product import environment
from tests.stack import free_port

# So little work that a round of questions would be over before it can be timed.
HELLO_REPEATS = 12


def speed(stage: Stage) -> Findings:
    """Store only, and the whole way, of ours and of Flask's, in one interleaved run."""
    plan, credentials = stage.plan, stage.credentials
    questions = distinct(WARM_UP + plan.rounds * plan.texts)

    def mail(first: int, texts: int, views: int) -> Mail:
        asked = questions[first : first + texts]
        return Mail(
            texts=callbacks.texts(credentials, asked, people=PEOPLE),
            views=callbacks.views(credentials, views, people=PEOPLE),
        )

    stored, matched = stage.new_database("ours-stores"), stage.new_database("ours-answers")
    flask_stored, flask_matched = (stage.folder / f"flask-{n}.sqlite3" for n in ("stores", "match"))
    with ExitStack() as stack:
        enter = stack.enter_context
        contenders = [
            Contender("bare Sanic hello", enter(stage.hello()), _repeated),
            Contender("ours, stores", enter(stage.ours(f"sqlite://{stored}")), _views),
            Contender("Flask, stores", enter(_flask(stage, flask_stored)), _views),
            Contender("ours, matches, answers", enter(stage.ours(f"sqlite://{matched}")), _texts),
            Contender("Flask, jieba, BM25", enter(_flask(stage, flask_matched, "1")), _texts),
        ]
        play(
            contenders,
            lambda n: mail(WARM_UP + n * plan.texts, plan.texts, plan.views),
            rounds=plan.rounds,
            warm=mail(0, WARM_UP, WARM_UP),
        )
    hello, ours, flask, whole, flask_whole = contenders
    require_rows(stored, "inbound_message", ours.sent, "state = 'done'")
    require_rows(matched, "inbound_message", whole.sent, "state = 'done'")
    require_rows(flask_stored, "message", flask.sent)
    require_rows(flask_matched, "message", flask_whole.sent)
    mix = decisions(matched)
    return Findings(
        "Speed, one core for the server (median, least-most of the rounds)",
        [
            HEAD,
            *(contender.line(hello) for contender in contenders),
            *crowded(hello),
            f"  {plan.rounds * plan.texts} distinct questions of {PEOPLE} people; decided: "
            + ", ".join(f"{action} {count}" for action, count in mix.items()),
        ],
        [
            _at_least(0.15, "stores only / hello", ours, hello),
            _at_least(2, "stores only / Flask's", ours, flask),
            _at_least(0.06, "answers / hello", whole, hello),
            _at_least(3, "answers / Flask's", whole, flask_whole),
        ],
        {"rounds": costs_of(contenders), "decisions": mix},
    )


def _at_least(aim: float, what: str, of: Contender, to: Contender) -> Reach:
    by_cpu = ratio(to.costs, of.costs)
    return Reach(what, ratio(of.rates, to.rates), aim, at_least=True, by_cpu=by_cpu)


def _texts(mail: Mail) -> list[bytes]:
    return list(mail.texts)


def _views(mail: Mail) -> list[bytes]:
    return list(mail.views)


def _repeated(mail: Mail) -> list[bytes]:
    return list(mail.texts) * HELLO_REPEATS


@contextmanager
def _flask(stage: Stage, database: Path, match: str = "") -> Iterator[Running]:
    """waitress with one thread was the fastest of waitress and gunicorn's workers, 1-4 threads."""
    port = free_port()
    env = environment("") | {"NQI_BENCH_DATABASE": str(database), "NQI_BENCH_MATCH": match}
    with running(
        python(
            "waitress", "--threads=1", f"--listen=127.0.0.1:{port}", "--call",
            "tests.bench.servers.flask_app:create",
        ),
        port=port, cores=stage.cores.server, folder=stage.folder, env=env,
    ) as server:  # fmt: skip
        yield server
