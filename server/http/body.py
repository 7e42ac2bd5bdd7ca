"""Reading request bodies into typed structures."""

from typing import TypeVar

import msgspec
from sanic import Request

from handlers.errors import DomainError

T = TypeVar("T")


class Malformed(DomainError):
    """The body is no JSON or not of the expected form."""

    status = 422
    code = "malformed"


def parse(request: Request, form: type[T]) -> T:
    """The JSON body as `form`. Raises Malformed with a sentence that names the field."""
    try:
        return msgspec.json.decode(request.body, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        detail = str(error) if isinstance(error, msgspec.ValidationError) else "不是有效的 JSON"
        raise Malformed(f"请求内容不符合要求：{detail}") from error
