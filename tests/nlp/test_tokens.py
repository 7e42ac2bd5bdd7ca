import pytest

from nlp.corpus import load_packaged
from nlp.standard_numbers import find_standard_numbers
from nlp.text import clean, clip_bytes, fold
from nlp.tokens import (
    JiebaSegmenter,
    RustSegmenter,
    apart,
    bigrams,
    dictionary,
    formal_words,
    words,
)

KNOWN_DIFFERENCES = ["cpk1.0够不够", "印ph7.8±0.5行不行"]
SENTENCES = [
    "桶装水铜绿假单胞菌超标怎么处理",
    "纯净水电导率和溴酸盐的限量是多少",
    "游标卡尺和电子天平的检定周期",
    "食品生产许可证变更增加果味饮料品种",
    "绿色检验通道怎么申请需要什么材料",
    "预包装食品标签通则新版什么时候实施",
    "我想租一台原子荧光光度计做重金属检测",
    "灌装间洁净度要万级还是十万级",
    "企业落实食品安全主体责任监督管理规定",
    "haccp和食品安全管理体系能一起审吗",
]


def test_numbers_stay_whole() -> None:
    assert words("桶装水执行gb19298-2014吗")[:2] == ["GB|19298", "GB|19298|2014"]


def test_domain_words_stay_whole() -> None:
    found = words("桶装水铜绿假单胞菌、溴酸盐、电导率")
    assert {"桶装水", "铜绿假单胞菌", "溴酸盐", "电导率"} <= set(found)


def test_spoken_words_have_formal_ones() -> None:
    assert "铜绿假单胞菌" in formal_words(["铜绿"])
    assert "饮用天然矿泉水" in formal_words(["矿泉水"])


def test_both_segmenters_give_the_same_words() -> None:
    pytest.importorskip("rjieba")
    pure, fast = JiebaSegmenter(dictionary()), RustSegmenter(dictionary())
    for sentence in SENTENCES:
        assert fast.cut(sentence) == pure.cut(sentence)
        assert sorted(fast.cut_for_search(sentence)) == sorted(pure.cut_for_search(sentence))


def test_bigrams_stay_inside_a_run() -> None:
    assert bigrams("水质 PH值") == ["水质", "ph", "值"]


def test_folding_keeps_the_length() -> None:
    text = "ＧＢ／Ｔ　１０７８９—２０１５\u200b【新】ÀßŒ"
    assert len(fold(text)) == len(text)
    assert fold(text).startswith("gb/t 10789-2015")


def test_cleaning_drops_what_nobody_sees() -> None:
    assert clean("\x00 a\t\tB ") == "a b"


def test_clipping_ends_at_a_line() -> None:
    assert clip_bytes("一二\n三四\n五", 14) == "一二\n三四"
    assert clip_bytes("一二三", 7) == "一二"
    assert clip_bytes("短", 100) == "短"


def without_numbers(plain: str) -> str:
    for number in reversed(find_standard_numbers(plain)):
        start, end = number.span
        plain = f"{plain[:start]} {plain[end:]}"
    return plain


def test_both_segmenters_agree_on_all_that_is_packaged() -> None:
    """STACK.md: the same words for 99.9 % of the texts; those that differ are named here."""
    pytest.importorskip("rjieba")
    pure, fast = JiebaSegmenter(dictionary()), RustSegmenter(dictionary())
    corpus = load_packaged()
    texts = [clean(example.text) for example in corpus.examples]
    texts += [clean(text) for a in corpus.articles for text in (a.question, *a.variants)]
    texts += [clean(row.title) for row in corpus.standards]
    # Numbers of standards never reach a segmenter.
    texts = [apart(without_numbers(text)) for text in texts]
    differing = [
        text
        for text in texts
        if sorted(fast.cut_for_search(text)) != sorted(pure.cut_for_search(text))
    ]
    assert differing == KNOWN_DIFFERENCES
    assert len(differing) <= len(texts) / 1000
