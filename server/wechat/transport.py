"""One HTTP call to the platform: either a usable answer or a PlatformError."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from server.wechat.errors import Throttled, TooLarge, Unavailable, error_for

TIMEOUT = httpx.Timeout(connect=3.0, read=8.0, write=8.0, pool=3.0)
TOTAL_SECONDS = 20.0  # a body that trickles in resets the read timeout with every byte
MAX_JSON = 1 << 20
# After these the request has not left this machine.
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Media:
    """The body of an answer. content_type as the platform names it."""

    content: bytes = field(repr=False)
    content_type: str

    @property
    def may_be_json(self) -> bool:
        """False for pictures, sound and films."""
        kind = self.content_type
        return "json" in kind or "text" in kind or self.content.lstrip().startswith(b"{")


class _NoAddresses(logging.Filter):
    """httpx logs each address at INFO, and these carry the token or the secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING


_no_addresses = _NoAddresses()


class Transport:
    """Calls paths under `base`. Timeouts in seconds; `total_seconds` bounds a whole call."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        base: str,
        timeout: httpx.Timeout = TIMEOUT,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._http = http
        self._base = base.rstrip("/")
        self._timeout = timeout
        self._total_seconds = total_seconds
        logging.getLogger("httpx").addFilter(_no_addresses)

    def trusts(self, address: str) -> bool:
        """Whether files may be fetched from an address that an answer names."""
        try:
            host = httpx.URL(address).host
        except httpx.InvalidURL:
            return False
        return host.endswith(".qq.com") or (host != "" and host == httpx.URL(self._base).host)

    async def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
        *,
        with_token: bool,
    ) -> dict[str, Any]:
        """The JSON object of an answer that reports no error."""
        api = api_name(path)
        try:
            answer = await self.request(method, path, query, body, limit=MAX_JSON)
        except TooLarge:
            raise Unavailable(0, api, maybe_sent=True, detail="answer too large") from None
        return parse(answer.content, api, with_token=with_token)

    async def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
        *,
        limit: int,
        api: str = "",
    ) -> Media:
        """An answer with status 200 and at most `limit` bytes; raises TooLarge above.

        path: under the base, or a whole address; the latter needs `api`, its name in errors.
        """
        address = self._base + path if path.startswith("/") else path
        api = api or api_name(path)
        try:
            content = None if body is None else _to_json(body)
            async with (
                asyncio.timeout(self._total_seconds),
                self._http.stream(
                    method,
                    address,
                    params=query or None,  # an empty one would cut the address's own off
                    content=content,
                    headers={"Content-Type": "application/json"} if content else None,
                    timeout=self._timeout,
                    follow_redirects=False,
                ) as response,
            ):
                if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
                    raise Throttled(429, api, "HTTP 429")
                if response.status_code != httpx.codes.OK:
                    status = response.status_code
                    raise Unavailable(status, api, maybe_sent=True, detail=f"HTTP {status}")
                data = bytearray()
                async for chunk in response.aiter_bytes():
                    data += chunk
                    if len(data) > limit:
                        raise TooLarge(0, api, "answer too large")
                return Media(bytes(data), response.headers.get("Content-Type", ""))
        except UNSENT:
            raise Unavailable(0, api, maybe_sent=False, detail="can't connect") from None
        except (TimeoutError, httpx.TimeoutException):
            raise Unavailable(0, api, maybe_sent=True, detail="timeout") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            # Not chained: the original holds the request, whose address holds the token.
            raise Unavailable(0, api, maybe_sent=True, detail="connection broken") from None


def api_name(path: str) -> str:
    """A path's short name: "custom/send", "stable_token"."""
    return "/".join(path.split("/")[2:][-2:])


def _to_json(body: Mapping[str, Any]) -> bytes:
    # The platform shows \uXXXX escapes to the person as they stand.
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def parse(content: bytes, api: str, *, with_token: bool) -> dict[str, Any]:
    """The JSON object of an answer with status 200, if it reports no error."""
    try:
        reply = json.loads(content)
    except (ValueError, RecursionError):
        raise Unavailable(0, api, maybe_sent=True, detail="answer is no JSON") from None
    if not isinstance(reply, dict):
        raise Unavailable(0, api, maybe_sent=True, detail="answer is no object")
    code = reply.get("errcode", 0)
    if type(code) is not int:
        raise Unavailable(0, api, maybe_sent=True, detail="errcode is no number")
    if code:
        raise error_for(code, api, str(reply.get("errmsg")), with_token=with_token)
    return reply


def text_field(reply: Mapping[str, Any], name: str, api: str) -> str:
    """A string that an answer must hold."""
    value = reply.get(name)
    if not isinstance(value, str) or not value:
        raise Unavailable(0, api, maybe_sent=True, detail=f"answer without {name}")
    return value
