"""Mends homophones that voice input and typing leave in words of the domain: 矿全水, 伤标, 检侧."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from itertools import pairwise

from nlp.tokens import bigrams, read_lines

_CHINESE = re.compile(r"[一-鿿]{2,}")
_LONGEST = 6
_SHORTEST = 2
# A pair of characters that several texts hold is no slip of the keyboard.
_COMMON = 2


@cache
def _sounds() -> dict[str, str]:
    pairs = (line.split() for line in read_lines("pinyin.txt"))
    return {mark: sound for sound, marks in pairs for mark in marks}


def _sound_of(word: str) -> tuple[str, ...]:
    return tuple(map(_sounds().get, word, word))


class Speller:
    """Takes a stretch for the word it sounds like, if one of its characters fits nowhere."""

    def __init__(self, words: Iterable[str], texts: Iterable[str]) -> None:
        """`words` may be put in; the pairs of characters of `texts` are known to be right."""
        self._words = {word for word in words if _CHINESE.fullmatch(word)}
        self._by_sound: dict[tuple[str, ...], str] = {}
        for word in sorted(self._words):
            if _SHORTEST <= len(word) <= _LONGEST:
                sound = _sound_of(word)
                # Of two words that sound alike neither can be guessed.
                self._by_sound[sound] = "" if sound in self._by_sound else word
        self._starts = {sound[:_SHORTEST] for sound in self._by_sound}
        seen = Counter(pair for text in texts for pair in set(bigrams(text)))
        self._pairs = {pair for pair, count in seen.items() if count >= _COMMON}

    def mend(self, text: str) -> str:
        """Same length as `text`, with one character put right in each word mended."""
        sounds = _sound_of(text)
        mended = text
        # Hardly any two sounds begin a word.
        starts = [at for at, pair in enumerate(pairwise(sounds)) if pair in self._starts]
        for at in starts:
            for size in range(min(_LONGEST, len(text) - at), _SHORTEST - 1, -1):
                word = self._by_sound.get(sounds[at : at + size])
                if word and self._is_slip(text, at, word):
                    mended = mended[:at] + word + mended[at + size :]
                    break
        return mended

    def _is_slip(self, text: str, start: int, word: str) -> bool:
        """One character differs, and it makes no known pair with either of its neighbours."""
        wrong = [at for at, mark in enumerate(word, start) if text[at] != mark]
        if len(wrong) != 1:
            return False
        at = wrong[0]
        return text[max(at - 1, 0) : at + 1] not in self._pairs and (
            text[at : at + 2] not in self._pairs
        )
