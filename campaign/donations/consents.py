"""Consent given on the donation form: the wording is stored with the donation and takes effect once it is paid.

Anyone can type someone else's address into a form. A paid gift, whose receipt goes there, shows that it was the owner.
"""

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.core.i18n import Language
from campaign.models import Donation, Subscriber, Suppression, SuppressionReason

SOURCE = "donation form"


def consent_wording(language: Language, cap: int) -> str:
    """Return the label of the checkbox, which is never checked by default. A donation stores what the donor saw.

    It promises what `outreach.email_cap` and the countdown keep; `cap` is `EMAIL_CAP`.
    """
    text = language.ngettext(
        "Email me about campaigns like this one: at most %(cap)s email in any 7 days, plus one if an end date"
        " changes and one with the result. You can unsubscribe with one click.",
        "Email me about campaigns like this one: at most %(cap)s emails in any 7 days, plus one if an end date"
        " changes and one with the result. You can unsubscribe with one click.",
        cap,
    )
    return text % {"cap": cap}


def record_consent(session: Session, donation: Donation) -> None:
    """Subscribe the donor of a paid `donation` if they checked the box. Repeating it changes nothing.

    This lifts an earlier unsubscribe, because the donor opted in again; a bounce or a complaint remains.
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
