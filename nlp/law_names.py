"""Laws and regulations by the short names people use: 食安法, 抽检办法, 70号令."""

import re
from collections.abc import Iterable, Iterator

from nlp.corpus import Standard
from nlp.text import clean
from nlp.tokens import segmenter

_KIND = re.compile(r"(?:(?:监督)?管理)?(办法|规定|条例)$|(细则|法|目录|通则|纲要)$")
_EDITION = re.compile(r"\(.*?\)")
_ORDER = re.compile(r"(?:令|公告)(?:20\d\d年)?第(\d+)号")
_ASKED_ORDER = re.compile(r"(?<!\d)(\d{1,3}) ?号(?:令|公告)|(?:令|公告)第? ?(\d{1,3}) ?号")
# "安全法" alone is too little to tell one law from another; "食安法" is a name.
_LEAST = 2


class LawNames:
    """A short name is made of the beginnings of the words of the full one, in their order."""

    def __init__(self, standards: Iterable[Standard]) -> None:
        self._patterns: list[tuple[str, str, re.Pattern[str]]] = []
        self._by_order: dict[str, list[str]] = {}
        for row in standards:
            if row.kind != "法规":
                continue
            for order in _ORDER.findall(row.notes):
                self._by_order.setdefault(order, []).append(row.number)
            name = _EDITION.sub("", clean(row.number))
            kind = _KIND.search(name)
            if kind:
                ending = kind[1] or kind[2]
                self._patterns.append((row.number, ending, _short(name[: kind.start()], ending)))

    def find(self, text: str) -> tuple[str, ...]:
        """Numbers of the laws named: those of which most was said, the shortest names first."""
        asked = _ASKED_ORDER.finditer(text)
        orders = [name for match in asked for name in self._by_order.get(match[1] or match[2], ())]
        said = dict(self._by_name(text))
        most = max(said.values(), default=0)
        named = sorted((name for name, size in said.items() if size == most), key=len)
        return tuple(dict.fromkeys(orders + named))

    def _by_name(self, text: str) -> Iterator[tuple[str, int]]:
        for number, ending, pattern in self._patterns:
            if ending not in text:
                continue
            said = max((len(match["said"]) for match in pattern.finditer(text)), default=0)
            if said >= _LEAST:
                yield number, said + len(ending)


def _short(content: str, ending: str) -> re.Pattern[str]:
    # Words of four characters are pairs to those who shorten them: 食品|安全, 特种|设备.
    words = (word for word in segmenter().cut(content) if word.isalnum())
    pairs = [word[at : at + 2] for word in words for at in range(0, len(word), 2)]
    optional = "".join(f"(?:{_beginnings(pair)})?" for pair in pairs)
    return re.compile(f"(?P<said>{optional})(?:(?:监督)?管理)?{ending}")


def _beginnings(word: str) -> str:
    """ "安全" -> "安(?:全)?"; the longest beginning is tried first."""
    pattern = ""
    for mark in reversed(word):
        pattern = f"{mark}(?:{pattern})?" if pattern else mark
    return pattern
