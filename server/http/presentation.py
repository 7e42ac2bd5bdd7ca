"""How stored things look to clients: the one module of the HTTP side that reads models."""

from datetime import datetime
from typing import Any

from handlers import wording
from handlers.topics import label
from models.outbox import OutboxItem
from models.tickets import LABELS, UNANSWERED_STATES, EventKind, Ticket, TicketEvent

EVENT_LABELS = {
    EventKind.OPENED: "提问",
    EventKind.ASSIGNED: "转办",
    EventKind.PARKED: "待分派",
    EventKind.ACCEPTED: "接单",
    EventKind.MESSAGE: "补充",
    EventKind.ANSWERED: "答复",
    EventKind.OVERDUE: "超时",
    EventKind.NOTICE_FAILED: "通知未达",
}


def ticket_summary(ticket: Ticket, *, now: datetime) -> dict[str, Any]:
    """A ticket in a list. Moments are ISO 8601 in UTC; *_label and *_text are for people."""
    waiting = ticket.state in UNANSWERED_STATES
    return {
        "number": ticket.number,
        "topic": ticket.topic,
        "topic_label": label(ticket.topic),
        "state": ticket.state.value,
        "state_label": LABELS[ticket.state],
        "question": ticket.question,
        "created_at": ticket.created_at.isoformat(),
        "created_text": wording.stamp(ticket.created_at),
        "answer_due_at": ticket.answer_due_at.isoformat() if waiting else None,
        "promise": wording.promise(ticket.answer_due_at, now) if waiting else "",
        "overdue": waiting and ticket.answer_due_at < now,
    }


def ticket_detail(ticket: Ticket, events: list[TicketEvent], *, now: datetime) -> dict[str, Any]:
    """A ticket with its history; `ticket.assignee` must be fetched."""
    return {
        **ticket_summary(ticket, now=now),
        "specialist": ticket.assignee.name if ticket.assignee else None,
        "events": [
            {
                "kind": event.kind.value,
                "kind_label": EVENT_LABELS[event.kind],
                "actor": event.actor,
                "text": event.text,
                "at": event.at.isoformat(),
                "at_text": wording.stamp(event.at),
            }
            for event in events
        ],
    }


def work_detail(ticket: Ticket, events: list[TicketEvent], *, now: datetime) -> dict[str, Any]:
    """What staff see beyond that: transcript, the engine's reasons, standards."""
    return {
        **ticket_detail(ticket, events, now=now),
        "transcript": ticket.transcript,
        "reasons": ticket.reasons,
        "standards": ticket.standards,
        "assignee_id": ticket.assignee_id,
    }


def notice(item: OutboxItem) -> dict[str, Any]:
    """Something that waits for this person, for the mini-program's inbox."""
    return {
        "id": item.id,
        "notice": item.notice.value,
        "number": item.payload.get("number"),
        "text": item.payload.get("text", ""),
        "created_at": item.created_at.isoformat(),
    }
