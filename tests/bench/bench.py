"""Speed as ratios within one run: what a callback costs beside a bare response of the same server.

Run by `make bench`; absolute figures mean nothing on another machine, the ratios do.
"""

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import jieba

from models import database
from models.clock import Clock
from nlp import load_packaged
from server.wiring import house_of
from tests.cast import EMPLOYEE
from tests.product import Product, config_for, running_product

ROUNDS = 300
QUESTION = "桶装水铜绿超标咋办"


async def timed(action: Callable[[], Awaitable[object]]) -> list[float]:
    """Seconds of each of ROUNDS calls, one after the other."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        await action()
        times.append(time.perf_counter() - started)
    return times


def line(name: str, times: list[float], base: float) -> str:
    """One row: p50 and p99 in milliseconds and as multiples of `base`."""
    p50, p99 = statistics.median(times), sorted(times)[int(len(times) * 0.99)]
    return (
        f"{name:34} p50 {p50 * 1e3:7.2f} ms ({p50 / base:5.1f}x)"
        f"   p99 {p99 * 1e3:7.2f} ms ({p99 / base:5.1f}x)"
    )


async def run(product: Product) -> list[str]:
    """Measure; returns the report's lines."""
    numbers = itertools.count(1)
    courier = product.simulator.courier

    async def post(http: httpx.AsyncClient, number: int, text: str) -> None:
        head = product.simulator.head("official", EMPLOYEE.openid, "text")
        sent = courier.seal("official", {**head, "Content": text, "MsgId": number})
        answer = await http.post("/wechat/callback", params=sent.params, content=sent.body)
        assert answer.status_code == 200

    http = product.http
    bare = await timed(lambda: http.get("/healthz"))
    base = statistics.median(bare)
    new = await timed(lambda: post(http, next(numbers), QUESTION))
    repeated = await timed(lambda: post(http, 1, QUESTION))
    matcher, today = product.house.matcher, product.clock.today()

    async def decide() -> object:
        return matcher.decide(QUESTION, today=today)

    async def cut() -> object:
        return jieba.lcut(QUESTION)

    jieba.lcut(QUESTION)
    words, decisions = await timed(cut), await timed(decide)
    return [
        line("bare response", bare, base),
        line("callback, new question answered", new, base),
        line("callback, repeated delivery", repeated, base),
        line("jieba.lcut of the question", words, statistics.median(words)),
        line("Matcher.decide (beside jieba.lcut)", decisions, statistics.median(words)),
    ]


async def main() -> None:
    """Serve the product on a throw-away SQLite database and print the report."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite://{Path(folder) / 'bench.sqlite3'}"
        await database.migrate(url)
        config, clock = config_for(url), Clock()
        house = house_of(config, clock, load_packaged())
        async with running_product(config, house, clock) as product:
            print("\n".join(await run(product)))  # noqa: T201 -- the report


if __name__ == "__main__":
    asyncio.run(main())
