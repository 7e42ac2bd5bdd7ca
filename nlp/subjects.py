"""The things a text names: products, instruments, packages, and the words of the cues."""

import re
from collections.abc import Iterable

from nlp.text import clean
from nlp.tokens import read_lines, synonyms


class Subjects:
    """Finds names; spoken ones stand for the formal ones of the synonyms file."""

    def __init__(self, names: Iterable[str]) -> None:
        general = {word for line in read_lines("general_products.txt") for word in line.split()}
        self._formal = {clean(name): clean(name) for name in names if name not in general}
        for spoken, formal in synonyms().items():
            known = next((word for word in formal if word in self._formal), None)
            if known:
                self._formal.setdefault(spoken, known)
        longest_first = sorted((name for name in self._formal if len(name) > 1), key=len)
        self._pattern = re.compile("|".join(map(re.escape, reversed(longest_first))) or "(?!)")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._formal)

    def find(self, text: str) -> frozenset[str]:
        return frozenset(self._formal[found[0]] for found in self._pattern.finditer(clean(text)))
