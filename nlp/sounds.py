"""How characters sound, without tone: what a slip of voice input or of a pinyin keyboard keeps."""

from functools import cache

from nlp.lines import read_lines

# Each sound is written as one character of a private area, so that a text keeps its length.
_FIRST = 0xE000


@cache
def _table() -> dict[int, str]:
    lines = (line.split() for line in read_lines("pinyin.txt"))
    return {
        ord(mark): chr(_FIRST + place) for place, (_, marks) in enumerate(lines) for mark in marks
    }


@cache
def _letters() -> dict[str, str]:
    lines = (line.split() for line in read_lines("pinyin.txt"))
    return {mark: sound for sound, marks in lines for mark in marks}


def spelled(word: str) -> str:
    """A word in letters, as on a keyboard: 铜绿 -> tonglv; "" where a sound is unknown."""
    letters = [_letters().get(mark, "") for mark in word]
    return "".join(letters) if all(letters) else ""


def sounded(text: str) -> str:
    """The same length; homophones come out alike, what has no known sound stays as it is."""
    return text.translate(_table())
