"""What was found, as lines to read and figures to keep."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reach:
    """One figure beside the issue's aim for it."""

    what: str
    figure: float
    aim: float
    at_least: bool = False
    unit: str = "x"
    by_cpu: float | None = None  # the same from CPU time, which other load hardly touches

    @property
    def reached(self) -> bool:
        """Whether the aim is met, by CPU as well where that is known.

        On a shared machine a fast server gets less of its core than a slow one, which makes
        ratios of requests a second to it look better than they are.
        """
        figures = [self.figure] if self.by_cpu is None else [self.figure, self.by_cpu]
        return all(f >= self.aim if self.at_least else f <= self.aim for f in figures)

    def line(self) -> str:
        """The same in words."""
        sign, verdict = ">=" if self.at_least else "<=", "reached" if self.reached else "MISSED"
        cpu = "" if self.by_cpu is None else f", by CPU {self.by_cpu:.3g}"
        return (
            f"  {verdict:8}{self.what}: {self.figure:.3g} {self.unit}{cpu}"
            f" (aim {sign} {self.aim:g})"
        )


@dataclass(slots=True)
class Findings:
    """One part's result. figures: whatever JSON can hold."""

    title: str
    lines: list[str] = field(default_factory=list)
    reaches: list[Reach] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """The whole part to read."""
        return "\n".join([f"\n{self.title}", *self.lines, *(r.line() for r in self.reaches)])

    def as_json(self) -> dict[str, Any]:
        """The same to keep."""
        reaches = [
            {
                "what": r.what,
                "figure": r.figure,
                "by_cpu": r.by_cpu,
                "aim": r.aim,
                "reached": r.reached,
            }
            for r in self.reaches
        ]
        return {"title": self.title, "figures": self.figures, "reaches": reaches}


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median with least and most: `120 (110-130)`."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
