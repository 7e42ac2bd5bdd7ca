"""What the platform reports and nobody said: consents, unfollowing, the fate of earlier sends."""

from datetime import datetime, timedelta

from handlers import accounts, consents, outbox, windows
from models.accounts import App, Identity
from models.conversations import InboundMessage, Kind
from models.outbox import Channel
from models.sql import fetch
from models.transactions import transactional

# The platform's report on a send may arrive before we have written down the send's number.
REPORTS_MAY_OVERTAKE = timedelta(minutes=5)


@transactional
async def note(message: InboundMessage, identity: Identity, *, now: datetime) -> InboundMessage:
    """An event that is no contact: write down what it says, answer nothing."""
    reports = _reports(message)
    known = [await outbox.sent_as(channel, message_id) for channel, message_id, _ in reports]
    if not all(known) and now - message.received_at < REPORTS_MAY_OVERTAKE:
        return message  # it overtook the send it is about; the sweep comes back to it
    if not await finish(message):
        return await InboundMessage.get(id=message.id)
    for delivery, (_, _, status) in zip(known, reports, strict=True):
        if delivery is not None:
            await outbox.report_delivered(delivery, status=status, now=now)
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


async def finish(message: InboundMessage) -> bool:
    """Claim the right to carry it out: exactly one of all who try gets it."""
    rows = await fetch(
        "UPDATE inbound_message SET state = 'done' WHERE id = $1 AND state = 'received'"
        " RETURNING id",
        message.id,
    )
    return bool(rows)
