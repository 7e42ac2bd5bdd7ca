"""Everything the engine sees in one question, gathered once, before anything is decided."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from msgspec import Struct

from nlp import asked
from nlp.corpus import TOPICS, Article, Corpus, StandardLimit
from nlp.courtesies import without_courtesies
from nlp.governing import TITLES, Claim, Governing, Scored
from nlp.index import Document, Hit, SearchIndex
from nlp.intents import Intents, read_intents
from nlp.law_names import LawNames
from nlp.limits import LimitBook, Mentions
from nlp.lines import read_lines
from nlp.reading import read
from nlp.resolve import Resolved, Resolver
from nlp.route import Router, Vocabulary, features
from nlp.spelling import Speller
from nlp.text import clean
from nlp.verdict import Value, values

_FAQ_HITS = 12
# Strength of a claim on the first place: a number written out, a limit found, an article alike.
_NUMBER_CLAIM = 3.0
# An edition that was not asked for stays behind the one that was, whatever else speaks for it.
_EDITION_STEP = 1.3
_LAW_CLAIM = 2.2
_LIMIT_CLAIM = 1.9
_ARTICLE_CLAIM = 2.5


class Similar(Struct, frozen=True):
    """An article with the probability that it means the same.

    `fits` is false where it speaks of other things than the question: it then tells what such
    questions want, but neither answers nor cites.
    """

    article: Article
    confidence: float
    fits: bool


class Evidence(Struct, frozen=True):
    text: str
    intents: Intents
    mentions: Mentions
    resolved: tuple[Resolved, ...]
    limits: tuple[StandardLimit, ...]
    limit_choices: tuple[StandardLimit, ...]
    values: tuple[Value, ...]
    bare: bool
    asks_limit: bool
    asks_value: bool
    asks_method: bool
    asks_standard: bool
    articles: tuple[Similar, ...]
    topics: tuple[tuple[str, float], ...]
    actions: tuple[tuple[str, float], ...]
    standards: tuple[Scored, ...]

    @property
    def best_article(self) -> Similar | None:
        """The most similar article that speaks of the same things."""
        return next((similar for similar in self.articles if similar.fits), None)

    @property
    def personal(self) -> bool:
        """A private matter or small talk, and nothing of ours beside it."""
        return self.intents.personal and not (self.limits or self.resolved)

    @property
    def declined(self) -> bool:
        """Something that nobody here will do."""
        return self.intents.unlawful or self.intents.others_data or self.personal

    @property
    def asks_unknown_number(self) -> bool:
        """It asks about standards of which the corpus has no edition."""
        none_known = not any(found.rows for found in self.resolved)
        return bool(self.resolved) and none_known and self.asks_standard


class Gatherer:
    """Holds the indexes and models built from one corpus."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.resolver = Resolver(corpus)
        self.book = LimitBook(corpus.limits)
        self._laws = LawNames(corpus.standards)
        self._governing = Governing(corpus, self.resolver)
        self._articles = {article.id: article for article in corpus.articles}
        self._article_subjects = {
            article.id: self._governing.subjects.find(
                " ".join((article.question, *article.variants, *article.products))
            )
            for article in corpus.articles
        }
        self._index = SearchIndex(
            [
                Document(article.id, "", phrasing)
                for article in corpus.articles
                for phrasing in (article.question, *article.variants)
            ],
            self._governing.titles(),
        )
        topic_words = (word for line in read_lines("topics.txt") for word in line.split()[1:])
        topics, actions = _topic_pairs(corpus), _action_pairs(corpus)
        texts = list(dict.fromkeys(text for text, _ in (*topics, *actions)))
        # Both models learn from nearly the same texts.
        found = {text: features(read(without_courtesies(clean(text)))) for text in texts}
        self._vocabulary = Vocabulary(list(found.values()))
        rows = {text: self._vocabulary.row(seen) for text, seen in found.items()}
        self._topic_model, self._action_model = (
            Router.learn(self._vocabulary, [(rows[text], label) for text, label in pairs])
            for pairs in (topics, actions)
        )
        texts += [row.title for row in corpus.standards]
        known = (*self._governing.subjects.names, *self.book.indicators, *topic_words)
        self._speller = Speller(known, texts)

    def gather(self, text: str, today: date) -> Evidence:
        said = self._speller.mend(clean(text))
        plain = without_courtesies(said)
        seen = read(plain)
        mentions = self.book.mentions(plain)
        subjects = self._governing.subjects.find(plain)
        resolved = tuple(
            self.resolver.resolve_numbers(plain, seen.numbers, seen.bare_numbers, today)
        )
        phrasings, titles = self._index.find(seen, _FAQ_HITS, TITLES)
        articles = self._similar_articles(phrasings, subjects)
        measured = values(plain, (*seen.numbers, *seen.bare_numbers), mentions.spans)
        row = self._vocabulary.row(features(seen))
        topics = tuple(self._topic_model.weigh(row))
        limits, choices = self._limit_rows(mentions, resolved, today)
        claims = [
            *self._number_claims(resolved, plain, today),
            (self._laws.find(plain), _LAW_CLAIM, "法规名称"),
            *self._limit_claims(limits, choices, plain, today),
            *(
                (one.article.standards, _ARTICLE_CLAIM * one.confidence, f"问答 {one.article.id}")
                for one in articles[:5]
                if one.fits
            ),
        ]
        return Evidence(
            text=plain,
            intents=read_intents(said),
            mentions=mentions,
            resolved=resolved,
            limits=limits,
            limit_choices=choices,
            values=measured,
            bare=not limits and self.book.is_bare(plain),
            asks_limit=asked.asks_limit(plain, measured=bool(measured)),
            asks_value=asked.asks_value(plain),
            asks_method=asked.asks_method(plain),
            asks_standard=asked.asks_standard(plain) or _only_number(plain, resolved),
            articles=articles,
            topics=topics,
            actions=tuple(self._action_model.weigh(row)),
            standards=tuple(
                self._governing.rank(
                    plain,
                    subjects=subjects,
                    claims=claims,
                    titles=titles,
                    topics=topics,
                    today=today,
                )
            ),
        )

    def meant_first(self, found: Resolved, text: str, today: date) -> tuple[str, ...]:
        """The rows' numbers; the coming edition leads where the text asks for the new one."""
        numbers = [row.number for row in found.rows]
        if found.asked.year is None and asked.asks_new(text):
            coming = [name for name in numbers if self.corpus.status(name, today) == "即将实施"]
            return tuple(dict.fromkeys(coming + numbers))
        return tuple(numbers)

    def _similar_articles(
        self, hits: Iterable[Hit], subjects: frozenset[str]
    ) -> tuple[Similar, ...]:
        best: dict[str, float] = {}
        # The best hit of an article stands first: confidence falls from hit to hit.
        for hit in hits:
            best.setdefault(hit.id, hit.confidence)
        return tuple(
            Similar(self._articles[key], confidence, self._speaks_of(key, subjects))
            for key, confidence in best.items()
        )

    def _speaks_of(self, key: str, asked: frozenset[str]) -> bool:
        told = self._article_subjects[key]
        return not asked or not told or bool(asked & told)

    def _limit_rows(
        self, mentions: Mentions, resolved: Sequence[Resolved], today: date
    ) -> tuple[tuple[StandardLimit, ...], tuple[StandardLimit, ...]]:
        """Rows that answer, and rows among which only the product can decide."""
        rows: list[StandardLimit] = []
        choices: list[StandardLimit] = []
        named = {row.number for found in resolved for row in found.rows}
        for indicator in mentions.indicators:
            if mentions.products:
                for product in mentions.products:
                    found = _of(self.book.rows(product, indicator), named)
                    rows.extend(self._in_force(found, today))
                continue
            every = self._in_force(_of(self.book.all_rows(indicator), named), today)
            if len({(row.limit, row.unit) for row in every}) == 1:
                rows.extend(every)
            else:
                choices.extend(every)
        return tuple(dict.fromkeys(rows)), tuple(dict.fromkeys(choices))

    def _in_force(self, rows: list[StandardLimit], today: date) -> list[StandardLimit]:
        """Those in force; where none is, all of them: the wording then says what they are."""
        current = [row for row in rows if self.corpus.status(row.number, today) == "现行"]
        return current or rows

    def _number_claims(
        self, resolved: Sequence[Resolved], plain: str, today: date
    ) -> Iterator[Claim]:
        for place, found in enumerate(resolved):
            numbers = self.meant_first(found, plain, today)
            for edition, number in enumerate(numbers[:3]):
                weight = _NUMBER_CLAIM - 0.1 * place - _EDITION_STEP * edition
                yield (number,), weight, "问题里的编号"

    def _limit_claims(
        self,
        limits: Sequence[StandardLimit],
        choices: Sequence[StandardLimit],
        plain: str,
        today: date,
    ) -> Iterator[Claim]:
        held = tuple(dict.fromkeys(row.number for row in limits))
        yield held, _LIMIT_CLAIM, "产品×指标的限值"
        methods = self.resolver.in_force((row.method for row in limits), today)
        yield methods, _LIMIT_CLAIM + 0.1 if asked.asks_method(plain) else 1.0, "限值的检验方法"
        yield tuple(dict.fromkeys(row.number for row in choices)), 0.9, "指标的限值"
        if asked.asks_former(plain):
            old = [name for number in held for name in self.corpus.by_number[number].replaces]
            yield tuple(old), _LIMIT_CLAIM - 0.2, "被代替的旧版"


def _of(rows: list[StandardLimit], named: set[str]) -> list[StandardLimit]:
    """The rows of the standards named in the question; all of them where none of those has any."""
    return [row for row in rows if row.number in named] or rows


def _only_number(plain: str, resolved: Sequence[Resolved]) -> bool:
    """Little is left of the text without its numbers: the number itself is the question."""
    spans = sum(found.asked.span[1] - found.asked.span[0] for found in resolved)
    return bool(resolved) and len(plain) - spans <= 2


def _topic_pairs(corpus: Corpus) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for line in read_lines("topics.txt"):
        topic, *known = line.split()
        pairs.extend((word, topic) for word in known)
    pairs.extend((example.text, example.topic) for example in corpus.examples)
    for article in corpus.articles:
        if article.topic in TOPICS:
            phrasings = (article.question, *article.variants)
            pairs.extend((phrasing, article.topic) for phrasing in phrasings)
    return pairs


def _action_pairs(corpus: Corpus) -> list[tuple[str, str]]:
    pairs = [(example.text, example.action) for example in corpus.examples]
    for article in corpus.articles:
        pairs.extend(
            (phrasing, article.action) for phrasing in (article.question, *article.variants)
        )
    return pairs
