"""Service requests 服务申请: a form, submitted once, becomes a ticket in somebody's care."""

from collections.abc import Mapping
from datetime import datetime

from handlers import enterprises, filling, ticket_records, tickets, wording
from handlers.errors import DomainError
from handlers.forms import Form, forms
from handlers.house import House
from handlers.routing import Colleague
from handlers.slots import LATER, Scene, Wrong, answer
from handlers.threads import Thread
from handlers.turns import Submission, TicketWanted
from models.requests import ServiceRequest
from models.sql import insert
from models.tickets import Ticket


class BadValues(DomainError):
    """Some values of a form can't be meant. faults: slot → what is wrong, in Chinese."""

    status = 422
    code = "bad_values"

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("；".join(faults.values()))
        self.faults = faults


def checked(form: Form, given: Mapping[str, str], scene: Scene) -> dict[str, str]:
    """Values typed into fields, read as the chat would read them. Raises BadValues."""
    values: dict[str, str] = {}
    faults: dict[str, str] = {}
    for slot in form.wanted:
        text = given.get(slot.name, "").strip()
        if not text:
            if slot.firm:
                faults[slot.name] = wording.needed(slot.label, slot.reason)
            else:
                values[slot.name] = LATER
            continue
        read = answer(slot, text, scene)
        if isinstance(read, Wrong):
            faults[slot.name] = f"{slot.label}：{read.reason}"
        else:
            values[slot.name] = read
    if unknown := sorted(set(given) - {slot.name for slot in form.wanted}):
        faults[unknown[0]] = f"表里没有“{unknown[0]}”这一项。"
    if faults:
        raise BadValues(faults)
    return values


async def submit(
    house: House, submission: Submission, *, thread: Thread, dedupe_key: str, now: datetime
) -> tuple[Ticket, Colleague | None]:
    """Register the form and give its ticket to somebody, once a key.

    Runs inside the caller's transaction.
    """
    before = await ServiceRequest.get_or_none(dedupe_key=dedupe_key).prefetch_related("ticket")
    if before is not None:
        return before.ticket, None
    form = forms()[submission.form]
    question = wording.requested(form.title, filling.rows_of(form, submission.values))
    wanted = TicketWanted(question, form.topic, (f"{form.title}申请表",), ())
    ticket, staff = await tickets.open_ticket(
        house,
        wanted,
        thread=thread,
        transcript=await ticket_records.transcript_of(thread.id),
        now=now,
    )
    await insert(
        ServiceRequest,
        account_id=thread.account_id,
        ticket_id=ticket.id,
        form=submission.form,
        given=dict(submission.values),
        dedupe_key=dedupe_key,
        created_at=now,
    )
    await _remember(thread.account_id, submission, now=now)
    return ticket, staff


async def _remember(account_id: int, submission: Submission, *, now: datetime) -> None:
    """Who applied is not asked again. A name that is merely typed opens nothing of anybody's."""
    told = {
        slot.kind: submission.values[slot.name]
        for slot in forms()[submission.form].wanted
        if slot.kind in wording.WHO and slot.name in submission.values
    }
    enterprise = told.get("enterprise", "")
    if enterprise in wording.NO_ENTERPRISE:
        enterprise = ""
    await enterprises.remember(
        account_id, enterprise=enterprise, phone=told.get("phone", ""), now=now
    )
