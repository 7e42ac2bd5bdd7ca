"""What a tester with 560 messages of his own found: who is refused, and what is told plainly."""

from datetime import date

import pytest

from nlp import Matcher, load_packaged

TODAY = date(2026, 11, 28)


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher.build(load_packaged())


@pytest.mark.parametrize(
    ("question", "action"),
    [
        ("GB/T 10789第1号修改单改了哪些数据", "answer"),
        ("从今天起执行GB 2762-2025吗", "answer"),
        ("今天天气咋样 桶装水铜绿怎么测", "answer"),
        ("外卖奶茶杯用什么标准", "answer"),
        ("人家说桶装水信息要追溯，怎么做", "answer"),
        ("客户喝了我们的水拉肚子，要赔偿怎么办", "route"),
        ("溴酸盐0.012能不能给写成0.01", "decline"),
        ("农夫山泉的配方是啥", "decline"),
        ("能不能先出报告后送样", "decline"),
        ("我肾结石 能喝矿泉水不", "decline"),
    ],
)
def test_only_what_is_unlawful_or_private_is_declined(
    matcher: Matcher, question: str, action: str
) -> None:
    assert matcher.decide(question, today=TODAY).action == action


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("我想问GB 7718。12月开始执行吗", "GB 7718-2011"),
        ("GB 7718一2025", "GB 7718-2025"),
        ("xiusuanyan 桶装水", "溴酸盐：≤0.01 mg/L"),
        ("GB 31604.30-2025什么时候实施", "状态：未核"),
        ("桶装水TDS限量", "若为饮用天然矿泉水"),
    ],
)
def test_odd_spellings_and_gaps_are_told_plainly(
    matcher: Matcher, question: str, said: str
) -> None:
    text = matcher.decide(question, today=TODAY).text
    assert said in text
    assert "unknown" not in text


@pytest.mark.parametrize("question", ["桶装水", "矿泉水？", "溴酸盐"])
def test_a_name_alone_is_asked_back(matcher: Matcher, question: str) -> None:
    decision = matcher.decide(question, today=TODAY)
    assert decision.action == "clarify"
    assert decision.text


def test_an_indicator_that_wants_a_product_is_not_dropped(matcher: Matcher) -> None:
    text = matcher.decide("原水铁锰超标", today=TODAY).text
    assert "生活饮用水·铁：≤0.3 mg/L" in text
    assert "锰的限值随产品而不同" in text
