"""What a look at one thing found."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

LOOK_WITHIN = 5.0  # seconds


class Weight(StrEnum):
    """How much it matters, in the words that are printed."""

    FINE = "正常"
    REMINDER = "提醒"  # nothing is broken, but somebody should know
    TROUBLE = "注意"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. advice: what to do when it is not in order; never a secret."""

    name: str
    weight: Weight = Weight.FINE
    advice: str = ""

    def line(self) -> str:
        """As printed."""
        return f"[{self.weight}] {self.name}" + (f"：{self.advice}" if self.advice else "")


Look = Callable[[], Awaitable[list[Finding]]]


def fine(name: str) -> Finding:
    """In order."""
    return Finding(name)


def reminder(name: str, advice: str) -> Finding:
    """Worth knowing."""
    return Finding(name, Weight.REMINDER, advice)


def trouble(name: str, advice: str) -> Finding:
    """Not in order."""
    return Finding(name, Weight.TROUBLE, advice)


async def bounded(name: str, look: Look) -> list[Finding]:
    """What the look found; that it hangs or breaks is a finding too."""
    try:
        return await asyncio.wait_for(look(), LOOK_WITHIN)
    except TimeoutError:
        return [trouble(name, f"{LOOK_WITHIN:.0f} 秒内没有回应，请检查它是否卡住、网络是否通")]
    except Exception as error:  # noqa: BLE001 -- the doctor works where other things do not
        # Only its kind: the text may hold addresses, openids or worse.
        return [trouble(name, f"检查时出错（{type(error).__name__}），请把这一行发给开发人员")]
