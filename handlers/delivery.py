"""By which channel a notice reaches somebody: the next one that is still open."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from handlers import consents, outbox, tickets
from models.accounts import App, Identity
from models.outbox import Channel, Delivery, DeliveryResult, Notice, OutboxItem, OutboxState
from models.tickets import Audience, EventKind, Ticket
from models.transactions import transactional

TemplateIds = Mapping[tuple[App, Notice], str]

CUSTOM = {App.OFFICIAL: Channel.OFFICIAL_CUSTOM, App.MINIAPP: Channel.MINIAPP_CUSTOM}
APP_OF = {
    Channel.OFFICIAL_CUSTOM: App.OFFICIAL,
    Channel.MINIAPP_CUSTOM: App.MINIAPP,
    Channel.MINIAPP_SUBSCRIBE: App.MINIAPP,
    Channel.OFFICIAL_TEMPLATE: App.OFFICIAL,
}
STAFF_NOTICES = frozenset(
    {
        Notice.TICKET_ASSIGNED,
        Notice.TICKET_MESSAGE,
        Notice.TICKET_OVERDUE,
        Notice.TICKET_PARKED,
    }
)


@dataclass(frozen=True, slots=True)
class Route:
    """A channel, whom it leads to, and the template to use ("" for customer-service messages)."""

    channel: Channel
    identity: Identity
    template_id: str


def plan(item: OutboxItem) -> tuple[Channel, ...]:
    """The channels for a notice in the order in which they are tried.

    An answer goes where the question came from first. A bot's reply has no other channel: a
    template message about it would tell nothing.
    """
    if item.notice == Notice.REPLY:
        return (CUSTOM[item.app],)
    if item.notice in STAFF_NOTICES:
        return (Channel.OFFICIAL_TEMPLATE, Channel.OFFICIAL_CUSTOM)
    first = CUSTOM[item.app]
    second = next(channel for channel in CUSTOM.values() if channel != first)
    return (first, second, Channel.MINIAPP_SUBSCRIBE, Channel.OFFICIAL_TEMPLATE)


async def next_route(item: OutboxItem, template_ids: TemplateIds) -> Route | None:
    """The next channel not yet found shut for this item; None when there is none."""
    shut = (await outbox.shut_channels([item]))[item.id]
    identities = {i.app: i for i in await Identity.filter(account_id=item.account_id)}
    for channel in plan(item):
        identity = identities.get(APP_OF[channel])
        if channel in shut or identity is None:
            continue
        if channel in CUSTOM.values():
            return Route(channel, identity, "")
        template_id = template_ids.get((identity.app, item.notice), "")
        if not template_id:
            continue
        if channel == Channel.OFFICIAL_TEMPLATE and not identity.follows:
            continue
        if channel == Channel.MINIAPP_SUBSCRIBE and not await consents.has_consent(
            identity, template_id
        ):
            continue
        return Route(channel, identity, template_id)
    return None


@transactional
async def give_up(item: OutboxItem, *, now: datetime, for_good: bool = False) -> None:
    """No channel takes it: wait for the person's next contact; a ticket's staff can see it.

    for_good: not even that will help, because the row itself can't be sent.
    """
    moved = await (outbox.bury(item) if for_good else outbox.park(item))
    if not moved:
        return
    ticket = await Ticket.get_or_none(number=item.payload.get("number", ""))
    if ticket is None:
        return
    whom = "专员" if item.notice in STAFF_NOTICES else "提问人"
    await tickets.record(
        ticket,
        EventKind.NOTICE_FAILED,
        at=now,
        audience=Audience.STAFF,
        text=f"发给{whom}的消息发不出去，请用其他方式联系"
        if for_good
        else f"暂时没有可用渠道通知{whom}，对方下次联系平台时最先送达",
    )


async def waiting_for(account_id: int) -> list[OutboxItem]:
    """What waits for this person's next contact, oldest first."""
    return await OutboxItem.filter(account_id=account_id, state=OutboxState.PARKED).order_by("id")


@transactional
async def seen(account_id: int, item_id: int, *, now: datetime) -> bool:
    """The person read a waiting notice in the mini-program: it has arrived. False if it is not
    theirs or did not wait."""
    changed = await OutboxItem.filter(
        id=item_id, account_id=account_id, state=OutboxState.PARKED
    ).update(state=OutboxState.DONE, done_at=now)
    if changed != 1:
        return False
    await Delivery.create(
        item_id=item_id,
        channel=Channel.MINIAPP_INBOX,
        round=0,
        result=DeliveryResult.DELIVERED,
        code="0",
        at=now,
    )
    return True
