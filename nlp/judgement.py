"""Topic and action of a question: the rules of the corpus README over the models' probabilities."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from nlp.corpus import ACTIONS, TOPICS
from nlp.evidence import Evidence

_OTHER = "other/out_of_scope"
# From this confidence on a phrasing of the knowledge base is as good as the question itself.
SURE_ARTICLE = 0.9
# From this confidence on an article may answer alone.
USABLE_ARTICLE = 0.5
# From this confidence on it is shown as the nearest there is.
NEAR_ARTICLE = 0.15
# From this score on a standard belongs to the question beyond doubt.
SURE_STANDARD = 0.45

# Topics with a form of their own: there "想做某事" starts it.
_SERVICE_TOPICS = frozenset(
    {"testing", "metrology", "equipment_sharing", "training", "green_channel", "quality_management"}
)
# Displeasure in so few characters names no case to take up.
_MERE_TEMPER = 8
_TOPIC_VOTES = (0.5, 0.15, 0.08)
_ACTION_VOTES = (0.3, 0.15, 0.1)


class Judged(Struct, frozen=True):
    label: str
    probability: float
    reason: str
    # What is done instead where "answer" finds nothing to say.
    otherwise: str = "route"


class _Rule(Struct, frozen=True):
    """A case that the labelling rules settle without weighing."""

    applies: Callable[[Evidence, str], bool]
    action: str
    probability: float
    reason: str


def _understood(seen: Evidence) -> bool:
    return bool(seen.limits or seen.resolved or seen.mentions.products)


# In the README's order of priority: decline > clarify > service > route > answer.
_RULES = (
    _Rule(lambda seen, _: seen.intents.unlawful, "decline", 0.9, "要求违规操作"),
    _Rule(lambda seen, _: seen.intents.others_data, "decline", 0.85, "索要他人资料"),
    _Rule(lambda seen, _: seen.personal, "decline", 0.85, "与平台无关的个人事务或闲聊"),
    _Rule(lambda seen, _: seen.intents.empty, "clarify", 0.9, "内容为空或无法识别"),
    _Rule(lambda seen, _: seen.intents.greeting, "answer", 0.95, "寒暄"),
    _Rule(
        lambda seen, _: seen.intents.subjectless and not _understood(seen),
        "clarify",
        0.75,
        "没说是什么事",
    ),
    _Rule(
        lambda seen, _: seen.bare and bool(seen.mentions.products or seen.limit_choices),
        "clarify",
        0.8,
        "只说了名称，没说要问什么",
    ),
    _Rule(lambda seen, _: seen.intents.price, "route", 0.85, "问价，由人报价"),
    _Rule(lambda seen, _: seen.intents.material, "route", 0.8, "要范本或课件"),
    _Rule(lambda seen, _: seen.asks_unknown_number, "route", 0.8, "问的标准库中没有"),
    _Rule(
        lambda seen, _: bool(seen.limit_choices) and seen.asks_value and not seen.limits,
        "clarify",
        0.75,
        "限值随产品而不同，没说产品",
    ),
)
_RULES_AFTER_ARTICLES = (
    _Rule(
        lambda seen, _: seen.intents.vague and not _understood(seen),
        "clarify",
        0.75,
        "指代不明或缺关键信息",
    ),
    _Rule(
        lambda seen, topic: topic == "progress_query" and not seen.intents.clue,
        "clarify",
        0.8,
        "查进度而没有线索",
    ),
    _Rule(
        lambda seen, topic: topic == "progress_query" and seen.intents.clue,
        "service",
        0.85,
        "查进度，有线索",
    ),
    _Rule(
        lambda seen, _: seen.intents.export_unspecific and not seen.mentions.products,
        "clarify",
        0.75,
        "出口而没说产品",
    ),
    _Rule(
        lambda seen, topic: seen.intents.enterprise_other and topic == _OTHER,
        "route",
        0.8,
        "企业常问而平台不办的事",
    ),
)


def judge(seen: Evidence) -> tuple[Judged, Judged]:
    """Topic and action; what is declined is out of scope whatever field its words come from."""
    topic = _judge_topic(seen)
    action = _judge_action(seen, topic.label)
    if action.label == "decline":
        topic = Judged(_OTHER, action.probability, "不予办理的事不属于任何服务领域")
    return topic, action


def _judge_topic(seen: Evidence) -> Judged:
    intents = seen.intents
    if intents.empty or seen.declined:
        return Judged(_OTHER, 0.95, "内容为空、无意义或不属于平台服务")
    if intents.greeting:
        return Judged("greeting", 0.97, "寒暄")
    scores = dict.fromkeys(TOPICS, 0.0)
    for topic, probability in seen.topics:
        scores[topic] += probability
    for vote, similar in zip(_TOPIC_VOTES, seen.articles, strict=False):
        scores[similar.article.topic] += vote * similar.confidence
    for wanted, topic, weight in (
        (intents.complaint, "complaint", 1.1),
        (intents.green_channel, "green_channel", 1.1),
        (intents.progress, "progress_query", 1.1),
        (intents.enterprise_other, _OTHER, 0.7),
        (intents.expert, "quality_management", 0.4),
        (bool(seen.limits or seen.limit_choices), _limit_topic(seen), 0.4),
        (bool(seen.resolved) and seen.asks_standard, _number_topic(seen), 0.35),
    ):
        if wanted:
            scores[topic] += weight
    return _best(scores, TOPICS, "话题模型、问答与规则")


def _limit_topic(seen: Evidence) -> str:
    """Values of additives and labels are asked of the label desk, unless a test has failed."""
    numbers = {row.number.split("-")[0] for row in (*seen.limits, *seen.limit_choices)[:3]}
    if numbers and numbers <= {"GB 28050", "GB 2760"} and "超" not in seen.text:
        return "label_additive"
    if numbers == {"定量包装商品计量监督管理办法"}:
        return "metrology"
    return "testing"


def _number_topic(seen: Evidence) -> str:
    prefixes = {found.asked.prefix for found in seen.resolved}
    return "metrology" if prefixes & {"JJG", "JJF"} else "standards"


def _judge_action(seen: Evidence, topic: str) -> Judged:
    for rule in _RULES:
        if rule.applies(seen, topic):
            return Judged(rule.action, rule.probability, rule.reason)
    best = seen.best_article
    # A shared number makes an article near, whatever is asked about it.
    if best and best.confidence >= SURE_ARTICLE and not seen.resolved:
        return Judged(best.article.action, best.confidence, f"与问答 {best.article.id} 几乎相同")
    for rule in _RULES_AFTER_ARTICLES:
        if rule.applies(seen, topic):
            return Judged(rule.action, rule.probability, rule.reason)
    return _weighed_action(seen, topic)


def _weighed_action(seen: Evidence, topic: str) -> Judged:
    intents = seen.intents
    scores = dict.fromkeys(ACTIONS, 0.0)
    for action, probability in seen.actions:
        scores[action] += probability
    for vote, similar in zip(_ACTION_VOTES, seen.articles, strict=False):
        scores[similar.article.action] += vote * similar.confidence
    limit_answer = bool(seen.limits) and seen.asks_limit
    for wanted, action, weight in (
        (intents.service and topic in _SERVICE_TOPICS, "service", 0.6),
        (topic in {"equipment_sharing", "green_channel"}, "service", 0.3),
        (intents.route, "route", 0.5),
        (topic == "complaint" and len(seen.text) > _MERE_TEMPER, "route", 0.5),
        (topic == "supply_chain", "route", 0.2),
        (limit_answer, "answer", 0.6),
        (any(found.rows for found in seen.resolved) and seen.asks_standard, "answer", 0.7),
        (intents.platform_fact and _answerable(seen), "answer", 0.8),
        (_has_sure_standard(seen) and not intents.route, "answer", 0.1),
    ):
        if wanted:
            scores[action] += weight
    best = _best(scores, ACTIONS, "动作模型、问答与规则")
    return replace(best, otherwise=max(("route", "service"), key=lambda label: scores[label]))


def _answerable(seen: Evidence) -> bool:
    best = seen.best_article
    return bool(best and best.article.action == "answer" and best.confidence >= USABLE_ARTICLE)


def _has_sure_standard(seen: Evidence) -> bool:
    return bool(seen.standards) and seen.standards[0].score >= SURE_STANDARD


def _best(scores: dict[str, float], order: tuple[str, ...], reason: str) -> Judged:
    best = max(order, key=lambda label: scores[label])
    total = sum(scores.values()) or 1.0
    return Judged(best, min(scores[best] / total, 0.97), reason)
