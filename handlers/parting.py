"""Texts that are too long for one message, cut where a reader would cut them."""

import re
import unicodedata

LIMIT = 2047  # bytes of UTF-8 that a reply may have (WECHAT.md, "Inbound")
# Of what we say ourselves; the rest of a message is for labels and links.
OURS = 2000

_SENTENCE_END = re.compile(r"[。！？；!?;\n]+[”’」』）》)]*")
_CLAUSE_END = re.compile(r"[，、：,:]+")
_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)


def split_text(text: str, limit: int = LIMIT) -> list[str]:
    """Cut text into parts of at most `limit` bytes of UTF-8; at least one part, maybe empty.

    Cuts fall after a sentence, else after a clause, else between two whole characters as the
    reader sees them. Whitespace at a cut is dropped, nothing else. A limit below one character's
    size still yields that character.
    """
    parts: list[str] = []
    rest = text
    while (fit := _fitting(rest, limit)) < len(rest):
        cut = _last_end(_SENTENCE_END, rest, fit) or _last_end(_CLAUSE_END, rest, fit)
        cut = cut or _whole_characters(rest, fit)
        if part := rest[:cut].rstrip():
            parts.append(part)
        rest = rest[cut:].lstrip()
    if rest or not parts:
        parts.append(rest)
    return parts


def _fitting(text: str, limit: int) -> int:
    """How many characters from the start fit into `limit` bytes; at least one, if there is one."""
    if len(text.encode("utf-8", "surrogatepass")) <= limit:
        return len(text)
    used = 0
    for index, character in enumerate(text[: limit + 1]):
        used += len(character.encode("utf-8", "surrogatepass"))
        if used > limit:
            return max(index, 1)
    return len(text)


def _last_end(pattern: re.Pattern[str], text: str, fit: int) -> int:
    return max((match.end() for match in pattern.finditer(text, 0, fit)), default=0)


def _whole_characters(text: str, fit: int) -> int:
    """The last border at or before `fit` that parts no emoji, accent or flag; `fit` if none."""
    for cut in range(fit, 0, -1):
        if not _belongs_to_previous(text, cut):
            return cut
    return fit


def _belongs_to_previous(text: str, index: int) -> bool:
    character = text[index]
    code = ord(character)
    if character == _JOINER or text[index - 1] == _JOINER or code in _SKIN_TONES:
        return True
    if code in _FLAG_LETTERS:
        start = index
        while start and ord(text[start - 1]) in _FLAG_LETTERS:
            start -= 1
        return (index - start) % 2 == 1
    return unicodedata.category(character) in ("Mn", "Me", "Mc")
