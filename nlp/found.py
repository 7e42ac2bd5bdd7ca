"""What a recogniser finds in a text: a value, and the words that said it."""

import re
from collections.abc import Iterable
from typing import Generic, TypeVar

from msgspec import Struct

Value = TypeVar("Value")

# Stands for words that are taken. Folded texts hold no control characters.
_TAKEN = "\x00"
_AROUND = " ,.;:，。；：、!！?？-~～—\n\t\u3000"
_GAP = re.compile(r"[\s,，、;；]*+\x00[\s,，、;；\x00]*")


class Found(Struct, Generic[Value], frozen=True):
    """`said == text[start:end]` in the text as it was typed."""

    value: Value
    start: int
    end: int
    said: str

    @property
    def place(self) -> tuple[int, int]:
        return self.start, self.end


def masked(text: str, places: Iterable[tuple[int, int]]) -> str:
    """`text` in its length, with nothing to find at these places."""
    for start, end in places:
        text = text[:start] + _TAKEN * (end - start) + text[end:]
    return text


def left_over(text: str, places: Iterable[tuple[int, int]]) -> str:
    """What the text says besides: "租原子荧光 下周三 两天" -> "租原子荧光"."""
    return _GAP.sub(" ", masked(text.replace(_TAKEN, " "), places)).strip(_AROUND)
