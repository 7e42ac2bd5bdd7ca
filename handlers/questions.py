"""Several questions in one message, taken apart."""

import re

from handlers.filling import is_question

MOST = 5
_SHORTEST = 4
_NUMBERED = re.compile(
    r"(?:^|[\n;；。?？ ])\s*(?:[1-9一二三四五][.、)）]|第[一二三四五][,，、:：]?|[①②③④⑤])\s*"
)
_BETWEEN = re.compile(
    r"(?<=[?？])|[\n;；]+|(?:[,，。 ]*(?:另外|还有|顺便|再)(?:想?问一?下?|请问)[,，:： ]*)"
)


def split(text: str) -> tuple[str, ...]:
    """The questions of a message that asks two to five; empty where it asks one."""
    parts = _NUMBERED.split(text) if len(_NUMBERED.findall(text)) > 1 else _BETWEEN.split(text)
    asked = tuple(
        part.strip(" ,，;；。\n") for part in parts if part and part.strip(" ,，;；。?？\n")
    )
    if not 1 < len(asked) <= MOST or any(len(part) < _SHORTEST for part in asked):
        return ()
    return asked if all(is_question(part) for part in asked) else ()
