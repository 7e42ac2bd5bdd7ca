"""Words for index and models: standard numbers whole, the rest cut by jieba's search mode."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import add
from typing import Protocol

from nlp.lines import read_lines
from nlp.standard_numbers import StandardNumber, find_standard_numbers
from nlp.text import clean

_WORDLIKE = re.compile(r"[0-9a-z一-鿿㐀-䶿μα-ω]")
_CHARACTER_RUN = re.compile(r"[0-9a-z.]+|[一-鿿㐀-䶿]+")
_JOINT = re.compile(r"-|(?<=\d)(?=[a-z])")
_PARTICLES = frozenset("的了吗呢啊吧呀么嘛哦嗯")


class Segmenter(Protocol):
    """Cuts into words; `cut_known` into those of the dictionary, guessing none."""

    def cut(self, text: str) -> list[str]: ...

    def cut_for_search(self, text: str) -> list[str]: ...

    def cut_known(self, text: str) -> list[str]: ...


def dictionary() -> list[tuple[str, int]]:
    """Words of the domain with the frequency that keeps each of them whole."""
    entries = (line.split() for line in read_lines("userdict.txt"))
    # jieba matches letters as written and every text reaches it folded to small ones.
    return [(entry[0].lower(), int(entry[1])) for entry in entries]


class JiebaSegmenter:
    """jieba itself; the segmenter of record."""

    def __init__(self, words: Iterable[tuple[str, int]]) -> None:
        import jieba  # noqa: PLC0415  rjieba replaces its 83 MB wherever that is installed

        self._jieba = jieba.Tokenizer()
        for word, frequency in words:
            self._jieba.add_word(word, frequency)

    def cut(self, text: str) -> list[str]:
        return list(self._jieba.cut(text))

    def cut_for_search(self, text: str) -> list[str]:
        return list(self._jieba.cut_for_search(text))

    def cut_known(self, text: str) -> list[str]:
        return list(self._jieba.cut(text, HMM=False))


class RustSegmenter:
    """rjieba: the same words, about 25 times faster (STACK.md)."""

    def __init__(self, words: Iterable[tuple[str, int]]) -> None:
        import rjieba  # noqa: PLC0415  optional: there is no wheel for every machine

        self._jieba = rjieba.Jieba()
        for word, frequency in words:
            self._jieba.add_word(word, frequency, "n")

    def cut(self, text: str) -> list[str]:
        return list(self._jieba.cut(text))

    def cut_for_search(self, text: str) -> list[str]:
        return list(self._jieba.cut_for_search(text))

    def cut_known(self, text: str) -> list[str]:
        return list(self._jieba.cut(text, hmm=False))


@cache
def segmenter() -> Segmenter:
    """The process's segmenter: dictionaries are large, so there is one, made at the first use."""
    try:
        return RustSegmenter(dictionary())
    except ImportError:
        return JiebaSegmenter(dictionary())


@cache
def stop_words() -> frozenset[str]:
    """Words of every question that point to no answer."""
    return frozenset(word for line in read_lines("stopwords.txt") for word in line.split())


@cache
def synonyms() -> Mapping[str, tuple[str, ...]]:
    """Spoken form -> formal words, both folded."""
    pairs = (line.split() for line in read_lines("synonyms.txt"))
    return {clean(head): tuple(clean(word) for word in tail) for head, *tail in pairs}


def words(text: str) -> list[str]:
    """Standard numbers as keys, then the words of search mode without particles."""
    plain = clean(text)
    return words_around(plain, find_standard_numbers(plain))


def words_around(plain: str, numbers: Sequence[StandardNumber]) -> list[str]:
    """`words` of a cleaned text whose numbers are known: "GB|19298", "GB|19298|2014", 限量."""
    keys: list[str] = []
    for number in numbers:
        keys.append(number.key)
        if number.year:
            keys.append(f"{number.key}|{number.year}")
    rest = plain
    for number in reversed(numbers):
        start, end = number.span
        rest = f"{rest[:start]} {rest[end:]}"
    particles = stop_words()
    cut = segmenter().cut_for_search(apart(rest))
    return keys + [word for word in cut if word not in particles and _WORDLIKE.search(word)]


def apart(plain: str) -> str:
    """With the parts of 7718-2025, icp-ms and 18.9l standing alone: there segmenters disagree."""
    return _JOINT.sub(" ", plain)


@cache
def _formal_words() -> Mapping[str, tuple[str, ...]]:
    """Spoken form -> its formal words, cut like any text."""
    return {
        spoken: tuple(word for part in formal for word in segmenter().cut_for_search(part))
        for spoken, formal in synonyms().items()
    }


def formal_words(found: Iterable[str]) -> list[str]:
    """The formal words of all spoken forms among `found`, cut like any text."""
    table = _formal_words()
    return [word for spoken in dict.fromkeys(found) for word in table.get(spoken, ())]


def runs(plain: str) -> list[str]:
    """Runs of Chinese, and runs of letters and digits, of a cleaned text."""
    return _CHARACTER_RUN.findall(plain)


def bigrams(text: str) -> list[str]:
    """Character pairs inside each run of Chinese; runs of letters and digits whole."""
    return bigrams_of(runs(clean(text)))


def bigrams_of(found: Iterable[str]) -> list[str]:
    """`bigrams` of a text whose runs are known."""
    grams: list[str] = []
    for run in found:
        if run[0].isascii() or len(run) == 1:
            grams.append(run)
        else:
            grams.extend(map(add, run, run[1:]))
    return grams


def characters_of(found: Iterable[str]) -> set[str]:
    """The distinct characters of these runs, letters and digits whole, particles left out."""
    known: set[str] = set()
    for run in found:
        known.update([run] if run[0].isascii() else run)
    return known - _PARTICLES
