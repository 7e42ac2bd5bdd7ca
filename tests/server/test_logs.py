"""Every line of a production log is one JSON object, whoever speaks."""

import json
import subprocess
import sys

PROGRAM = """
import asyncio, logging, structlog
from server.logs import setup_logs
setup_logs(production=True)
structlog.contextvars.bind_contextvars(request="abc")
structlog.get_logger("server.x").warning("ours", item=7)
logging.getLogger("sanic.error").error("theirs %s", 1)
logging.getLogger("httpx").info("https://api.weixin.qq.com/x?access_token=1")
async def breaks():
    try:
        raise ValueError("duplicate key\\nDETAIL:  Key (openid)=(oEmployee) already exists.")
    except ValueError as error:
        raise RuntimeError("not stored\\nDETAIL:  Failing row contains (oEmployee)") from error
async def main():
    asyncio.create_task(breaks())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
asyncio.run(main())
"""


def test_all_lines_are_json() -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    ours, theirs, lost = (json.loads(line) for line in result.stderr.splitlines())
    for line in (ours, theirs):
        assert line["request"] == "abc"
        assert line["timestamp"].endswith("Z")
    assert (ours["logger"], ours["level"], ours["item"]) == ("server.x", "warning", 7)
    assert (theirs["logger"], theirs["level"], theirs["event"]) == (
        "sanic.error",
        "error",
        "theirs 1",
    )
    # asyncio's own complaint about a lost task, with its traceback inside the line.
    assert lost["logger"] == "asyncio"
    assert lost["exception"].endswith("\nValueError: duplicate key")
    assert "RuntimeError: not stored\nbecause of\n" in lost["exception"]
    assert "in breaks" in lost["exception"]
    # PostgreSQL quotes the values in question after the first line.
    assert "oEmployee" not in result.stderr
    assert result.stdout == ""
