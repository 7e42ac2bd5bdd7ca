"""The command line: python -m server COMMAND."""

import argparse
import asyncio
import io
import json
import os
import signal
import socket
import sys
from datetime import date
from pathlib import Path
from typing import Any

from handlers.knowledge import import_corpus, load_corpus
from handlers.platform import PlatformError
from models import database
from models.clock import clock
from nlp import Corpus, load_packaged
from nlp.evaluate import evaluate, score
from server.app import create_app
from server.config import Config, ConfigError, load_config, require_credentials
from server.dev import build_simulator, dev_config, greeting, prepare
from server.doctor import diagnose
from server.logs import setup_logs
from server.supervisor import listen, supervise
from server.wechat.templates import TemplatesError
from server.wiring import STORE_ERRORS, house_of, wired
from server.worker import Worker


def main() -> int:
    """Run one command; returns the exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    arguments = _parser().parse_args()
    try:
        return int(arguments.run(arguments))
    except (ConfigError, PlatformError, TemplatesError) as error:
        _say_error(str(error))
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m server", description="质量一站通")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    add("dev", _dev, "everything on this machine, with the WeChat simulator")
    serve = add("serve", _serve, "HTTP processes and one supervised worker")
    serve.add_argument("--no-worker", action="store_true", help="HTTP only")
    http = add("http", _http, "one HTTP process of `serve`")
    http.add_argument("--fd", type=int, required=True, help="the listening socket")
    add("worker", _worker, "the worker alone")
    add("migrate", _migrate, "bring the database schema up to date")
    add("import-corpus", _import_corpus, "bring the packaged knowledge into the database")
    ask = add("ask", _ask, "what the engine decides on one question")
    ask.add_argument("question")
    _add_today(ask)
    evaluation = add("evaluate", _evaluate, "run the engine over a file of questions")
    evaluation.add_argument("file", type=Path)
    evaluation.add_argument("--json", action="store_true", help="JSON lines on standard output")
    _add_today(evaluation)
    add("doctor", _doctor, "say what is wrong and what to do")
    return parser


def _add_today(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--today", type=date.fromisoformat, default=None, help="the day to answer for, YYYY-MM-DD"
    )


def _dev(_arguments: argparse.Namespace) -> int:
    config = dev_config(os.environ)
    setup_logs(production=False)
    with listen(config.host, config.port) as listener:
        asyncio.run(prepare(config))
        print(greeting(config), flush=True)  # noqa: T201
        app = create_app(config, simulator=build_simulator(config), with_worker=True)
        app.run(sock=listener, single_process=True, motd=False, access_log=False)
    return 0


def _serve(arguments: argparse.Namespace) -> int:
    config = _checked()
    asyncio.run(_require_database(config))
    return supervise(
        config.host, config.port, workers=config.workers, with_worker=not arguments.no_worker
    )


def _http(arguments: argparse.Namespace) -> int:
    config = _checked()
    app = create_app(config)
    listener = socket.socket(fileno=arguments.fd)
    app.run(sock=listener, single_process=True, motd=False, access_log=False)
    return 0


def _worker(_arguments: argparse.Namespace) -> int:
    config = _checked()
    return asyncio.run(_work(config))


def _checked() -> Config:
    config = load_config(os.environ)
    require_credentials(config)
    setup_logs(production=config.env == "production")
    return config


async def _require_database(config: Config) -> None:
    """Raises ConfigError unless the database is there and migrated."""
    wrong = ConfigError("数据库还没有建好，请先运行 python -m server migrate / run `migrate` first")
    if not database.is_created(config.database_url):
        raise wrong
    await database.connect(config.database_url)
    try:
        if not await database.is_migrated():
            raise wrong
    except STORE_ERRORS as error:
        raise ConfigError(
            "数据库连接不上，请检查 NQI_DATABASE_URL 和数据库服务"
            f" / the database does not answer: {type(error).__name__}"
        ) from error
    finally:
        await database.disconnect()


async def _work(config: Config) -> int:
    await _require_database(config)
    await database.connect(config.database_url)
    try:
        async with wired(config, clock) as wiring:
            worker = Worker(wiring.house, wiring.sender)
            loop = asyncio.get_running_loop()
            for signum in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(signum, worker.stop)
            await worker.run()
    finally:
        await database.disconnect()
    return 0


def _migrate(_arguments: argparse.Namespace) -> int:
    config = load_config(os.environ)
    setup_logs(production=config.env == "production")
    asyncio.run(database.migrate(config.database_url))
    _say("数据库已是最新 / the database is up to date")
    return 0


def _import_corpus(_arguments: argparse.Namespace) -> int:
    config = load_config(os.environ)
    setup_logs(production=config.env == "production")
    return asyncio.run(_import(config))


async def _import(config: Config) -> int:
    await _require_database(config)
    await database.connect(config.database_url)
    try:
        report = await import_corpus(load_packaged(), now=clock.now())
    finally:
        await database.disconnect()
    if report.unchanged:
        _say(f"知识没有变化（版本 {report.revision}） / nothing changed")
    else:
        _say(
            f"知识版本 {report.revision}：新增 {report.added}，更新 {report.changed}，"
            f"撤下 {report.withdrawn}，保留人工修改 {report.kept}"
        )
    return 0


def _ask(arguments: argparse.Namespace) -> int:
    config = load_config(os.environ)
    setup_logs(production=True)
    house = house_of(config, clock, asyncio.run(_knowledge(config)))
    decision = house.matcher.decide(arguments.question, today=arguments.today or clock.today())
    _say(decision.text or f"（{decision.action}，由人处理）")
    for i, option in enumerate(decision.options, 1):
        _say(f"  {i}. {option.label}")
    _say(
        f"—— {decision.action} · {decision.topic} · {decision.confidence:.2f} · "
        + "、".join(decision.standards)
    )
    for reason in decision.reasons:
        _say(f"   {reason}")
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    config = load_config(os.environ)
    setup_logs(production=True)
    house = house_of(config, clock, asyncio.run(_knowledge(config)))
    today = arguments.today or clock.today()
    try:
        # Not splitlines(): a question may hold U+2028, which JSON allows inside a string.
        lines = arguments.file.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        _say_error(f"读不了这个文件 / can't read the file: {error}")
        return 2
    lines = [line for line in lines if line.strip()]
    try:
        results = list(evaluate(house.matcher, lines, today))
    except ValueError as error:
        _say_error(f"文件格式有误 / malformed file: {error}")
        return 2
    if arguments.json:
        for result in results:
            _say(_json_line(result))
    else:
        expected = [json.loads(line) for line in lines]
        for name, value in score(expected, results).items():
            _say(f"{name}: {value}")
    return 0


def _json_line(result: dict[str, Any]) -> str:
    """One line of JSON; escaped where a question holds what no encoding can carry."""
    line = json.dumps(result, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:
        return json.dumps(result)
    return line


async def _knowledge(config: Config) -> Corpus:
    """The database's knowledge where there is any, the packaged one otherwise."""
    if not database.is_created(config.database_url):
        return load_packaged()
    await database.connect(config.database_url)
    try:
        migrated = await database.is_migrated()
        return (await load_corpus() if migrated else None) or load_packaged()
    finally:
        await database.disconnect()


def _doctor(_arguments: argparse.Namespace) -> int:
    setup_logs(production=True)
    findings = asyncio.run(diagnose(os.environ))
    for finding in findings:
        _say(finding.line())
    return 0 if all(finding.ok for finding in findings) else 1


def _say(line: str) -> None:
    print(line)  # noqa: T201 -- a command's result


def _say_error(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
