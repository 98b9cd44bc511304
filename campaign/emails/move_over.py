"""The invitation to move a monthly or yearly gift here, which another processor or account still charges."""

from typing import Any, Protocol
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.campaigns import formatting
from campaign.core import clock, money
from campaign.core.i18n import ENGLISH, Language, get_language
from campaign.mailer import merge_fields
from campaign.mailer.email_context import ObsoleteEmail, Sender
from campaign.mailer.outbox import EmailClaim
from campaign.models import Campaign, Donor, GiftElsewhere

CODE = "mail-move-over"
"""Where a gift that was begun from this email came from."""


class RecurringGift(Protocol):
    """What the email says of the gift: `amount` in minor units of `currency` per period."""

    amount: int
    currency: str
    frequency: str
    processor: str


def move_over(
    session: Session, claim: EmailClaim, sender: Sender
) -> dict[str, Any] | ObsoleteEmail:
    """Return the context of an invitation, while the campaign takes gifts and the other gift goes on."""
    campaign = session.get_one(Campaign, claim.campaign_id)
    if not campaign.is_open(clock.now()):
        return ObsoleteEmail("the campaign does not take gifts now")
    gift = session.scalar(
        select(GiftElsewhere)
        .join(Donor, Donor.id == GiftElsewhere.donor_id)
        .where(
            func.lower(Donor.email) == claim.recipient.lower(),
            GiftElsewhere.ended_at.is_(None),
            GiftElsewhere.id == claim.details.get("gift"),
        )
    )
    if gift is None:
        return ObsoleteEmail("that gift has ended")
    return move_over_context(gift, campaign.slug, sender, get_language(claim.locale))


def move_over_context(
    gift: RecurringGift, slug: str, sender: Sender, language: Language
) -> dict[str, Any]:
    """Return the context: the gift, and the form with its amount and frequency filled in."""
    asked = {
        "frequency": gift.frequency,
        "amount": money.plain_amount(gift.amount, gift.currency, language.formats),
        "code": CODE,
        **({} if language.locale == ENGLISH else {"lang": language.locale}),
    }
    return {
        "organization": sender.organization,
        "locale": language.locale,
        "greeting": merge_fields.with_name(
            language.gettext("Dear %(name)s,") % {"name": merge_fields.NAME},
            language.gettext("Dear reader,"),
        ),
        "frequency": gift.frequency,
        "processor": gift.processor,
        "amount_text": formatting.amount(gift.amount, gift.currency, language),
        "give_url": sender.address(f"/c/{slug}?{urlencode(asked)}#give"),
        "unsubscribe_url": merge_fields.UNSUBSCRIBE_URL,
    }
