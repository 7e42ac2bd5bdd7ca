"""Clients that hang up at any moment: the process goes on, and so does the work they began."""

import asyncio
from urllib.parse import urlencode

from models.conversations import InboundMessage, InboundState
from tests.faults.service import CROWD, Service, children, in_transaction, unfinished, until

CLIENTS = 50


async def nothing_is_held() -> bool:
    return not await in_transaction()


async def finished() -> bool:
    return not await unfinished()


def request(service: Service, number: int) -> bytes:
    """A callback as the platform posts it, of a person of its own."""
    fields = {
        **service.simulator.head("official", CROWD[number].openid, "text"),
        "Content": "几点下班",
        "MsgId": 1000 + number,
    }
    sent = service.simulator.courier.seal("official", fields)
    head = (
        f"POST /wechat/callback?{urlencode(sent.params)} HTTP/1.1\r\nHost: nqi\r\n"
        f"Content-Type: {sent.content_type}\r\nContent-Length: {len(sent.body)}\r\n\r\n"
    )
    return head.encode() + bytes(sent.body)


async def hang_up(service: Service, number: int, *, share: float, after: float) -> None:
    """Send a share of the request, wait a little, cut the connection."""
    _, writer = await asyncio.open_connection("127.0.0.1", service.http.base_url.port)
    whole = request(service, number)
    writer.write(whole[: int(len(whole) * share)])
    await writer.drain()
    await asyncio.sleep(after)
    writer.transport.abort()


async def test_fifty_that_hang_up_harm_nothing(service: Service) -> None:
    serve = await service.serve("--no-worker")
    before = children(serve, "http")
    # In the middle of the body; right after it; while the answer is being made.
    for share, spread in ((0.9, 0.0), (1.0, 0.0), (1.0, 0.002)):
        await InboundMessage.all().delete()
        await asyncio.gather(
            *(hang_up(service, n, share=share, after=spread * n) for n in range(CLIENTS))
        )
        await until(nothing_is_held)
        deliveries = await asyncio.gather(
            *(service.simulator.say(person.openid, "几点下班") for person in CROWD[-10:])
        )
        assert [[a.status for a in d.attempts] for d in deliveries] == [[200]] * 10
        assert all("17:30" in (d.reply_text or "") for d in deliveries)
        await until(finished)
        # Nobody but the callback itself was there to finish them; cut bodies were never taken.
        stored = await InboundMessage.filter(state=InboundState.DONE).count()
        assert stored == 10 if share < 1 else 10 < stored <= 10 + CLIENTS
    assert children(serve, "http") == before
    assert "Traceback" not in service.log.read_text()
