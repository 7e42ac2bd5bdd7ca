"""The API's calls about services: what can be applied for, applying, what was applied for."""

from typing import Annotated

import msgspec
from sanic import Request

from handlers import requests, ticket_records
from handlers.accounts import Principal
from handlers.enterprises import facts_of
from handlers.forms import Form, forms
from handlers.requests import LONGEST_VALUE
from handlers.topics import label
from server.http import limits, presentation
from server.http.context import wiring
from server.http.fields import Field, fields_of
from server.http.idempotency import idempotency_key
from server.http.presentation import Applied, TicketSummary
from server.http.routes import Route


class Service(msgspec.Struct):
    """A service and its form."""

    name: str
    title: str
    topic: str
    topic_label: str
    fields: list[Field]


class Services(msgspec.Struct):
    """All services."""

    services: list[Service]


class Application(msgspec.Struct, forbid_unknown_fields=True):
    """A filled form. values: by field, as typed; days and amounts may be words, such as 下周三."""

    service: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    values: Annotated[
        dict[
            Annotated[str, msgspec.Meta(max_length=32)],
            Annotated[str, msgspec.Meta(max_length=LONGEST_VALUE)],
        ],
        msgspec.Meta(max_length=20),
    ]


class Applications(msgspec.Struct):
    """What one applied for, newest first."""

    requests: list[Applied]


async def services(_request: Request, who: Principal) -> tuple[int, Services]:
    facts = await facts_of(who.account_id)
    known = {"enterprise": facts.enterprise, "phone": facts.phone}
    return 200, Services([_service(name, form, known) for name, form in forms().items()])


async def apply(request: Request, who: Principal, body: Application) -> tuple[int, TicketSummary]:
    wired, now = wiring(request), wiring(request).clock.now()
    typed = requests.read_by_others(body.service, body.values)
    await wired.content.require_fit(who.openid, *typed)
    ticket = await requests.apply(
        wired.house,
        body.service,
        body.values,
        app=who.app,
        openid=who.openid,
        dedupe_key=f"api:{who.identity_id}:{idempotency_key(request)}",
        now=now,
    )
    ticket = await ticket_records.ticket_by_number(ticket.number)
    return 201, presentation.ticket_summary(ticket, now=now)


async def my_requests(request: Request, who: Principal) -> tuple[int, Applications]:
    now = wiring(request).clock.now()
    rows = await requests.requests_of(who.account_id)
    return 200, Applications([presentation.applied(row, now=now) for row in rows])


ROUTES = (
    Route(
        method="GET",
        path="/services",
        handler=services,
        summary="What can be applied for, with the fields of each form",
        answers={200: Services},
    ),
    Route(
        method="POST",
        path="/requests",
        handler=apply,
        summary="Apply for a service; 422 names the fields that are wrong",
        body=Application,
        answers={201: TicketSummary},
        refusals=(404, 409),
        rate=limits.ASK,
        idempotent=True,
    ),
    Route(
        method="GET",
        path="/requests",
        handler=my_requests,
        summary="What one applied for, newest first, at most 50",
        answers={200: Applications},
    ),
)


def _service(name: str, form: Form, known: dict[str, str]) -> Service:
    known = {slot.name: known[slot.kind] for slot in form.wanted if slot.kind in known}
    return Service(name, form.title, form.topic, label(form.topic), fields_of(form, known))
