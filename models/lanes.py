"""Who may take how many database connections, and how long it waits for one.

Slow work of one kind must not starve the callbacks, which the platform gives five seconds: what
people do on pages and in the mini-program leaves some connections untouched.
"""

from contextvars import ContextVar
from dataclasses import dataclass

CONNECTIONS = 10
KEPT_FOR_CALLBACKS = 3


@dataclass(frozen=True, slots=True)
class Lane:
    """seconds: waits so long for a connection, then it is unavailable. shares: takes none of
    those that are kept for callbacks."""

    seconds: float
    shares: bool


# The worker and the commands have a process, and so a pool, of their own.
BACKGROUND = Lane(seconds=20.0, shares=False)
CALLBACK = Lane(seconds=3.0, shares=False)
PAGE = Lane(seconds=1.5, shares=True)

_lane: ContextVar[Lane] = ContextVar("lane", default=BACKGROUND)


def enter(lane: Lane) -> None:
    """Do what follows in this task, and in tasks begun from it, in `lane`."""
    _lane.set(lane)


def current() -> Lane:
    """The lane of this task."""
    return _lane.get()
