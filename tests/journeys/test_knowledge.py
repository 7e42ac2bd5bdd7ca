"""Imports make revisions; what a person edited stays."""

import pytest

from handlers import knowledge
from models.knowledge import KnowledgeEntry, KnowledgeRevision
from nlp import Article, Corpus, load_packaged
from tests.product import Product


def article(number: int, answer: str) -> Article:
    return Article(
        id=f"t{number}",
        topic="testing",
        action="answer",
        question=f"问题{number}",
        variants=(),
        answer=answer,
        standards=(),
        products=(),
        source="测试",
        checked=True,
    )


def corpus(*articles: Article) -> Corpus:
    return Corpus(standards=(), limits=(), articles=articles, examples=())


async def answers() -> dict[str, str]:
    loaded = await knowledge.load_corpus()
    return {a.id: a.answer for a in loaded.articles} if loaded else {}


async def test_packaged_knowledge_survives_the_round_trip(product: Product) -> None:
    packaged = load_packaged()
    report = await knowledge.import_corpus(packaged, now=product.clock.now())
    assert report.added == sum(
        len(rows)
        for rows in (packaged.standards, packaged.limits, packaged.articles, packaged.examples)
    )
    loaded = await knowledge.load_corpus()
    assert loaded is not None
    assert loaded.standards == packaged.standards
    assert loaded.limits == packaged.limits
    assert loaded.articles == packaged.articles
    again = await knowledge.import_corpus(packaged, now=product.clock.now())
    assert again.unchanged
    assert await KnowledgeRevision.all().count() == 1


async def test_new_revision_keeps_what_was_edited(product: Product) -> None:
    now = product.clock.now()
    await knowledge.import_corpus(corpus(article(1, "旧"), article(2, "旧")), now=now)
    packaged = (await KnowledgeEntry.get(key="t1")).content
    assert packaged is not None
    edited = {**packaged, "answer": "人工改过"}
    await knowledge.edit("article", "t1", edited, by="陈主任", now=now)
    report = await knowledge.import_corpus(
        corpus(article(1, "新"), article(2, "新"), article(3, "新")), now=now
    )
    assert (report.added, report.changed, report.kept) == (1, 1, 1)
    assert await answers() == {"t1": "人工改过", "t2": "新", "t3": "新"}
    assert await KnowledgeEntry.filter(key="t2").count() == 2  # the old version is still there


async def test_what_left_the_package_is_withdrawn_and_can_return(product: Product) -> None:
    now = product.clock.now()
    both, one = corpus(article(1, "甲"), article(2, "乙")), corpus(article(1, "甲"))
    for wanted, left in ((both, {"t1", "t2"}), (one, {"t1"}), (both, {"t1", "t2"})):
        await knowledge.import_corpus(wanted, now=now)
        assert set(await answers()) == left


async def test_person_can_withdraw_an_entry_for_good(product: Product) -> None:
    now = product.clock.now()
    await knowledge.import_corpus(corpus(article(1, "甲")), now=now)
    await knowledge.edit("article", "t1", None, by="陈主任", now=now)
    await knowledge.import_corpus(corpus(article(1, "甲改")), now=now)
    assert await answers() == {}


async def test_malformed_edit_is_refused(product: Product) -> None:
    with pytest.raises(knowledge.BadEntry):
        await knowledge.edit("article", "t1", {"id": 5}, by="x", now=product.clock.now())
