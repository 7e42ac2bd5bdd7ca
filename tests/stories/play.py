"""Plays a story: a YAML file of what people say and what the service must say and do.

A file is a list of stories, each with a `story` (its name) and its `lines`. A line is one of

    user | colleague | outsider | officer: text     somebody writes to the official account
    in_app: text                                    the user asks in the mini-program
    sends: image | voice | link | file | video | follow | unfollow | {location: [lat, lon]}
           | {scan: scene} | {click: key}               the user sends something else
    keeps: {NAME: pattern}                          a part of the reply, later written as $NAME
    firm: name                                      staff make a code for its first member: $firm
    attachments: 1                                  so many files the newest ticket has
    bot: [words…] | ""                              the reply to the last line holds them; "": none
    unlike: [words…]                                it does not hold these
    pushed: [words…] | ""                           what was pushed to the user since then
    specialist: {accepts: true} | {writes: text} | {answers: text}      of the newest ticket
    reviewer: passes | turns_down                   the service officer, of what is held longest
    clock: 3h | 2d | 90s                            time passes, and the worker works
    fault: {path: …, kind: …} | "off"               a fault of the platform
    restarts: true                                  all processes end and come back
    tickets: 2                                      so many there are
    ticket: {state: …, topic: …, question: words, number: same}     of the newest one
    request: {form: …, values…}                     the newest service request
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

import server.wechat.simulator
from handlers import codes
from models.attachments import Attachment
from models.requests import ServiceRequest
from models.tickets import Ticket
from server.wechat.simulator import Delivery, Person
from tests import cast
from tests.product import Product

FOLDER = Path(__file__).parent
PEOPLE = {
    "user": cast.EMPLOYEE,
    "colleague": cast.COLLEAGUE,
    "outsider": cast.OUTSIDER,
    "officer": cast.OFFICER,
}
PICTURE = (Path(server.wechat.simulator.__file__).parent / "static" / "sample.png").read_bytes()
RECORDING = b"#!AMR\n" + bytes(64)
STEPS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
Restart = Callable[[], Awaitable[Product]]


def stories() -> dict[str, list[dict[str, Any]]]:
    """All stories by "file: name"."""
    found = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        for story in yaml.safe_load(path.read_text("utf-8")):
            name = f"{path.stem}: {story['story']}"
            assert name not in found, name
            found[name] = story["lines"]
    return found


class Stage:
    """One story on its way."""

    def __init__(self, product: Product, restart: Restart) -> None:
        self.product, self._again = product, restart
        self.reply = ""
        self._read = 0  # pushed messages looked at so far
        self._number = ""
        self._kept: dict[str, str] = {}

    async def play(self, lines: list[dict[str, Any]]) -> None:
        """All lines, one after the other; AssertionError names the one that failed."""
        for place, line in enumerate(lines, 1):
            for what, value in line.items():
                try:
                    await self._step(what, value)
                except AssertionError as error:
                    heard = f"line {place} {line}: {error}\nlast reply: {self.reply!r}"
                    raise AssertionError(heard) from error

    async def _step(self, what: str, value: Any) -> None:
        if what in PEOPLE:
            self.reply = await self.product.say(PEOPLE[what], self._filled(str(value)))
            return
        await getattr(self, f"_{what}")(value)

    async def _sends(self, what: Any) -> None:
        self.reply = (await self._sent(what)).reply_text or ""

    async def _sent(self, what: Any) -> Delivery:
        phone, openid = self.product.simulator, cast.EMPLOYEE.openid
        value: Any
        kind, value = next(iter(what.items())) if isinstance(what, dict) else (what, None)
        match kind:
            case "image":
                return await phone.send_image(openid, PICTURE)
            case "voice":
                return await phone.send_voice(openid, RECORDING, value or "")
            case "location":
                return await phone.send_location(openid, float(value[0]), float(value[1]))
            case "link" | "file" | "video":
                return await phone.send_other(openid, kind, value or "")
            case "scan":
                return await phone.scan(openid, str(value))
            case "click":
                return await phone.click_menu(openid, str(value))
            case "unfollow":
                return await phone.unfollow(openid)
            case "follow":
                return await phone.follow(openid, value or "")
            case _:
                raise AssertionError(f"nobody can send {kind}")

    def _filled(self, text: str) -> str:
        """$NAME is what was kept under that name."""
        for name, kept in self._kept.items():
            text = text.replace(f"${name}", kept)
        return text

    async def _keeps(self, names: Mapping[str, str]) -> None:
        for name, pattern in names.items():
            found = re.search(pattern, self.reply)
            assert found is not None, f"{pattern} is missing"
            self._kept[name] = found[1]

    async def _firm(self, name: str) -> None:
        _, made = await codes.make_for_enterprise(name, now=self.product.clock.now())
        self._kept["firm"] = made.shown

    async def _attachments(self, number: int) -> None:
        await self.product.work()
        assert await Attachment.filter(ticket_id=(await _newest()).id).count() == number

    async def _bot(self, words: str | list[str]) -> None:
        if not words:
            assert self.reply == "", "the bot should be silent"
        for word in map(self._filled, _listed(words)):
            assert word in self.reply, f"{word} is missing"

    async def _unlike(self, words: str | list[str]) -> None:
        for word in map(self._filled, _listed(words)):
            assert word not in self.reply, f"{word} should not be there"

    async def _pushed(self, words: str | list[str]) -> None:
        await self.product.work()
        texts = self.product.texts_to(cast.EMPLOYEE)
        # Passive replies are on the phone too; what is pushed came through the API.
        pushed = [
            m.content["text"]
            for m in self.product.simulator.sent_to(cast.EMPLOYEE.openid)
            if "text" in m.content
        ]
        fresh, self._read = pushed[self._read :], len(pushed)
        assert texts or not words
        assert bool(fresh) == bool(words), f"pushed: {fresh}"
        for word in _listed(words):
            assert any(word in text for text in fresh), f"{word} is missing in {fresh}"

    async def _specialist(self, act: Mapping[str, Any]) -> None:
        ticket = await _newest()
        await ticket.fetch_related("assignee")
        assert ticket.assignee is not None, "nobody has it"
        person = next(p for p in cast.EVERYBODY if p.nickname == ticket.assignee.name)
        await self._act(person, ticket.number, *next(iter(act.items())))

    async def _reviewer(self, decision: str) -> None:
        done = await self.product.review(cast.OFFICER, passes=decision == "passes")
        assert done.status_code == 303, done.text

    async def _act(self, person: Person, number: str, act: str, text: Any) -> None:
        form = await self.product.desk_form_of(person, number)
        paths = {"accepts": "accept", "writes": "write", "answers": "answer"}
        data = {"form": form} if act == "accepts" else {"form": form, "text": str(text)}
        done = await self.product.http.post(f"/desk/tickets/{number}/{paths[act]}", data=data)
        assert done.status_code == 303, done.text

    async def _clock(self, step: str) -> None:
        found = re.fullmatch(r"(\d+)([smhd])", step)
        assert found is not None, step
        await self.product.pass_time(timedelta(seconds=int(found[1]) * STEPS[found[2]]))

    async def _fault(self, fault: Any) -> None:
        if fault == "off":
            self.product.simulator.faults.clear(None)
            return
        options = dict(fault)
        self.product.simulator.switch_on(options.pop("path"), options.pop("kind"), **options)

    async def _restarts(self, _: Any) -> None:
        self.product = await self._again()

    async def _tickets(self, number: int) -> None:
        assert await Ticket.all().count() == number

    async def _ticket(self, wanted: Mapping[str, Any]) -> None:
        ticket = await _newest()
        for name, value in wanted.items():
            if name == "question":
                for word in _listed(value):
                    assert word in ticket.question, ticket.question
            elif name == "number":
                assert ticket.number == self._number
            else:
                assert getattr(ticket, name) == value, f"{name}: {getattr(ticket, name)}"
        self._number = ticket.number

    async def _request(self, wanted: Mapping[str, Any]) -> None:
        request = await ServiceRequest.all().order_by("-id").first()
        assert request is not None, "nothing was applied for"
        for name, value in wanted.items():
            held = request.form if name == "form" else request.given.get(name)
            assert held == value, f"{name}: {held}"


async def _newest() -> Ticket:
    ticket = await Ticket.all().order_by("-id").first()
    assert ticket is not None, "there is no ticket"
    return ticket


def _listed(words: str | list[str]) -> list[str]:
    if isinstance(words, str):
        return [words] if words else []
    return [str(word) for word in words]
