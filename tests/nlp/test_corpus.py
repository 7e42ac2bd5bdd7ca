from datetime import date

import pytest

from nlp.corpus import ACTIONS, STATUS_DAY, TOPICS, Corpus, load_packaged, unchecked


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load_packaged()


def test_everything_is_loaded(corpus: Corpus) -> None:
    assert len(corpus.standards) == 1212
    assert len(corpus.limits) == 265
    assert len(corpus.by_number) == len(corpus.standards)


def test_labels_are_the_readme_s(corpus: Corpus) -> None:
    assert {article.topic for article in corpus.articles} <= set(TOPICS)
    assert {article.action for article in corpus.articles} <= set(ACTIONS)
    assert {example.topic for example in corpus.examples} <= set(TOPICS)
    assert {example.action for example in corpus.examples} <= set(ACTIONS)


def test_articles_cite_only_what_the_corpus_has(corpus: Corpus) -> None:
    cited = {number for article in corpus.articles for number in article.standards}
    assert cited <= set(corpus.by_number)


def test_on_the_file_s_day_the_status_is_the_file_s(corpus: Corpus) -> None:
    moved = [
        row.number
        for row in corpus.standards
        if corpus.status(row.number, STATUS_DAY) != row.status
    ]
    assert moved == []


@pytest.mark.parametrize(
    ("number", "today", "status"),
    [
        ("GB 7718-2025", date(2025, 3, 15), "unknown"),
        ("GB 7718-2025", date(2025, 3, 16), "即将实施"),
        ("GB 7718-2025", date(2027, 3, 15), "即将实施"),
        ("GB 7718-2025", date(2027, 3, 16), "现行"),
        ("GB 7718-2011", date(2027, 3, 15), "现行"),
        ("GB 7718-2011", date(2027, 3, 16), "废止"),
        ("GB 2762-2022", date(2026, 9, 1), "现行"),
        ("GB 2762-2022", date(2026, 9, 2), "废止"),
        ("GB 2762-2025", date(2026, 9, 1), "即将实施"),
        ("GB 17167-2006", date(2026, 1, 1), "现行"),
        ("GB 4806.10-2016", date(2020, 1, 1), "unknown"),
        ("GB/T 27925-2011", date(2005, 1, 1), "unknown"),
        ("GB 99999-2020", STATUS_DAY, "unknown"),
    ],
)
def test_status_moves_with_the_dates(corpus: Corpus, number: str, today: date, status: str) -> None:
    assert corpus.status(number, today) == status


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("general knowledge", True),
        ("general knowledge; 核对: public list x/y z.md", False),
        ("general knowledge; 编号亦见 public list: x/y z.json", False),
        ("general knowledge; 与 public list: x/y z.json 抽检公告限值一致", False),
        ("general knowledge; 亦见 public text (repository not identified)", False),
        ("public list: x/y z.md", False),
        ("平台信息", False),
    ],
)
def test_unchecked_is_general_knowledge_alone(source: str, expected: bool) -> None:
    assert unchecked(source) is expected
