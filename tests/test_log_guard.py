"""The guard itself: a planted secret fails a run, and the run says which and whose."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.cast import EMPLOYEE
from tests.log_guard import PATTERNS, leaks_in
from tests.product import environment

ROOT = Path(__file__).parents[1]
TOLD = {
    "setting": environment("sqlite://x")["NQI_WECHAT_SECRET"],
    "password": "postgres://nobody:pass-w0rd@host",
    "openid of the cast": f"'{EMPLOYEE.openid}'",
    "openid of a crowd": "mCrowd17",
    "openid by its looks": "oAbCdEfGhIjKlMnOpQrStUvWxYz0",
    "access token": "access_token=97_" + "aB-_" * 30,
    "session or link": "/desk/enter/eyJhbGciOiJI.eyJzdWIiOiIx.c2ln",
    "session key": "HyVFkGl5F5OQWJZZaNzBBg==",
    "telephone": "call 138 1234 5678",
}
INNOCENT = (
    '{"event": "request slow or failed", "request": "13800138000aabbc", "seconds": 1.38001380001}',
    '{"event": "not sent", "item": 13, "timestamp": "2026-11-23T10:00:00.138001Z"}',
    "File server/sender.py, line 71, in send: openid, secret, token = others",
)
TEST = """
import structlog
{imports}
def test_that_passes(tmp_path):
    {tell}
"""


@pytest.mark.parametrize("name", PATTERNS)
def test_every_pattern_finds_what_it_is_for(name: str) -> None:
    (leak,) = leaks_in("here", '{"logger": "server.x", "event": "' + TOLD[name] + '"}')
    assert (leak.pattern, leak.logger) == (name, "server.x")
    assert TOLD[name] not in str(leak)


@pytest.mark.parametrize("line", INNOCENT)
def test_other_lines_are_let_be(line: str) -> None:
    assert leaks_in("here", line) == []


@pytest.mark.parametrize(
    ("imports", "tell", "who"),
    [
        ("", "structlog.get_logger('server.x').warning('to', openid='oEmployee')", "server.x"),
        ("import logging", "logging.getLogger('asyncio').error('oEmployee')", "asyncio"),
        ("", "(tmp_path / 'serve.log').write_text('sent to oEmployee')", "serve.log"),
    ],
    ids=["structlog", "logging", "process"],
)
def test_a_planted_secret_fails_the_run(imports: str, tell: str, who: str) -> None:
    # Not pytest's own folder: this very run would find the secret there.
    with tempfile.TemporaryDirectory() as folder:
        _planted(Path(folder), imports, tell, who)


def _planted(tmp_path: Path, imports: str, tell: str, who: str) -> None:
    def run(tell: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "test_planted.py").write_text(TEST.format(imports=imports, tell=tell))
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "tests.log_guard", "--basetemp",
             str(tmp_path / "run"), str(tmp_path / "test_planted.py")],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True,
            text=True, timeout=60, check=False,
        )  # fmt: skip

    good = run("structlog.get_logger('server.x').warning('sent', item=7)")
    assert good.returncode == 0, good.stdout
    bad = run(tell)
    assert bad.returncode == 1, bad.stdout
    assert "1 passed" in bad.stdout
    assert "openid of the cast told by" in bad.stdout
    assert who in bad.stdout
    assert "oEmployee" not in bad.stdout.partition("secrets in the logs")[2]
