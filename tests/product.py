"""The product under test: the real application on loopback, with the simulator as WeChat."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from handlers import accounts, links
from handlers.house import House
from models.accounts import App, Staff, StaffRole
from models.clock import SHANGHAI, Clock
from models.tickets import Ticket
from server.app import create_app
from server.config import Config, load_config
from server.dev import build_simulator
from server.http.context import SanicApp
from server.http.desk_session import COOKIE, FORM, SESSION, SESSION_LASTS
from server.http.protocol import Protocol
from server.wechat.simulator import ChatMessage, Person, Simulator
from server.wechat.simulator.mount import serving
from server.worker import Worker
from tests import cast
from tests.stack import free_port

# A Monday, within the demo platform's office hours.
MONDAY_MORNING = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)

STAFF: tuple[tuple[Person, StaffRole, list[str]], ...] = (
    (cast.SPECIALIST, StaffRole.SPECIALIST, ["testing", "green_channel", "equipment_sharing"]),
    (cast.OTHER_SPECIALIST, StaffRole.SPECIALIST, ["testing"]),
    (cast.METROLOGIST, StaffRole.SPECIALIST, ["metrology"]),
    (cast.OFFICER, StaffRole.SERVICE_OFFICER, []),
    (cast.MANAGER, StaffRole.MANAGER, ["complaint"]),
)


@dataclass(slots=True)
class Product:
    """Everything a journey needs: act through `simulator` and `http`, let time pass, look."""

    app: SanicApp
    config: Config
    simulator: Simulator
    clock: Clock
    http: httpx.AsyncClient

    @property
    def house(self) -> House:
        """The engine and its surroundings."""
        house: House = self.app.ctx.wiring.house
        return house

    def replace_house(self, **changes: Any) -> None:
        """Run with another engine or platform from now on."""
        wiring = self.app.ctx.wiring
        self.app.ctx.wiring = replace(wiring, house=replace(wiring.house, **changes))

    async def say(self, person: Person, text: str) -> str:
        """A person writes to the official account; returns the passive reply, "" for none."""
        return (await self.simulator.say(person.openid, text)).reply_text or ""

    async def open_card(self, person: Person) -> tuple[str, str]:
        """A person taps the newest card on the phone: (the page's text, its address)."""
        url = next(m.content["url"] for m in reversed(self.seen_by(person)) if "url" in m.content)
        page = await self.http.get(url, follow_redirects=True)
        return page.text, str(page.url)

    async def desk_form(self, number: str) -> str:
        """The hidden form id on a ticket's page, for whoever is signed in."""
        page = await self.http.get(f"/desk/tickets/{number}")
        found = re.search(r'name="form" value="([^"]+)"', page.text)
        assert found is not None, page.text
        return found[1]

    async def desk_form_of(self, person: Person, number: str) -> str:
        """A form made for this member of staff, who is then signed in."""
        staff = await Staff.get(name=person.nickname)
        ticket = await Ticket.get(number=number)
        link = await links.issue(staff_id=staff.id, ticket_id=ticket.id, now=self.clock.now())
        token = self.app.ctx.wiring.signer.sign(
            "desk-link", {"link": link.id}, now=self.clock.now(), ttl=links.VALID_FOR
        )
        await self.http.get(f"/desk/enter/{token}")
        page = await self.http.get("/desk/tickets/" + number)
        found = re.search(r'name="form" value="([^"]+)"', page.text)
        if found is not None:
            return found[1]
        claims = {"staff": staff.id, "form": "by-hand"}
        signer = self.app.ctx.wiring.signer
        return str(signer.sign(FORM, claims, now=self.clock.now(), ttl=SESSION_LASTS))

    async def sign_in_staff(self, person: Person) -> None:
        """This member of staff is signed in on the desk, as by an earlier link."""
        staff = await Staff.get(name=person.nickname)
        signer = self.app.ctx.wiring.signer
        session = signer.sign(SESSION, {"staff": staff.id}, now=self.clock.now(), ttl=SESSION_LASTS)
        self.http.cookies.clear()
        self.http.cookies.set(COOKIE, session)

    async def review(self, person: Person, *, passes: bool) -> httpx.Response:
        """A member of staff decides on the message that has been held longest."""
        await self.sign_in_staff(person)
        text = (await self.http.get("/desk/review")).text
        form = re.search(r'name="form" value="([^"]+)"', text)
        action = re.search(rf'formaction="([^"]+/{"pass" if passes else "turn-down"})"', text)
        assert form is not None, text
        assert action is not None, text
        return await self.http.post(action[1], data={"form": form[1]})

    async def answer(self, person: Person, number: str, text: str) -> None:
        """A specialist comes in by the card on the phone, accepts and answers."""
        await self.open_card(person)
        form = await self.desk_form(number)
        accepted = await self.http.post(f"/desk/tickets/{number}/accept", data={"form": form})
        assert accepted.status_code == 303, accepted.text
        answered = await self.http.post(
            f"/desk/tickets/{number}/answer", data={"form": form, "text": text}
        )
        assert answered.status_code == 303, answered.text

    def worker(self) -> Worker:
        """A worker of its own, as another process would have it."""
        wiring = self.app.ctx.wiring
        return Worker(self.house, wiring.sender, wiring.collector)

    async def work(self) -> None:
        """Let a worker do everything that is due now."""
        worker = self.worker()
        for _ in range(50):
            done = await worker.send_due() + await worker.introduce() + await worker.collect()
            await worker.sent()
            if done + await worker.sweep_inbox() + await worker.sweep_deadlines() == 0:
                return
        raise AssertionError("the worker never came to rest")

    async def pass_time(self, step: timedelta) -> None:
        """Let time pass, and the worker work."""
        self.clock.travel(step)
        await self.work()

    def seen_by(self, person: Person, app: App = App.OFFICIAL) -> list[ChatMessage]:
        """What a person's phone received in this app, oldest first."""
        openid = person.openid if app == App.OFFICIAL else person.miniapp_openid
        return [
            message
            for message in self.simulator.journal.messages
            if message.openid == openid and message.side == "in"
        ]

    def texts_to(self, person: Person, app: App = App.OFFICIAL) -> list[str]:
        """The texts among them."""
        return [m.content["text"] for m in self.seen_by(person, app) if "text" in m.content]


def environment(database_url: str, redis_url: str = "", **more: str) -> dict[str, str]:
    """The variables of a complete configuration on a free port."""
    return {
        "NQI_DATABASE_URL": database_url,
        "NQI_REDIS_URL": redis_url,
        "NQI_PORT": str(free_port()),
        # The clock stands still in most journeys, so no bucket would ever fill up again.
        "NQI_SENDS_A_MINUTE": "10000",
        "NQI_SECRET_KEY": "k" * 20 + "0123456789abcdef",
        "NQI_WECHAT_APPID": "wxofficial",
        "NQI_WECHAT_SECRET": "official-secret-0001",
        "NQI_WECHAT_TOKEN": "official-token-0001",
        "NQI_WECHAT_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        "NQI_MINIAPP_APPID": "wxminiapp",
        "NQI_MINIAPP_SECRET": "miniapp-secret-0001",
        "NQI_MINIAPP_TOKEN": "miniapp-token-0001",
        "NQI_MINIAPP_AES_KEY": "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba",
        **{f"NQI_{name}": value for name, value in more.items()},
    }


def config_for(database_url: str, redis_url: str = "", **more: str) -> Config:
    """A complete configuration on a free port."""
    return load_config(environment(database_url, redis_url, **more))


@asynccontextmanager
async def running_product(config: Config, house: House, clock: Clock) -> AsyncIterator[Product]:
    """Serve the product with its staff registered; the database must be migrated."""
    simulator = build_simulator(config, cast=cast.EVERYBODY, clock=clock)
    app = create_app(config, clock=clock, simulator=simulator, house=house, name="nqi-test")
    async with serving(app, port=config.port, protocol=Protocol) as origin:
        for person, role, topics in STAFF:
            await accounts.register_staff(
                person.nickname, openid=person.openid, role=role, topics=topics, now=clock.now()
            )
        async with httpx.AsyncClient(base_url=origin, timeout=20) as http:
            yield Product(app, config, simulator, clock, http)


def read_payload(name: str) -> bytes:
    """A captured body of tests/payloads."""
    return (Path(__file__).parent / "payloads" / name).read_bytes()
