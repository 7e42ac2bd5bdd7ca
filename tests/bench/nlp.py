"""`make bench-nlp`: our search beside the public engines, in one run, on the same words.

Every engine gets jieba's search-mode words. Documents are the packaged phrasings but two of each
article, which are asked; the larger collections are filled up with everyday variations of them.
Absolute times hold on one machine only; ratios are taken query by query.
"""

import argparse
import gc
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import bm25s
import numpy as np
import rank_bm25
import tantivy

from nlp import Document, SearchIndex, load_packaged
from nlp.lines import read_lines
from nlp.tokens import words
from tests.bench.questions import distinct

Search = Callable[[str], list[str]]
TOP = 10
RANKS = (1, 3, 10)
START = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"
MEMORY = (
    r"import pathlib, re; {}; print(int(re.search(r'VmRSS:\s+(\d+)',"
    " pathlib.Path('/proc/self/status').read_text())[1]) / 1024)"
)
OURS = "from nlp import SearchIndex, Document; SearchIndex.build([Document('a', '', '铜绿')])"
JIEBA = "import jieba; jieba.lcut('铜绿')"


@dataclass(slots=True)
class Engine:
    """How one engine did."""

    name: str
    search: Search
    built: float  # seconds
    took: list[float] = field(default_factory=list)  # seconds a query


def ours(documents: Sequence[Document]) -> Search:
    """Ours."""
    index = SearchIndex.build(documents)
    return lambda query: [hit.id for hit in index.search(query, TOP)]


def by_bm25s(documents: Sequence[Document]) -> Search:
    """bm25s with its fastest backend that needs no compiler."""
    index = bm25s.BM25()
    index.index([words(document.text) for document in documents], show_progress=False)

    def search(query: str) -> list[str]:
        found, _ = index.retrieve([words(query)], k=min(TOP, len(documents)), show_progress=False)
        return [documents[at].id for at in found[0]]

    return search


def by_rank_bm25(documents: Sequence[Document]) -> Search:
    """rank_bm25's Okapi."""
    index = rank_bm25.BM25Okapi([words(document.text) for document in documents])

    def search(query: str) -> list[str]:
        scores = index.get_scores(words(query))
        return [documents[at].id for at in np.argsort(-scores)[:TOP]]

    return search


def by_tantivy(documents: Sequence[Document]) -> Search:
    """tantivy in memory, words joined by blanks."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", stored=False, tokenizer_name="whitespace")
    builder.add_unsigned_field("at", stored=True)
    index = tantivy.Index(builder.build())
    writer = index.writer(heap_size=50_000_000, num_threads=1)
    for at, document in enumerate(documents):
        writer.add_document(tantivy.Document(text=" ".join(words(document.text)), at=at))
    writer.commit()
    index.reload()
    searcher = index.searcher()
    schema = index.schema

    def search(query: str) -> list[str]:
        terms = [
            (tantivy.Occur.Should, tantivy.Query.term_query(schema, "text", word))
            for word in dict.fromkeys(words(query))
        ]
        hits = searcher.search(tantivy.Query.boolean_query(terms), TOP).hits
        return [documents[searcher.doc(address)["at"][0]].id for _, address in hits]

    return search


def by_fts5(documents: Sequence[Document]) -> Search:
    """SQLite's own full-text search."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE found USING fts5(text)")
    connection.executemany(
        "INSERT INTO found (rowid, text) VALUES (?, ?)",
        [(at, " ".join(words(document.text))) for at, document in enumerate(documents)],
    )

    def search(query: str) -> list[str]:
        asked = " OR ".join(f'"{word}"' for word in dict.fromkeys(words(query)) if '"' not in word)
        if not asked:
            return []
        rows = connection.execute(
            "SELECT rowid FROM found WHERE found MATCH ? ORDER BY rank LIMIT ?", (asked, TOP)
        )
        return [documents[at].id for (at,) in rows]

    return search


ENGINES: dict[str, Callable[[Sequence[Document]], Search]] = {
    "ours": ours,
    "bm25s": by_bm25s,
    "rank_bm25": by_rank_bm25,
    "tantivy": by_tantivy,
    "FTS5": by_fts5,
}


def main() -> None:
    """Print quality, speed, building, start and memory."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.nlp", description=__doc__)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    words("warm")
    asked, documents = _split(random.Random(7))
    say(f"Quality: {len(asked)} held-out phrasings, {len(documents)} documents")
    for name, search in ((name, make(documents)) for name, make in ENGINES.items()):
        for kind, ask in (("as typed", asked), ("one homophone", _with_typos(asked))):
            found = [(search(query), wanted) for query, wanted in ask]
            at = [
                sum(wanted in hits[:k] for hits, wanted in found) / len(found) for k in (1, 3, 10)
            ]
            say(
                f"  {name:10}{kind:>14}  "
                + "  ".join(f"R@{k} {r:.3f}" for k, r in zip((1, 3, 10), at, strict=True))
            )
    for size in arguments.sizes:
        _speed(size, [query for query, _ in asked[: arguments.queries]])
    say("Start and memory of a fresh process (ours with one document)")
    for name, program in (("ours", OURS), ("jieba", JIEBA)):
        seconds, resident = _in_fresh(START.format(program)), _in_fresh(MEMORY.format(program))
        bare = _in_fresh(MEMORY.format("pass"))
        say(f"  {name:10}{seconds:.2f} s, {resident - bare:.0f} MB over a bare interpreter")


def _split(dice: random.Random) -> tuple[list[tuple[str, str]], list[Document]]:
    """(query, id) of two phrasings of each article, and the others as documents."""
    asked: list[tuple[str, str]] = []
    documents: list[Document] = []
    for article in load_packaged().articles:
        phrasings = [article.question, *article.variants]
        dice.shuffle(phrasings)
        asked += [(text, article.id) for text in phrasings[:2]]
        documents += [Document(article.id, "", text) for text in phrasings[2:]]
    dice.shuffle(asked)
    return asked, documents


def _with_typos(asked: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each with one character replaced by another one of the same sound."""
    dice = random.Random(5)
    alike = {mark: marks for _, marks in map(str.split, read_lines("pinyin.txt")) for mark in marks}
    wrong: list[tuple[str, str]] = []
    for query, wanted in asked:
        places = [at for at, mark in enumerate(query) if len(alike.get(mark, "")) > 1]
        if places:
            at = dice.choice(places)
            other = dice.choice([mark for mark in alike[query[at]] if mark != query[at]])
            wrong.append((f"{query[:at]}{other}{query[at + 1 :]}", wanted))
    return wrong


def _speed(size: int, queries: Sequence[str]) -> None:
    documents = [Document(str(at), "", text) for at, text in enumerate(distinct(size, seed=size))]
    engines = []
    for name, make in ENGINES.items():
        if name == "rank_bm25" and size > 20_000:
            continue  # seconds a query
        gc.collect()
        begun = time.perf_counter()
        search = make(documents)
        engines.append(Engine(name, search, time.perf_counter() - begun))
    gc.collect()
    gc.freeze()
    for query in queries[:50]:
        for engine in engines:
            engine.search(query)
    for query in queries:
        for engine in engines:
            begun = time.perf_counter()
            engine.search(query)
            engine.took.append(time.perf_counter() - begun)
    say(f"Speed: {len(queries)} queries over {size} documents, ms (and as a multiple of tantivy)")
    base = next(engine for engine in engines if engine.name == "tantivy")
    for engine in engines:
        columns = [f"  {engine.name:10}"]
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            took, least = (float(np.quantile(one.took, share)) for one in (engine, base))
            columns.append(f"{name} {took * 1e3:7.2f} ({took / least:5.1f} x)")
        say("  ".join([*columns, f"built in {engine.built:6.2f} s"]))


def _in_fresh(program: str) -> float:
    runs: list[float] = []
    for _ in range(3):
        done: Any = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, check=True, text=True
        )
        runs.append(float(done.stdout.split()[-1]))
    return min(runs)


def say(line: str) -> None:
    """One line of the report."""
    print(line, flush=True)  # noqa: T201 -- the report


if __name__ == "__main__":
    main()
