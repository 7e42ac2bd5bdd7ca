"""Service requests 服务申请: a form, submitted once, becomes a ticket in somebody's care."""

from collections.abc import Mapping
from datetime import datetime

from handlers import enterprises, filling, threads, ticket_records, tickets, wording
from handlers.commands import Command, command_of
from handlers.errors import Conflict, DomainError, NotFound
from handlers.forms import TYPED, Form, forms
from handlers.house import House
from handlers.routing import Colleague
from handlers.slots import LATER, LONGEST_STORY, LONGEST_WORDS, Scene, Wrong, answer, shown
from handlers.threads import Thread
from handlers.turns import Submission, TicketWanted
from models.accounts import App
from models.requests import ServiceRequest
from models.sql import insert
from models.tickets import Ticket
from models.transactions import transactional

# Characters that are looked at; what a slot takes is less.
LONGEST_VALUE = 600


class BadValues(DomainError):
    """Some values of a form can't be meant. faults: slot → what is wrong, in Chinese."""

    status = 422
    code = "bad_values"

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("；".join(faults.values()))
        self.faults = faults


def form_named(name: str) -> Form:
    """The form of a service. Raises NotFound."""
    form = forms().get(name)
    if form is None:
        raise NotFound("没有这项服务。")
    return form


def checked(
    form: Form, given: Mapping[str, str], scene: Scene, known: Mapping[str, str]
) -> dict[str, str]:
    """Values typed into fields, read as the chat would read them. Raises BadValues.

    known: what we have already; a field that holds it as it was shown leaves it as it is.
    """
    values: dict[str, str] = {}
    faults: dict[str, str] = {}
    for slot in form.wanted:
        text = given.get(slot.name, "").strip()
        if not text or command_of(text) == Command.SKIP:
            if slot.firm:
                faults[slot.name] = wording.needed(slot.label, slot.reason)
            elif not slot.optional:
                values[slot.name] = LATER
            continue
        if len(text) > LONGEST_VALUE:
            longest = LONGEST_STORY if slot.kind == "story" else LONGEST_WORDS
            faults[slot.name] = wording.too_many_words(longest, len(text))
            continue
        if text == shown(slot, known.get(slot.name, "")):
            values[slot.name] = known[slot.name]
            continue
        read = answer(slot, text, scene)
        if isinstance(read, Wrong):
            faults[slot.name] = f"{slot.label}：{read.reason}"
        else:
            values[slot.name] = read
    if unknown := sorted(set(given) - {slot.name for slot in form.wanted}, key=len):
        faults[unknown[0]] = f"表里没有“{unknown[0]}”这一项。"
    if faults:
        raise BadValues(faults)
    return values


def read_by_others(name: str, given: Mapping[str, str]) -> list[str]:
    """The values of a form that go on as they were typed; telephones, days and numbers do not."""
    form = forms().get(name)
    wanted = form.wanted if form else ()
    return [given[s.name] for s in wanted if s.kind not in TYPED and given.get(s.name)]


@transactional
async def apply(
    house: House,
    name: str,
    given: Mapping[str, str],
    *,
    app: App,
    openid: str,
    dedupe_key: str,
    now: datetime,
) -> Ticket:
    """A form filled in on a page, submitted once a key. What we know of the person may be left out.

    Raises NotFound for an unknown service, BadValues, and Conflict when the key came before with
    other values.
    """
    form = form_named(name)
    thread = await threads.find(house, app, openid, now=now)
    thread = await threads.hold(thread)  # two taps at once take turns
    known = filling.known_to(form, thread.known)
    told = {slot: text for slot, text in given.items() if text.strip()}
    scene = Scene(house.clock.today(), house.matcher.products_in)
    values = checked(form, {**known, **told}, scene, known)
    before = await ServiceRequest.get_or_none(dedupe_key=dedupe_key)
    if before is not None and (before.form, before.given) != (name, values):
        raise Conflict(tickets.KEY_TAKEN)
    submission = Submission(name, values)
    ticket, _ = await submit(house, submission, thread=thread, dedupe_key=dedupe_key, now=now)
    return ticket


async def requests_of(account_id: int, *, limit: int = 50) -> list[ServiceRequest]:
    """What somebody applied for, newest first, each with its ticket."""
    rows = ServiceRequest.filter(account_id=account_id).order_by("-id").limit(limit)
    return await rows.prefetch_related("ticket")


async def request_of(ticket: Ticket) -> ServiceRequest | None:
    """The form that a ticket came from."""
    return await ServiceRequest.get_or_none(ticket_id=ticket.id)


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
    told = filling.asker_of(forms()[submission.form], submission.values)
    enterprise = told.get("enterprise", "")
    if enterprise in wording.NO_ENTERPRISE:
        enterprise = ""
    await enterprises.remember(
        account_id, enterprise=enterprise, phone=_without_extension(told.get("phone", "")), now=now
    )


def _without_extension(phone: str) -> str:
    """0551-62345678-803 as the number that it is dialled by."""
    return "-".join(phone.split("-")[:2])
