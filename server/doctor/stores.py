"""Database and Redis: whether they answer, and what the rows tell."""

import asyncio
import contextlib
from functools import partial

from redis.asyncio import Redis
from redis.exceptions import RedisError
from tortoise.exceptions import BaseORMException

from handlers import watch
from handlers.accounts import StaffRole
from handlers.knowledge import BadKnowledge, load_corpus
from handlers.platform import load_platform
from handlers.worktime import add_working_days
from models import database
from models.clock import clock
from nlp.corpus import faults
from server.config import Config
from server.doctor.finding import Finding, Look, bounded, fine, reminder, trouble
from server.readiness import LAG_TOO_LONG, WORKER_TOO_OLD
from server.wechat.advice import advise

CLOSE_WITHIN = 1.0  # seconds


async def look_at_redis(config: Config) -> list[Finding]:
    """Whether it answers; it need not be there at all."""
    if not config.redis_url:
        return []
    try:
        async with Redis.from_url(config.redis_url, socket_connect_timeout=3) as redis:
            await redis.ping()
    except (RedisError, OSError):
        return [trouble("Redis", "连接不上，请检查 NQI_REDIS_URL 和 Redis 服务")]
    return [fine("Redis")]


async def look_at_database(config: Config) -> list[Finding]:
    """Schema first; only where that is right do the rows mean what we think."""
    if not database.is_created(config.database_url):
        return [trouble("数据库", "还没有建立，请运行 python -m server migrate")]
    try:
        schema = await bounded("数据库", partial(_schema, config.database_url))
        if schema != [fine("数据库")]:
            return schema
        looks: dict[str, Look] = {**LOOKS, "待审核": partial(_review, config)}
        rows = [await bounded(name, look) for name, look in looks.items()]
        return [*schema, *(finding for findings in rows for finding in findings)]
    finally:
        # A database that hangs would not let go either.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(database.disconnect(), CLOSE_WITHIN)


async def _schema(url: str) -> list[Finding]:
    try:
        await database.connect(url)
        missing = await database.missing_migrations()
        newer = await database.unknown_migrations()
    except (BaseORMException, OSError):
        return [trouble("数据库", "连接不上，请检查 NQI_DATABASE_URL 和数据库服务")]
    if newer:
        return [trouble("数据库", f"比程序新（{'、'.join(newer)}），请更新程序")]
    if missing:
        return [
            trouble(
                "数据库",
                f"比程序旧，缺 {'、'.join(missing)}，请运行 python -m server migrate 再重启服务",
            )
        ]
    return [fine("数据库")]


async def _knowledge() -> list[Finding]:
    try:
        corpus = await load_corpus()
        wrong = faults(corpus) if corpus else []
    except BadKnowledge as bad:
        corpus, wrong = None, bad.faults
    if wrong:
        told = "；".join(wrong[:3])
        return [trouble("知识库", f"有 {len(wrong)} 处错误，重启后只能用随程序带的知识：{told}")]
    if corpus is None:
        return [trouble("知识库", "是空的，请运行 python -m server import-corpus")]
    return [fine("知识库")]


async def _staff() -> list[Finding]:
    filled = await watch.roles_filled()
    wanted = (
        (StaffRole.MANAGER, "负责人", "至少设 1 名负责人（建设指南5.3.1）"),
        (
            StaffRole.SERVICE_OFFICER,
            "质量服务专员",
            "没有人，无人对口的问题会一直等待；请用 python -m server staff 登记",
        ),
    )
    return [
        fine(name) if role in filled else trouble(name, advice) for role, name, advice in wanted
    ]


async def _worker() -> list[Finding]:
    age = await watch.worker_age(now=clock.now())
    start = "请启动 serve（自带后台进程），或单独运行 python -m server worker"
    if age is None:
        return [trouble("后台进程", f"从来没有运行过，消息发不出去；{start}")]
    if age > WORKER_TOO_OLD:
        return [trouble("后台进程", f"已 {_span(age)}没有动静，消息发不出去；{start}")]
    return [fine("后台进程")]


async def _outbox() -> list[Finding]:
    findings = []
    dead = await watch.dead_rows()
    if dead:
        findings.append(
            trouble(
                "待发消息",
                f"{dead} 条发不出去；查明原因后，用 python -m server redrive 重发",
            )
        )
    lag = await watch.outbox_lag(now=clock.now())
    if lag > LAG_TOO_LONG:
        findings.append(
            trouble("待发消息", f"最早一条已等了 {_span(lag)}还没发，请检查后台进程和它的日志")
        )
    return findings or [fine("待发消息")]


async def _messages() -> list[Finding]:
    findings = []
    failed = await watch.failed_messages()
    if failed:
        findings.append(
            trouble(
                "来信",
                f"{failed} 条没能处理，提问人还没有得到答复；"
                "请看日志里的 message given up，修好后用 python -m server redrive 重新处理",
            )
        )
    quarantined = await watch.quarantined()
    if quarantined:
        findings.append(
            reminder(
                "来信", f"{quarantined} 条内容看不懂，已另存（quarantined_body 表），请人工查看"
            )
        )
    return findings or [fine("来信")]


async def _review(config: Config) -> list[Finding]:
    since = await watch.oldest_held()
    spans = load_platform(config.platform_file).spans
    if since is None or clock.now() <= add_working_days(since, 1, spans):
        return [fine("待审核")]
    waited = _span((clock.now() - since).total_seconds())
    return [
        trouble(
            "待审核",
            f"有来信已等了 {waited}没有人看，请负责人或质量服务专员打开工单页的“待审核”处理",
        )
    ]


async def _media() -> list[Finding]:
    waiting = await watch.media_waiting(now=clock.now())
    if not waiting:
        return [fine("图片和语音")]
    return [
        trouble(
            "图片和语音",
            f"{waiting} 个还没有取回，微信只保留 3 天；请检查后台进程是否运行、"
            "NQI_FILES_DIR 所在的磁盘是否已满，原因见后台进程的日志",
        )
    ]


async def _gates() -> list[Finding]:
    gates = await watch.shut_gates()
    return [trouble(f"发送通道 {gate.name}", advise(gate.reason)) for gate in gates]


async def _fields() -> list[Finding]:
    return [trouble("模板", advise(code)) for code in await watch.refused_fields(now=clock.now())]


LOOKS: dict[str, Look] = {
    "知识库": _knowledge,
    "人员": _staff,
    "后台进程": _worker,
    "待发消息": _outbox,
    "来信": _messages,
    "图片和语音": _media,
    "发送通道": _gates,
    "模板": _fields,
}


def _span(seconds: float) -> str:
    """For people: 90 s and more in minutes, 2 h and more in hours."""
    if seconds < 90:
        return f"{seconds:.0f} 秒"
    return f"{seconds / 60:.0f} 分钟" if seconds < 7200 else f"{seconds / 3600:.0f} 小时"
