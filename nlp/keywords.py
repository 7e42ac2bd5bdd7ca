"""Words that texts turn on and the dictionaries lack: proposals for those who keep ours."""

import logging
import re
from collections import Counter
from collections.abc import Iterable

from nlp.lines import read_lines
from nlp.text import clean
from nlp.tokens import dictionary

_CHINESE = re.compile(r"[一-鿿]{2,}")
_OF_A_TEXT = 5
_TEXTS = 3  # that must turn on a word before it is proposed


def proposed(texts: Iterable[str], most: int = 20) -> list[str]:
    """Keywords of several of the texts, the most frequent first, by jieba's own TF-IDF."""
    # Its idf table and dictionary are large, and wanted at imports only.
    import jieba.analyse  # noqa: PLC0415 -- late, on purpose

    jieba.setLogLevel(logging.WARNING)
    known = {word for word, _ in dictionary()}
    known |= {word for line in read_lines("synonyms.txt") for word in map(clean, line.split())}
    found = Counter(
        word
        for text in texts
        for word in set(jieba.analyse.extract_tags(clean(text), topK=_OF_A_TEXT))
    )
    return [
        word
        for word, times in found.most_common()
        if times >= _TEXTS
        and not (word in known or jieba.dt.FREQ.get(word))
        and _CHINESE.fullmatch(word)
    ][:most]
