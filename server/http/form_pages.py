"""The services' forms as pages, for whoever was given a link in the chat. Plain forms; the one
script adds a calendar to the fields for days.

The signed link is the right to apply in its owner's name, and to nothing else of theirs: of who
they are it shows the enterprise and the masked telephone. What was sent is one request however
often it is sent: each form has its number among those of the same link, and a link that has sent
a form shows the receipt, so that going back finds no form to send again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sanic import Blueprint, HTTPResponse, Request
from sanic.response import redirect

from handlers import accounts, sheets, wording
from handlers.accounts import Principal
from handlers.errors import DomainError, Gone
from handlers.forms import forms
from handlers.requests import BadValues
from handlers.sheets import Sheet
from handlers.topics import label
from server.http import presentation
from server.http.body import SMALL, read_body
from server.http.context import limits_of, wiring
from server.http.fields import Field, fields_of
from server.http.limits import ASK, STRANGER
from server.links import FORM
from server.signing import BadToken
from server.web.pages import page


@dataclass(frozen=True, slots=True)
class Guest:
    """Who came by a link, and what it was made for."""

    who: Principal
    occasion: int


async def services(request: Request, token: str) -> HTTPResponse:
    await _guest(request, token)
    listed = [(name, form.title, label(form.topic)) for name, form in forms().items()]
    return page("services.html", title="办业务", token=token, services=listed)


async def show(request: Request, token: str, service: str) -> HTTPResponse:
    guest = await _guest(request, token)
    sheet = await _sheet(request, guest, service)
    if sheet.sent and "again" not in request.args:
        now = wiring(request).clock.now()
        return page(
            "receipt.html",
            title="已提交",
            form=sheet.form,
            ticket=presentation.ticket_detail(sheet.sent[-1], [], now=now),
            token=token,
            service=service,
        )
    return _form(request, token, service, sheet, number=len(sheet.sent))


async def send(request: Request, token: str, service: str) -> HTTPResponse:
    guest = await _guest(request, token)
    wired = wiring(request)
    sheet = await _sheet(request, guest, service)
    given: Mapping[str, Any] = request.get_form() or {}
    typed = {slot.name: str(given.get(slot.name, "")) for slot in sheet.form.wanted}
    number = _number(str(given.get("form", "")))
    try:
        await limits_of(request).check(ASK, str(guest.who.identity_id))
        await sheets.send(
            wired.house,
            service,
            typed,
            who=guest.who,
            occasion=guest.occasion,
            number=number,
            now=wired.clock.now(),
        )
    except DomainError as error:
        # What was typed is never lost: it comes back with the reasons.
        number = min(number, len(sheet.sent))
        return _form(request, token, service, sheet, number=number, typed=typed, problem=error)
    return redirect(f"/s/{token}/{service}", status=303)


def setup_form_pages() -> Blueprint:
    """Routes under /s."""
    blueprint = Blueprint("forms", url_prefix="/s")

    @blueprint.get("/<token:str>")
    async def list_services(request: Request, token: str) -> HTTPResponse:
        await limits_of(request).check_address(STRANGER, request)
        return await services(request, token)

    @blueprint.get("/<token:str>/<service:str>")
    async def get(request: Request, token: str, service: str) -> HTTPResponse:
        await limits_of(request).check_address(STRANGER, request)
        return await show(request, token, service)

    @blueprint.post("/<token:str>/<service:str>", stream=True)
    async def post(request: Request, token: str, service: str) -> HTTPResponse:
        await limits_of(request).check_address(STRANGER, request)
        await read_body(request, SMALL)
        return await send(request, token, service)

    return blueprint


async def _guest(request: Request, token: str) -> Guest:
    """Whose link it is. Raises Gone."""
    wired = wiring(request)
    try:
        claims = wired.signer.check(FORM, token, now=wired.clock.now())
    except BadToken as error:
        raise Gone(wording.DEAD_FORM_LINK) from error
    who = await accounts.principal(int(claims["identity"]))
    if who is None:
        raise Gone(wording.DEAD_FORM_LINK)
    return Guest(who, int(claims["occasion"]))


async def _sheet(request: Request, guest: Guest, service: str) -> Sheet:
    wired = wiring(request)
    return await sheets.sheet(
        wired.house, service, guest.who, occasion=guest.occasion, now=wired.clock.now()
    )


def _number(text: str) -> int:
    """The form's number; one that no form has where the page did not come from us."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 9999


def _form(
    request: Request,
    token: str,
    service: str,
    sheet: Sheet,
    *,
    number: int,
    typed: Mapping[str, str] | None = None,
    problem: DomainError | None = None,
) -> HTTPResponse:
    fields = fields_of(sheet.form, sheet.known)
    given = problem.faults if isinstance(problem, BadValues) else {}
    # Beside its field a sentence needs not name it.
    faults = {f.name: given[f.name].removeprefix(f"{f.label}：") for f in fields if f.name in given}
    return page(
        "service.html",
        status=problem.status if problem else 200,
        title=sheet.form.title,
        service=service,
        token=token,
        number=number,
        today=wiring(request).clock.today().isoformat(),
        groups=_groups(fields),
        values=typed or {field.name: _to_type(field) for field in fields},
        faults=faults,
        first=next(iter(faults), ""),
        problem=problem.sentence if problem and not faults else "",
    )


def _groups(fields: list[Field]) -> list[tuple[str, list[Field]]]:
    """The matter first, then who it is for."""
    who = [field for field in fields if field.kind in wording.WHO]
    matter = [field for field in fields if field.kind not in wording.WHO]
    return [(title, group) for title, group in (("", matter), ("您的信息", who)) if group]


def _to_type(field: Field) -> str:
    """What is known, as one types it: the unit stands beside the field."""
    bare = field.known.removesuffix(field.unit) if field.kind == "number" else ""
    return bare if bare.isdigit() else field.known
