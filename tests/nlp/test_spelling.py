import time

import pytest

from nlp import Matcher, load_packaged
from nlp.spelling import Speller
from nlp.text import clean

TEXTS = ["桶装水标签怎么写", "桶装水的标签", "小区里卖水", "小区门口"]


@pytest.fixture(scope="module")
def speller() -> Speller:
    return Speller(["商标", "矿泉水", "检测", "取水", "标签", "pH计"], TEXTS)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("矿全水溴酸盐", "矿泉水溴酸盐"),
        ("伤标转让", "商标转让"),
        ("全项检侧", "全项检测"),
        ("矿泉税 伤标", "矿泉水 商标"),
    ],
)
def test_a_homophone_in_a_word_is_mended(speller: Speller, typed: str, meant: str) -> None:
    assert speller.mend(typed) == meant


@pytest.mark.parametrize("text", ["小区水站", "标签检测", "矿权税", "", "a", "GB 7718", "😀"])
def test_what_is_right_or_beyond_guessing_stays(speller: Speller, text: str) -> None:
    assert speller.mend(text) == text


@pytest.mark.parametrize(
    "text", ["从今天起执行", "对结果有疑问", "地表水标准", "查饮料标准", "氟含量超标怎么办"]
)
def test_words_that_are_right_stay(text: str) -> None:
    words = ["天气", "有益", "地标", "茶饮料", "富含", "氟"]
    assert Speller(words, []).mend(text) == text


def test_words_of_one_sound_are_not_guessed() -> None:
    speller = Speller(["检定", "鉴定"], [])
    assert speller.mend("检丁") == "检丁"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("kuangquanshui 检测", "矿泉水 检测"),
        ("kuangquanshuijiance", "矿泉水检测"),
        ("shangbiao", "商标"),
    ],
)
def test_words_in_letters_are_read(speller: Speller, typed: str, meant: str) -> None:
    assert speller.mend(typed) == meant


@pytest.mark.parametrize("text", ["haccp", "shangbiaox", "jian", "quality", "xshangbiao"])
def test_other_letters_stay(speller: Speller, text: str) -> None:
    assert speller.mend(text) == text


def test_a_long_run_of_letters_is_no_trap(speller: Speller) -> None:
    began = time.process_time()
    assert speller.mend("jiance" * 160 + "x") == "jiance" * 160 + "x"
    assert time.process_time() - began < 0.2


def test_hardly_anything_right_is_mended() -> None:
    """Answers and notes were proofread; what is mended in them was right before."""
    corpus = load_packaged()
    speller = Matcher.build(corpus)._gatherer._speller
    texts = [clean(article.answer) for article in corpus.articles]
    texts += [clean(row.notes) for row in corpus.standards if row.notes]
    mended = [text for text in texts if speller.mend(text) != text]
    assert len(mended) <= len(texts) / 100
