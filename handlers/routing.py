"""Which person a question goes to: topic, on duty, least loaded. The reasons are kept."""

from dataclasses import dataclass

from handlers.topics import label
from models.accounts import Staff, StaffRole
from models.tickets import OPEN_STATES, Ticket


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen person, or nobody, and why."""

    staff: Staff | None
    reasons: tuple[str, ...]


async def choose(topic: str) -> Choice:
    """Whoever has this topic and is on duty, with the fewest open tickets.

    Where nobody with the topic is on duty, a service officer 质量服务专员 takes it (clause 5.3.2
    of the guide: daily service and follow-up). Equal loads: whoever was assigned longest ago.
    """
    present = await Staff.filter(on_duty=True)
    skilled = [s for s in present if topic in s.topics]
    officers = [s for s in present if s.role == StaffRole.SERVICE_OFFICER]
    candidates = skilled or officers
    if not candidates:
        return Choice(None, (f"{label(topic)}：没有人值班",))
    loads: dict[int, int] = {staff.id: 0 for staff in candidates}
    latest: dict[int, int] = dict(loads)
    ids = list(loads)
    for ticket_id, assignee_id in await Ticket.filter(
        assignee_id__in=ids, state__in=OPEN_STATES
    ).values_list("id", "assignee_id"):
        loads[assignee_id] += 1
        latest[assignee_id] = max(latest[assignee_id], ticket_id)
    chosen = min(candidates, key=lambda s: (loads[s.id], latest[s.id], s.id))
    who = "专员" if skilled else "质量服务专员（该领域无专员值班）"
    return Choice(
        chosen,
        (
            f"{label(topic)}：值班{who}{len(candidates)}人，{chosen.name}在办{loads[chosen.id]}件，最少",
        ),
    )
