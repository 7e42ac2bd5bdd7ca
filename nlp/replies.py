"""The words of a decision: which facts go into an answer, a question back or a refusal."""

import re
from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from nlp import wording
from nlp.corpus import Article, StandardLimit
from nlp.evidence import Evidence, Gatherer
from nlp.judgement import NEAR_ARTICLE, SURE_STANDARD, USABLE_ARTICLE
from nlp.limits import indicator_name
from nlp.verdict import verdict

# Above this the advice of an article is left out of the answer on a limit.
_MOST_WITH_ADVICE = 1200
_MOST_LIMITS = 3
_MOST_OPTIONS = 3
_ASKS_ADVICE = re.compile(r"咋|怎么|如何|办|处理|超标|超了|不合格|原因|没过")


class Option(Struct, frozen=True):
    """A choice offered to the user; `query`, fed to `decide` again, yields its answer."""

    label: str
    query: str


class Replies:
    def __init__(self, gatherer: Gatherer) -> None:
        self._gatherer = gatherer
        self._corpus = gatherer.corpus

    def compose(
        self, seen: Evidence, topic: str, action: str, today: date
    ) -> tuple[str, tuple[Option, ...]]:
        """Text and options; an empty text means that there is nothing sure enough to say."""
        if action == "answer":
            return self._answer(seen, topic, today), ()
        if action == "clarify":
            return self._question_back(seen)
        if action == "decline":
            return self._refusal(seen), ()
        return "", ()

    def _answer(self, seen: Evidence, topic: str, today: date) -> str:
        if topic == "greeting":
            article = _usable(seen, "answer")
            return article.answer if article and article.topic == "greeting" else wording.GREETING
        # What the question is about stands first, the rest follows as a second choice.
        builders = [
            self._from_article,
            self._from_limits,
            self._from_numbers,
            self._from_related,
            self._from_near,
        ]
        if seen.resolved and seen.asks_standard:
            builders.insert(0, self._from_numbers)
        if seen.limits and (seen.asks_limit or seen.asks_method):
            builders.insert(0, self._from_limits)
        for build in builders:
            text = build(seen, today)
            if text:
                return text
        return ""

    def _from_article(self, seen: Evidence, today: date) -> str:
        article = _usable(seen, "answer")
        if article is None:
            return ""
        return wording.article_text(article, article.standards[:3], self._corpus, today)

    def _from_limits(self, seen: Evidence, today: date) -> str:
        if not seen.limits:
            return ""
        shown = seen.limits[:_MOST_LIMITS]
        blocks = ["\n".join(self._limit_block(seen, row, today)) for row in shown]
        if len(seen.limits) > _MOST_LIMITS:
            rest = len(seen.limits) - _MOST_LIMITS
            blocks.append(f"另有 {rest} 条限值，请说明具体品种或指标。")
        if seen.limit_choices:
            others = dict.fromkeys(indicator_name(row) for row in seen.limit_choices)
            blocks.append(f"{'、'.join(others)}的限值随产品而不同，请说明是哪种产品。")
        if any(wording.limit_unverified(row) for row in shown):
            blocks.append(wording.ASK_A_PERSON)
        advice = _advice(seen)
        if advice:
            longer = "\n".join((*blocks, advice))
            if len(longer.encode()) <= _MOST_WITH_ADVICE:
                return longer
        return "\n".join(blocks)

    def _limit_block(self, seen: Evidence, row: StandardLimit, today: date) -> list[str]:
        first, *rest = wording.limit_lines(row, self._corpus, today)
        products = seen.mentions.products
        covered = self._gatherer.book.covers(row, products)
        if products and not covered:
            first = f"若为{first}"
        # With more than one indicator nobody knows which of them a value belongs to.
        alone = len({one.indicator for one in seen.limits}) == 1
        judged = verdict(seen.values, row, seen.text) if alone and covered else ""
        if not judged:
            return [first, *rest]
        mark = wording.PENDING if wording.limit_unverified(row) else ""
        return [first, f"判定：{judged}{mark}，以检验报告的结论为准", *rest]

    def _from_numbers(self, seen: Evidence, today: date) -> str:
        blocks: list[str] = []
        for found in [found for found in seen.resolved if found.rows][:2]:
            numbers = self._gatherer.meant_first(found, seen.text, today)
            rows = [self._corpus.by_number[number] for number in numbers]
            blocks.append(wording.resolved_lines(found, rows, self._corpus, today))
        missing = [found.asked.span for found in seen.resolved if not found.rows]
        if blocks and missing:
            names = "、".join(seen.text[start:end].upper() for start, end in missing)
            blocks.append(f"{names} 不在库中，可回复“转人工”请专家核实。")
        return "\n\n".join(blocks)

    def _from_related(self, seen: Evidence, today: date) -> str:
        sure = [scored.number for scored in seen.standards if scored.score >= SURE_STANDARD]
        rows = [self._corpus.by_number[number] for number in sure[:3]]
        return wording.related_text(rows, self._corpus, today) if rows else ""

    def _from_near(self, seen: Evidence, today: date) -> str:
        """What comes nearest, called so: better than silence where an answer is wanted."""
        article = _usable(seen, "answer", NEAR_ARTICLE)
        if article and article.topic != "greeting":
            answer = wording.article_text(article, article.standards[:3], self._corpus, today)
            return wording.near_text(article, answer)
        rows = [self._corpus.by_number[scored.number] for scored in seen.standards[:2]]
        return wording.related_text(rows, self._corpus, today) if rows else ""

    def _question_back(self, seen: Evidence) -> tuple[str, tuple[Option, ...]]:
        if seen.limit_choices:
            options = self._product_options(seen.limit_choices, seen.mentions.indicators[0])
            return wording.ASK_WHICH_PRODUCT, options
        if seen.bare and seen.mentions.products:
            return wording.ask_what_about(seen.mentions.products[0]), ()
        article = _usable(seen, "clarify")
        if article:
            return article.answer, ()
        if seen.intents.progress:
            return wording.ASK_FOR_CLUE, ()
        if seen.intents.export_unspecific:
            return wording.ASK_FOR_PRODUCT, ()
        if seen.intents.vague:
            return wording.ASK_FOR_SUBJECT, ()
        return wording.ASK_AGAIN, ()

    def _product_options(self, rows: Sequence[StandardLimit], indicator: str) -> tuple[Option, ...]:
        products = dict.fromkeys(self._gatherer.book.product_of(row) for row in rows)
        return tuple(
            Option(product, f"{product}{indicator}限量")
            for product in list(products)[:_MOST_OPTIONS]
        )

    @staticmethod
    def _refusal(seen: Evidence) -> str:
        if seen.intents.unlawful:
            return wording.REFUSAL_UNLAWFUL
        if seen.intents.others_data:
            return wording.REFUSAL_OTHERS_DATA
        article = _usable(seen, "decline")
        return article.answer if article else wording.REFUSAL


def _usable(seen: Evidence, action: str, least: float = USABLE_ARTICLE) -> Article | None:
    """The nearest article if it is near enough and of that action."""
    if not seen.best_article:
        return None
    similar = seen.best_article
    usable = similar.article.action == action and similar.confidence >= least
    return similar.article if usable else None


def _advice(seen: Evidence) -> str:
    """What to do about a failed test, where an article on the same standard knows it."""
    if not _ASKS_ADVICE.search(seen.text):
        return ""
    held = {row.number for row in seen.limits}
    for similar in seen.articles[:3]:
        article = similar.article
        near = similar.fits and similar.confidence >= USABLE_ARTICLE
        if near and held & set(article.standards):
            mark = "" if article.checked else wording.PENDING
            return f"处理建议{mark}：{article.answer}"
    return ""
