"""Which limits a question is about: product × indicator, through a small tree of products."""

import re
from collections.abc import Iterable

from msgspec import Struct

from nlp.corpus import StandardLimit
from nlp.lines import read_lines
from nlp.text import clean
from nlp.tokens import segmenter, synonyms

_BRACKETS = re.compile(r"[（(][^）)]*[）)]")
_EXCEPTED = re.compile(r"[（(]([^）)]*(?:除外|另有规定)[^）)]*)[）)]")
_EXCEPTING = re.compile(r"除外|等?另有规定")
_SPLIT = re.compile(r"[、；，]|及其制品|和制作料")
# Tap water, bottled water and mineral water are asked for most; then the drinks.
_FIRST = ("包装饮用水", "饮用天然矿泉水", "生活饮用水", "饮料", "碳酸饮料", "固体饮料")
# People leave out "total" and the ion; the tables do not.
_SHORT_NAMES = {
    "总砷": ("砷",),
    "总汞": ("汞",),
    "总铬": ("铬", "六价铬"),
    "铬": ("六价铬",),
    "铝的残留量": ("铝", "铝残留"),
    "二氧化硫残留量": ("二氧化硫",),
    "甜蜜素": ("环己基氨基磺酸钠",),
    "游离氯": ("余氯",),
    "余氯": ("游离氯",),
    "二氧化碳气容量": ("气容量",),
    "乙二胺四乙酸二钠": ("edta",),
    "高锰酸盐指数": ("耗氧量",),
    "耗氧量": ("高锰酸盐指数",),
    "挥发酚": ("挥发性酚",),
    "挥发性酚": ("挥发酚",),
    "硼酸盐": ("硼",),
    "氟化物": ("氟",),
    "226ra放射性": ("镭",),
}
# "pH计" and "余氯仪" measure an indicator; whoever names them asks about the instrument.
_NOT_AN_INSTRUMENT = "(?! ?(?:计(?!量)|仪|测定仪|检测仪|分析仪|探头|传感器|报警))"


class Mentions(Struct, frozen=True):
    """Names of the tables found in a text, in its order; `spans`: where indicators stand."""

    products: tuple[str, ...]
    indicators: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


class LimitBook:
    def __init__(self, limits: Iterable[StandardLimit]) -> None:
        self._above: dict[str, tuple[str, ...]] = {}
        self._out_of_scope: set[tuple[str, str]] = set()
        self._called: dict[str, str] = {}
        self._read_products()
        self._rows: dict[str, list[StandardLimit]] = {}
        self._heads: dict[StandardLimit, frozenset[str]] = {}
        self._excepted: dict[StandardLimit, frozenset[str]] = {}
        for row in limits:
            self._rows.setdefault(indicator_name(row), []).append(row)
            self._heads[row] = self._names_in(_BRACKETS.sub("", row.product))
            excepted = _EXCEPTED.search(row.product)
            self._excepted[row] = (
                self._names_in(_EXCEPTING.sub("", excepted[1])) if excepted else frozenset()
            )
        self._indicators = self._indicator_words()
        self._find_product = _alternatives(self._called)
        self._find_indicator = _alternatives(
            (word for word in self._indicators if len(word) > 1), _NOT_AN_INSTRUMENT
        )

    def mentions(self, text: str) -> Mentions:
        plain = clean(text)
        products = [self._called[found[0]] for found in self._find_product.finditer(plain)]
        places: list[tuple[int, str]] = []
        spans: list[tuple[int, int]] = []
        taken = [False] * len(plain)
        for found in self._find_indicator.finditer(plain):
            taken[found.start() : found.end()] = [True] * (found.end() - found.start())
            places.extend((found.start(), name) for name in self._indicators[found[0]])
            spans.append(found.span())
        at = 0
        # A single character is an element only where the segmenter leaves it alone: 铜, not 铜版纸.
        for word in segmenter().cut(plain):
            if len(word) == 1 and word in self._indicators and not taken[at]:
                places.extend((at, name) for name in self._indicators[word])
                spans.append((at, at + 1))
            at += len(word)
        indicators = [name for _, name in sorted(places, key=lambda place: place[0])]
        below = {upper for name in products for upper in self._above.get(name, ())}
        narrow = [name for name in dict.fromkeys(products) if name not in below]
        return Mentions(tuple(narrow), tuple(dict.fromkeys(indicators)), tuple(spans))

    @property
    def indicators(self) -> tuple[str, ...]:
        """Every name by which an indicator is found."""
        return tuple(self._indicators)

    def without_products(self, text: str) -> str:
        return self._find_product.sub(" ", clean(text))

    def is_bare(self, text: str) -> bool:
        """Whether it is a name of the tables and nothing else: "桶装水", "溴酸盐？"."""
        left = self._find_indicator.sub("", self._find_product.sub("", clean(text)))
        return not any(map(str.isalnum, left))

    def rows(self, product: str, indicator: str) -> list[StandardLimit]:
        """The limits that hold for a product, the most particular ones only.

        Where none is set for it or above it, those set for its kinds below.
        """
        ranked: list[tuple[int, StandardLimit]] = []
        for row in self._rows.get(indicator, []):
            distance = self._distance(row, product)
            if distance is not None:
                ranked.append((distance, row))
        if ranked:
            nearest = min(distance for distance, _ in ranked)
            return [row for distance, row in ranked if distance == nearest]
        return [
            row
            for row in self._rows.get(indicator, [])
            if any(product in self._above.get(head, ()) for head in self._heads[row])
        ]

    def covers(self, row: StandardLimit, products: Iterable[str]) -> bool:
        """Whether the row holds for one of the products, and not only for a kind of it."""
        return any(self._distance(row, product) is not None for product in products)

    def all_rows(self, indicator: str) -> list[StandardLimit]:
        """All limits of an indicator, those of water and drinks first."""

        def place(row: StandardLimit) -> int:
            heads = self._heads[row]
            return next((at for at, name in enumerate(_FIRST) if name in heads), len(_FIRST))

        return sorted(self._rows.get(indicator, []), key=place)

    def product_of(self, row: StandardLimit) -> str:
        """A name for the row's product that `mentions` finds again."""
        head = _BRACKETS.sub("", row.product)
        known = next((name for name in _SPLIT.split(head) if name in self._called), head)
        return self._called.get(known, known)

    def _distance(self, row: StandardLimit, product: str) -> int | None:
        if (row.number, product) in self._out_of_scope:
            return None
        line = (product, *self._above.get(product, ()))
        if self._excepted[row] & set(line):
            return None
        return next((at for at, name in enumerate(line) if name in self._heads[row]), None)

    def _names_in(self, text: str) -> frozenset[str]:
        parts = [part.removesuffix("类").removesuffix("的") for part in _SPLIT.split(text) if part]
        parts += [text, text.removesuffix("类")]
        return frozenset(self._called.get(clean(part), part) for part in parts if part)

    def _read_products(self) -> None:
        for line in read_lines("products.txt"):
            if line.startswith("!"):
                _, *number, product = line.split()
                self._out_of_scope.add((" ".join(number), product))
                continue
            name, above, called = (part.strip() for part in line.split("|"))
            self._above[name] = tuple(above.split())
            self._called[clean(name)] = name
            for word in called.split():
                self._called.setdefault(clean(word), name)

    def _indicator_words(self) -> dict[str, tuple[str, ...]]:
        spoken: dict[str, list[str]] = {name: [name] for name in self._rows}
        for name in self._rows:
            for short in _SHORT_NAMES.get(name, ()):
                spoken.setdefault(short, []).append(name)
        for word, formal in synonyms().items():
            if word in spoken:
                continue
            names = [name for part in formal for name in spoken.get(part, ())]
            if names:
                spoken[word] = names
        return {word: tuple(dict.fromkeys(names)) for word, names in spoken.items()}


def product_names() -> list[str]:
    """Every name and byname of products.txt."""
    lines = (line for line in read_lines("products.txt") if not line.startswith("!"))
    parts = (line.split("|") for line in lines)
    return [word for name, _, called in parts for word in (name.strip(), *called.split())]


def indicator_name(row: StandardLimit) -> str:
    """The indicator without what stands in brackets: 耗氧量（以O2计） -> 耗氧量; folded."""
    return clean(_BRACKETS.sub("", row.indicator))


def _alternatives(words: Iterable[str], unless: str = "") -> re.Pattern[str]:
    """Any of the words, the longest first; `unless` is what must not follow."""
    longest_first = sorted((word for word in words if word), key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, longest_first)) or '(?!)'}){unless}")
