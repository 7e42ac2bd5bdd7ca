"""Which person a question goes to: topic, on duty, least loaded. The reasons are kept."""

from dataclasses import dataclass

import msgspec

from handlers import wording
from handlers.topics import label
from models.accounts import StaffRole
from models.sql import fetch

# Beyond so many open tickets everybody counts as equally full: a choice must not cost more the
# more there is to do.
FULL = 200

_ON_DUTY = "SELECT id, account_id, name, role, topics FROM staff WHERE on_duty ORDER BY id"
_LOADS = (
    "SELECT s.id, (SELECT COUNT(*) FROM (SELECT 1 FROM ticket t WHERE t.assignee_id = s.id"
    " AND t.state IN ('assigned', 'accepted', 'waiting_customer') LIMIT {full}) few) AS load,"
    " (SELECT MAX(t.id) FROM ticket t WHERE t.assignee_id = s.id) AS latest"
    " FROM staff s WHERE s.id IN ({places})"
)


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member of staff, as far as a ticket needs to know one."""

    id: int
    account_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen person, or nobody, and why."""

    staff: Colleague | None
    reasons: tuple[str, ...]


async def choose(topic: str, *, known_to: int | None = None) -> Choice:
    """Whoever has this topic and is on duty, with the fewest open tickets.

    known_to: the member of staff who knows the matter already; on duty, that one takes it.

    Where nobody with the topic is on duty, a service officer 质量服务专员 takes it (clause 5.3.2
    of the guide: daily service and follow-up). Equal loads: whoever was assigned longest ago.
    """
    present = await fetch(_ON_DUTY)
    for s in present:
        if s["id"] == known_to:
            who_knows = Colleague(s["id"], s["account_id"], s["name"])
            return Choice(who_knows, (wording.kept_specialist(s["name"]),))
    skilled = [s for s in present if topic in msgspec.json.decode(s["topics"])]
    officers = [s for s in present if s["role"] == StaffRole.SERVICE_OFFICER]
    candidates = {s["id"]: s for s in skilled or officers}
    if not candidates:
        return Choice(None, (f"{label(topic)}：没有人值班",))
    places = ", ".join(f"${number}" for number in range(1, len(candidates) + 1))
    loads = await fetch(_LOADS.format(full=FULL, places=places), *candidates)
    least = min(loads, key=lambda s: (s["load"], s["latest"] or 0, s["id"]))
    chosen = candidates[least["id"]]
    who = "专员" if skilled else "质量服务专员（该领域无专员值班）"
    return Choice(
        Colleague(chosen["id"], chosen["account_id"], chosen["name"]),
        (
            f"{label(topic)}：值班{who}{len(candidates)}人，{chosen['name']}在办{least['load']}件，最少",
        ),
    )
