"""SearchIndex and Router on documents and labels that have nothing to do with our corpus."""

import pytest

from nlp import Document, Router, SearchIndex

FAQ = [
    Document("1", "如何修改登录密码", "在设置里选择账号安全，再修改密码"),
    Document("2", "忘记密码怎么办", "点击找回密码，用手机号验证"),
    Document("3", "怎样申请退款", "订单页面点击申请退款"),
    Document("4", "快递多久能到", "一般三天送达"),
    Document("5", "如何开具发票", "订单完成后申请电子发票"),
]

RULES = [
    Document("a", "GB/T 10789-2015 饮料通则", ""),
    Document("b", "GB 7718-2011 预包装食品标签通则", ""),
    Document("c", "GB 7718-2025 预包装食品标签通则", ""),
    Document("d", "DB34/T 3008-2017 富硒水", ""),
    Document("e", "T/CBIA 001-2020 气泡水", ""),
    Document("f", "饮料标签的写法，饮料标签样式大全，饮料分类", ""),
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("密码忘了", "2"),
        ("改密码", "1"),
        ("我要退款", "3"),
        ("发票怎么开", "5"),
        ("几天到货快递", "4"),
    ],
)
def test_paraphrases_find_their_question(query: str, expected: str) -> None:
    hits = SearchIndex.build(FAQ).search(query, 3)
    assert hits[0].id == expected
    assert len(hits) <= 3
    assert all(0 <= hit.confidence <= 1 for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("gbt10789 饮料标签分类", "a"),
        ("国标10789", "a"),
        ("10789", "a"),
        ("ＧＢ７７１８－２０２５", "c"),
        ("gb7718 2011版", "b"),
        ("db34t3008", "d"),
        ("tcbia001-2020", "e"),
    ],
)
def test_a_number_in_another_spelling_comes_first(query: str, expected: str) -> None:
    assert SearchIndex.build(RULES).search(query)[0].id == expected


def test_the_same_question_is_surer_than_a_vague_one() -> None:
    index = SearchIndex.build(FAQ)
    assert index.search("怎样申请退款")[0].confidence > 0.8
    vague = index.search("今天申请休假")
    assert not vague or vague[0].confidence < 0.4


@pytest.mark.parametrize("query", ["", " ", "😀", "的了吗", "\x00\x07", "zzz", "密码" * 5000])
def test_any_query_is_survived(query: str) -> None:
    SearchIndex.build(FAQ).search(query)


def test_no_documents_no_hits() -> None:
    assert SearchIndex.build([]).search("密码") == []


def test_one_document_is_enough() -> None:
    index = SearchIndex.build([Document("only", "如何退款", "")])
    assert [hit.id for hit in index.search("退款")] == ["only"]
    assert index.search("天气") == []


def test_empty_documents_are_never_found() -> None:
    index = SearchIndex.build([Document("x", "", ""), Document("y", "退款", "")])
    assert [hit.id for hit in index.search("退款")] == ["y"]


def test_k_bounds_the_hits() -> None:
    index = SearchIndex.build(FAQ)
    assert index.search("密码", 0) == []
    assert len(index.search("密码", 1)) == 1


def test_long_passages_are_searched_too() -> None:
    passages = [
        Document("sea", "", "大海的潮汐由月球引力引起。" * 40),
        Document("tea", "", "绿茶的冲泡水温不宜过高，以八十度为佳。" * 40),
    ]
    assert SearchIndex.build(passages).search("泡绿茶用多少度的水")[0].id == "tea"


PAIRS = [
    ("我想退货", "退货"),
    ("怎么退款", "退货"),
    ("东西坏了要退", "退货"),
    ("快递到哪了", "物流"),
    ("什么时候发货", "物流"),
    ("包裹几天到", "物流"),
    ("密码忘了", "账号"),
    ("登录不上去", "账号"),
    ("换绑手机号", "账号"),
]


@pytest.mark.parametrize(
    ("text", "label"),
    [("退款多久到账 我要退", "退货"), ("快递几天到", "物流"), ("登录密码", "账号")],
)
def test_the_router_learns_any_labels(text: str, label: str) -> None:
    got, confidence = Router.fit(PAIRS).predict(text)
    assert got == label
    assert 1 / 3 < confidence <= 1


def test_probabilities_sum_to_one() -> None:
    chances = Router.fit(PAIRS).probabilities("包裹退了")
    assert {label for label, _ in chances} == {"退货", "物流", "账号"}
    assert sum(chance for _, chance in chances) == pytest.approx(1, abs=1e-5)


def test_the_router_is_deterministic() -> None:
    assert Router.fit(PAIRS).predict("几天到") == Router.fit(PAIRS).predict("几天到")


def test_a_router_without_examples_says_nothing() -> None:
    assert Router.fit([]).predict("退款") == ("", 0.0)


def test_one_label_is_certain() -> None:
    assert Router.fit([("退款", "退货")]).predict("别的") == ("退货", 1.0)


@pytest.mark.parametrize("text", ["", "😀", "\x00", "a" * 100_000])
def test_the_router_survives_any_text(text: str) -> None:
    label, confidence = Router.fit(PAIRS).predict(text)
    assert label in {"退货", "物流", "账号"}
    assert 0 <= confidence <= 1
