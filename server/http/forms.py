"""What the API takes and gives beside tickets and notices. Each class is also a schema."""

from typing import Annotated

import msgspec

from handlers.tickets import LONGEST_MESSAGE
from server.http.presentation import TicketSummary, WaitingNotice

LONGEST_QUESTION = 4000


class Login(msgspec.Struct, forbid_unknown_fields=True):
    """What wx.login gave."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Session(msgspec.Struct):
    """A session: the token for `Authorization: Bearer`, and its life in seconds."""

    token: str
    expires_in: int


class Ask(msgspec.Struct, forbid_unknown_fields=True):
    """A question as typed."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_QUESTION)]


class Answered(msgspec.Struct):
    """What the service says to a question. pending: the answer will follow as a notice."""

    pending: bool
    reply: str
    action: str
    topic: str
    standards: tuple[str, ...]
    options: tuple[str, ...]
    ticket: str
    notices: list[WaitingNotice]


class Addition(msgspec.Struct, forbid_unknown_fields=True):
    """Something to add to a ticket."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_MESSAGE)]


class Tickets(msgspec.Struct):
    """One's own tickets, newest first."""

    tickets: list[TicketSummary]


class Notices(msgspec.Struct):
    """What waits for this person, oldest first."""

    notices: list[WaitingNotice]


class Done(msgspec.Struct):
    """It is done."""

    ok: bool


class TemplateIds(msgspec.Struct):
    """The templates to ask consent for."""

    templates: list[str]


class Credit(msgspec.Struct):
    """What may still be sent by one template. long_term: needs no credits."""

    template_id: str
    credits: int
    long_term: bool


class Credits(msgspec.Struct):
    """Consents by template."""

    consents: list[Credit]


class Fault(msgspec.Struct, omit_defaults=True):
    """code: a stable word for programs. message: one sentence in Chinese for the person. fields:
    what is wrong with single fields of a form."""

    code: str
    message: str
    fields: dict[str, str] = {}


class Problem(msgspec.Struct):
    """Every refusal of the API."""

    error: Fault
