"""The menu command against a running platform, and what the menu's entries do."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from handlers import wording
from handlers.conversation import MENU_WORDS
from models.tickets import Ticket
from tests.cast import EMPLOYEE
from tests.log_guard import heard
from tests.product import Product, environment

ROOT = Path(__file__).parents[2]
CREATE = "/cgi-bin/menu/create"


async def menu(product: Product, act: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the command beside the product."""
    port = str(product.config.port)
    variables = {**environment(product.config.database_url, **more), "NQI_PORT": port}
    result = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "server", "menu", act],
        cwd=ROOT, env={"PATH": os.environ["PATH"], **variables}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    heard(result.stderr)
    assert "Traceback" not in result.stderr
    return result


async def test_push_replaces_the_menu(product: Product, tmp_path: Path) -> None:
    path = tmp_path / "menu.toml"
    path.write_text("[[button]]\nname = '提问'\ntype = 'click'\nkey = 'ask'\n", "utf-8")
    assert [button["name"] for button in product.simulator.menu] == ["问一问", "办业务", "我的"]
    result = await menu(product, "push", MENU_FILE=str(path))
    assert result.returncode == 0, result.stderr
    assert "菜单已发布" in result.stdout
    assert product.simulator.menu == [{"type": "click", "name": "提问", "key": "ask"}]
    result = await menu(product, "check", MENU_FILE=str(path))
    assert (result.returncode, "提问：点击 ask" in result.stdout) == (0, True)
    assert len(product.simulator.calls(CREATE)) == 1


@pytest.mark.parametrize(
    ("code", "words"), [(48001, "接口权限"), (45064, "没有关联"), (40164, "IP 白名单")]
)
async def test_a_refusal_says_what_to_do(product: Product, code: int, words: str) -> None:
    product.simulator.switch_on(CREATE, "errcode", errcode=code)
    result = await menu(product, "push")
    assert result.returncode == 1
    assert "菜单没有发布" in result.stderr
    assert words in result.stderr


async def test_a_bad_file_is_refused_before_anything_is_sent(
    product: Product, tmp_path: Path
) -> None:
    path = tmp_path / "menu.toml"
    path.write_text("[[button]]\nname = '提问'\ntype = 'click'\nkey = 'asks'\n", "utf-8")
    for act in ("check", "push"):
        result = await menu(product, act, MENU_FILE=str(path))
        assert result.returncode == 2
        assert "asks 不认识" in result.stderr
    assert product.simulator.calls(CREATE) == []


@pytest.mark.parametrize("key", MENU_WORDS)
async def test_every_key_does_something(product: Product, key: str) -> None:
    reply = (await product.simulator.click_menu(EMPLOYEE.openid, key)).reply_text or ""
    expected = {
        "ask": wording.GREETING,
        "progress": wording.NO_TICKETS,
        "human": "单号",
        "sites": "A12窗口",
        "phone": "0000-1234567",
        "turnaround": "5 个工作日",
        "services": "1. 绿色通道检验",
        "complaint": "说说经过",
    }
    assert expected[key] in reply
    assert await Ticket.all().count() == (key in ("human", "complaint"))
