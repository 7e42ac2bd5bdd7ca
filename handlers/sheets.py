"""The forms as web pages: what a field holds already, and sending one.

A page is opened by a link of somebody's own, made where the chat began a form. What was said there
stands on the page; what the page sends is no longer asked for in the chat, which is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from handlers import accounts, media, outbox, requests, threads, tickets, wording
from handlers.accounts import Principal
from handlers.applying import carry_on, reminder
from handlers.errors import DomainError
from handlers.filling import Step, known_to
from handlers.forms import Form, forms
from handlers.house import House
from handlers.requests import checked, form_named
from handlers.slots import LATER, Scene
from handlers.threads import Thread
from handlers.turns import Outcome, State, Submission
from models.accounts import App
from models.outbox import Notice
from models.requests import ServiceRequest
from models.tickets import Ticket
from models.transactions import transactional


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form for one person. known: slot → what we have already; sent: what this link has sent by
    it, oldest first."""

    form: Form
    known: Mapping[str, str]
    sent: list[Ticket]


def offer(house: House, thread: Thread, outcome: Outcome, *, occasion: int) -> str:
    """A line about the page, where a form has just begun; else "".

    The mini-program has pages of its own. occasion: the id of the message that began the form.
    """
    begun, before = outcome.state.filling, (thread.state.filling, thread.state.shelved)
    if begun is None or not begun.asked or any(f and f.form == begun.form for f in before):
        return ""
    if forms()[begun.form].at_once or thread.app != App.OFFICIAL:
        return ""
    url = house.form_url(thread.identity_id, occasion, begun.form)
    return wording.also_on_page(url) if url else ""


async def sheet(house: House, name: str, who: Principal, *, occasion: int, now: datetime) -> Sheet:
    """What stands on the page. Raises NotFound for an unknown service."""
    form = form_named(name)
    thread = await threads.find(house, who.app, who.openid, now=now)
    return Sheet(form, _known(form, name, thread), await _sent(name, who, occasion))


@transactional
async def send(
    house: House,
    name: str,
    typed: Mapping[str, str],
    *,
    who: Principal,
    occasion: int,
    number: int,
    now: datetime,
) -> None:
    """The page's form is sent: a ticket, once for each `number`, counted from 0 for each link.

    Raises NotFound for an unknown service, BadValues, and DomainError for a number out of turn.
    """
    form = form_named(name)
    thread = await threads.find(house, who.app, who.openid, now=now)
    thread = await threads.hold(thread)
    sent = await _sent(name, who, occasion)
    if number < len(sent):
        return
    if number > len(sent):
        raise DomainError(wording.STALE_PAGE)
    scene = Scene(house.clock.today(), house.matcher.products_in)
    submission = Submission(name, checked(form, typed, scene, _known(form, name, thread)))
    key = f"{_key(name, who, occasion)}{number}"
    ticket, staff = await requests.submit(house, submission, thread=thread, dedupe_key=key, now=now)
    await media.attach_waiting(ticket, thread.id, now=now)
    after = _without(thread.state, name)
    await threads.move_on(thread, after, now=now)
    receipt = wording.submitted(form.title, tickets.receipt(house, ticket, staff, now=now))
    account_id = await accounts.account_of(who.identity_id)
    await outbox.enqueue(
        Notice.REPLY,
        account_id=account_id,
        app=who.app,
        payload={"text": "\n".join(filter(None, (receipt, reminder(after.filling))))},
        dedupe_key=key,
        stream=accounts.asker_stream(account_id),
        now=now,
    )


def _known(form: Form, name: str, thread: Thread) -> dict[str, str]:
    """What was said in the chat for this very form, and who it is."""
    known = known_to(form, thread.known)
    for filling in (thread.state.shelved, thread.state.filling):
        if filling is not None and filling.form == name:
            known.update(filling.values)
    return {slot: value for slot, value in known.items() if value != LATER}


def _without(state: State, name: str) -> State:
    """The state after this form was sent: the chat does not go on asking for it."""
    if state.filling is not None and state.filling.form == name:
        return carry_on(state, Step(state.filling, submit=True)).state
    shelved = state.shelved
    return replace(state, shelved=None if shelved and shelved.form == name else shelved)


def _key(name: str, who: Principal, occasion: int) -> str:
    return f"page:{who.identity_id}:{occasion}:{name}:"


async def _sent(name: str, who: Principal, occasion: int) -> list[Ticket]:
    key = _key(name, who, occasion)
    rows = ServiceRequest.filter(account_id=who.account_id, dedupe_key__startswith=key)
    return [row.ticket for row in await rows.order_by("id").prefetch_related("ticket__assignee")]
