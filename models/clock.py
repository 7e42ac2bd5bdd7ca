"""The one clock of the product: aware UTC, movable in development and tests.

Every operation reads the clock once and passes the moment on.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock:
    """Wall time plus an offset, or a frozen moment."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self._frozen or datetime.now(UTC) + self._offset

    def today(self) -> date:
        """The calendar day in China, by which a standard is in force or not."""
        return self.now().astimezone(SHANGHAI).date()

    def travel(self, step: timedelta) -> None:
        """Move the clock by `step`, forwards or backwards, frozen or running."""
        if self._frozen is None:
            self._offset += step
        else:
            self._frozen += step

    def freeze(self, moment: datetime) -> None:
        """Stand still at `moment` (aware)."""
        self._frozen = moment.astimezone(UTC)

    def reset(self) -> None:
        """Run with the wall clock again."""
        self._offset = timedelta()
        self._frozen = None


clock = Clock()
