"""Distinct questions as people write them: the packaged phrasings with everyday trimmings."""

import random

from nlp import load_packaged

OPENINGS = (
    "",
    "请问",
    "你好，",
    "您好 ",
    "老师，",
    "想问下",
    "急！",
    "我们厂",
    "麻烦问一下，",
    "帮忙看看 ",
)
ENDINGS = (
    "",
    "？",
    "谢谢",
    "？在线等",
    "，急",
    "，客户在催",
    "，多谢",
    " 怎么说",
    "，水厂用的",
    "，明天要交",
)
SWAPS = (("怎么办", "咋办"), ("标准", "国标"), ("超标", "超了"), ("多少", "几"), ("什么", "啥"))


def phrasings() -> list[str]:
    """Every question that the packaged corpus knows a wording of, in a fixed order."""
    corpus = load_packaged()
    found = [example.text for example in corpus.examples]
    for article in corpus.articles:
        found += [article.question, *article.variants]
    return sorted(set(found))


def distinct(count: int, seed: int = 3) -> list[str]:
    """`count` questions, no two alike, the same for the same seed."""
    # Load has to be the same on every run, not unpredictable.
    dice = random.Random(seed)
    known = phrasings()
    found: dict[str, None] = {}
    while len(found) < count:
        text = dice.choice(known)
        for old, new in SWAPS:
            if dice.random() < 0.3:
                text = text.replace(old, new)
        if dice.random() < 0.1:
            # A slip of the thumb: one character missing.
            at = dice.randrange(len(text))
            text = text[:at] + text[at + 1 :]
        found[f"{dice.choice(OPENINGS)}{text}{dice.choice(ENDINGS)}"] = None
    return list(found)
