"""Puts the simulator on a Sanic app, or on a server of its own."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from sanic import Sanic

from server.wechat.simulator.phone import phone_blueprint
from server.wechat.simulator.platform_api import platform_blueprint
from server.wechat.simulator.simulator import Simulator

SanicApp: TypeAlias = Sanic[Any, Any]


def setup_simulator(app: SanicApp, simulator: Simulator) -> None:
    """Mount the platform's API under /dev/wechat and the phone under /dev/phone.

    Only `dev` and tests may do this: whoever reaches the phone can play any user. One process
    must serve it, for its state is in memory. The app should log no query strings: they hold
    access tokens, as on the real platform.
    """
    app.blueprint(platform_blueprint(simulator))
    app.blueprint(phone_blueprint(simulator))

    @app.before_server_stop
    async def close_simulator(_app: SanicApp) -> None:
        await simulator.aclose()


@asynccontextmanager
async def running(simulator: Simulator, *, port: int = 0) -> AsyncIterator[str]:
    """Serve the simulator alone on loopback, in this loop; yields its origin.

    The platform's API is then at `<origin>/dev/wechat`, and the product may be another process.
    """
    app: SanicApp = Sanic(f"simulator-{secrets.token_hex(4)}", configure_logging=False)
    setup_simulator(app, simulator)
    async with serving(app, port=port) as origin:
        simulator.media_base = origin
        yield origin


@asynccontextmanager
async def serving(
    app: SanicApp, *, port: int = 0, protocol: type[asyncio.Protocol] | None = None
) -> AsyncIterator[str]:
    """Serve any Sanic app on loopback in this loop; yields its origin."""
    # Touch-up rewrites Sanic's own methods and fails on the second app of a process.
    app.config.TOUCHUP = False
    sock = socket.create_server(("127.0.0.1", port))
    server: Any = await app.create_server(
        sock=sock, protocol=protocol, return_asyncio_server=True, access_log=False
    )
    await server.startup()
    await server.before_start()
    await server.after_start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        await server.before_stop()
        server.close()
        await _close_connections(server)
        await server.wait_closed()
        await server.after_stop()
        Sanic.unregister_app(app)


async def _close_connections(server: Any) -> None:
    """Let present answers go out for a second, then cut: wait_closed may wait without end."""
    for _ in range(20):
        busy = [one for one in list(server.connections) if not one.close_if_idle()]
        if not busy:
            return
        await asyncio.sleep(0.05)
    for connection in busy:
        connection.abort()
