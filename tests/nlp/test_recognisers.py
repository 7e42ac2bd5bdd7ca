"""What holds for all recognisers: places, hostile input, speed, and cutting one sentence up."""

from collections.abc import Callable
from datetime import date
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.amounts import find_numbers
from nlp.confirmations import find_correction, find_yes_no, is_cancel
from nlp.found import Found, left_over
from nlp.phones import find_phones
from nlp.when import find_days, find_spans

TODAY = date(2026, 11, 28)

RECOGNISERS: tuple[Callable[[str], tuple[Found[Any], ...]], ...] = (
    lambda text: find_days(text, TODAY),
    find_spans,
    find_numbers,
    find_phones,
)
# Pieces that make days, numbers and phones likely.
WORDS = st.lists(
    st.sampled_from([

        *"0123456789一二三四五六七八九十两半几个台天日周月年号点",
        *"前后上下这本大明今初底旬到-/.:, （）×\u2028",
        "星期", "小时", "上午", "下午", "之后", "2026", "138", "1234", "5678", "GB ", "改成",
        "不是", "是", "数量", "元旦", "９９９９", "\ud800", "İ", "ß", "👌",
    ])
).map("".join)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(
    text=st.one_of(st.text(max_size=100), WORDS),
    today=st.dates(date(2, 1, 1), date(9999, 12, 31)),
)
def test_nothing_raises_and_places_are_within_the_text(text: str, today: date) -> None:
    for found in (
        find_days(text, today),
        find_spans(text),
        find_numbers(text),
        find_phones(text),
    ):
        end = 0
        for entry in found:
            assert end <= entry.start < entry.end <= len(text)
            assert entry.said == text[entry.start : entry.end]
            end = entry.end
    correction = find_correction(text)
    assert correction is None or correction.words in text
    assert find_yes_no(text) in {True, False, None}
    assert is_cancel(text) in {True, False}


def test_one_sentence_is_cut_into_several_slots() -> None:
    text = "想租一台原子荧光　下周三下午，两天，电话１３８１２３４５６７８"
    taken = [found.place for find in RECOGNISERS for found in find(text)]
    assert left_over(text, taken) == "想租 原子荧光 电话"
    assert [found.said for find in RECOGNISERS for found in find(text)] == [
        "下周三下午",
        "两天",
        "一台",
        "１３８１２３４５６７８",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "1", "周", "一", "下", "12-", "12.", "月", "十二月", "不是", "改", "好的", "138 ", "两个",
        "大概", "3到", "年", "过1", "GB 1-1", "我要", "12月3号到", "(", " ", "明天", "下周三",
    ],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    """A pattern that tries every way of cutting 2,000 characters would take minutes."""
    text = text * (2000 // len(text))
    whole: tuple[Callable[[str], object], ...] = (find_correction, find_yes_no, is_cancel)
    for find in (*RECOGNISERS, *whole):
        began = perf_counter()
        find(text)
        assert perf_counter() - began < 0.5


def test_a_sentence_of_usual_length_takes_less_than_a_few_milliseconds() -> None:
    """Measured: 0.04 to 0.7 ms for 200 characters. The bound leaves room for a loaded machine."""
    text = (
        "想租一台原子荧光光度计做水样里的砷和汞，下周三下午三点左右过来，大概用两天，我们一共带20个样品，"
        * 4
    )
    for find in RECOGNISERS:
        find(text)
        best = min(_seconds(find, text[:200]) for _ in range(20))
        assert best < 0.005


def _seconds(find: Callable[[str], object], text: str) -> float:
    began = perf_counter()
    find(text)
    return perf_counter() - began
