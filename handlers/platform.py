"""The platform file: what this very platform is called, where it is and when it is open."""

import re
import tomllib
from dataclasses import dataclass
from datetime import time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import msgspec
import structlog

from handlers.sites import SITE_KINDS, Site, fault_of
from handlers.windows import ALLOWANCES, Allowances
from models.accounts import App
from models.windows import Act
from nlp import PLATFORM_SOURCE, Article

SUFFIX = "质量基础设施“一站式”服务平台"
# Clause 5.7 of the guide: a platform's name must not begin with these.
REFUSED_PREFIXES = ("国家", "中国", "全国")

LONGEST_CLOSE_AFTER = 30  # working days

log = structlog.get_logger(__name__)


class PlatformError(Exception):
    """The platform file can't be used; str() says where and why."""


class Turnaround(msgspec.Struct, frozen=True):
    """How many working days a kind of work takes."""

    item: str
    working_days: int


class Hours(msgspec.Struct, frozen=True):
    """Spans of a working day, as "HH:MM" pairs in China's time."""

    spans: list[tuple[str, str]]


class Allowance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many customer-service messages may follow what a person did, and for how long."""

    messages: Annotated[int, msgspec.Meta(ge=0, le=100)]
    minutes: Annotated[int, msgspec.Meta(ge=1, le=60 * 24 * 30)]


class PlatformFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file's own form."""

    name: str
    service_phone: str
    supervision_phone: str
    answer_hours: float
    hours: Hours
    close_after_days: int = 3
    sites: list[Site] = []
    turnaround: list[Turnaround] = []
    allowances: dict[App, dict[Act, Allowance]] = {}


@dataclass(frozen=True, slots=True)
class Platform:
    """The platform file, checked. `spans`: opening and closing times of a working day, in order.

    close_after_days: working days after which an answered ticket closes by itself.
    allowances: WeChat's own, with what the file says instead of them.
    """

    name: str
    service_phone: str
    supervision_phone: str
    answer_hours: float
    close_after_days: int
    spans: tuple[tuple[time, time], ...]
    sites: tuple[Site, ...]
    turnaround: tuple[Turnaround, ...]
    allowances: Allowances

    def site(self, code: str) -> Site | None:
        """The site with this code; None for "" and for a code that the file does not have."""
        return next((site for site in self.sites if code and site.code == code), None)

    def hours_text(self) -> str:
        """Opening hours as people say them."""
        spans = "、".join(f"{a:%H:%M}—{b:%H:%M}" for a, b in self.spans)
        return f"工作日 {spans}，法定节假日休息"


def load_platform(path: Path) -> Platform:
    """Read and check the platform file. Raises PlatformError."""
    try:
        raw = msgspec.convert(tomllib.loads(path.read_text("utf-8")), PlatformFile)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise PlatformError(
            f"平台文件 {path.name} 无法使用 / unusable platform file: {error}"
        ) from error
    if raw.name.startswith(REFUSED_PREFIXES):
        raise PlatformError(
            "平台名称不得冠以“国家”“中国”“全国”（建设指南5.7）"
            " / the platform's name must not begin with these words"
        )
    if not re.fullmatch(rf".{{2,}}{SUFFIX}", raw.name):
        log.warning(
            "platform name differs from the guide's pattern", wanted=f"行政区域＋产业＋{SUFFIX}"
        )
    spans = _spans(raw.hours.spans)
    if wrong := fault_of(raw.sites):
        raise PlatformError(wrong)
    if raw.answer_hours <= 0:
        raise PlatformError("answer_hours 必须大于 0 / answer_hours must be positive")
    if not 1 <= raw.close_after_days <= LONGEST_CLOSE_AFTER:
        raise PlatformError(
            f"close_after_days 应为 1 到 {LONGEST_CLOSE_AFTER} / close_after_days out of range"
        )
    return Platform(
        name=raw.name,
        service_phone=raw.service_phone,
        supervision_phone=raw.supervision_phone,
        answer_hours=raw.answer_hours,
        close_after_days=raw.close_after_days,
        spans=spans,
        sites=tuple(raw.sites),
        turnaround=tuple(raw.turnaround),
        allowances=_allowances(raw.allowances),
    )


def _allowances(raw: dict[App, dict[Act, Allowance]]) -> Allowances:
    given = {
        (app, act): (allowance.messages, timedelta(minutes=allowance.minutes))
        for app, acts in raw.items()
        for act, allowance in acts.items()
    }
    return {**ALLOWANCES, **given}


def _spans(raw: list[tuple[str, str]]) -> tuple[tuple[time, time], ...]:
    try:
        spans = tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in raw)
    except ValueError as error:
        raise PlatformError(f"hours.spans 应为 HH:MM / bad hours: {error}") from error
    edges = [edge for span in spans for edge in span]
    if not spans or any(a >= b for a, b in pairwise(edges)):
        raise PlatformError("hours.spans 应按时间先后、互不重叠 / spans must be in order")
    return spans


def platform_articles(platform: Platform) -> tuple[Article, ...]:
    """What the platform file answers, in the form the matcher reads."""
    offices = "\n".join(
        f"{SITE_KINDS.get(s.kind, s.kind)}：{s.name}，{s.address}"
        + (f"，电话 {s.phone}" if s.phone else "")
        for s in platform.sites
    )
    times = "\n".join(f"{t.item}：约 {t.working_days} 个工作日" for t in platform.turnaround)
    articles = [
        _article(
            "hours",
            "other/out_of_scope",
            "你们几点上班几点下班",
            (
                "几点下班",
                "几点开门",
                "上班时间",
                "办公时间",
                "周末上班吗",
                "中午休息吗",
                "今天开门吗",
                "营业时间",
                "周六上班吗",
                "周六开门",
                "周日上班",
                "周末开门",
            ),
            f"服务时间：{platform.hours_text()}。\n非工作时间可以直接在这里提问，先自动答复，需要专员的会排队处理。",
        ),
        _article(
            "service-phone",
            "other/out_of_scope",
            "你们的电话是多少",
            (
                "服务电话",
                "联系电话",
                "咨询电话",
                "怎么联系你们",
                "打哪个电话",
                "客服电话",
                "联系方式",
            ),
            f"服务电话：{platform.service_phone}\n监督投诉电话：{platform.supervision_phone}",
        ),
        _article(
            "supervision-phone",
            "complaint",
            "投诉电话是多少",
            ("投诉电话", "监督电话", "举报电话", "怎么投诉你们 电话"),
            f"监督投诉电话：{platform.supervision_phone}\n也可以直接回复“投诉”和事情经过，由专人受理。",
        ),
        _article(
            "name",
            "other/out_of_scope",
            "你们是什么平台",
            (
                "你们是干什么的",
                "这个平台是做什么的",
                "你是谁",
                "平台叫什么名字",
                "有哪些服务",
                "能办什么业务",
            ),
            f"这里是{platform.name}，为水、饮料和食品企业提供计量、标准、认证认可、检验检测、"
            "质量管理、设备共享、品牌培育等“一站式”服务。直接打字提问即可。",
        ),
    ]
    if offices:
        articles.append(
            _article(
                "sites",
                "other/out_of_scope",
                "你们在哪里 地址",
                (
                    "地址在哪",
                    "怎么过去",
                    "窗口在哪",
                    "服务站在哪",
                    "在什么地方办",
                    "样品送到哪里",
                    "送样地址",
                    "送检地址",
                    "在哪里送检",
                    "到哪送检",
                    "服务站地址",
                    "窗口地址",
                    "地址在哪",
                ),
                offices,
            )
        )
    if times:
        articles.append(
            _article(
                "turnaround",
                "testing",
                "检测报告几天能出",
                (
                    "多久出报告",
                    "检测要多长时间",
                    "检验周期",
                    "报告要几天",
                    "几个工作日出结果",
                    "检定要多久",
                    "几天出报告",
                    "几天能出报告",
                    "检验要几天",
                    "检测要几天",
                    "检验周期多久",
                    "多少天出报告",
                ),
                f"一般周期（自收样并确认项目起）：\n{times}\n具体以受理时承诺为准。",
            )
        )
    return tuple(articles)


def _article(
    key: str, topic: str, question: str, variants: tuple[str, ...], answer: str
) -> Article:
    return Article(
        id=f"platform-{key}",
        topic=topic,
        action="answer",
        question=question,
        variants=variants,
        answer=answer,
        standards=(),
        products=(),
        source=PLATFORM_SOURCE,
        checked=True,
    )
