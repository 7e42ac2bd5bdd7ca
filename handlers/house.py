"""What every use-case of a process shares: built once at start, passed on, never looked up."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from weakref import WeakValueDictionary

from handlers.pace import Pace
from handlers.platform import Platform
from models.accounts import App
from models.clock import Clock
from nlp import Matcher

# A thread that has been silent for so long is over: "那矿泉水呢" no longer refers to it.
CONTEXT_ENDS_AFTER = timedelta(hours=2)
# So long after the last word a specialist keeps a conversation that they took over.
TAKEOVER = timedelta(minutes=30)


def _no_link(_number: str) -> str:
    return ""


def _no_page(_identity_id: int, _occasion: int, _form: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class House:
    """The engine, the platform's own facts, the clock, and who is being answered right now.

    rating_url: where a ticket's asker rates it; "" where nothing is served.
    form_url: where an identity fills in a form, given the message that began it; "" likewise.
    """

    matcher: Matcher
    platform: Platform
    clock: Clock
    context_ends_after: timedelta = CONTEXT_ENDS_AFTER
    takeover: timedelta = TAKEOVER
    rating_url: Callable[[str], str] = _no_link
    form_url: Callable[[int, int, str], str] = _no_page
    pace: Pace = field(default_factory=Pace, init=False)
    # One lock a person while messages of theirs are being answered, whichever engine answers.
    turns: WeakValueDictionary[tuple[App, str], asyncio.Lock] = field(
        default_factory=WeakValueDictionary
    )
