"""Quantities of things, and telephone numbers."""

from decimal import Decimal

import pytest

from nlp.amounts import Amount, find_numbers
from nlp.phones import find_phones
from nlp.quantities import read_number


def amounts(text: str) -> list[tuple[str, str, bool]]:
    return [
        (f"{found.value.number:f}", found.value.unit, found.value.rough)
        for found in find_numbers(text)
    ]


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("想租一台原子荧光 下周三 两天", "1", "台"),
        ("3个水样 后天送", "3", "个"),
        ("３个水样", "3", "个"),
        ("送 12 瓶水", "12", "瓶"),
        ("两桶", "2", "桶"),
        ("俩人", "2", "个"),
        ("半桶", "0.5", "桶"),
        ("十二份", "12", "份"),
        ("一百二十支", "120", "支"),
        ("一百二个", "120", "个"),
        ("1.5吨", "1.5", "吨"),
        ("2万瓶", "20000", "瓶"),
        ("3批次", "3", "批"),
        ("两位老师", "2", "位"),
        ("5公斤样品", "5", "公斤"),
        ("AFS-9700两台", "2", "台"),
        ("AFS-9700 2台", "2", "台"),
        ("预约3台", "3", "台"),
        ("下周三两台", "2", "台"),
        ("12月3号两台", "2", "台"),
        ("按GB 5749-2022做3项", "3", "项"),
        ("电话13812345678 3个样", "3", "个"),
        ("500ml瓶装水 3瓶", "3", "瓶"),
        ("18.9L桶装水两桶", "2", "桶"),
        ("18.9升的桶装水两桶", "2", "桶"),
        ("十一个", "11", "个"),
        ("我有一台设备", "1", "台"),
        ("数量3", "3", ""),
        ("数量：20，周三送", "20", ""),
        ("3", "3", ""),
        ("三", "3", ""),
        (" 20 。", "20", ""),
    ],
)
def test_amounts(text: str, number: str, unit: str) -> None:
    assert amounts(text) == [(number, unit, False)]


@pytest.mark.parametrize(
    ("text", "number", "words"),
    [
        ("大概20台压力表", "20", "大概20台"),
        ("二十台左右吧", "20", "二十台左右"),
        ("十几台", "10", "十几台"),
        ("20多个", "20", "20多个"),
        ("二十来个", "20", "二十来个"),
        ("七八台", "8", "七八台"),
        ("二三十支", "30", "二三十支"),
        ("3-5台", "5", "3-5台"),
        ("三到五台", "5", "三到五台"),
        ("约100份", "100", "约100份"),
        ("20左右", "20", "20左右"),
    ],
)
def test_estimates(text: str, number: str, words: str) -> None:
    (found,) = find_numbers(text)
    assert found.value.number == Decimal(number)
    assert found.value.rough
    assert found.said == words


@pytest.mark.parametrize(
    "text",
    [
        "GB 5749-2022", "GB 5009.11-2014", "12月3号", "2026年12月3日", "13812345678",
        "0551-62345678", "AFS-9700", "500ml瓶装", "18.9L桶", "18.9升桶装水", "24瓶装", "500克/袋",
        "周转箱", "三月酸奶", "一周年", "第三批", "第3个", "一日三餐", "3M试纸", "小时代",
        "一次性手套", "三位数", "三个月", "两个小时", "两天", "三个工作日", "万一个别不合格",
        "这一台", "同一批", "另一个", "哪一家", "AFS-9700台式", "下个月", "几台", "三块钱",
        "瓶装水", "2026版", "天平", "一站式服务", "11.30-12.2", "仨月", "统一", "十一", "7718",
        "半年",
    ],
)  # fmt: skip
def test_what_is_no_amount(text: str) -> None:
    # A number alone answers "几台？"; what is asked about in a sentence is none.
    assert amounts(f"问问{text}的事") == []


def test_several_amounts_in_their_order() -> None:
    found = find_numbers("5台压力表，数量10，3个人")
    assert [entry.value for entry in found] == [
        Amount(Decimal(5), "台"),
        Amount(Decimal(10)),
        Amount(Decimal(3), "个"),
    ]


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("零", 0), ("十", 10), ("二十一", 21), ("一百零五", 105), ("三千五", 3500),
        ("一万二", 12000), ("两千零二十六", 2026), ("一二〇", 120), ("十七八", 18), ("三五", 5),
    ],
)  # fmt: skip
def test_numerals(words: str, number: int) -> None:
    assert read_number(words)[0] == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("电话13812345678", "13812345678"),
        ("138 1234 5678", "13812345678"),
        ("138-1234-5678", "13812345678"),
        ("电话一三八一二三四五六七八", "13812345678"),
        ("幺三八零零零零幺幺幺幺", "13800001111"),
        ("+86 13812345678", "13812345678"),
        ("8613812345678", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("1381 234 5678", "13812345678"),
        ("13812345678 3个水样", "13812345678"),
        ("13812345678，12月3号", "13812345678"),
        ("0551-62345678", "0551-62345678"),
        ("055162345678", "0551-62345678"),
        ("(010)6234 5678", "010-62345678"),
        ("0312－2345678", "0312-2345678"),
        ("0551-62345678转803", "0551-62345678-803"),
        ("电话1381234567", None),
        ("138123456789", None),
        ("12812345678", None),
    ],
)
def test_phones(text: str, number: str | None) -> None:
    (found,) = find_phones(text)
    assert found.value == number


@pytest.mark.parametrize(
    "text",
    [
        "批号1234567890", "单号:123456789012", "QQ1234567890", "NQ1234567890", "GB 5749-2022",
        "2026-12-03", "62345678", "110101199001011234", "6901234567892", "12.3", "500ml", "9700",
        "微信号1234567890", "12345", "20261203",
    ],
)  # fmt: skip
def test_what_is_no_phone(text: str) -> None:
    assert find_phones(text) == ()
