"""Signed links for askers: the link is the right to do what its page does."""

from datetime import datetime, timedelta

from server.signing import Signer

RATING = "rating-link"
RATING_LINK_VALID = timedelta(days=30)


def rating_url(signer: Signer, public_url: str, number: str, *, now: datetime) -> str:
    """Where a ticket is rated."""
    token = signer.sign(RATING, {"number": number}, now=now, ttl=RATING_LINK_VALID)
    return f"{public_url}/r/{token}"
