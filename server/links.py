"""Signed links for askers: the link is the right to do what its page does."""

from datetime import datetime, timedelta

from server.signing import Signer

RATING = "rating-link"
RATING_LINK_VALID = timedelta(days=30)
FORM = "form-link"
FORM_LINK_VALID = timedelta(hours=2)


def rating_url(signer: Signer, public_url: str, number: str, *, now: datetime) -> str:
    """Where a ticket is rated."""
    token = signer.sign(RATING, {"number": number}, now=now, ttl=RATING_LINK_VALID)
    return f"{public_url}/r/{token}"


def form_url(
    signer: Signer, public_url: str, identity_id: int, occasion: int, form: str, *, now: datetime
) -> str:
    """Where somebody fills in a form of theirs, or another one. occasion: what the link was made
    for, a message's id; what was sent by one link is told apart by it."""
    claims = {"identity": identity_id, "occasion": occasion}
    token = signer.sign(FORM, claims, now=now, ttl=FORM_LINK_VALID)
    return f"{public_url}/s/{token}/{form}"
