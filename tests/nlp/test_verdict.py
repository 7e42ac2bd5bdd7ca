"""A value that somebody has measured, beside the limit; and all the numbers that are none."""

from datetime import date

import pytest

from nlp import Matcher, StandardLimit, load_packaged
from nlp.standard_numbers import find_standard_numbers
from nlp.text import clean
from nlp.verdict import values, verdict

TODAY = date(2026, 11, 28)
NAME = "溴酸盐"


def limit(bound: str, unit: str = "mg/L", indicator: str = NAME, notes: str = "") -> StandardLimit:
    return StandardLimit("GB 1-2020", "水", indicator, bound, unit, "", notes, "test")


def judge(text: str, row: StandardLimit) -> str:
    plain = clean(text)
    at = plain.find(NAME)
    named = [(at, at + len(NAME))] if at >= 0 else []
    return verdict(values(plain, find_standard_numbers(plain), named), row, plain)


@pytest.mark.parametrize(
    ("text", "bound", "unit", "word"),
    [
        ("溴酸盐0.012", "≤0.01", "mg/L", "此项不合格"),
        ("溴酸盐 0.01 合格吗", "≤0.01", "mg/L", "此项合格"),
        ("溴酸盐0.01", "<0.01", "mg/L", "未低于限值 <0.01 mg/L，此项不合格"),
        ("溴酸盐测出0.01", "0.01", "mg/L", "此项合格"),
        ("溴酸盐 8 μg/L 行不行", "<0.01", "mg/L", "此项合格"),
        ("溴酸盐12ug/l超标没", "<0.01", "mg/L", "此项不合格"),
        ("溴酸盐5ppb合格吗", "≤0.01", "mg/L", "此项合格"),
        ("溴酸盐 5微克每升 合格不", "≤0.01", "mg/L", "此项合格"),
        ("检出0.2 g/kg", "≤100", "mg/kg", "此项不合格"),
        ("实测8 ng/L", "≤0.00001", "mg/L", "此项合格"),
        ("结果是0.45%", "≥0.40", "g/100mL", "此项合格"),
        ("测得8.9 合格吗", "6.5~8.5", "-", "不在限值 6.5~8.5，此项不合格"),
        ("气容量为1.3倍", "≥1.5", "倍", "未达到限值 ≥1.5 倍，此项不合格"),
        ("标准200，我们230", "≤200", "mg/kg", "230（按 mg/kg 计）超出限值"),
        ("GB 2762-2025 溴酸盐0.012", "≤0.01", "mg/L", "此项不合格"),
        ("2026年3月送的 溴酸盐0.012", "≤0.01", "mg/L", "此项不合格"),
        ("500ml的水 3个样 测得0.012", "≤0.01", "mg/L", "此项不合格"),
        ("检出2个 算不合格吗", "n=5,c=0,m=0", "CFU/250mL", "检出 2，不符合"),
        ("检出2", "不应检出", "CFU/100mL", "检出 2，不符合（不应检出）"),
        ("检出0", "n=5,c=0,m=0", "CFU/250mL", "未检出，符合"),
    ],
)
def test_values_are_compared(text: str, bound: str, unit: str, word: str) -> None:
    assert word in judge(text, limit(bound, unit))


@pytest.mark.parametrize(
    "text",
    [
        "溴酸盐限量多少",
        "溴酸盐0.012 上次测得0.02",
        "溴酸盐 批号20261120",
        "溴酸盐报告编号20261128001",
        "溴酸盐 加我微信13800000000",
        "溴酸盐超标了，电话13812345678",
        "溴酸盐 下午3点能出结果吗",
        "溴酸盐 36℃ 48h",
        "溴酸盐培养24h，限量多少",
        "放了2个月的水 溴酸盐",
        "溴酸盐  订单12",
        "5加仑桶装水溴酸盐限量",
        "11.28送的桶装水，溴酸盐限量是多少",
        "11/28送的桶装水 溴酸盐限量",
        "11月28送检的桶装水溴酸盐标准是多少",
        "1、桶装水溴酸盐限量是多少",
        "3楼饮水机溴酸盐超标吗",
        "水温25摄氏度 溴酸盐",
        "溴酸盐检了3遍",
        "溴酸盐怎么测 用3mol/L盐酸吗",
        "溴酸盐超标2倍怎么办",
        "溴酸盐超了0.002咋办",
        "溴酸盐10³合格吗",
        "溴酸盐 1.2e-2",
        "溴酸盐 1.2×10-2",
        "溴酸盐<1 合格吗",
        "溴酸盐小于1",
        "溴酸盐 ND 0.01",
        "溴酸盐未检出(检出限0.005)",
        "溴酸盐限值是0.01吗",
        "溴酸盐 0.02 mg/kg 合格吗",
        "溴酸盐 0.02 bq/l",
    ],
)
def test_other_numbers_are_no_values(text: str) -> None:
    assert judge(text, limit("≤0.01")) == ""


@pytest.mark.parametrize(
    "row",
    [
        limit("≥1000", indicator="溶解性总固体（界限指标）"),
        limit("≥0.3", notes="出厂水；末梢≥0.05"),
        limit("≤0.6", "g/L", notes="按100%酒精度折算"),
        limit("不得使用", "g/kg"),
        limit("n=5,c=2,m=100,M=10000", "CFU/mL"),
    ],
)
def test_a_limit_that_is_not_the_whole_rule_judges_nothing(row: StandardLimit) -> None:
    assert judge("溴酸盐0.2 合格吗", row) == ""


def test_what_is_counted_must_be_the_same() -> None:
    row = limit("≤10", indicator="硝酸盐（以N计）")
    assert judge("溴酸盐40 合格吗 以NO3计", row) == ""
    assert "不合格" in judge("溴酸盐40 合格吗 以N计", row)


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher.build(load_packaged())


def test_answer_judges_by_the_edition_in_force(matcher: Matcher) -> None:
    said = matcher.decide("饮用天然水亚硝酸盐0.006合格吗", today=TODAY).text
    assert "判定：0.006（按 mg/L 计）符合限值 ≤0.1 mg/L，此项合格" in said
    assert "GB 2762-2025" in said
    assert "2022版为0.005" in said
    unverified = matcher.decide("桶装水溴酸盐0.012超了没", today=TODAY).text
    assert "此项不合格（待核），以检验报告的结论为准" in unverified


@pytest.mark.parametrize(
    "text",
    [
        "溴酸盐0.012合格吗",  # of which product?
        "海鲜砷0.5合格吗",  # of none that the table knows
        "桶装水TDS 200合格吗",  # a rule for a kind of it only
        "桶装水溴酸盐0.012 电导率12 合格吗",  # which of the two?
    ],
)
def test_nothing_is_judged_where_it_is_not_plain(matcher: Matcher, text: str) -> None:
    assert "判定" not in matcher.decide(text, today=TODAY).text


def test_a_value_alone_goes_on_with_what_was_asked(matcher: Matcher) -> None:
    said = matcher.decide("0.012合格吗", today=TODAY, context="桶装水溴酸盐限量").text
    assert "此项不合格" in said
