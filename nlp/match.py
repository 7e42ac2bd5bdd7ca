"""The decision on one question: action, topic, standards, words and reasons."""

from datetime import date

from msgspec import Struct

from nlp import wording
from nlp.corpus import ACTION_LABELS, TOPIC_LABELS, Corpus
from nlp.evidence import Evidence, Gatherer
from nlp.intents import is_elliptic
from nlp.judgement import Judged, judge
from nlp.replies import Option, Replies
from nlp.text import MAX_QUESTION, clean, clip_bytes

# A passive reply of the platform holds 2,048 bytes; the rest is for what the caller adds.
MOST_BYTES = 1800


class Decision(Struct, frozen=True):
    """What the engine decided.

    `confidence` is the probability (0..1) that action and first standard are right. `standards`
    are at most five numbers of the corpus, best first. `text` is for the user; it is empty where
    the action is route or service. `reasons` are for the specialist.
    """

    action: str
    topic: str
    standards: tuple[str, ...]
    confidence: float
    text: str
    options: tuple[Option, ...]
    reasons: tuple[str, ...]


# Articles of the platform file carry this as their source.
PLATFORM_SOURCE = "平台信息"
# Characters that may stand around a wording of the platform's: 你们, 请问, 吗, 啊.
SMALL_TALK_AROUND = 5


class Matcher:
    def __init__(self, gatherer: Gatherer) -> None:
        self._gatherer = gatherer
        self._replies = Replies(gatherer)
        # What the platform says of itself is not searched for but known: its own wordings lead.
        self._platform = {
            clean(phrase): article
            for article in gatherer.corpus.articles
            if article.source == PLATFORM_SOURCE
            for phrase in (article.question, *article.variants)
        }

    @classmethod
    def build(cls, corpus: Corpus) -> "Matcher":
        """Indexes and models of the corpus; about a second of work, then read-only."""
        return cls(Gatherer(corpus))

    def decide(self, text: str, *, today: date, context: str = "") -> Decision:
        """The decision on `text` as of `today`; never raises, whatever the text holds.

        `context` is the previous question of the conversation; it is looked at only where the
        text leans on it ("那矿泉水呢").
        """
        text = text[:MAX_QUESTION]
        if about := self._about_platform(text):
            return about
        asked = self._with_context(text, context[:MAX_QUESTION])
        seen = self._gatherer.gather(asked, today)
        topic, action = judge(seen)
        words, options = self._replies.compose(seen, topic.label, action.label, today)
        if action.label == "answer" and not words:
            action = Judged(action.otherwise, 0.5, "没有足够把握的答案")
        elif action.label == "clarify" and not words:
            words = wording.ASK_AGAIN
        standards = tuple(scored.number for scored in seen.standards)
        small_talk = topic.label == "greeting" or seen.intents.empty or action.label == "decline"
        if small_talk or seen.asks_unknown_number:
            # Nothing fits small talk, and a neighbour of a number we do not have would mislead.
            standards = ()
        return Decision(
            action=action.label,
            topic=topic.label,
            standards=standards,
            confidence=round(self._confidence(seen, action, bool(standards)), 4),
            text=clip_bytes(words, MOST_BYTES) if action.label not in {"route", "service"} else "",
            options=options if action.label == "clarify" else (),
            reasons=tuple(self._reasons(seen, topic, action, asked if asked != text else "")),
        )

    def products_in(self, text: str) -> tuple[str, ...]:
        """The products that a text names, by their formal names."""
        return self._gatherer.book.mentions(text[:MAX_QUESTION]).products

    def _about_platform(self, text: str) -> Decision | None:
        """The platform's own answer where hardly more than one of its wordings was typed."""
        plain = clean(text)
        known = [
            phrase
            for phrase in self._platform
            if phrase in plain and len(plain) <= len(phrase) + SMALL_TALK_AROUND
        ]
        if not known:
            return None
        said = max(known, key=len)
        article = self._platform[said]
        return Decision(
            action="answer",
            topic=article.topic,
            standards=article.standards,
            confidence=0.95,
            text=f"{article.answer}\n来源：{PLATFORM_SOURCE}",
            options=(),
            reasons=(f"平台信息：“{said}”",),
        )

    def _with_context(self, text: str, context: str) -> str:
        if not context.strip() or not is_elliptic(text):
            return text
        book = self._gatherer.book
        new, old = book.mentions(text), book.mentions(context)
        if new.indicators and new.products:
            return text
        if new.products:
            return f"{' '.join(new.products)} {book.without_products(context)}"
        if new.indicators and old.products:
            return f"{' '.join(old.products)} {text}"
        return f"{context}，{text}"

    @staticmethod
    def _confidence(seen: Evidence, action: Judged, has_standards: bool) -> float:
        """Action and first standard taken as independent; no standard is right where none fits."""
        if not has_standards:
            return action.probability
        first = seen.standards[0].score
        return action.probability * min(0.93, 0.6 + 0.16 * first)

    def _reasons(self, seen: Evidence, topic: Judged, action: Judged, merged: str) -> list[str]:
        handling = ACTION_LABELS[action.label]
        reasons = [f"处理：{handling}（{action.probability:.0%}，{action.reason}）"]
        ranking = "、".join(
            f"{TOPIC_LABELS[name]} {chance:.0%}"
            for name, chance in seen.topics[:3]
            if chance > 0.01
        )
        about = TOPIC_LABELS[topic.label]
        reasons.append(f"领域：{about}（{topic.probability:.0%}）；模型：{ranking or '无'}")
        if merged:
            reasons.append(f"结合上一问理解为：{clean(merged)[:60]}")
        if seen.mentions.products:
            reasons.append("产品：" + "、".join(seen.mentions.products))
        if seen.mentions.indicators:
            reasons.append("指标：" + "、".join(seen.mentions.indicators))
        for found in seen.resolved:
            known = "、".join(row.number for row in found.rows[:3]) or "库中没有"
            reasons.append(f"编号 {found.asked.prefix} {found.asked.body}：{known}")
        reasons.extend(
            f"标准 {scored.number}：{scored.why}（{scored.score:.2f}）"
            for scored in seen.standards[:3]
        )
        if seen.best_article:
            nearest = seen.best_article
            reasons.append(
                f"最近的问答：{nearest.article.id}“{nearest.article.question[:30]}”"
                f"（{nearest.confidence:.0%}）"
            )
        return reasons
