"""A simulator and an echo product on one loopback server, as `dev` has them."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sanic import Sanic

from models.clock import Clock
from server.config import AppCredentials
from server.wechat.simulator import Simulator, Template, setup_simulator
from server.wechat.simulator.mount import serving
from tests.simulator.product import EchoProduct

AES = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OFFICIAL = AppCredentials("wx0000000000official", "official-secret", "official-token", AES)
MINIAPP = AppCredentials("wx00000000000miniapp", "miniapp-secret", "miniapp-token", AES[::-1])
TICKET = Template(
    "T-ticket",
    "工单提醒",
    {"character_string1": "单号", "thing2": "问题", "time3": "期限", "phrase4": "状态"},
)
TEMPLATES: dict[str, Template | tuple[str, ...]] = {
    "T-ticket": TICKET,
    "T-once": ("thing1", "time2"),
    "T-long": ("thing1", "const2:是|否"),
}
CARD = {
    "character_string1": {"value": "T20261123-001"},
    "thing2": {"value": "桶装水铜绿超标咋办"},
    "time3": {"value": "2026年11月23日 16:00"},
    "phrase4": {"value": "待受理"},
}


@dataclass
class Stage:
    """All a test needs."""

    simulator: Simulator
    product: EchoProduct
    clock: Clock
    origin: str
    http: httpx.AsyncClient

    @property
    def employee(self) -> str:
        """The first user's openid in the official account."""
        return next(iter(self.simulator.people)).person.openid

    @property
    def employee_mini(self) -> str:
        """The first user's openid in the mini-program."""
        return next(iter(self.simulator.people)).person.miniapp_openid

    async def token(self, app: str = "official", *, force: bool = False) -> dict[str, Any]:
        """stable_token."""
        credentials = OFFICIAL if app == "official" else MINIAPP
        return await self.call(
            "/cgi-bin/stable_token",
            {
                "grant_type": "client_credential",
                "appid": credentials.appid,
                "secret": credentials.secret,
                "force_refresh": force,
            },
        )

    async def call(self, path: str, body: Any, token: str | None = None) -> dict[str, Any]:
        """POST a JSON body to the platform."""
        params = {"access_token": token} if token is not None else {}
        answer = await self.http.post(f"/dev/wechat{path}", json=body, params=params)
        assert answer.status_code == 200
        found = answer.json()
        assert isinstance(found, dict)
        return found

    async def send(self, path: str, body: Any, app: str = "official") -> dict[str, Any]:
        """POST with a good token."""
        return await self.call(path, body, (await self.token(app))["access_token"])

    async def custom(self, openid: str, text: str = "您好", app: str = "official") -> int:
        """The error code of a customer-service text."""
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        return int((await self.send("/cgi-bin/message/custom/send", body, app))["errcode"])


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """Simulator, product and client on one server at a frozen moment."""
    clock = Clock()
    clock.freeze(datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
    simulator = Simulator(
        OFFICIAL, MINIAPP, clock, "http://placeholder", TEMPLATES,
        long_term={"T-long"}, callback_seconds=0.5,
    )  # fmt: skip
    product = EchoProduct(OFFICIAL, MINIAPP)
    app: Sanic[Any, Any] = Sanic(f"stage-{secrets.token_hex(4)}", configure_logging=False)
    product.mount(app)
    setup_simulator(app, simulator)
    async with serving(app) as origin, httpx.AsyncClient(base_url=origin, trust_env=False) as http:
        simulator.courier.base = simulator.media_base = origin
        yield Stage(simulator, product, clock, origin, http)
