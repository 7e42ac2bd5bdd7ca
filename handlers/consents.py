"""The ledger of subscription consents (WECHAT.md, 订阅通知): credits, or a standing permission."""

from datetime import datetime

from tortoise.expressions import F, Q

from models.accounts import Consent, Identity
from models.transactions import transactional


@transactional
async def record_consents(
    identity: Identity, changes: list[tuple[str, str]], *, at: datetime
) -> None:
    """Write down what the platform reports; changes are (template id, what happened).

    "accept" is one credit more. "reject" takes the permission away. Events may come out of order:
    an acceptance from before a rejection counts no more, and a rejection from before the latest
    acceptance takes nothing. Other words change nothing: a send is counted by `spend_credit` when
    the platform has accepted it.
    """
    for template_id, what in changes:
        if what not in ("accept", "reject"):
            continue
        await Consent.bulk_create(
            [Consent(identity_id=identity.id, template_id=template_id)], ignore_conflicts=True
        )
        ledger = Consent.filter(identity_id=identity.id, template_id=template_id)
        after_rejection = Q(rejected_at=None) | Q(rejected_at__lt=at)
        after_acceptance = Q(accepted_at=None) | Q(accepted_at__lt=at)
        if what == "reject":
            await ledger.filter(after_rejection, after_acceptance).update(
                credits=0, long_term=False
            )
            await ledger.filter(after_rejection).update(rejected_at=at)
        else:
            await ledger.filter(after_rejection).update(credits=F("credits") + 1)
            await ledger.filter(after_acceptance).update(accepted_at=at)


async def consents_of(identity_id: int) -> list[dict[str, str | int | bool]]:
    """What may still be sent to this person, by template."""
    rows = await Consent.filter(identity_id=identity_id).order_by("template_id")
    return [
        {"template_id": row.template_id, "credits": row.credits, "long_term": row.long_term}
        for row in rows
    ]


async def has_consent(identity: Identity, template_id: str) -> bool:
    """Whether a subscription message of this template may be sent now, as far as we know."""
    consent = await Consent.get_or_none(identity_id=identity.id, template_id=template_id)
    return consent is not None and (consent.long_term or consent.credits > 0)


async def spend_credit(identity_id: int, template_id: str, *, all_of_them: bool = False) -> None:
    """One credit less; none at all where the platform says that there are none (43101)."""
    consent = await Consent.get_or_none(identity_id=identity_id, template_id=template_id)
    if consent is None or consent.long_term:
        return
    left = 0 if all_of_them else max(consent.credits - 1, 0)
    await Consent.filter(id=consent.id, credits=consent.credits).update(credits=left)
