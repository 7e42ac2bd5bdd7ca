"""The one place where routes are wired."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from sanic import Sanic

from handlers.house import House
from handlers.incoming import App
from models import database, lanes
from models.clock import Clock, clock
from nlp import Matcher
from server.config import Config
from server.http.api import setup_api
from server.http.callback import callbacks
from server.http.context import SanicApp
from server.http.desk import setup_desk
from server.http.errors import setup_errors
from server.http.form_pages import setup_form_pages
from server.http.limits import limits_for
from server.http.ops import setup_ops
from server.http.rating_page import setup_rating
from server.http.static import setup_static
from server.http.trace import TracedRequest
from server.knowledge import Renewal
from server.readiness import Readiness
from server.wechat.simulator import Simulator, setup_simulator
from server.wiring import wired
from server.worker import Worker

# What a route takes stands with the route. This is how much Sanic reads and throws away, so that
# whoever sent too much gets to read the refusal; beyond it the connection is cut.
LARGEST_REFUSED = 32 * 1024 * 1024
# Sanic's own limits (60 s) are too wide for a public callback.
TIMEOUTS = {
    "REQUEST_TIMEOUT": 10,
    "RESPONSE_TIMEOUT": 30,
    "KEEP_ALIVE_TIMEOUT": 15,
    "GRACEFUL_SHUTDOWN_TIMEOUT": 8,
}


class _Request(TracedRequest):
    """A traced request in the lane that its address belongs to; middleware would cost 30 µs."""

    def __init__(self, url_bytes: bytes, *args: Any, **kwargs: Any) -> None:
        """Made in the task that will handle it."""
        super().__init__(url_bytes, *args, **kwargs)
        lanes.enter(lanes.CALLBACK if url_bytes.startswith(b"/wechat/") else lanes.PAGE)


def create_app(
    config: Config,
    *,
    clock: Clock = clock,
    simulator: Simulator | None = None,
    with_worker: bool = False,
    house: House | None = None,
    name: str = "nqi",
) -> SanicApp:
    """The application. The database must be migrated.

    simulator: mounted in development only. with_worker: run the worker inside this process, so
    that one process is the whole product. house: an engine built before, else it is built at start.
    """
    app: SanicApp = Sanic(name, configure_logging=False, request_class=_Request)
    app.config.update(
        TIMEOUTS,
        REQUEST_MAX_SIZE=LARGEST_REFUSED,
        # sanic-ext, if somebody installs it, would open /docs to everybody.
        AUTO_EXTEND=False,
        ACCESS_LOG=False,
        FALLBACK_ERROR_FORMAT="text",
    )
    app.blueprint(callbacks(App.OFFICIAL, "/wechat"))
    app.blueprint(callbacks(App.MINIAPP, "/wechat/miniapp"))
    app.blueprint(setup_api())
    app.blueprint(setup_desk())
    app.blueprint(setup_rating())
    app.blueprint(setup_form_pages())
    app.blueprint(setup_static())
    app.blueprint(setup_ops())
    setup_errors(app)
    if simulator is not None:
        setup_simulator(app, simulator)

    _setup_lifecycle(app, config, clock, house, with_worker=with_worker)
    return app


def _setup_lifecycle(
    app: SanicApp, config: Config, clock: Clock, house: House | None, *, with_worker: bool
) -> None:
    """Open before the first request; on stopping, let running work end before closing."""
    stack = AsyncExitStack()

    @app.before_server_start
    async def open_house(app: SanicApp) -> None:
        try:
            await database.connect(config.database_url)
            stack.push_async_callback(database.disconnect)
            app.ctx.limits = await stack.enter_async_context(limits_for(config))
            app.ctx.wiring = await stack.enter_async_context(wired(config, clock, house))
            app.ctx.readiness = Readiness(app.ctx.wiring)
        except BaseException:
            # An open SQLite connection has a thread that would keep a failed process alive.
            await stack.aclose()
            raise

    @app.after_server_start
    async def start_worker(app: SanicApp) -> None:
        if with_worker:
            wiring = app.ctx.wiring
            worker = Worker(wiring.house, wiring.sender, wiring.collector)
            task = asyncio.create_task(worker.run())

            async def stop() -> None:
                worker.stop()
                await task

            stack.push_async_callback(stop)
            app.ctx.worker = worker

    @app.after_server_start
    async def keep_knowledge(app: SanicApp) -> None:
        wiring = app.ctx.wiring

        def take(matcher: Matcher) -> None:
            wiring = app.ctx.wiring
            app.ctx.wiring = replace(wiring, house=replace(wiring.house, matcher=matcher))
            app.ctx.readiness.wiring = app.ctx.wiring
            if with_worker:
                app.ctx.worker.use(matcher)

        renewal = Renewal(wiring.house.platform, wiring.knowledge, take)
        task = asyncio.create_task(renewal.run())
        app.ctx.renewal = renewal
        stack.callback(task.cancel)

    @app.after_server_stop
    async def close_house(_app: SanicApp) -> None:
        await stack.aclose()
