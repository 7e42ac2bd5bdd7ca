"""Where the engine thinks: at once, as long as it is quick; in a thread, when it may not be.

A hop to a thread and back costs nearly as much as a thought, and two threads of Python that take
turns cost both more than that. But a thought that takes long must hold up nobody else.
"""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")

QUICK = 0.05  # seconds; an ordinary thought takes less than one thousandth
# So many quick thoughts in a row, in threads, are believed; one slow thought ends the belief.
PROOF = 5
# Of a text of more characters no thought is known to be quick.
ORDINARY = 200


class Pace:
    """How quick the engine of this process has been of late."""

    def __init__(self) -> None:
        self._quick_in_a_row = 0

    async def think(self, thought: Callable[[], T], *, length: int) -> T:
        """The result of `thought` about a text of so many characters."""
        begun = perf_counter()
        if self._quick_in_a_row >= PROOF and length <= ORDINARY:
            result = thought()
        else:
            result = await asyncio.to_thread(thought)
        took = perf_counter() - begun
        self._quick_in_a_row = self._quick_in_a_row + 1 if took < QUICK else 0
        return result
