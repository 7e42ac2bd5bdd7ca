"""The numbers of tickets, by which people call them."""

from datetime import datetime

from models.clock import SHANGHAI
from models.sql import fetch


async def next_number(now: datetime) -> str:
    """NQ, the day in China, and the day's count: NQ2611230001."""
    day = f"{now.astimezone(SHANGHAI):%y%m%d}"
    rows = await fetch(
        "INSERT INTO counter (name, value) VALUES ($1, 1)"
        " ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value",
        f"ticket:{day}",
    )
    return f"NQ{day}{rows[0]['value']:04d}"
