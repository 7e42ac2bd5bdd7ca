"""One turn of a conversation: what the bot remembers, what it sees, and what is to be done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from handlers.filling import Filling
from handlers.people import Command
from handlers.slots import Scene
from handlers.verdicts import Verdict
from nlp import Decision, Option

Decide = Callable[[str, str], Decision]


@dataclass(frozen=True, slots=True)
class State:
    """What the bot remembers of a thread.

    question: the last thing asked that is still unanswered or may be referred to.
    options: the typed-number options now on offer. misses: choices in a row that were none.
    clarified: how often in a row the bot has asked back.
    filling: the form being filled in. shelved: one put aside for it.
    submitted: the last thing done was to submit a form. filed: the last thing done was to open a
    ticket. adding: what comes next is to be added to the ticket. offered: the form that was offered
    beside an answer.
    """

    question: str = ""
    options: tuple[Option, ...] = ()
    misses: int = 0
    clarified: int = 0
    filling: Filling | None = None
    shelved: Filling | None = None
    submitted: bool = False
    filed: bool = False
    adding: bool = False
    offered: str = ""


@dataclass(frozen=True, slots=True)
class Senses:
    """What a turn may look at beside the words.

    decide: the engine on (question, context). known: what we know of the person, by kind of slot.
    with_specialist: the name of the specialist who has taken the conversation over. lapsed: of the
    one who had it until time was up, and has not answered yet.
    """

    decide: Decide
    scene: Scene
    known: Mapping[str, str] = field(default_factory=dict)
    is_staff: bool = False
    with_specialist: str = ""
    lapsed: str = ""


@dataclass(frozen=True, slots=True)
class TicketWanted:
    """A question that a person must answer."""

    question: str
    topic: str
    reasons: tuple[str, ...]
    standards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Submission:
    """A form, confirmed."""

    form: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Addition:
    """Something more on the asker's latest ticket."""

    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Tell the asker's own records; where there are none, do `otherwise` instead."""

    otherwise: TicketWanted | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """Tell of this one ticket, if the asker may see it."""

    number: str


@dataclass(frozen=True, slots=True)
class Duty:
    """A member of staff comes on duty or leaves."""

    on: bool


@dataclass(frozen=True, slots=True)
class Judge:
    """What the asker says of the answer to a ticket; where there is none, `otherwise` is done."""

    verdict: Verdict
    text: str
    otherwise: "Outcome"


@dataclass(frozen=True, slots=True)
class Rate:
    """The asker rates in words the service of the ticket closed last."""

    professionalism: int
    timeliness: int


@dataclass(frozen=True, slots=True)
class Hear:
    """The specialist who has the conversation, or had it last, is told.

    courtesy: mere thanks, nothing to do. called: a person is asked for who is there. told: the
    asker is told that it was passed on.
    """

    text: str
    courtesy: bool = False
    called: bool = False
    told: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A picture or recording came, without words."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody follows or scans; where the code is a site's, they have come there."""


@dataclass(frozen=True, slots=True)
class Release:
    """The specialist's conversation is over; the bot is back."""


Effect = (
    Addition
    | Arrived
    | Command
    | Duty
    | Hear
    | Judge
    | Lookup
    | Progress
    | Rate
    | Release
    | Sent
    | Submission
    | TicketWanted
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The next state and what is to be done.

    say: the reply, or what follows the reply that an effect has of its own. tail: follows either.
    decision: the engine's, kept with the message.
    """

    state: State
    say: str = ""
    effect: Effect | None = None
    tail: str = ""
    decision: Decision | None = None
