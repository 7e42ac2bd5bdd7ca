"""What is said around a question is not part of it."""

import time

import pytest

from nlp.courtesies import without_courtesies
from nlp.text import clean


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("你好，移液枪几年检一次谢谢", "移液枪几年检一次"),
        ("请问请问老师，铜绿限量？谢谢老师！！", "铜绿限量"),
        ("早上好 GB 7718 新版 谢谢啦~", "gb 7718 新版"),
        ("亲水作用色谱", "亲水作用色谱"),
        ("hi", "hi"),
        ("谢谢", "谢谢"),
        ("你好！", "你好!"),
        ("老师傅培训要证吗", "老师傅培训要证吗"),
    ],
)
def test_openings_and_closings_are_left_out(said: str, asked: str) -> None:
    assert without_courtesies(clean(said)) == asked


@pytest.mark.parametrize("part", ["谢谢", "你好", "-", "你好,", ",谢谢"])
def test_repetition_is_no_trap(part: str) -> None:
    text = part * (1000 // len(part))
    began = time.process_time()
    for around in (text, f"{text}水", f"水{text}", f"水{text}水"):
        without_courtesies(around)
    assert time.process_time() - began < 0.5
