"""Which of many words a text holds, without trying each of them."""

import re
from collections.abc import Iterable
from operator import add
from typing import Generic, TypeVar

T = TypeVar("T")


class Finder(Generic[T]):
    """Only the words that begin with a pair of characters of the text are looked for in it."""

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        """`entries` are (word, what it stands for); a word may come more than once."""
        self._by_start: dict[str, list[tuple[int, str, T]]] = {}
        # Letters inside other letters are another word: sc in script.
        self._alone: dict[str, re.Pattern[str]] = {}
        for place, (word, value) in enumerate(entries):
            self._by_start.setdefault(word[:2], []).append((place, word, value))
            if word.isascii() and word.isalpha():
                self._alone[word] = re.compile(rf"(?<![a-z]){re.escape(word)}(?![a-z])")

    def find(self, text: str) -> list[T]:
        """What the words in `text` stand for, in the order of the entries."""
        starts = {*text, *map(add, text, text[1:])}
        found = [
            (place, value)
            for start in starts & self._by_start.keys()
            for place, word, value in self._by_start[start]
            if word in text and (word not in self._alone or self._alone[word].search(text))
        ]
        found.sort(key=lambda entry: entry[0])
        return [value for _, value in found]
