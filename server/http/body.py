"""Reading request bodies, not more of them than the route wants, into typed structures."""

from typing import TypeVar, cast

import msgspec
from sanic import Request
from sanic.http import Http

from handlers.errors import DomainError

SMALL = 64 * 1024  # bytes: whatever a person types

T = TypeVar("T")


class Malformed(DomainError):
    """The body is no JSON or not of the expected form."""

    status = 422
    code = "malformed"


class TooLarge(DomainError):
    """The body is larger than this route takes."""

    status = 413
    code = "too_large"


async def read_body(request: Request, most: int) -> None:
    """Read the body of a route made with `stream=True` into `request.body`.

    Raises TooLarge as soon as that is known; Sanic then reads what is still coming and throws it
    away, for a client that is cut off while it sends never sees the answer.
    """
    stream = cast(Http, request.stream)
    body = bytearray()
    while True:
        # A declared length counts before the first byte is read; a chunked body has none.
        if max(stream.request_bytes or 0, len(body)) > most:
            raise TooLarge(f"内容太大了，最多 {most // 1024} KB，请压缩或分开发送。")
        chunk = await stream.read()
        if chunk is None:
            break
        body += chunk
    request.body = bytes(body)


def parse(body: bytes, form: type[T]) -> T:
    """A JSON body as `form`. Raises Malformed with a sentence that names the field."""
    try:
        return msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        detail = str(error) if isinstance(error, msgspec.ValidationError) else "不是有效的 JSON"
        raise Malformed(f"请求内容不符合要求：{detail}") from error
