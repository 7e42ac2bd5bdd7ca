"""The commands, run as processes."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.log_guard import heard
from tests.product import environment

ROOT = Path(__file__).parents[1]
DEV_QUESTIONS = ROOT / "tests" / "nlp" / "questions_dev.jsonl"


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("NQI_")}
    result = subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        cwd=ROOT, env={**clean, **variables}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    heard(result.stderr)
    return result


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/cli.sqlite3"


def test_migrate_and_import_are_repeatable(url: str) -> None:
    assert run("import-corpus", NQI_DATABASE_URL=url).returncode == 2  # not migrated yet
    for _ in range(2):
        assert run("migrate", NQI_DATABASE_URL=url).returncode == 0
    first = run("import-corpus", NQI_DATABASE_URL=url)
    assert first.returncode == 0, first.stderr
    assert "新增" in first.stdout
    assert "没有变化" in run("import-corpus", NQI_DATABASE_URL=url).stdout


def test_two_migrations_at_once_both_end_well(url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "server", "migrate"],
            cwd=ROOT, env={**os.environ, "NQI_DATABASE_URL": url},
        )
        for _ in range(3)
    ]  # fmt: skip
    assert [p.wait(60) for p in processes] == [0, 0, 0]


def test_ask_needs_no_settings(url: str) -> None:
    result = run("ask", "桶装水铜绿超标咋办", NQI_DATABASE_URL=url)
    assert result.returncode == 0, result.stderr
    assert "GB 19298-2014" in result.stdout


def test_evaluate_prints_one_json_line_per_question(url: str) -> None:
    result = run("evaluate", str(DEV_QUESTIONS), "--json", NQI_DATABASE_URL=url)
    assert result.returncode == 0, result.stderr
    asked = [json.loads(line) for line in DEV_QUESTIONS.read_text("utf-8").splitlines()]
    answered = [json.loads(line) for line in result.stdout.splitlines()]
    assert [a["q"] for a in answered] == [a["q"] for a in asked]
    for line in answered:
        assert set(line) == {"q", "topic", "action", "standards", "confidence"}
        assert 0 <= line["confidence"] <= 1
        assert len(line["standards"]) <= 5


def test_evaluate_takes_odd_questions_byte_for_byte(url: str, tmp_path: Path) -> None:
    odd = ["", "  空格 \t", 'a\\b"c\u2028d', "emoji 🤝", "换\n行", "GB\u300019298", "x" * 3000]
    path = tmp_path / "odd.jsonl"
    lines = [json.dumps({"q": q}, ensure_ascii=False) for q in odd]
    odd.append("\ud800")
    lines.append('{"q": "\\ud800"}')
    path.write_text("\n".join(lines), "utf-8")
    result = run("evaluate", str(path), "--json", NQI_DATABASE_URL=url)
    assert result.returncode == 0, result.stderr
    answered = result.stdout.split("\n")[:-1]
    assert [json.loads(line)["q"] for line in answered] == odd


@pytest.mark.parametrize("body", [b"not json\n", b'{"x": 1}\n', b"[1]\n", b"\xff\xfe\n"])
def test_evaluate_names_what_it_cannot_read(url: str, tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(body)
    result = run("evaluate", str(path), "--json", NQI_DATABASE_URL=url)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


BAD_SETTINGS = [
    ({"WECHAT_TOKEN": ""}, "NQI_WECHAT_TOKEN"),
    ({"MINIAPP_TOKEN": ""}, "NQI_MINIAPP_TOKEN"),
    ({"WECHAT_AES_KEY": "a" * 42}, "NQI_WECHAT_AES_KEY"),
    ({"WECHAT_AES_KEY": "a" * 42 + "="}, "NQI_WECHAT_AES_KEY"),
    ({"MINIAPP_AES_KEY": ""}, "NQI_MINIAPP_AES_KEY"),
    ({"SECRET_KEY": "short"}, "NQI_SECRET_KEY"),
    ({"WORKERS": "2"}, "NQI_WORKERS"),
    ({"PORT": "70000"}, "NQI_PORT"),
    ({"ENV": "staging"}, "NQI_ENV"),
    ({"ENV": "production", "WECHAT_SECRET": "changeme-please"}, "NQI_WECHAT_SECRET"),
    ({"DATABASE_URL": "mysql://x"}, "NQI_DATABASE_URL"),
    ({"TRUSTED_PROXIES": "everybody"}, "NQI_TRUSTED_PROXIES"),
    ({"PLATFORM_FILE": "/nowhere.toml"}, "NQI_PLATFORM_FILE"),
    ({"PUBLIC_URL": "ftp://x"}, "NQI_PUBLIC_URL"),
]


@pytest.mark.parametrize(("change", "named"), BAD_SETTINGS, ids=str)
def test_serve_refuses_bad_settings(url: str, change: dict[str, str], named: str) -> None:
    result = run("serve", **environment(url, **change))
    assert result.returncode == 2
    assert named in result.stderr
    assert " / " in result.stderr
    assert "Traceback" not in result.stderr
    assert "changeme" not in result.stderr


def test_serve_wants_a_migrated_database(url: str) -> None:
    result = run("serve", **environment(url))
    assert result.returncode == 2
    assert "python -m server migrate" in result.stderr
    assert "Traceback" not in result.stderr
    away = run("serve", **environment("postgres://nobody@127.0.0.1:1/none"))
    assert away.returncode == 2
    assert "数据库连接不上" in away.stderr
    assert "Traceback" not in away.stderr


def test_taken_port_is_named(url: str) -> None:
    run("migrate", NQI_DATABASE_URL=url)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for command in ("serve", "dev"):
            result = run(command, **environment(url, PORT=port))
            assert result.returncode == 2
            assert "NQI_PORT" in result.stderr
            assert "Traceback" not in result.stderr


def test_secret_from_a_file(url: str, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("", "utf-8")
    variables = environment(url, WECHAT_TOKEN_FILE=str(secret))
    variables["NQI_WECHAT_TOKEN"] = ""
    assert "NQI_WECHAT_TOKEN" in run("serve", **variables).stderr
    variables["NQI_WECHAT_TOKEN_FILE"] = str(tmp_path / "missing")
    assert "NQI_WECHAT_TOKEN_FILE" in run("serve", **variables).stderr


def test_doctor_says_what_to_do(url: str) -> None:
    result = run("doctor", NQI_DATABASE_URL=url)
    assert result.returncode == 1
    assert "python -m server migrate" in result.stdout
    run("migrate", NQI_DATABASE_URL=url)
    run("import-corpus", NQI_DATABASE_URL=url)
    assert "[正常] 知识库" in run("doctor", **environment(url)).stdout
