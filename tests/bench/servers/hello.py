"""The limit: Sanic as our own process runs it, with nothing behind the route."""

import socket
import sys
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.response import text

from server.app import LARGEST_REFUSED, TIMEOUTS
from tests.bench.callbacks import PATH


async def hello(_request: Request) -> HTTPResponse:
    """What the platform is content with."""
    return text("success")


def main() -> None:
    """Serve on the given port with the configuration and options of `python -m server http`."""
    app: Sanic[Any, Any] = Sanic("hello", configure_logging=False)
    app.config.update(
        TIMEOUTS,
        REQUEST_MAX_SIZE=LARGEST_REFUSED,
        AUTO_EXTEND=False,
        ACCESS_LOG=False,
        FALLBACK_ERROR_FORMAT="text",
    )
    app.add_route(hello, PATH, methods=["POST"])
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024)
    app.run(sock=listener, single_process=True, motd=False, access_log=False)


if __name__ == "__main__":
    main()
