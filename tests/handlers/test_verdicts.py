"""What counts as a verdict or a rating when it is the whole message."""

import time

import pytest

from handlers.verdicts import Verdict, parse, parse_rating, without_integrity


@pytest.mark.parametrize(
    "text",
    [
        "解决了", "好了谢谢", "好了，谢谢！", "问题解决了", "已经解决了，谢谢王工", "可以了",
        "搞定啦", "谢谢，解决了", "没问题了", " 解决了。 ", "都办好了～",
    ],
)  # fmt: skip
def test_solved(text: str) -> None:
    assert parse(text) == Verdict.SOLVED


@pytest.mark.parametrize(
    "text",
    [
        "没解决", "没有解决", "问题还是没解决", "还是不行", "还没解决呢", "还是不行啊", "仍未解决",
        "没解决，还是超标", "没解决。窗口说不能报价", "还是不行\n报告上写着不合格",
    ],
)  # fmt: skip
def test_unsolved(text: str) -> None:
    assert parse(text) == Verdict.UNSOLVED


@pytest.mark.parametrize(
    "text",
    [
        "问题解决了吗", "解决了？", "解决了没有", "好的谢谢", "好的", "谢谢", "没解决之前能发货吗",
        "没解决吗", "问题没解决怎么办", "还是不行吗", "解决了，另外问下铜绿超标怎么办", "好了吗",
        "", "怎么解决", "可以了解一下吗",
    ],
)  # fmt: skip
def test_neither(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "scores", "kept"),
    [
        ("评价 5 5 4", (5, 5, 4), "评价 5 5 *"),
        ("评价：5，5，4", (5, 5, 4), "评价:5,5,*"),
        ("554", (5, 5, 4), "55*"),
        ("５ ４ ３", (5, 4, 3), "5 4 *"),
        ("五五四", (5, 5, 4), "55*"),
        ("专业5 及时4 廉洁3", (5, 4, 3), "专业5 及时4 廉洁*"),
        ("5分、4分、3分", (5, 4, 3), "5分、4分、*分"),
    ],
)
def test_ratings(text: str, scores: tuple[int, int, int], kept: str) -> None:
    assert parse_rating(text) == scores
    assert without_integrity(text) == kept


@pytest.mark.parametrize("text", ["评价", "655", "055", "55", "5554", "评价 5 5", "19298", "555号"])
def test_no_ratings(text: str) -> None:
    assert parse_rating(text) is None
    assert without_integrity(text) == text


@pytest.mark.parametrize("text", [" " * 2000, "好" * 2000, "还" * 2000, "谢谢" * 1000, "5" * 2000])
def test_long_texts_cost_nothing(text: str) -> None:
    began = time.perf_counter()
    parse(text)
    parse_rating(text)
    assert time.perf_counter() - began < 0.1
