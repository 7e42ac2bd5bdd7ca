"""The command line: python -m server COMMAND."""

import argparse
import asyncio
import gc
import io
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from datetime import date
from pathlib import Path
from typing import Any

from handlers import inbox, outbox
from handlers.accounts import StaffRole, register_staff
from handlers.knowledge import BadKnowledge
from handlers.platform import PlatformError, load_platform
from models import database
from models.clock import clock
from nlp import TOPICS
from server import enterprise
from server.app import create_app
from server.archive import BackupError
from server.backup import backup, restore
from server.config import Config, ConfigError, load_config, require_credentials
from server.dev import build_simulator, dev_config, greeting, prepare
from server.doctor import Weight, diagnose
from server.http.protocol import Protocol
from server.knowledge import Renewal, import_packaged
from server.logs import setup_logs
from server.menu import menu
from server.say import say, say_error
from server.supervisor import end_with_parent, listen, supervise
from server.trial import ask, evaluate_file
from server.wechat.menu import MenuError
from server.wechat.templates import TemplatesError, load_templates
from server.wiring import STORE_ERRORS, wired
from server.worker import Worker


def main() -> int:
    """Run one command; returns the exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    arguments = _parser().parse_args()
    try:
        return int(arguments.run(arguments))
    except (ConfigError, PlatformError, TemplatesError, MenuError, BackupError) as error:
        say_error(str(error))
        return 2
    except BadKnowledge as bad:
        say_error("知识库有误 / the knowledge can't be worked with:")
        for fault in bad.faults[:20]:
            say_error(f"  {fault}")
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has had enough (`… | head`); nothing more can be said there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


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
    worker = add("worker", _worker, "the worker alone")
    for child in (http, worker):
        child.add_argument("--lifeline", type=int, help="a pipe of the supervisor's")
    staff = add("staff", _staff, "register a member of staff, or change the record")
    staff.add_argument("openid", help="in the official account")
    staff.add_argument("name")
    staff.add_argument("role", choices=[role.value for role in StaffRole])
    staff.add_argument("topics", nargs="*", metavar="TOPIC", type=_topic)
    firm = add("enterprise", _enterprise, "enterprises: a code for the first member; members")
    enterprise.add_arguments(firm)
    add("migrate", _migrate, "bring the database schema up to date")
    add("import-corpus", _import_corpus, "bring the packaged knowledge into the database")
    redrive = add("redrive", _redrive, "send dead messages again, once their cause is mended")
    redrive.add_argument("ids", nargs="*", type=int, metavar="ID", help="these only; default: all")
    saving = add("backup", _backup, "write the database and all files into one archive")
    restoring = add("restore", _restore, "fill an empty database and file store from an archive")
    for command in (saving, restoring):
        command.add_argument("file", type=Path)
    restoring.add_argument("--verify", action="store_true", help="read it all again and compare")
    asking = add("ask", ask, "what the engine decides on one question")
    asking.add_argument("question")
    _add_today(asking)
    evaluation = add("evaluate", evaluate_file, "run the engine over a file of questions")
    evaluation.add_argument("file", type=Path)
    evaluation.add_argument("--json", action="store_true", help="JSON lines on standard output")
    evaluation.add_argument("--svg", type=Path, help="draw the risk-coverage curve into this file")
    _add_today(evaluation)
    menus = add("menu", menu, "check the official account's menu file, or push it to WeChat")
    menus.add_argument("act", choices=("check", "push"))
    add("doctor", _doctor, "say what is wrong and what to do")
    return parser


def _topic(word: str) -> str:
    if word not in TOPICS:
        raise argparse.ArgumentTypeError(f"{word}: one of {', '.join(TOPICS)}")
    return word


def _add_today(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--today", type=date.fromisoformat, default=None, help="the day to answer for, YYYY-MM-DD"
    )


def _dev(_arguments: argparse.Namespace) -> int:
    config = dev_config(os.environ)
    setup_logs(production=False)
    with listen(config.host, config.port) as listener:
        asyncio.run(prepare(config))
        say(greeting(config))
        app = create_app(config, simulator=build_simulator(config), with_worker=True)
        app.run(sock=listener, protocol=Protocol, single_process=True, motd=False, access_log=False)
    return 0


def _serve(arguments: argparse.Namespace) -> int:
    config = _checked()
    asyncio.run(_require_database(config))
    return supervise(
        config.host, config.port, workers=config.workers, with_worker=not arguments.no_worker
    )


def _http(arguments: argparse.Namespace) -> int:
    config = _checked()
    _tie(arguments)
    app = create_app(config)
    app.register_listener(_settle_in, "before_server_start")
    listener = socket.socket(fileno=arguments.fd)
    app.run(sock=listener, protocol=Protocol, single_process=True, motd=False, access_log=False)
    return 0


async def _settle_in(_app: object) -> None:
    """Code and engine are here to stay: the collector need not look at them again and again."""
    gc.collect()
    gc.freeze()


def _worker(arguments: argparse.Namespace) -> int:
    config = _checked()
    _tie(arguments)
    return asyncio.run(_work(config))


def _tie(arguments: argparse.Namespace) -> None:
    if arguments.lifeline is not None:
        end_with_parent(arguments.lifeline)


def _checked() -> Config:
    config = load_config(os.environ)
    require_credentials(config)
    load_platform(config.platform_file)
    load_templates(config.templates_file)
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
            worker = Worker(wiring.house, wiring.sender, wiring.collector)
            loop = asyncio.get_running_loop()
            for signum in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(signum, worker.stop)
            renewal = Renewal(wiring.house.platform, wiring.knowledge, worker.use)
            renewing = asyncio.create_task(renewal.run())
            await worker.run()
            renewing.cancel()
    finally:
        await database.disconnect()
    return 0


def _migrate(_arguments: argparse.Namespace) -> int:
    config = load_config(os.environ)
    setup_logs(production=config.env == "production")
    asyncio.run(database.migrate(config.database_url))
    say("数据库已是最新 / the database is up to date")
    return 0


def _over_database(work: Callable[[Config], Coroutine[Any, Any, int]]) -> int:
    config = load_config(os.environ)
    setup_logs(production=config.env == "production")

    async def run() -> int:
        await _require_database(config)
        await database.connect(config.database_url)
        try:
            return await work(config)
        except BrokenPipeError:
            raise  # the reader of our output has gone, not the database
        except STORE_ERRORS as error:
            raise ConfigError(
                "数据库中途出错，请检查数据库服务后重来"
                f" / the database failed on the way: {type(error).__name__}"
            ) from error
        finally:
            await database.disconnect()

    return asyncio.run(run())


def _staff(arguments: argparse.Namespace) -> int:
    return _over_database(lambda _config: _register(arguments))


async def _register(arguments: argparse.Namespace) -> int:
    staff = await register_staff(
        arguments.name,
        openid=arguments.openid,
        role=StaffRole(arguments.role),
        topics=arguments.topics,
        now=clock.now(),
    )
    say(f"已登记 {staff.name}（{staff.role}）：{'、'.join(staff.topics) or '没有指定领域'}")
    return 0


def _enterprise(arguments: argparse.Namespace) -> int:
    return _over_database(lambda _config: enterprise.run(arguments))


def _redrive(arguments: argparse.Namespace) -> int:
    return _over_database(lambda _config: _send_again(arguments.ids))


async def _send_again(ids: list[int]) -> int:
    now = clock.now()
    notices = await outbox.redrive(ids, now=now)
    messages = 0 if ids else await inbox.redrive(now=now)
    say(f"重发：{notices} 条通知，{messages} 条来信 / to be sent again: {notices}, {messages}")
    return 0


def _import_corpus(_arguments: argparse.Namespace) -> int:
    return _over_database(lambda _config: import_packaged())


def _backup(arguments: argparse.Namespace) -> int:
    return _over_database(lambda config: backup(config, arguments.file, now=clock.now()))


def _restore(arguments: argparse.Namespace) -> int:
    return _over_database(lambda config: restore(config, arguments.file, verify=arguments.verify))


def _doctor(_arguments: argparse.Namespace) -> int:
    setup_logs(production=True)
    findings = asyncio.run(diagnose(os.environ))
    for finding in findings:
        say(finding.line())
    return 1 if any(finding.weight == Weight.TROUBLE for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main())
