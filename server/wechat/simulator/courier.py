"""Delivers callbacks as the platform does: 5 s, three tries of the same body, then an error."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx

from models.clock import Clock
from server.config import AppCredentials
from server.wechat.simulator.envelope import (
    BadReplyError,
    Format,
    Mode,
    SignedRequest,
    open_reply,
    seal,
    sign,
)
from server.wechat.simulator.journal import Attempt, Delivery, Journal
from server.wechat.simulator.people import App

CALLBACK_PATHS: Mapping[App, str] = {
    "official": "/wechat/callback",
    "miniapp": "/wechat/miniapp/callback",
}
SECONDS = 5.0
TRIES = 3


class Courier:
    """Posts signed callbacks to the product and judges its answers."""

    def __init__(
        self,
        credentials: Mapping[App, AppCredentials],
        *,
        clock: Clock,
        journal: Journal,
        base: str,
        forms: Mapping[App, Format],
        seconds: float = SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.base = base.rstrip("/")
        self.seconds = seconds
        self.forms = dict(forms)
        self._credentials = credentials
        self._clock = clock
        self._journal = journal
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    def seal(self, app: App, fields: Mapping[str, Any], mode: Mode | None = None) -> SignedRequest:
        """Sign a callback without posting it; the mode is safe where there is a key."""
        credentials = self._credentials[app]
        chosen = mode or ("safe" if credentials.aes_key else "plain")
        now = self._clock.now()
        return seal(credentials, fields, mode=chosen, form=self.forms[app], now=now)

    async def deliver(
        self, app: App, fields: Mapping[str, Any], *, mode: Mode | None, retries: bool
    ) -> Delivery:
        """Post until the product answers or the tries are used up, and journal it."""
        sent = self.seal(app, fields, mode)
        attempts: list[Attempt] = []
        reply, problem = None, ""
        for _ in range(TRIES if retries else 1):
            attempt = await self.post(app, sent)
            attempts.append(attempt)
            problem = attempt.problem
            if attempt.status == 200 and not problem:
                reply, problem = self._judge(app, sent, attempt, str(fields["FromUserName"]))
            if 200 <= attempt.status < 500:
                break
        kind = str(fields.get("Event") or fields.get("MsgType"))
        delivery = Delivery(
            self._journal.next_seq(), self._clock.now(), app, str(fields["FromUserName"]),
            kind, dict(fields), tuple(attempts), reply, problem,
        )  # fmt: skip
        self._journal.add(delivery)
        return delivery

    async def post(self, app: App, sent: SignedRequest) -> Attempt:
        """One try. Every failure is recorded, none raised."""
        started = time.perf_counter()
        status, body, problem = 0, b"", ""
        try:
            async with asyncio.timeout(self.seconds):
                answer = await self._connection().post(
                    self.base + CALLBACK_PATHS[app],
                    params=sent.params,
                    content=sent.body,
                    headers={"Content-Type": sent.content_type, "User-Agent": "Mozilla/4.0"},
                )
            status, body = answer.status_code, answer.content
            if status != 200:
                problem = f"HTTP {status}"
        except TimeoutError:
            problem = f"{self.seconds:g} 秒内没有回答"
        except httpx.HTTPError as error:
            problem = f"连接失败：{type(error).__name__}"
        seconds = time.perf_counter() - started
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text, problem = body.decode(errors="replace"), problem or "回复不是 UTF-8"
        return Attempt(status, seconds, text, problem)

    async def verify(self, app: App, echo: str = "5838562946741927430") -> bool:
        """The GET by which the platform verifies the address when it is configured."""
        credentials = self._credentials[app]
        timestamp, nonce = str(int(self._clock.now().timestamp())), "1372623149"
        params = {
            "signature": sign(credentials.token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "echostr": echo,
        }
        answer = await self._connection().get(self.base + CALLBACK_PATHS[app], params=params)
        return answer.status_code == 200 and answer.text == echo

    async def aclose(self) -> None:
        """Close the connection pool."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _judge(
        self, app: App, sent: SignedRequest, attempt: Attempt, openid: str
    ) -> tuple[dict[str, Any] | None, str]:
        try:
            reply = open_reply(self._credentials[app], sent, attempt.body.encode(), openid=openid)
        except BadReplyError as error:
            return None, str(error)
        if app == "miniapp" and reply and reply["MsgType"] != "transfer_customer_service":
            return None, "小程序的回调不支持被动回复，应答 success"
        return reply, ""

    def _connection(self) -> httpx.AsyncClient:
        if self._client is None:
            # No idle connections: a restarted product must not cost a try on a dead one.
            self._client = httpx.AsyncClient(
                transport=self._transport,
                timeout=None,  # noqa: S113 - the whole try is bounded by asyncio.timeout
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
                trust_env=False,
            )
        return self._client
