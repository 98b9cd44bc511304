"""Consent given on the donation form: its words are kept with the donation, and believed once that is paid.

Anyone can type anyone's address into a form; a paid gift, whose receipt goes there, says that it was its owner.
"""

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.core.i18n import ENGLISH, get_language
from campaign.models import Donation, Subscriber, Suppression, SuppressionReason

WORDING = get_language(ENGLISH).gettext(
    "Write to me about campaigns like this one. A few times a year at most; one click stops it."
)
"""The words beside the box, which is never ticked beforehand. A donation keeps those it was shown, in its language."""

SOURCE = "donation form"


def record_consent(session: Session, donation: Donation) -> None:
    """The donor of a paid `donation` becomes a subscriber, if they ticked the box. Repeating it changes nothing.

    Who had unsubscribed before asks anew by this, so that is lifted; a bounce or a complaint is not.
    """
    if not donation.consent_wording or not donation.email:
        return
    session.execute(
        insert(Subscriber)
        .values(
            email=donation.email,
            name=donation.name,
            locale=donation.locale,
            consent_source=SOURCE,
            consent_wording=donation.consent_wording,
            consent_at=donation.created_at,
        )
        .on_conflict_do_nothing()
    )
    session.execute(
        delete(Suppression)
        .where(
            Suppression.email == func.lower(donation.email),
            Suppression.reason == SuppressionReason.unsubscribed.value,
            Suppression.created_at < donation.created_at,
        )
        .execution_options(synchronize_session=False)
    )
