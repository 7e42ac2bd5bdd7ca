"""Finding tickets, and who may see them: one access function for each kind of reader."""

import re

from tortoise.expressions import Q

from handlers import codes, wording
from handlers.enterprises import shares
from handlers.errors import NotFound
from models.accounts import Staff, StaffRole
from models.conversations import Kind
from models.sql import fetch, moment
from models.tickets import OPEN_STATES, Audience, Ticket, TicketEvent, TicketState

__all__ = ["Audience", "Ticket", "TicketEvent"]

NO_SUCH_TICKET = "没有找到这张工单。"
KIND_WORDS = {
    Kind.IMAGE: "图片",
    Kind.VOICE: "语音",
    Kind.VIDEO: "视频",
    Kind.LOCATION: "位置",
    Kind.LINK: "链接",
    Kind.FILE: "文件",
    Kind.FOLLOWED: "关注公众号",
    Kind.CLICKED: "点击菜单",
    Kind.SCANNED: "扫码",
    Kind.ENTERED: "进入客服",
}
# What still waits for an answer, the asker's newest first.
_LAST_WAITING = (
    "SELECT id, question FROM ticket WHERE asker_id = $1 AND state IN"
    " ('new', 'parked', 'assigned', 'accepted', 'waiting_customer') ORDER BY id DESC LIMIT 1"
)
_LAST_MESSAGES = (
    "SELECT kind, text, reply, received_at FROM inbound_message WHERE conversation_id = $1"
    " AND (held_as = '' OR passed) ORDER BY id DESC LIMIT $2"
)
# Signed links of an asker's own: whoever has one may act as they may.
_OWN_LINK = re.compile(r"https?://[\w.:/-]+/[rs]/[\w./-]+", re.ASCII)
NUMBER = re.compile(r"NQ[0-9]{10,12}")


async def access_ticket_as_asker(account_id: int, number: str) -> Ticket:
    """The asker's own ticket, to do with it what nobody else may. Raises NotFound, also where it
    is somebody else's."""
    ticket = await ticket_by_number(number)
    if ticket.asker_id != account_id:
        raise NotFound(NO_SUCH_TICKET)
    return ticket


async def access_ticket_as_colleague(account_id: int, number: str) -> Ticket:
    """A ticket to read and to add to: the asker's own, or the enterprise's of which this person
    is a confirmed, present member. Raises NotFound, also where it is somebody else's."""
    ticket = await ticket_by_number(number)
    if ticket.asker_id == account_id:
        return ticket
    if ticket.enterprise_id is None or ticket.enterprise_id != await shares(account_id):
        raise NotFound(NO_SUCH_TICKET)
    return ticket


async def access_ticket_as_staff(staff: Staff, number: str) -> Ticket:
    """A ticket this member of staff may work on: the assignee's own; all, for service officer and
    manager. Raises NotFound."""
    ticket = await ticket_by_number(number)
    if staff.role == StaffRole.SPECIALIST and ticket.assignee_id != staff.id:
        raise NotFound(NO_SUCH_TICKET)
    return ticket


async def ticket_by_number(number: str) -> Ticket:
    """A ticket for someone whose right to it was proved otherwise. Raises NotFound."""
    if not NUMBER.fullmatch(number):
        raise NotFound(NO_SUCH_TICKET)
    ticket = await Ticket.get_or_none(number=number).prefetch_related("assignee")
    if ticket is None:
        raise NotFound(NO_SUCH_TICKET)
    return ticket


async def tickets_shared_with(account_id: int, *, limit: int = 50) -> list[Ticket]:
    """All that `access_ticket_as_colleague` lets this person see, newest first."""
    visible = Q(asker_id=account_id)
    if (enterprise_id := await shares(account_id)) is not None:
        visible |= Q(enterprise_id=enterprise_id)
    return await Ticket.filter(visible).order_by("-id").limit(limit)


def author(ticket: Ticket, account_id: int) -> str:
    """How somebody who adds to a ticket is called in its history."""
    return wording.BY_ASKER if ticket.asker_id == account_id else wording.BY_COLLEAGUE


async def work_of(staff: Staff, *, limit: int = 50) -> list[Ticket]:
    """What waits for this member of staff, by deadline."""
    return (
        await Ticket.filter(assignee_id=staff.id, state__in=OPEN_STATES)
        .order_by("answer_due_at")
        .limit(limit)
    )


async def latest_open(account_id: int) -> Ticket | None:
    """The asker's newest ticket that still waits for an answer."""
    waiting = (TicketState.NEW, TicketState.PARKED, *OPEN_STATES)
    return await Ticket.filter(asker_id=account_id, state__in=waiting).order_by("-id").first()


async def waiting_for_answer(account_id: int, question: str) -> Ticket | None:
    """The asker's open ticket about the same question: it is not asked twice.

    A bare call for a person is about whatever was asked last.
    """
    rows = await fetch(_LAST_WAITING, account_id)
    if not rows or _bare(question) not in (
        _bare(rows[0]["question"]),
        wording.HUMAN_WITHOUT_QUESTION,
    ):
        return None
    return await Ticket.get(id=rows[0]["id"])


async def closed_last(account_id: int) -> Ticket | None:
    """The asker's ticket that was closed last."""
    closed = Ticket.filter(asker_id=account_id, state=TicketState.CLOSED)
    return await closed.order_by("-closed_at").first()


def _bare(question: str) -> str:
    """A question without the marks and blanks around it: asked again with "？" it is the same."""
    return question.strip(" \n,，.。!！?？~～、")


async def latest(account_id: int) -> Ticket | None:
    """The asker's newest ticket that can still be added to."""
    return (
        await Ticket.filter(asker_id=account_id)
        .exclude(state=TicketState.WITHDRAWN)
        .order_by("-id")
        .first()
    )


async def bot_answered_since(ticket: Ticket, conversation_id: int) -> bool:
    """Whether the engine has answered something in this thread after the ticket was answered."""
    rows = await fetch(
        "SELECT max(received_at) AS at FROM inbound_message"
        " WHERE conversation_id = $1 AND decision->>'action' = 'answer'",
        conversation_id,
    )
    last = rows[0]["at"] and moment(rows[0]["at"])
    return last is not None and ticket.answered_at is not None and last > ticket.answered_at


async def events_of(ticket: Ticket, *, audience: Audience) -> list[TicketEvent]:
    """A ticket's history, oldest first. EVERYONE leaves out what only staff may read."""
    events = TicketEvent.filter(ticket_id=ticket.id)
    if audience == Audience.EVERYONE:
        events = events.filter(audience=Audience.EVERYONE)
    return await events.order_by("id")


async def transcript_of(conversation_id: int, *, limit: int = 20) -> list[dict[str, str]]:
    """The last messages of a thread with our replies, oldest first: who, text, at (ISO).

    Staff read them, so one-time codes and the asker's own links in them are made illegible. What
    was held for review is left out until it has passed.
    """
    messages = await fetch(_LAST_MESSAGES, conversation_id, limit)
    lines: list[dict[str, str]] = []
    for message in reversed(messages):
        at = moment(message["received_at"]).isoformat()
        said = message["text"] or f"［{KIND_WORDS.get(message['kind'], '消息')}］"
        lines.append({"who": "user", "text": _hidden(said), "at": at})
        if message["reply"]:
            lines.append({"who": "bot", "text": _hidden(message["reply"]), "at": at})
    return lines


def _hidden(text: str) -> str:
    return codes.hidden(_OWN_LINK.sub("［链接］", text))
