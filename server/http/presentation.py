"""How stored things look to clients: the one module of the HTTP side that reads models."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from handlers import wording
from handlers.codes import hidden
from handlers.filling import rows_of
from handlers.forms import forms
from handlers.slots import shown
from handlers.topics import label
from models.attachments import Attachment
from models.conversations import InboundMessage
from models.outbox import Notice, OutboxItem
from models.ratings import Axis, Rating
from models.requests import ServiceRequest
from models.tickets import LABELS, UNANSWERED_STATES, EventKind, Ticket, TicketEvent, TicketState

EVENT_LABELS = {
    EventKind.OPENED: "提问",
    EventKind.ASSIGNED: "转办",
    EventKind.PARKED: "待分派",
    EventKind.ACCEPTED: "接单",
    EventKind.MESSAGE: "补充",
    EventKind.WRITTEN: "专员留言",
    EventKind.ANSWERED: "答复",
    EventKind.CLOSED: "办结",
    EventKind.COMMENTED: "评价留言",
    EventKind.OVERDUE: "超时",
    EventKind.NOTICE_FAILED: "通知未达",
    EventKind.NOT_KEPT: "附件未存",
}

Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]


class TicketSummary(msgspec.Struct):
    """A ticket in a list. Moments are ISO 8601 in UTC; *_label and *_text are for people.

    mine: the reader asked it; other tickets are colleagues'.
    """

    number: str
    mine: bool
    topic: str
    topic_label: str
    state: TicketState
    state_label: str
    question: str
    created_at: Moment
    created_text: str
    answer_due_at: Moment | None
    promise: str
    overdue: bool


class HistoryEvent(msgspec.Struct):
    """Something that happened to a ticket."""

    kind: EventKind
    kind_label: str
    actor: str
    text: str
    at: Moment
    at_text: str


class AttachedFile(msgspec.Struct):
    """A file of a ticket; size in bytes. What is no picture is a recording."""

    id: int
    url: str
    size: int
    size_text: str
    content_type: str
    is_picture: bool


class GivenRating(msgspec.Struct):
    """What the asker thinks of the service, 1 to 5; null where not rated."""

    professionalism: int | None
    timeliness: int | None


class TicketDetail(TicketSummary):
    """A ticket with its history and its files, oldest first.

    rating: null where there is none. may_rate: what this reader may rate now.
    """

    specialist: str | None
    events: list[HistoryEvent]
    attachments: list[AttachedFile]
    rating: GivenRating | None
    may_rate: list[Axis]


class FilledIn(msgspec.Struct):
    """A line of an application. number: a telephone number in full, to be dialled; else ""."""

    label: str
    text: str
    number: str


class WorkDetail(TicketDetail):
    """What staff see beyond that: transcript, the engine's reasons, standards, and what was
    applied for."""

    transcript: list[dict[str, str]]
    reasons: list[str]
    standards: list[str]
    assignee_id: int | None
    application: list[FilledIn]


class RatingRow(msgspec.Struct):
    """One axis on the rating page. chosen: null where not rated, or where that is not known."""

    axis: Axis
    label: str
    hint: str
    chosen: int | None
    may_rate: bool


class RatingSheet(msgspec.Struct):
    """The rating page of a ticket. note: how long it may be rated, or why it may not."""

    number: str
    question: str
    note: str
    open: bool
    integrity_cast: bool
    rows: list[RatingRow]


class WaitingNotice(msgspec.Struct):
    """Something that waits for this person, for the mini-program's inbox."""

    id: int
    notice: Notice
    number: str | None
    text: str
    created_at: Moment


def ticket_summary(ticket: Ticket, *, now: datetime, reader: int = 0) -> TicketSummary:
    """A ticket in a list. reader: the account that reads it, 0 where that is staff."""
    waiting = ticket.state in UNANSWERED_STATES
    return TicketSummary(
        number=ticket.number,
        mine=ticket.asker_id == reader,
        topic=ticket.topic,
        topic_label=label(ticket.topic),
        state=ticket.state,
        state_label=LABELS[ticket.state],
        question=ticket.question,
        created_at=ticket.created_at.isoformat(),
        created_text=wording.stamp(ticket.created_at),
        answer_due_at=ticket.answer_due_at.isoformat() if waiting else None,
        promise=wording.promise(ticket.answer_due_at, now) if waiting else "",
        overdue=waiting and ticket.answer_due_at < now,
    )


def ticket_detail(
    ticket: Ticket,
    events: list[TicketEvent],
    *,
    now: datetime,
    reader: int = 0,
    attachments: Sequence[Attachment] = (),
    rating: Rating | None = None,
    may_rate: Sequence[Axis] = (),
    tickets_path: str = "/api/v1/tickets",
) -> TicketDetail:
    """A ticket with its history; `ticket.assignee` must be fetched.

    tickets_path: where this reader finds tickets, and below them their attachments.
    """
    return TicketDetail(
        **msgspec.structs.asdict(ticket_summary(ticket, now=now, reader=reader)),
        specialist=ticket.assignee.name if ticket.assignee else None,
        events=[
            HistoryEvent(
                kind=event.kind,
                kind_label=EVENT_LABELS[event.kind],
                actor=event.actor,
                text=event.text,
                at=event.at.isoformat(),
                at_text=wording.stamp(event.at),
            )
            for event in events
        ],
        attachments=[
            AttachedFile(
                id=attachment.id,
                url=f"{tickets_path}/{ticket.number}/attachments/{attachment.id}",
                size=attachment.size,
                size_text=wording.size(attachment.size),
                content_type=attachment.content_type,
                is_picture=attachment.content_type.startswith("image/"),
            )
            for attachment in attachments
        ],
        rating=_given(rating),
        may_rate=list(may_rate),
    )


def _given(rating: Rating | None) -> GivenRating | None:
    if rating is None or rating.at is None:
        return None
    return GivenRating(professionalism=rating.professionalism, timeliness=rating.timeliness)


def work_detail(
    ticket: Ticket,
    events: list[TicketEvent],
    *,
    now: datetime,
    attachments: Sequence[Attachment] = (),
    rating: Rating | None = None,
    request: ServiceRequest | None = None,
) -> WorkDetail:
    """What staff see; `ticket.assignee` must be fetched."""
    detail = ticket_detail(
        ticket,
        events,
        now=now,
        attachments=attachments,
        rating=rating,
        tickets_path="/desk/tickets",
    )
    return WorkDetail(
        **msgspec.structs.asdict(detail),
        transcript=ticket.transcript,
        reasons=ticket.reasons,
        standards=ticket.standards,
        assignee_id=ticket.assignee_id,
        application=_filled_in(request),
    )


class Applied(msgspec.Struct):
    """What somebody applied for. rows: labels and values as people read them; phones masked."""

    form: str
    title: str
    rows: list[tuple[str, str]]
    ticket: TicketSummary


def applied(request: ServiceRequest, *, now: datetime) -> Applied:
    """A service request; `request.ticket` must be fetched."""
    form = forms()[request.form]
    return Applied(
        form=request.form,
        title=form.title,
        rows=rows_of(form, request.given),
        ticket=ticket_summary(request.ticket, now=now),
    )


def _filled_in(request: ServiceRequest | None) -> list[FilledIn]:
    if request is None:
        return []
    given = request.given
    return [
        FilledIn(
            slot.label,
            shown(slot, given[slot.name]),
            given[slot.name] if slot.kind == "phone" else "",
        )
        for slot in forms()[request.form].wanted
        if slot.name in given
    ]


def rating_sheet(
    ticket: Ticket, rating: Rating | None, may_rate: Sequence[Axis], *, ends_at: datetime | None
) -> RatingSheet:
    """The rating page of a ticket, until `ends_at`; None while the ticket is not closed."""
    if may_rate and ends_at is not None:
        note = wording.rating_ends(ends_at)
    else:
        note = wording.RATE_WHEN_CLOSED if ends_at is None else wording.RATED_TOO_LATE
    chosen = {
        Axis.PROFESSIONALISM: rating.professionalism if rating else None,
        Axis.TIMELINESS: rating.timeliness if rating else None,
    }
    return RatingSheet(
        number=ticket.number,
        question=wording.excerpt(ticket.question, 40),
        note=note,
        open=bool(may_rate),
        integrity_cast=rating is not None and rating.integrity_cast,
        rows=[
            RatingRow(axis, name, hint, chosen.get(axis), axis in may_rate)
            for axis, (name, hint) in wording.AXES.items()
        ],
    )


def notice(item: OutboxItem) -> WaitingNotice:
    """Something that waits for this person."""
    return WaitingNotice(
        id=item.id,
        notice=item.notice,
        number=item.payload.get("number"),
        text=item.payload.get("text", ""),
        created_at=item.created_at.isoformat(),
    )


class HeldMessage(msgspec.Struct):
    """A message that waits for review; its sender masked, one-time codes illegible."""

    id: int
    trouble: str
    text: str
    app: str
    sender: str
    at: Moment
    at_text: str


def held(message: InboundMessage) -> HeldMessage:
    """A message that waits for review."""
    return HeldMessage(
        id=message.id,
        trouble=wording.TROUBLES[message.held_as],
        text=hidden(message.text),
        app=wording.APP_NAMES[message.app],
        sender=wording.sender(message.openid),
        at=message.received_at.isoformat(),
        at_text=wording.stamp(message.received_at),
    )
