import pytest

from nlp.intents import read_intents


@pytest.mark.parametrize(
    "text",
    [
        "你好",
        "老师您好，在吗？",
        "好的好的谢谢啦",
        "那先这样，改天再联系",
        "ok👍",
        "哈哈哈",
        "辛苦了！",
    ],
)
def test_courtesies_with_fillers_are_a_greeting(text: str) -> None:
    assert read_intents(text).greeting


@pytest.mark.parametrize("text", ["", "？？", "老师", "那", "你好，查一下报告", "好的水", "谢谢a"])
def test_a_filler_alone_or_anything_more_is_none(text: str) -> None:
    assert not read_intents(text).greeting
