"""The header that makes a repeated call one action."""

from uuid import uuid4

from sanic import Request

from handlers.errors import DomainError

LONGEST = 100


def idempotency_key(request: Request) -> str:
    """The client's key for this very action; without one every request is its own action."""
    key = str(request.headers.get("idempotency-key", "")) or uuid4().hex
    if len(key) > LONGEST or not key.isascii() or not key.isprintable():
        raise DomainError("Idempotency-Key 应为不超过 100 个字符的英文字母和数字。")
    return key
