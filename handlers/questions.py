"""Several questions in one message, taken apart."""

import re

from handlers.slots import is_question

MOST = 5
_SHORTEST = 4
_EDGES = " ,，;；。\n"
_NUMBERED = re.compile(
    r"(?:^|[\n;；。?？ ])\s*(?:[1-9一二三四五][.、)）]|第[一二三四五][,，、:：]?|[①②③④⑤])\s*"
)
_BETWEEN = re.compile(
    r"(?<=[?？])|[\n;；]+|(?:[,，。 ]*(?:另外|还有|顺便|再)(?:想?问一?下?|请问)[,，:： ]*)"
)


def split(text: str) -> tuple[str, ...]:
    """The questions of a message that asks two to five; empty where it asks one.

    What is numbered is meant as one each; otherwise each part must look like a question.
    """
    numbered = len(_NUMBERED.findall(text)) > 1
    parts = _NUMBERED.split(text) if numbered else _BETWEEN.split(text)
    asked = tuple(filter(None, (part.strip(_EDGES) for part in parts if part)))
    if not 1 < len(asked) <= MOST or any(len(part) < _SHORTEST for part in asked):
        return ()
    return asked if numbered or all(map(is_question, asked)) else ()
