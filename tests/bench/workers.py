"""PostgreSQL and Redis with two HTTP processes beside one.

Servers, PostgreSQL, Redis and client share all cores here: on two cores a second worker gets what
the others leave over.
"""

import asyncio
import os
from contextlib import ExitStack
from typing import Any

import asyncpg

from tests.bench import callbacks
from tests.bench.client import Broken
from tests.bench.processes import python, run
from tests.bench.questions import distinct
from tests.bench.report import Findings, Reach
from tests.bench.rounds import HEAD, Contender, Mail, costs_of, play, ratio
from tests.bench.stage import PEOPLE, WARM_UP, Stage
from tests.product import environment
from tests.stack import postgres, redis


def workers(stage: Stage) -> Findings:
    """The whole way of the same questions, one worker and two by turns."""
    pinned = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(map(int, stage.cores.all.split(","))))
    try:
        return _workers(stage)
    finally:
        os.sched_setaffinity(0, pinned)


def _workers(stage: Stage) -> Findings:
    plan = stage.plan
    questions = distinct(WARM_UP + plan.rounds * plan.texts)

    def mail(first: int, texts: int) -> Mail:
        asked = questions[first : first + texts]
        return Mail(texts=callbacks.texts(stage.credentials, asked, people=PEOPLE))

    with ExitStack() as stack:
        server = stack.enter_context(postgres())
        redis_url = stack.enter_context(redis(stage.folder))
        contenders = []
        for number in (1, 2):
            url = f"{server}/bench{number}"
            _ask(f"{server}/postgres", f"CREATE DATABASE bench{number}")
            env = environment(url, redis_url)
            run(python("tests.bench.prepare"), folder=stage.folder, env=env)
            ours = stage.ours(url, redis_url, cores=stage.cores.all, workers=number)
            running = stack.enter_context(ours)
            contenders.append(Contender(f"{number} HTTP processes", running, lambda m: m.texts))
        play(
            contenders, lambda n: mail(WARM_UP + n * plan.texts, plan.texts),
            rounds=plan.rounds, warm=mail(0, WARM_UP),
        )  # fmt: skip
        for number, contender in enumerate(contenders, 1):
            counting = "SELECT count(*) FROM inbound_message WHERE state = 'done'"
            rows = _ask(f"{server}/bench{number}", counting)
            if rows != contender.sent:
                raise Broken(f"{number} workers: {contender.sent} answered, {rows} rows")
    one, two = contenders
    return Findings(
        f"PostgreSQL + Redis, on {len(stage.cores.all.split(','))} cores with client and databases",
        [HEAD.replace("x hello", "x one"), one.line(one), two.line(one)],
        [Reach("two workers / one", ratio(two.rates, one.rates), 1.5, at_least=True)],
        {"rounds": costs_of(contenders)},
    )


def _ask(url: str, statement: str) -> Any:
    async def ask() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())
