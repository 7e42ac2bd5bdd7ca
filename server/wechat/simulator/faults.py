"""Faults that can be switched on for a path of the platform's API."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from server.wechat.simulator.errors import UsageError

FaultKind = Literal[
    "http_500",  # HTTP 500 with an HTML body
    "timeout",  # no answer for `seconds`, then the connection is dropped
    "reset",  # the connection is reset
    "html200",  # HTTP 200, but a gateway's HTML page
    "empty200",  # HTTP 200 with no body
    "truncated",  # HTTP 200 with a JSON body cut in the middle
    "errcode",  # HTTP 200 with `errcode`
    "dead_token",  # stable_token only: hands out a token that is already dead
    "job_failed",  # template and subscription sends: accepted, then reported as not delivered
]
KINDS: tuple[str, ...] = get_args(FaultKind)
LONGEST = 60.0
EVERY_PATH = "*"


@dataclass(slots=True)
class Fault:
    """One fault. `left` counts down to its end; None lasts until it is cleared.

    `processed` makes it the worst kind: the platform did the work and only its answer is lost.
    """

    path: str
    kind: FaultKind
    left: int | None = None
    errcode: int = -1
    seconds: float = 6.0
    processed: bool = False

    def __post_init__(self) -> None:
        """Refuse values that no fault can have."""
        if self.kind not in KINDS:
            raise UsageError(f"没有这种故障：{self.kind!r}")
        if not 0 <= self.seconds <= LONGEST:
            raise UsageError(f"超时为 0 至 {LONGEST:.0f} 秒")
        if self.left is not None and self.left < 1:
            raise UsageError("次数至少为 1")


class FaultBoard:
    """The faults that are on, at most one a path; `*` stands for every path."""

    def __init__(self) -> None:
        self._on: dict[str, Fault] = {}

    def switch_on(self, fault: Fault) -> None:
        """Switch a fault on, in place of the path's former one."""
        self._on[fault.path] = fault

    def clear(self, path: str | None = None) -> None:
        """Switch off the fault of `path`, or all of them."""
        if path is None:
            self._on.clear()
        else:
            self._on.pop(path, None)

    def take(self, path: str) -> Fault | None:
        """The fault that hits this call, counted down; None when the call goes through."""
        fault = self._on.get(path) or self._on.get(EVERY_PATH)
        if fault is not None and fault.left is not None:
            fault.left -= 1
            if fault.left == 0:
                del self._on[fault.path]
        return fault

    def listing(self) -> list[dict[str, Any]]:
        """The faults that are on, as JSON."""
        return [asdict(fault) for fault in self._on.values()]
