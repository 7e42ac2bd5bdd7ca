"""Every standard of the library is found first by its number, in fourteen spellings."""

import re

from nlp import Document, SearchIndex, load_packaged

NUMBER = re.compile(r"([A-Z/]+(?:/[A-Z])?) ?([A-Z]*\d[\d.]*)(?:[-:](\d{4}))?")
QUESTIONS = ("现行吗", "", "有没有新版", "的要求")


def wide(text: str) -> str:
    return "".join(chr(ord(mark) + 0xFEE0) if "!" <= mark <= "~" else mark for mark in text)


def spellings(number: str) -> list[str]:
    """As people write it; [] for what has no number of this form."""
    parts = NUMBER.fullmatch(number)
    if parts is None or parts[3] is None:
        return []
    prefix, body, year = parts.groups()
    joined = prefix.replace("/", "")
    return [
        number,
        f"{prefix}{body}-{year}",
        f"{prefix.lower()} {body}-{year}",
        f"{joined}{body}-{year}",
        f"{joined.lower()} {body} {year}",
        wide(number),
        f"{prefix} {body}—{year}",
        f"{prefix}-{body}-{year}",
        f"{prefix} {body}（{year}）",
        f"{prefix}_{body}-{year}",
        f"{prefix} {body}-{year[2:]}",
        f"{prefix} {body} {year}版",
        f"{prefix}标准{body}-{year}",
        f"{prefix} 第{body}号-{year}",
    ]


def test_fourteen_spellings_of_every_number_lead_to_it() -> None:
    rows = [row for row in load_packaged().standards if row.kind != "法规"]
    index = SearchIndex.build([Document(row.number, row.number, row.title) for row in rows])
    asked = [
        (f"{spelling}{QUESTIONS[at % len(QUESTIONS)]}", row.number)
        for at, row in enumerate(rows)
        for spelling in spellings(row.number)
    ]
    missed = [(text, number) for text, number in asked if index.search(text, 1)[0].id != number]
    assert len(asked) > 14_000
    assert len(missed) <= len(asked) * 0.005, missed[:20]
