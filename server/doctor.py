"""`doctor`: what is wrong, in plain Chinese, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass

from tortoise.exceptions import BaseORMException

from handlers.knowledge import load_corpus
from handlers.platform import PlatformError, load_platform
from models import database
from models.accounts import Staff, StaffRole
from models.outbox import OutboxItem, OutboxState
from server.config import Config, ConfigError, load_config, require_credentials
from server.wechat.templates import TemplatesError, load_templates


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. advice: what to do when it is not in order."""

    name: str
    ok: bool
    advice: str = ""

    def line(self) -> str:
        """As printed."""
        return f"[{'正常' if self.ok else '注意'}] {self.name}" + (
            f"：{self.advice}" if self.advice else ""
        )


async def diagnose(environ: Mapping[str, str]) -> list[Finding]:
    """Look at configuration, files and database; never raises, never shows a secret."""
    try:
        config = load_config(environ)
    except ConfigError as error:
        return [Finding("配置", ok=False, advice=str(error))]
    return [
        _settings(config),
        _platform_file(config),
        _templates_file(config),
        *await _database(config),
    ]


def _settings(config: Config) -> Finding:
    try:
        require_credentials(config)
    except ConfigError as error:
        return Finding("微信配置", ok=False, advice=f"{error}（只用 dev 时不需要）")
    return Finding("微信配置", ok=True)


def _platform_file(config: Config) -> Finding:
    try:
        platform = load_platform(config.platform_file)
    except PlatformError as error:
        return Finding("平台文件", ok=False, advice=str(error))
    demo = "演示" in platform.name
    advice = "还是演示内容，请换成本平台的真实信息" if demo else ""
    return Finding("平台文件", ok=not demo or config.env == "dev", advice=advice)


def _templates_file(config: Config) -> Finding:
    try:
        load_templates(config.templates_file)
    except TemplatesError as error:
        return Finding("模板文件", ok=False, advice=str(error))
    return Finding("模板文件", ok=True)


async def _database(config: Config) -> list[Finding]:
    if not database.is_created(config.database_url):
        return [Finding("数据库", ok=False, advice="还没有建立，请运行 python -m server migrate")]
    await database.connect(config.database_url)
    try:
        if not await database.is_migrated():
            return [Finding("数据库", ok=False, advice="请运行 python -m server migrate")]
        return [Finding("数据库", ok=True), *await _contents()]
    except (BaseORMException, OSError):
        return [
            Finding("数据库", ok=False, advice="连接不上，请检查 NQI_DATABASE_URL 和数据库服务")
        ]
    finally:
        await database.disconnect()


async def _contents() -> list[Finding]:
    known = await load_corpus() is not None
    manager = await Staff.filter(role=StaffRole.MANAGER).exists()
    dead = await OutboxItem.filter(state=OutboxState.DEAD).count()
    return [
        Finding(
            "知识库", ok=known, advice="" if known else "请运行 python -m server import-corpus"
        ),
        Finding(
            "负责人", ok=manager, advice="" if manager else "至少设 1 名负责人（建设指南5.3.1）"
        ),
        Finding(
            "待发消息", ok=dead == 0, advice=f"{dead} 条发不出去，需要人工处理" if dead else ""
        ),
    ]
