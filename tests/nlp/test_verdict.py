"""A value that somebody has measured, beside the limit."""

from datetime import date

import pytest

from nlp import Matcher, StandardLimit, load_packaged
from nlp.standard_numbers import find_standard_numbers
from nlp.text import clean
from nlp.verdict import values, verdict

TODAY = date(2026, 11, 28)


def limit(bound: str, unit: str = "mg/L", indicator: str = "某物") -> StandardLimit:
    return StandardLimit("GB 1-2020", "水", indicator, bound, unit, "", "", "test")


def judge(text: str, row: StandardLimit) -> str:
    plain = clean(text)
    return verdict(values(plain, find_standard_numbers(plain)), row)


@pytest.mark.parametrize(
    ("text", "bound", "unit", "word"),
    [
        ("测了0.012", "≤0.01", "mg/L", "此项不合格"),
        ("测了0.01", "≤0.01", "mg/L", "此项合格"),
        ("测了0.01", "<0.01", "mg/L", "此项不合格"),
        ("测了0.01", "0.01", "mg/L", "此项合格"),
        ("8 μg/L 行不行", "<0.01", "mg/L", "此项合格"),
        ("12ug/l", "<0.01", "mg/L", "此项不合格"),
        ("0.2 g/kg", "≤100", "mg/kg", "此项不合格"),
        ("气容量1.3倍", "≥1.5", "倍", "低于限值 ≥1.5 倍，此项不合格"),
        ("标准200，我们230", "≤200", "mg/kg", "此项不合格"),
        ("限值200 我们也是200", "≤200", "mg/kg", ""),
        ("GB 2762-2025 测了0.012", "≤0.01", "mg/L", "此项不合格"),
        ("2026年3月送的 0.012", "≤0.01", "mg/L", "此项不合格"),
        ("500ml的水 3个样 测了0.012", "≤0.01", "mg/L", "此项不合格"),
        ("检出2个", "n=5,c=0,m=0", "CFU/250mL", "检出 2，不符合"),
        ("检出0", "n=5,c=0,m=0", "CFU/250mL", "未检出，符合"),
    ],
)
def test_values_are_compared(text: str, bound: str, unit: str, word: str) -> None:
    said = judge(text, limit(bound, unit))
    assert word in said
    assert bool(said) == bool(word)


@pytest.mark.parametrize(
    ("text", "bound", "unit"),
    [
        ("限量多少", "≤0.01", "mg/L"),
        ("0.012和0.02哪个超", "≤0.01", "mg/L"),
        ("0.02 mg/kg", "≤0.01", "mg/L"),
        ("测了0.012", "不得使用", "g/kg"),
        ("检出2个", "n=5,c=2,m=100,M=10000", "CFU/mL"),
        ("2026 2027", "≤0.01", "mg/L"),
    ],
)
def test_what_cannot_be_compared_is_not_judged(text: str, bound: str, unit: str) -> None:
    assert judge(text, limit(bound, unit)) == ""


def test_unit_and_minimum_are_said() -> None:
    assert judge("0.3", limit("≤0.5")) == "0.3（按 mg/L 计）符合限值 ≤0.5 mg/L，此项合格"
    assert "低于限值 ≥0.2 mg/L" in judge("0.1", limit("0.2", indicator="最小含量"))


def test_answer_judges_by_the_edition_in_force() -> None:
    matcher = Matcher.build(load_packaged())
    said = matcher.decide("饮用天然水亚硝酸盐0.006合格吗", today=TODAY).text
    assert "判定：0.006（按 mg/L 计）符合限值 ≤0.1 mg/L，此项合格" in said
    assert "GB 2762-2025" in said
    assert "2022版为0.005" in said
    unverified = matcher.decide("桶装水溴酸盐0.012超了没", today=TODAY).text
    assert "此项不合格（待核），以检验报告的结论为准" in unverified
