"""The things a text names: products, instruments, packages, and the words of the cues."""

from collections.abc import Iterable

from nlp.lines import read_lines
from nlp.text import clean
from nlp.tokens import synonyms


class Subjects:
    """Finds names; spoken ones stand for the formal ones of the synonyms file."""

    def __init__(self, names: Iterable[str]) -> None:
        general = {word for line in read_lines("general_products.txt") for word in line.split()}
        self._formal = {clean(name): clean(name) for name in names if name not in general}
        for spoken, formal in synonyms().items():
            known = next((word for word in formal if word in self._formal), None)
            if known:
                self._formal.setdefault(spoken, known)
        # By their first two characters, the longest first: it wins where several fit.
        self._by_start: dict[str, list[str]] = {}
        for name in sorted(self._formal, key=len, reverse=True):
            if len(name) > 1:
                self._by_start.setdefault(name[:2], []).append(name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._formal)

    def find(self, text: str) -> frozenset[str]:
        """The longest names at each place, from left to right, none reaching into another."""
        plain = clean(text)
        found: set[str] = set()
        at = 0
        while at < len(plain) - 1:
            known = self._by_start.get(plain[at : at + 2], ())
            name = next((name for name in known if plain.startswith(name, at)), "")
            if name:
                found.add(self._formal[name])
            at += len(name) or 1
        return frozenset(found)
