"""The platform sends things again: every story must end in the same state."""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

from handlers.codes import hidden
from models.attachments import Attachment
from models.conversations import Conversation, InboundMessage
from models.outbox import OutboxItem
from models.requests import ServiceRequest
from models.tickets import Ticket, TicketEvent
from models.visits import Visit
from server.wechat.simulator import Delivery, Simulator

LINK = re.compile(r"http://\S+")
Way = Literal["once", "again", "together", "late"]
WAYS: tuple[Way, ...] = ("once", "again", "together", "late")


class Repeats:
    """Makes a simulator deliver each callback in its turn's way, over restarts as well."""

    def __init__(self, ways: list[Way]) -> None:
        self._ways, self._count = ways, 0
        self._late: list[tuple[Any, Mapping[str, Any]]] = []

    def on(self, simulator: Simulator) -> None:
        """From now on."""
        plainly = simulator.deliver

        async def deliver(app: Any, fields: Mapping[str, Any], *rest: Any, **more: Any) -> Delivery:
            way = self._ways[self._count % len(self._ways)]
            self._count += 1
            late, self._late = self._late, []
            if way == "together":
                delivery, _ = await asyncio.gather(
                    *(plainly(app, fields, *rest, **more) for _ in range(2))
                )
            else:
                delivery = await plainly(app, fields, *rest, **more)
            if way == "again":
                again = await plainly(app, fields, *rest, **more)
                assert again.reply_text == delivery.reply_text
            if way == "late":
                self._late.append((app, fields))
            for earlier_app, earlier in late:
                await plainly(earlier_app, earlier)
            return delivery

        # For this one simulator only.
        simulator.deliver = deliver  # type: ignore[method-assign]


async def end_state() -> dict[str, Any]:
    """What a story leaves behind."""
    return {
        "tickets": [
            (t.number, t.topic, t.state, t.question, t.assignee_id)
            for t in await Ticket.all().order_by("id")
        ],
        "events": Counter((e.kind, e.actor, e.text) for e in await TicketEvent.all()),
        "requests": [(r.form, r.given) for r in await ServiceRequest.all().order_by("id")],
        "messages": [
            # Codes are drawn by lot; links have this run's port.
            (m.kind, hidden(m.text), LINK.sub("", hidden(m.reply)), m.state)
            for m in await InboundMessage.all().order_by("id")
        ],
        "threads": [
            (c.state, c.open_key is None, c.taken_ticket_id)
            for c in await Conversation.all().order_by("id")
        ],
        "owed": Counter((o.notice, o.state, o.account_id) for o in await OutboxItem.all()),
        "files": await Attachment.all().count(),
        "visits": await Visit.all().count(),
    }
