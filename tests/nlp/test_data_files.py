"""The hand-written answers and labelled questions keep the rules of the corpus."""

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "nlp" / "data"

TOPICS = {
    "testing",
    "metrology",
    "standards",
    "certification",
    "quality_management",
    "equipment_sharing",
    "brand",
    "supply_chain",
    "licensing",
    "label_additive",
    "training",
    "complaint",
    "green_channel",
    "progress_query",
    "greeting",
    "other/out_of_scope",
}
LARGE_TOPICS = {
    "testing",
    "metrology",
    "standards",
    "certification",
    "quality_management",
    "licensing",
    "label_additive",
}
ACTIONS = {"answer", "route", "service", "decline", "clarify"}
ARTICLE_FIELDS = {
    "id",
    "topic",
    "action",
    "question",
    "variants",
    "answer",
    "standards",
    "products",
    "source",
    "checked",
    "stages",
    "next_step",
}
STAGES = {"研发", "生产", "出厂", "流通"}
NUMBER = re.compile(
    r"(?:GB/T|GB/Z|GB|QB/T|SB/T|GH/T|RB/T|JJG|JJF|TSG|HJ|ISO/IEC|ISO) ?[A-Z]?\d[\d.]*(?:[-:]\d{4})?"
)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_lines(path: Path) -> list[dict[str, Any]]:
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert isinstance(row, dict)
        rows.append(row)
    return rows


def fold(text: str) -> str:
    """Two texts that differ only in case, blanks or punctuation are the same question."""
    return re.sub(r"[\W_]", "", text.lower()) or text


@pytest.fixture(scope="module")
def articles() -> list[dict[str, Any]]:
    return read_lines(DATA / "articles.jsonl")


@pytest.fixture(scope="module")
def examples() -> list[dict[str, Any]]:
    return read_lines(DATA / "examples.jsonl")


@pytest.fixture(scope="module")
def standards() -> dict[str, dict[str, str]]:
    with (DATA / "standards.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["number"]: row for row in csv.DictReader(file)}


def asked_texts(articles: list[dict[str, Any]]) -> list[str]:
    return [text for a in articles for text in [a["question"], *a["variants"]]]


def test_articles_have_the_agreed_shape(articles: list[dict[str, Any]]) -> None:
    assert len(articles) >= 500
    for a in articles:
        assert set(a) == ARTICLE_FIELDS, a["id"]
        assert a["topic"] in TOPICS, a["id"]
        assert a["action"] in ACTIONS, a["id"]
        assert 3 <= len(a["variants"]) <= 8, a["id"]
        assert set(a["stages"]) <= STAGES, a["id"]
        assert 4 <= len(a["next_step"]) <= 40, a["id"]
        assert not a["next_step"].endswith("。"), a["id"]
        assert a["source"].strip(), a["id"]
        assert isinstance(a["checked"], bool), a["id"]
        assert all(isinstance(p, str) and p for p in a["products"]), a["id"]


def test_article_ids_are_unique(articles: list[dict[str, Any]]) -> None:
    repeated = [i for i, n in Counter(a["id"] for a in articles).items() if n > 1]
    assert repeated == []
    assert all(re.fullmatch(r"a\d{3}", a["id"]) for a in articles)


def test_articles_cover_every_topic(articles: list[dict[str, Any]]) -> None:
    assert {a["topic"] for a in articles} == TOPICS


def test_answers_are_short_plain_text(articles: list[dict[str, Any]]) -> None:
    for a in articles:
        assert 60 <= len(a["answer"]) <= 300, a["id"]
        assert not re.search(r"[*#`<>]|\]\(|\r|\t", a["answer"]), a["id"]
        assert a["answer"] == a["answer"].strip(), a["id"]


def test_cited_standards_exist(
    articles: list[dict[str, Any]], standards: dict[str, dict[str, str]]
) -> None:
    for a in articles:
        assert len(a["standards"]) <= 5, a["id"]
        assert len(set(a["standards"])) == len(a["standards"]), a["id"]
        assert [n for n in a["standards"] if n not in standards] == [], a["id"]


def test_numbers_and_dates_in_answers_stand_in_the_catalogue(
    articles: list[dict[str, Any]], standards: dict[str, dict[str, str]]
) -> None:
    dates = {row[column] for row in standards.values() for column in ("issued", "effective")}
    dates |= {d for row in standards.values() for d in DATE.findall(row["notes"])}
    for a in articles:
        numbers = NUMBER.findall(a["answer"])
        assert [n for n in numbers if n not in standards] == [], a["id"]
        assert [d for d in DATE.findall(a["answer"]) if d not in dates] == [], a["id"]


def test_withdrawn_editions_are_cited_only_beside_their_successor(
    articles: list[dict[str, Any]], standards: dict[str, dict[str, str]]
) -> None:
    for a in articles:
        for number in a["standards"]:
            row = standards[number]
            if row["status"] == "废止":
                successors = row["replaced_by"].split(";")
                assert set(successors) & set(a["standards"]), (a["id"], number)


def test_general_knowledge_is_never_shown_as_checked(articles: list[dict[str, Any]]) -> None:
    assert [a["id"] for a in articles if a["checked"] == ("一般知识" in a["source"])] == []


def test_examples_have_the_agreed_labels(examples: list[dict[str, Any]]) -> None:
    assert len(examples) >= 3000
    for e in examples:
        assert set(e) == {"text", "topic", "action"}, e
        assert e["topic"] in TOPICS, e
        assert e["action"] in ACTIONS, e
        assert e["text"].strip(), e


def test_examples_cover_topics_and_actions(examples: list[dict[str, Any]]) -> None:
    topics = Counter(e["topic"] for e in examples)
    assert {t: n for t, n in topics.items() if n < (60 if t in LARGE_TOPICS else 25)} == {}
    assert set(topics) == TOPICS
    assert {e["action"] for e in examples} == ACTIONS


def test_no_question_is_asked_twice(
    articles: list[dict[str, Any]], examples: list[dict[str, Any]]
) -> None:
    for texts in (asked_texts(articles), [e["text"] for e in examples]):
        assert [t for t, n in Counter(map(fold, texts)).items() if n > 1] == []


def test_same_words_get_the_same_labels_in_both_files(
    articles: list[dict[str, Any]], examples: list[dict[str, Any]]
) -> None:
    labels = {fold(e["text"]): (e["topic"], e["action"]) for e in examples}
    for a in articles:
        for text in [a["question"], *a["variants"]]:
            found = labels.get(fold(text), (a["topic"], a["action"]))
            assert found == (a["topic"], a["action"]), (a["id"], text, found)


def test_evaluation_questions_are_not_training_questions(
    articles: list[dict[str, Any]], examples: list[dict[str, Any]]
) -> None:
    path = Path(__file__).with_name("questions_dev.jsonl")
    asked = {fold(row["q"]) for row in read_lines(path)}
    known = {fold(t) for t in [*asked_texts(articles), *(e["text"] for e in examples)]}
    assert asked & known == set()
