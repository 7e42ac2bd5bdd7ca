"""Interleaved rounds: all servers in turn, again and again, so that a busy moment of the machine
falls on all of them, and ratios are taken within a round."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.bench.client import Load, saturate
from tests.bench.processes import Running
from tests.bench.report import spread


@dataclass(frozen=True, slots=True)
class Mail:
    """The requests of one round; every server gets the same bytes."""

    texts: Sequence[bytes] = ()
    views: Sequence[bytes] = ()
    plain_views: Sequence[bytes] = ()


@dataclass(slots=True)
class Contender:
    """One server, what it is sent, and what came of it in each round."""

    name: str
    server: Running
    pick: Callable[[Mail], Sequence[bytes]]
    rates: list[float] = field(default_factory=list)  # responses a second
    costs: list[float] = field(default_factory=list)  # microseconds of CPU a response
    busy: list[float] = field(default_factory=list)  # share of the server's core
    sent: int = 0
    answered: int = 0

    def warm_up(self, mail: Mail) -> None:
        """Not measured, but stored, and so counted."""
        self._count(saturate(self.server.port, self.pick(mail)))

    def play(self, mail: Mail) -> None:
        """One round."""
        before = self.server.cpu()
        load = saturate(self.server.port, self.pick(mail))
        used = self.server.cpu() - before
        self._count(load)
        self.rates.append(load.rate)
        self.costs.append(used / len(load.responses) * 1e6)
        self.busy.append(used / load.seconds)

    def _count(self, load: Load) -> None:
        self.sent += len(load.responses)
        self.answered += load.answered

    def line(self, base: "Contender") -> str:
        """One row of the table; ratios to `base`."""
        return (
            f"  {self.name:<26}{spread(self.rates):>22}{spread(self.costs):>20}"
            f"{statistics.median(self.busy):>7.0%}{ratio(self.rates, base.rates):>9.3f}"
            f"{ratio(base.costs, self.costs):>9.3f}{self.answered / self.sent:>10.0%}"
        )

    def as_json(self) -> dict[str, object]:
        """Every round's figures."""
        return {
            "rates": self.rates,
            "cpu_us": self.costs,
            "busy": self.busy,
            "sent": self.sent,
            "answered": self.answered,
        }


OWN_CORE = 0.9
HEAD = (
    f"  {'':<26}{'requests/s':>22}{'CPU us/request':>20}{'busy':>7}"
    f"{'x hello':>9}{'by CPU':>9}{'answered':>10}"
)


def ratio(of: Sequence[float], to: Sequence[float]) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(of, to, strict=True))


def crowded(fastest: Contender) -> list[str]:
    """A warning where even the fastest server was kept from using its core."""
    share = statistics.median(fastest.busy)
    if share >= OWN_CORE:
        return []
    return [
        f"  The machine was shared: {fastest.name} had {share:.0%} of its core, so its requests/s"
        " are too low and ratios to them too high; those by CPU hold."
    ]


def play(
    contenders: Sequence[Contender], mails: Callable[[int], Mail], *, rounds: int, warm: Mail
) -> None:
    """All rounds; mails(n) prepares round n, outside the measurement."""
    for contender in contenders:
        contender.warm_up(warm)
    for number in range(rounds):
        mail = mails(number)
        for contender in contenders:
            contender.play(mail)


def costs_of(contenders: Sequence[Contender]) -> Mapping[str, object]:
    """All figures of all rounds, by name."""
    return {contender.name: contender.as_json() for contender in contenders}
