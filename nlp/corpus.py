"""The knowledge the engine works on: standards, limits, articles and labelled examples."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T")

ACTION_LABELS = {
    "answer": "直接答复",
    "clarify": "追问",
    "route": "转专员",
    "service": "办理服务",
    "decline": "婉拒",
}
TOPIC_LABELS = {
    "testing": "检验检测",
    "metrology": "计量",
    "standards": "标准",
    "certification": "认证认可",
    "quality_management": "质量管理",
    "equipment_sharing": "设备共享",
    "brand": "品牌培育",
    "supply_chain": "产业链供应链",
    "licensing": "许可与登记",
    "label_additive": "标签与添加剂",
    "training": "培训",
    "complaint": "投诉受理",
    "green_channel": "绿色通道",
    "progress_query": "进度查询",
    "greeting": "综合服务",
    "other/out_of_scope": "综合服务",
}
ACTIONS = tuple(ACTION_LABELS)
TOPICS = tuple(TOPIC_LABELS)

# More than the standards of the data files, of several days.
_STATUSES = 8192
# The day on which the status column of standards.csv was true (corpus README).
STATUS_DAY = date(2026, 11, 23)


class Standard(Struct, frozen=True):
    """A standard, verification regulation or law; an empty date is unverified, not absent."""

    number: str
    title: str
    kind: str
    status: str
    issued: date | None
    effective: date | None
    replaces: tuple[str, ...]
    replaced_by: tuple[str, ...]
    topic: str
    products: tuple[str, ...]
    notes: str
    source: str


class StandardLimit(Struct, frozen=True):
    """One indicator of one product; a `limit` without a sign is a maximum."""

    number: str
    product: str
    indicator: str
    limit: str
    unit: str
    method: str
    notes: str
    source: str


class Article(Struct, frozen=True):
    """A question of the knowledge base with its phrasings and its answer.

    `stages`: where in a company's work it arises: 研发, 生产, 出厂, 流通. `next_step`: what the
    reader can do then, a few words.
    """

    id: str
    topic: str
    action: str
    question: str
    variants: tuple[str, ...]
    answer: str
    standards: tuple[str, ...]
    products: tuple[str, ...]
    source: str
    checked: bool
    stages: tuple[str, ...] = ()
    next_step: str = ""


class Example(Struct, frozen=True):
    """A labelled question that trains the topic and action models."""

    text: str
    topic: str
    action: str


@dataclass(frozen=True)
class Corpus:
    standards: tuple[Standard, ...]
    limits: tuple[StandardLimit, ...]
    articles: tuple[Article, ...]
    examples: tuple[Example, ...]

    @cached_property
    def by_number(self) -> dict[str, Standard]:
        return {standard.number: standard for standard in self.standards}

    @cached_property
    def status(self) -> Callable[[str, date], str]:
        """(number, today) -> 现行, 即将实施, 废止 or unknown; changes from day to day at most."""
        return lru_cache(maxsize=_STATUSES)(self._status_on)

    def _status_on(self, number: str, today: date) -> str:
        """The file's word holds on STATUS_DAY; on other days the standard's own dates and those of
        its successors move it. A number that is not in the corpus is unknown.
        """
        row = self.by_number.get(number)
        if row is None or row.status == "unknown":
            return "unknown"
        if row.issued and today < row.issued:
            return "unknown"
        if row.effective and today < row.effective:
            return "即将实施"
        if row.effective is None and row.issued is None and today.year < _year_in(number):
            return "unknown"
        handover = self.superseded_on(number)
        if handover:
            return "废止" if today >= handover else "现行"
        return "废止" if row.status == "废止" else "现行"

    def superseded_on(self, number: str) -> date | None:
        """The first day on which a successor is in force; None where no such date is known."""
        row = self.by_number[number]
        successors = (self.by_number.get(name) for name in row.replaced_by)
        days = [other.effective for other in successors if other and other.effective]
        return min(days, default=None)


def faults(corpus: Corpus) -> list[str]:
    """What makes this corpus unusable, a line each in Chinese; empty when it can be worked with."""
    found = [
        f"标准 {number} 出现了 {times} 次"
        for number, times in Counter(row.number for row in corpus.standards).items()
        if times > 1
    ]
    found += [
        f"指标“{limit.product}·{limit.indicator}”引用的 {limit.number} 不在标准库中"
        for limit in corpus.limits
        if limit.number not in corpus.by_number
    ]
    seen: set[str] = set()
    for article in corpus.articles:
        where = f"问答 {article.id}"
        if article.id in seen:
            found.append(f"{where} 出现了不止一次")
        seen.add(article.id)
        found.extend(_label_faults(where, article.topic, article.action))
        if not article.question.strip() or not article.answer.strip():
            found.append(f"{where} 缺问题或答案")
        found.extend(
            f"{where} 引用的 {number} 不在标准库中"
            for number in article.standards
            if number not in corpus.by_number
        )
    for example in corpus.examples:
        found.extend(_label_faults(f"例句“{example.text}”", example.topic, example.action))
    return found


def _label_faults(where: str, topic: str, action: str) -> list[str]:
    found = [] if topic in TOPIC_LABELS else [f"{where} 的领域“{topic}”不存在"]
    return found if action in ACTION_LABELS else [*found, f"{where} 的处理“{action}”不存在"]


def unchecked(source: str) -> bool:
    """True where the row is general knowledge alone, so that its answer is marked 待核.

    A public reference anywhere in the source, or a file's own remark that the number was seen
    elsewhere (核对, 编号亦见), lifts it above that.
    """
    if "general knowledge" not in source:
        return False
    return not any(
        mark in source for mark in ("核对", "编号亦见", "与 public", "public ", "seen in")
    )


def _year_in(number: str) -> int:
    tail = number[-4:]
    return int(tail) if tail.isdigit() and len(number) > 4 and number[-5] in "-:" else 0


def _parse_day(text: str) -> date | None:
    """A month without a day ("2025-10") is no date to compute a status from."""
    return date.fromisoformat(text) if len(text) == 10 else None


def _parse_list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _rows(folder: Traversable, name: str) -> Iterator[dict[str, str]]:
    with (folder / name).open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def _records(folder: Traversable, name: str, kind: type[T]) -> tuple[T, ...]:
    path = folder / name
    decoder = msgspec.json.Decoder(kind)
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(decoder.decode(line) for line in lines if line.strip())


def load_packaged() -> Corpus:
    """The corpus that ships with the package; raises where a file is missing or malformed."""
    folder = files("nlp") / "data"
    standards = tuple(
        Standard(
            number=row["number"],
            title=row["title"],
            kind=row["kind"],
            status=row["status"],
            issued=_parse_day(row["issued"]),
            effective=_parse_day(row["effective"]),
            replaces=_parse_list(row["replaces"]),
            replaced_by=_parse_list(row["replaced_by"]),
            topic=row["topic"],
            products=_parse_list(row["products"]),
            notes=row["notes"],
            source=row["source"],
        )
        for row in _rows(folder, "standards.csv")
    )
    limits = tuple(StandardLimit(**row) for row in _rows(folder, "limits.csv"))
    articles = _records(folder, "articles.jsonl", Article)
    examples = _records(folder, "examples.jsonl", Example)
    return Corpus(standards, limits, articles, examples)
