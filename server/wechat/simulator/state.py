"""The platform's state, and what it does to phones and to the product."""

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from models.clock import Clock
from server.config import AppCredentials
from server.wechat.simulator.consent import Credits, Windows
from server.wechat.simulator.courier import SECONDS, Courier
from server.wechat.simulator.envelope import Format, Mode
from server.wechat.simulator.faults import Fault, FaultBoard
from server.wechat.simulator.fields import Template
from server.wechat.simulator.journal import ApiCall, ChatMessage, Delivery, Journal, Side
from server.wechat.simulator.people import APPS, DEMO_CAST, App, Directory, Person
from server.wechat.simulator.store import CodeDesk, MediaStore
from server.wechat.simulator.tokens import TokenOffice

# Offered on the page of a phone that has not written yet.
SAMPLES = ("桶装水铜绿超标咋办", "电子秤检定多久一次", "你们几点下班")
BROKEN = "该公众号提供的服务出现故障，请稍后再试"


class PlatformState:
    """WeChat's servers in one object; all state in memory, bounded.

    `templates` maps a template id to a `Template` or to its bare field names, `long_term` names
    those of the bare ones that need no credit. `callback_base` is where the product listens.
    `scenes` names the QR codes that hang somewhere, by their scene.
    `pages` lists the mini-program's pages for error 41030; None accepts every page.
    """

    def __init__(
        self,
        official: AppCredentials,
        miniapp: AppCredentials,
        clock: Clock,
        callback_base: str,
        templates: Mapping[str, Template | Sequence[str]],
        *,
        long_term: Collection[str] = (),
        cast: Iterable[Person] = DEMO_CAST,
        menu: Sequence[Mapping[str, Any]] = (),
        scenes: Mapping[str, str] | None = None,
        pages: Collection[str] | None = None,
        account_name: str = "质量一站通",
        samples: Sequence[str] = SAMPLES,
        miniapp_format: Format = "json",
        callback_seconds: float = SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.credentials: dict[App, AppCredentials] = {"official": official, "miniapp": miniapp}
        self.clock = clock
        self.account_name = account_name
        # Where users' pictures are served: the simulator's own origin.
        self.media_base = callback_base.rstrip("/")
        self.samples = tuple(samples)
        self.menu: list[Mapping[str, Any]] = list(menu)
        self.scenes = dict(scenes or {})
        self.pages = pages
        self.templates = {
            template_id: entry
            if isinstance(entry, Template)
            else Template.from_names(template_id, entry, long_term=template_id in long_term)
            for template_id, entry in templates.items()
        }
        self.people = Directory(cast, clock.now())
        self.offices: dict[App, TokenOffice] = {app: TokenOffice() for app in APPS}
        self.windows = Windows()
        self.credits = Credits()
        self.media = MediaStore()
        self.codes = {kind: CodeDesk() for kind in ("login", "oauth", "phone")}
        self.faults = FaultBoard()
        self.journal = Journal()
        self.courier = Courier(
            self.credentials,
            clock=clock,
            journal=self.journal,
            base=callback_base,
            forms={"official": "xml", "miniapp": miniapp_format},
            seconds=callback_seconds,
            transport=transport,
        )
        self._background: set[asyncio.Task[Any]] = set()
        # Wall time, so that a restarted simulator never repeats a number the product has stored.
        self._last_id = int(datetime.now(UTC).timestamp() * 1_000_000)

    # What the platform does

    async def deliver(
        self,
        app: App,
        fields: Mapping[str, Any],
        mode: Mode | None = None,
        *,
        retries: bool = True,
        seen: bool = True,
    ) -> Delivery:
        """Deliver a callback, let the person see its reply or that the service is broken."""
        delivery = await self.courier.deliver(app, fields, mode=mode, retries=retries)
        openid = delivery.openid
        if delivery.reply is not None:
            self.note(openid, "in", "passive", delivery.reply["MsgType"], _shown(delivery.reply))
        elif not delivery.ok and seen and app == "official":
            self.note(openid, "system", "broken", "text", {"text": BROKEN})
        return delivery

    async def event(
        self, openid: str, name: str, fields: Mapping[str, Any], *, seen: bool = True
    ) -> Delivery:
        """Any event; unless `seen`, a failure stays invisible to the person."""
        app, _ = self.people.find(openid)
        head = {**self.head(app, openid, "event"), "Event": name}
        return await self.deliver(app, {**head, **fields}, seen=seen)

    def note(
        self, openid: str, side: Side, channel: str, kind: str, content: Mapping[str, Any]
    ) -> ChatMessage:
        """Show something on the person's phone."""
        app, user = self.people.find(openid)
        if side == "in":
            user.unread[app] += 1
        message = ChatMessage(
            self.journal.next_seq(), self.clock.now(), app, openid, side, channel, kind,
            dict(content),
        )  # fmt: skip
        self.journal.add(message)
        return message

    def in_background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do `work` after the present answer has gone out."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def drain(self) -> None:
        """Wait until no event is on its way any more."""
        while self._background:
            await asyncio.gather(*self._background, return_exceptions=True)

    async def aclose(self) -> None:
        """Drop what is on its way, let waiting pages go and close connections."""
        self.journal.close()
        for task in self._background:
            task.cancel()
        await self.drain()
        await self.courier.aclose()

    def next_id(self) -> int:
        """A message id: unique and increasing, over restarts as well."""
        self._last_id += 1
        return self._last_id

    def switch_on(self, path: str, kind: Any, **options: Any) -> None:
        """Switch on a fault; see `Fault` for kinds and options."""
        self.faults.switch_on(Fault(path, kind, **options))
        self.journal.touch()

    # Reading

    def calls(self, path: str = "") -> list[ApiCall]:
        """The API calls received, of one path or of all, oldest first."""
        return [call for call in self.journal.calls if path in {"", call.path}]

    def sent_to(self, openid: str) -> list[ChatMessage]:
        """What reached this phone through the API, oldest first."""
        return [message for message in self.chat(openid) if message.channel in SENT]

    def chat(self, openid: str) -> list[ChatMessage]:
        """Everything on this phone, oldest first."""
        return [message for message in self.journal.messages if message.openid == openid]

    def account_id(self, app: App) -> str:
        """The account's own id, as it stands in ToUserName."""
        return "gh_" + self.credentials[app].appid[-12:]

    def head(self, app: App, openid: str, kind: str) -> dict[str, Any]:
        """The fields every callback of this user begins with."""
        return {
            "ToUserName": self.account_id(app),
            "FromUserName": openid,
            "CreateTime": int(self.clock.now().timestamp()),
            "MsgType": kind,
        }


SENT = frozenset({"custom", "template", "subscribe"})


def _shown(reply: Mapping[str, Any]) -> dict[str, Any]:
    """A passive reply as the phone shows it."""
    match reply["MsgType"]:
        case "text":
            return {"text": reply["Content"]}
        case "image":
            return {"media_id": (reply.get("Image") or {}).get("MediaId", "")}
        case "news":
            item = (reply.get("Articles") or {}).get("item") or {}
            first = item[0] if isinstance(item, list) else item
            return {
                "title": first.get("Title", ""),
                "description": first.get("Description", ""),
                "url": first.get("Url", ""),
            }
        case kind:
            return {"text": f"[{kind}]"}
