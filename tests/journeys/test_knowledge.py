"""Imports make revisions; what a person edited stays."""

import msgspec
import pytest
from msgspec.structs import replace
from tortoise.exceptions import OperationalError

from handlers import knowledge
from handlers.knowledge import Done
from models.knowledge import KnowledgeEntry, KnowledgeRevision
from nlp import Article, Corpus, load_packaged
from server.wiring import build_house
from tests.cast import EMPLOYEE
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
    assert report.count(Done.ADDED) == sum(
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
    assert report.rows == (
        (Done.KEPT, "article", "t1"),
        (Done.CHANGED, "article", "t2"),
        (Done.ADDED, "article", "t3"),
    )
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


ASKED = "空桶回收要不要登记"


async def test_what_was_edited_is_said_without_a_restart(product: Product) -> None:
    now = product.clock.now()
    await knowledge.import_corpus(load_packaged(), now=now)
    renewal = product.app.ctx.renewal
    await renewal.look()
    assert "本市试点要求" not in await product.say(EMPLOYEE, ASKED)
    told = msgspec.to_builtins(article(1, "空桶回收要登记来源和日期，这是本市试点要求。")) | {
        "question": ASKED
    }
    await knowledge.edit("article", "t1", told, by="陈主任", now=now)
    assert await renewal.look()
    assert "本市试点要求" in await product.say(EMPLOYEE, ASKED)
    assert not await renewal.look()  # nothing new, nothing to do


async def test_unusable_knowledge_is_refused_and_the_old_one_stays(product: Product) -> None:
    now = product.clock.now()
    await knowledge.import_corpus(load_packaged(), now=now)
    await product.app.ctx.renewal.look()
    before = await product.say(EMPLOYEE, "GB 7718 新版什么时候实施")
    wrong = msgspec.to_builtins(article(1, "答")) | {"topic": "astrology"}
    await KnowledgeEntry.create(kind="article", key="t1", content=wrong, created_at=now)
    assert not await product.app.ctx.renewal.look()
    assert await product.say(EMPLOYEE, "GB 7718 新版什么时候实施") == before
    await KnowledgeEntry.create(kind="article", key="t1", content={"id": 5}, created_at=now)
    assert not await product.app.ctx.renewal.look()
    assert await product.say(EMPLOYEE, "GB 7718 新版什么时候实施") == before


async def test_what_is_cited_can_not_be_withdrawn(product: Product) -> None:
    now = product.clock.now()
    await knowledge.import_corpus(load_packaged(), now=now)
    with pytest.raises(knowledge.BadEntry, match="GB 7718-2025"):
        await knowledge.edit("standard", "GB 7718-2025", None, by="陈主任", now=now)
    assert await KnowledgeEntry.filter(key="GB 7718-2025").count() == 1


async def test_package_that_breaks_an_edit_is_not_imported(product: Product) -> None:
    now = product.clock.now()
    packaged = load_packaged()
    mine = replace(article(1, "按新标准"), standards=("GB 7718-2025",))
    await knowledge.import_corpus(packaged, now=now)
    await knowledge.edit("article", "t1", msgspec.to_builtins(mine), by="陈主任", now=now)
    without = corpus()
    with pytest.raises(knowledge.BadKnowledge, match="t1"):
        await knowledge.import_corpus(without, now=now)


async def test_process_starts_on_the_packaged_knowledge_where_the_other_is_bad(
    product: Product,
) -> None:
    now = product.clock.now()
    await knowledge.import_corpus(load_packaged(), now=now)
    await KnowledgeEntry.create(kind="article", key="t1", content={"id": 5}, created_at=now)
    house = await build_house(product.app.ctx.wiring.config, product.clock)
    decision = house.matcher.decide("GB 7718 新版什么时候实施", today=now.date())
    assert "2027-03-16" in decision.text


async def test_renewal_that_met_a_silent_database_is_tried_again(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = product.clock.now()
    renewal = product.app.ctx.renewal
    await knowledge.import_corpus(load_packaged(), now=now)

    async def silent() -> None:
        raise OperationalError("gone")

    with monkeypatch.context() as patched:
        patched.setattr("server.knowledge.load_corpus", silent)
        with pytest.raises(OperationalError):
            await renewal.look()
    assert await renewal.look()


async def test_unusable_package_is_not_imported(product: Product) -> None:
    before = await knowledge.version()
    bad = corpus(replace(article(1, "答"), standards=("GB 0-1900",)), article(2, ""))
    with pytest.raises(knowledge.BadKnowledge) as refused:
        await knowledge.import_corpus(bad, now=product.clock.now())
    assert refused.value.faults == ["问答 t1 引用的 GB 0-1900 不在标准库中", "问答 t2 缺问题或答案"]
    assert await knowledge.version() == before
