"""A platform that plays one scripted fault after the other, behind httpx.MockTransport."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from models.clock import Clock
from server.wechat.client import WeChatClient
from server.wechat.tokens import MemoryTokenStore, TokenStore
from tests.wechat.callbacks import NOW, PLAIN, SAFE

BASE = "https://platform.test"
Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def reply(**fields: Any) -> httpx.Response:
    """A JSON answer with status 200."""
    return httpx.Response(200, json=fields)


def fault(code: int, message: str = "") -> httpx.Response:
    """An errcode with status 200."""
    return reply(errcode=code, errmsg=message)


def frozen_clock() -> Clock:
    """A clock that stands at NOW."""
    clock = Clock()
    clock.freeze(NOW)
    return clock


@dataclass
class Platform:
    """Answers by path, in order; the last one repeats. Tokens are token-1, token-2, ..."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    clock: Clock = field(default_factory=frozen_clock)
    store: TokenStore = field(default_factory=MemoryTokenStore)

    def on(self, path: str, *answers: Answer) -> None:
        """Script the answers for a path's end."""
        self.answers[path] = list(answers)

    def client(self, **options: Any) -> WeChatClient:
        """A client of this platform."""
        return WeChatClient(
            httpx.AsyncClient(transport=httpx.MockTransport(self._answer)),
            base=BASE,
            official=PLAIN,
            miniapp=SAFE,
            tokens=self.store,
            clock=self.clock,
            **options,
        )

    def calls(self, path: str) -> list[httpx.Request]:
        """The requests for a path's end, in order."""
        return [request for request in self.requests if request.url.path.endswith(path)]

    def forced(self) -> list[bool]:
        """Of each token fetch: whether it was a forced refresh."""
        return [json.loads(call.content)["force_refresh"] for call in self.calls("stable_token")]

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        await asyncio.sleep(0.02)  # so that calls at once really overlap
        path = next((path for path in self.answers if request.url.path.endswith(path)), None)
        if path is None:
            assert request.url.path == "/cgi-bin/stable_token"
            value = f"token-{len(self.calls('stable_token'))}"
            return reply(access_token=value, expires_in=7200)
        answers = self.answers[path]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            # A response can be read once; the script may repeat it.
            headers = {"Content-Type": answer.headers.get("Content-Type", "")}
            return httpx.Response(answer.status_code, content=answer.content, headers=headers)
        return answer(request)
