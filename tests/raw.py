"""Requests that no HTTP library would send."""

import asyncio

ANSWERED_WITHIN = 20.0  # seconds; only a bound, a test that waits so long has failed


async def exchange(port: int, request: bytes) -> bytes:
    """Send bytes to the server and return the head of what it answers, b"" for nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), ANSWERED_WITHIN)
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    finally:
        writer.close()
    return head


async def trickle(port: int, start: bytes, *, pause: float, most: int) -> tuple[int, bytes]:
    """Send `start`, then a byte every `pause` seconds until the server hangs up.

    Returns how many bytes it took and what the server said. `most` bytes are sent at most.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(start)
    said = asyncio.create_task(reader.read(-1))
    sent = 0
    try:
        while sent < most and not said.done():
            writer.write(b"x")
            sent += 1
            await asyncio.wait([said], timeout=pause)
    finally:
        writer.close()
    return sent, await said
