"""What the platform reports and nobody said: consents, unfollowing, the fate of earlier sends."""

from datetime import datetime, timedelta

from handlers import accounts, consents, windows
from models.accounts import App, Identity
from models.conversations import InboundMessage, Kind
from models.outbox import Channel, Delivery, DeliveryResult, OutboxItem, OutboxState
from models.sql import fetch
from models.transactions import transactional

# The platform's report on a send may arrive before we have written down the send's number.
REPORTS_MAY_OVERTAKE = timedelta(minutes=5)
LONGEST_MESSAGE_ID = 64


@transactional
async def note(message: InboundMessage, identity: Identity, *, now: datetime) -> InboundMessage:
    """An event that is no contact: write down what it says, answer nothing."""
    reports = _reports(message)
    known = [await sent_as(channel, message_id) for channel, message_id, _ in reports]
    if not all(known) and now - message.received_at < REPORTS_MAY_OVERTAKE:
        return message  # it overtook the send it is about; the sweep comes back to it
    if not await finish(message):
        return await InboundMessage.get(id=message.id)
    for delivery, (_, _, status) in zip(known, reports, strict=True):
        if delivery is not None:
            await _report(delivery, status=status, now=now)
    if message.kind == Kind.UNFOLLOWED:
        await accounts.set_following(identity.id, follows=False, at=message.sent_at)
        await windows.unfollowed(identity.id, at=message.sent_at)
    elif message.kind == Kind.CONSENT:
        changes = [
            (str(c["template_id"])[:64], str(c["status"])) for c in message.payload["consents"]
        ]
        await consents.record_consents(identity, changes, at=message.sent_at)
    return await InboundMessage.get(id=message.id)


def _reports(message: InboundMessage) -> list[tuple[Channel, str, str]]:
    """What an event says of earlier sends: (channel, the platform's message id, status)."""
    payload = message.payload
    if message.kind == Kind.SEND_REPORT:
        status = str(payload.get("Status", ""))
        return [(Channel.OFFICIAL_TEMPLATE, str(payload.get("MsgID", "")), status)]
    if message.kind == Kind.CONSENT and message.app == App.MINIAPP:
        return [
            (Channel.MINIAPP_SUBSCRIBE, str(c["message_id"]), str(c["status"]))
            for c in payload["consents"]
            if c["message_id"]
        ]
    return []


async def sent_as(channel: Channel, message_id: str) -> Delivery | None:
    """The attempt that the platform gave this number to, or None when we know no such."""
    if not message_id or len(message_id) > LONGEST_MESSAGE_ID:
        return None
    return await Delivery.filter(channel=channel, message_id=message_id).first()


async def _report(delivery: Delivery, *, status: str, now: datetime) -> None:
    """The platform's later word on a message it had accepted (TEMPLATESENDJOBFINISH,
    subscribe_msg_sent_event).

    status: "success", or why it failed; then the item goes on to its next channel.
    """
    if status == "success":
        await Delivery.filter(id=delivery.id).update(result=DeliveryResult.DELIVERED)
        return
    await Delivery.filter(id=delivery.id).update(
        result=DeliveryResult.FAILED, final=True, code=status[:40]
    )
    await OutboxItem.filter(id=delivery.item_id, state=OutboxState.DONE).update(
        state=OutboxState.PENDING, due_at=now, done_at=None
    )


async def finish(message: InboundMessage) -> bool:
    """Claim the right to carry it out: exactly one of all who try gets it."""
    rows = await fetch(
        "UPDATE inbound_message SET state = 'done' WHERE id = $1 AND state = 'received'"
        " RETURNING id",
        message.id,
    )
    return bool(rows)
