"""What every use-case of a process shares: built once at start, passed on, never looked up."""

from dataclasses import dataclass
from datetime import timedelta

from handlers.platform import Platform
from models.clock import Clock
from nlp import Matcher

# A thread that has been silent for so long is over: "那矿泉水呢" no longer refers to it.
CONTEXT_ENDS_AFTER = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class House:
    """The engine, the platform's own facts and the clock."""

    matcher: Matcher
    platform: Platform
    clock: Clock
    context_ends_after: timedelta = CONTEXT_ENDS_AFTER
