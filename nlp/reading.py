"""What indexes and models see in a text, worked out once and handed on."""

from msgspec import Struct

from nlp.sounds import sounded
from nlp.standard_numbers import StandardNumber, find_bare_numbers, find_standard_numbers
from nlp.text import clean
from nlp.tokens import bigrams_of, characters_of, runs, words_around


class Reading(Struct, frozen=True):
    """`text` is cleaned, and the spans of the numbers count its characters.

    `pairs` are of characters, `sounds` pairs of their sounds; `characters` are distinct.
    """

    text: str
    numbers: tuple[StandardNumber, ...]
    bare_numbers: tuple[StandardNumber, ...]
    words: tuple[str, ...]
    pairs: tuple[str, ...]
    sounds: tuple[str, ...]
    characters: tuple[str, ...]


def read(text: str) -> Reading:
    plain = clean(text)
    numbers = find_standard_numbers(plain)
    found = runs(plain)
    return Reading(
        text=plain,
        numbers=tuple(numbers),
        bare_numbers=tuple(find_bare_numbers(plain, numbers)),
        words=tuple(words_around(plain, numbers)),
        pairs=tuple(bigrams_of(found)),
        # Letters and digits are no sounds: they stand among the pairs.
        sounds=tuple(bigrams_of([sounded(run) for run in found if not run[0].isascii()])),
        # Sorted, so that sums over them come out the same in every process.
        characters=tuple(sorted(characters_of(found))),
    )
