"""`doctor`, run as operators run it, over a product with something wrong."""

import asyncio
import os
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from handlers import heartbeats, outbox
from handlers.knowledge import import_corpus
from models.accounts import Account, App, Staff, StaffRole
from models.clock import Clock
from models.conversations import InboundMessage, InboundState, QuarantinedBody
from models.outbox import Channel, Delivery, DeliveryResult, Gate, Notice, OutboxItem, OutboxState
from models.sql import fetch
from nlp import Corpus, load_packaged
from server.wechat.simulator.faults import Fault
from tests.cast import EMPLOYEE
from tests.log_guard import heard
from tests.product import Product, environment
from tests.stack import free_port

ROOT = Path(__file__).parents[2]
TOKEN = "/cgi-bin/stable_token"
WHITELIST = "40164：请在公众平台把 203.0.113.7 加入 IP 白名单"


@dataclass(frozen=True, slots=True)
class Report:
    """What `doctor` printed."""

    code: int
    lines: list[str]

    def about(self, name: str) -> list[str]:
        """The lines about one thing."""
        return [line for line in self.lines if line.partition("] ")[2].startswith(name)]


async def doctor(product: Product, **changes: str) -> Report:
    """Run it with this product's settings, in a process of its own."""
    config = product.config
    variables = environment(config.database_url, config.redis_url)
    variables["NQI_PORT"] = str(config.port)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "doctor",
        cwd=ROOT, env={**os.environ, **variables, **{f"NQI_{k}": v for k, v in changes.items()}},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert b"Traceback" not in errors, errors.decode()
    heard(output.decode() + errors.decode())
    return Report(process.returncode or 0, output.decode().splitlines())


async def owed(product: Product, key: str) -> OutboxItem:
    now = product.clock.now()
    account = await Account.create(created_at=now)
    await outbox.enqueue(
        Notice.REPLY, account_id=account.id, app=App.OFFICIAL, payload={"text": key},
        dedupe_key=key, stream=key, now=now,
    )  # fmt: skip
    return await OutboxItem.get(dedupe_key=key)


async def test_all_is_well(product: Product) -> None:
    little = Corpus(load_packaged().standards[:1], limits=(), articles=(), examples=())
    await import_corpus(little, now=product.clock.now())
    await heartbeats.beat(heartbeats.WORKER, now=Clock().now())
    report = await doctor(product)
    assert report.code == 0, report.lines
    assert "[正常] 公众号接口" in report.lines
    assert "[正常] 小程序接口" in report.lines
    assert len(product.simulator.calls(TOKEN)) == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(TOKEN, "errcode", errcode=40164), WHITELIST),
        (Fault(TOKEN, "errcode", errcode=40125), "AppSecret 不对"),
        (Fault(TOKEN, "errcode", errcode=40013), "AppID 不对"),
        (Fault(TOKEN, "errcode", errcode=89503), "管理员"),
        (Fault(TOKEN, "errcode", errcode=99998), "全局返回码"),
        (Fault(TOKEN, "http_500"), "微信服务器出错"),
        (Fault(TOKEN, "html200"), "没有给出可用的回答"),
        (Fault(TOKEN, "reset"), "没有给出可用的回答"),
        (Fault(TOKEN, "timeout", seconds=8), "没有给出可用的回答"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
async def test_what_the_platform_says_is_translated(
    product: Product, fault: Fault, words: str
) -> None:
    product.simulator.faults.switch_on(fault)
    report = await doctor(product)
    assert report.code == 1
    for name in ("公众号接口", "小程序接口"):
        (line,) = report.about(name)
        assert words in line


async def test_nothing_but_the_doctor_is_up(product: Product, tmp_path: Path) -> None:
    nowhere = free_port()
    report = await doctor(
        product,
        DATABASE_URL=f"postgres://nobody:pass-w0rd@127.0.0.1:{nowhere}/none",
        REDIS_URL=f"redis://:pass-w0rd@127.0.0.1:{nowhere}/0",
        WECHAT_API_BASE=f"http://127.0.0.1:{nowhere}",
    )
    assert report.code == 1
    assert any("连接不上" in line for line in report.about("数据库"))
    assert any("连接不上" in line for line in report.about("Redis"))
    assert any("没有给出可用的回答" in line for line in report.about("公众号接口"))
    assert "pass-w0rd" not in "".join(report.lines)
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"this is no database" * 100)
    report = await doctor(product, DATABASE_URL=f"sqlite://{broken}")
    assert report.about("数据库")[0].startswith("[注意]")


async def test_what_the_rows_tell(product: Product) -> None:
    now = Clock().now()
    await Staff.all().delete()
    await heartbeats.beat(heartbeats.WORKER, now=now - timedelta(minutes=10))
    dead = await owed(product, "dead")
    await OutboxItem.filter(id=dead.id).update(state=OutboxState.DEAD)
    await Delivery.create(
        item_id=dead.id, channel=Channel.OFFICIAL_TEMPLATE, round=0, final=True, at=now,
        result=DeliveryResult.FAILED, code="47003 thing1",
    )  # fmt: skip
    await Gate.create(
        name="official_custom", tokens=0, filled_at=now, opens_at=now + timedelta(minutes=5),
        failures=1, reason="45009",
    )  # fmt: skip
    await product.say(EMPLOYEE, "几点下班")
    await InboundMessage.all().update(state=InboundState.FAILED)
    await QuarantinedBody.create(app=App.OFFICIAL, reason="r", body=b"x", received_at=now)
    report = await doctor(product)
    assert report.code == 1
    for name, words in (
        ("知识库", "import-corpus"),
        ("负责人", "至少设 1 名"),
        ("质量服务专员", "staff"),
        ("后台进程", "已 10 分钟没有动静"),
        ("待发消息", "1 条发不出去；查明原因后，用 python -m server redrive 重发"),
        ("来信", "1 条没能处理"),
        ("发送通道 official_custom", "45009：接口当日调用次数用完"),
        ("模板", "47003（字段 thing1）"),
    ):
        assert any(words in line for line in report.about(name)), (name, report.lines)
    assert any("[提醒]" in line for line in report.about("来信"))


async def test_code_and_database_of_different_ages(product: Product) -> None:
    await fetch("UPDATE tortoise_migrations SET name = '9999_later' WHERE name LIKE '0002%'")
    (line,) = (await doctor(product)).about("数据库")
    assert "比程序新（9999_later），请更新程序" in line
    await fetch("DELETE FROM tortoise_migrations WHERE name = '9999_later'")
    (line,) = (await doctor(product)).about("数据库")
    assert "比程序旧" in line
    assert "python -m server migrate" in line


async def test_production_without_https(product: Product) -> None:
    report = await doctor(product, ENV="production", PUBLIC_URL="http://nqi.example.cn")
    assert any("https" in line for line in report.about("访问地址"))


async def test_roles_of_staff_are_known(product: Product) -> None:
    await Staff.filter(role=StaffRole.SERVICE_OFFICER).delete()
    report = await doctor(product)
    assert report.about("负责人") == ["[正常] 负责人"]
    assert report.about("质量服务专员")[0].startswith("[注意]")
