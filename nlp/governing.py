"""Which standards belong to a question, best first: numbers, subject words, titles, articles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from nlp.corpus import Corpus, Standard
from nlp.index import Document, SearchIndex
from nlp.resolve import Resolver
from nlp.text import clean
from nlp.tokens import read_lines, synonyms

# Numbers best first, the weight of the first of them, and the reason in Chinese.
Claim = tuple[Sequence[str], float, str]

MOST = 5
_KNOWN_BY_CUE = 0.45
_PER_CHARACTER = 0.06
_TITLE = 1.6
_LEAST = 0.3
# A later place in a list of standards is a weaker claim.
_STEP = 0.08


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that must all occur and the names of what governs them."""

    words: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def weight(self) -> float:
        return _KNOWN_BY_CUE + _PER_CHARACTER * sum(map(len, self.words))


@dataclass(frozen=True, slots=True)
class Scored:
    number: str
    score: float
    why: str


class Governing:
    def __init__(self, corpus: Corpus, resolver: Resolver) -> None:
        self._corpus = corpus
        self._resolver = resolver
        self._cues = list(_read_cues())
        self._titles = SearchIndex.build(
            Document(row.number, row.number, f"{_plain_title(row)} {' '.join(row.products)}")
            for row in corpus.standards
        )

    def rank(self, text: str, claims: Iterable[Claim], today: date) -> list[Scored]:
        """At most MOST standards. `claims` are (numbers, weight, reason) found by other means."""
        best: dict[str, Scored] = {}

        def claim(number: str, score: float, why: str) -> None:
            known = best.get(number)
            if number in self._corpus.by_number and (known is None or known.score < score):
                best[number] = Scored(number, score, why)

        for numbers, weight, why in claims:
            for place, number in enumerate(numbers):
                claim(number, weight - _STEP * place, why)
        for cue in self.cues_in(text):
            numbers = self._resolver.in_force(cue.names, today)
            for place, number in enumerate(numbers):
                claim(number, cue.weight - _STEP * place, f"主题词“{'＋'.join(cue.words)}”")
        for hit in self._titles.search(text, 6):
            found = _TITLE * hit.confidence
            stale = self._corpus.status(hit.id, today) == "废止"
            claim(hit.id, found * (0.5 if stale else 1.0), "题名相近")
        ranked = sorted(best.values(), key=lambda scored: (-scored.score, scored.number))
        return [scored for scored in ranked if scored.score >= _LEAST][:MOST]

    def cues_in(self, text: str) -> list[Cue]:
        """Cues whose words all occur in the text or in the formal words of its spoken ones."""
        plain = clean(text)
        spoken = [formal for word, formal in synonyms().items() if word in plain]
        plain += " " + " ".join(part for formal in spoken for part in formal)
        return [cue for cue in self._cues if all(word in plain for word in cue.words)]


def _plain_title(row: Standard) -> str:
    return row.title.removeprefix("食品安全国家标准 ")


def _read_cues() -> Iterable[Cue]:
    for line in read_lines("cues.txt"):
        words, names = line.split("\t")
        targets = tuple(name.strip() for name in names.split(";"))
        for choice in words.split("|"):
            yield Cue(tuple(clean(word) for word in choice.split("+")), targets)
