"""Mends homophones that voice input and typing leave in words of the domain: 矿全水, 伤标, 检侧."""

import re
from collections.abc import Iterable
from operator import add

from nlp.sounds import sounded, spelled
from nlp.tokens import bigrams, segmenter

_CHINESE = re.compile(r"[一-鿿]{2,}")
# Fewer letters are more often a word of another language.
_FEWEST_LETTERS = 5
_IN_LETTERS = re.compile(rf"[a-z]{{{_FEWEST_LETTERS},}}")
_LONGEST = 6
_SHORTEST = 2
# Words of one character that stand beside anything: 查饮料 is not 茶饮料, 由机构 not 有机构.
_EVERYDAY = "查找问请想要送测做买卖用由就或各再占分种里受和与及等向对给从把被让没不也都还又很只个"


class Speller:
    """Takes a stretch for the word it sounds like, if one of its characters fits nowhere."""

    def __init__(self, words: Iterable[str], texts: Iterable[str]) -> None:
        """`words` may be put in, and those of one character are never a slip. A pair of characters
        that one of the `texts` holds is right."""
        words = tuple(words)
        self._alone = {word for word in words if len(word) == 1} | set(_EVERYDAY)
        self._by_sound: dict[str, str] = {}
        self._by_letters: dict[str, str] = {}
        for word in sorted({word for word in words if _CHINESE.fullmatch(word)}):
            if _SHORTEST <= len(word) <= _LONGEST:
                sound = sounded(word)
                # Of two words that sound alike neither can be guessed.
                self._by_sound[sound] = "" if sound in self._by_sound else word
            letters = spelled(word)
            if len(letters) >= _FEWEST_LETTERS:
                self._by_letters[letters] = "" if letters in self._by_letters else word
        self._most_letters = max(map(len, self._by_letters), default=0)
        self._starts = {sound[:_SHORTEST] for sound in self._by_sound}
        self._pairs = {pair for text in texts for pair in bigrams(text)}

    def mend(self, text: str) -> str:
        """With words written in letters read, and one character put right in each word mended."""
        text = _IN_LETTERS.sub(self._read_letters, text)
        sounds = sounded(text)
        mended = text
        # Hardly any two sounds begin a word.
        pairs = map(add, sounds, sounds[1:])
        starts = [at for at, pair in enumerate(pairs) if pair in self._starts]
        for at in starts:
            for size in range(min(_LONGEST, len(text) - at), _SHORTEST - 1, -1):
                word = self._by_sound.get(sounds[at : at + size])
                if word and self._is_slip(text, at, word):
                    mended = mended[:at] + word + mended[at + size :]
                    break
        return mended

    def _read_letters(self, run: re.Match[str]) -> str:
        """Words for a run of letters that is made of nothing else: tonglv -> 铜绿."""
        rest, words = run[0], ""
        while rest:
            ends = range(min(len(rest), self._most_letters), _FEWEST_LETTERS - 1, -1)
            word = next(filter(None, (self._by_letters.get(rest[:end]) for end in ends)), "")
            if not word:
                return run[0]
            words += word
            rest = rest[len(spelled(word)) :]
        return words

    def _is_slip(self, text: str, start: int, word: str) -> bool:
        """One character differs, and it makes no known pair with either of its neighbours."""
        wrong = [at for at, mark in enumerate(word, start) if text[at] != mark]
        if len(wrong) != 1:
            return False
        at = wrong[0]
        return (
            text[at] not in self._alone
            and text[max(at - 1, 0) : at + 1] not in self._pairs
            and text[at : at + 2] not in self._pairs
            and _is_inside(text, at, start, start + len(word))
        )


def _is_inside(text: str, at: int, start: int, end: int) -> bool:
    """Whether the dictionary's word at this place is but a part of the stretch: 全水 in 矿全水 is,
    今天 around 天起 is not."""
    last = 0
    for word in segmenter().cut_known(text):
        first, last = last, last + len(word)
        if last > at:
            whole = first == start and last == end
            return len(word) == 1 or (start <= first and last <= end and not whole)
    return True
