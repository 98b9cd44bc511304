"""Erase a person: the ledger stays correct to the cent, but no longer identifies the donor.

Amounts, dates, receipt numbers and ledger entries remain. Names, addresses, text that the donor wrote and consents are
removed. docs/decisions/011 has the reasons. `event_redaction` handles stored Stripe events.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, Text, case, cast, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.campaigns.donor_wall import remove_wall_entries
from campaign.list_sync.members import forget_members
from campaign.mailer.redaction import redact_emails
from campaign.models import (
    Donation,
    Donor,
    DonorLink,
    DonorSession,
    Note,
    OfflineGift,
    PastGift,
    Receipt,
    Reminder,
    StripeRequest,
    Subscriber,
    Subscription,
    Suppression,
    SuppressionReason,
    TributeCard,
    WebhookDelivery,
)
from campaign.offline.direct_mail_codes import direct_mail_to
from campaign.privacy.erased_people import remember_erased
from campaign.privacy.erasure_guard import require_erasable
from campaign.privacy.erasure_requests import close_requests
from campaign.privacy.personal_data_export import (
    DataSubject,
    deliveries_about,
    deliveries_about_addresses,
    mail_of,
    tribute_cards_of,
)
from campaign.privacy.uploaded_files import forget_uploads

ERASED = "the person was erased"
_WISHES = (SuppressionReason.unsubscribed.value, SuppressionReason.complained.value)
_WITHOUT_SYNC = {"synchronize_session": False}


@dataclass(frozen=True)
class Erased:
    """What was erased. `customers` are Stripe customer IDs, because Stripe keeps its own records. `suppressed` are
    addresses that stay suppressed, so that importing a list does not subscribe them again. `records` counts donor
    records, of people who never gave too; `uploads` are uploaded files and reports that named the person.
    """

    donations: int
    mails: int
    consents: int
    customers: list[str]
    suppressed: list[str]
    records: int = 0
    uploads: int = 0

    @property
    def anything(self) -> bool:
        return bool(self.records or self.donations or self.mails or self.consents or self.uploads)


def erase_person(
    session: Session,
    person: DataSubject,
    actor: audit_log.Actor,
    at: datetime,
    mail_domain: str = "",
    *,
    again: bool = False,
) -> Erased:
    """Remove the person from every row. Running it again finds nothing.

    `again`: a restored backup brought back a person who was erased; nothing was in progress then.

    A person who requested it on their donor page gets an email from `mail_domain` that it is done; '' sends none.

    Raises ErasureRefused while a monthly gift is active or a payment is in progress.
    """
    _lock(session, person)
    if not again:
        require_erasable(session, person, at)
    customers = session.scalars(
        select(Subscription.customer_id)
        .where(Subscription.donor_id.in_(person.donor_ids), Subscription.customer_id.is_not(None))
        .distinct()
    ).all()
    # Emails are found through receipts and addresses, so redact them before those.
    uploads = forget_uploads(session, person, again=again)
    records = sum(one.erased_at is None for one in person.donors)
    mails = redact_emails(session, mail_of(person), ERASED)
    close_requests(session, person.donors, mail_domain, at)
    consents, suppressed = _forget_consent(session, person)
    blank_gifts(session, person)
    _blank_donors(session, person, at)
    erased = Erased(
        len(person.donation_ids),
        mails,
        consents,
        [str(one) for one in customers],
        suppressed,
        records,
        uploads,
    )
    if erased.anything and not again:
        remember_erased(session, person, at)
    if erased.anything or person.donors:
        key = str(person.donors[0].id) if person.donors else "no donor"
        details: dict[str, object] = {
            "donations": erased.donations,
            "emails": mails,
            "consents": consents,
        }
        if erased.customers:
            # Stripe keeps its own record of them, which staff delete in its dashboard.
            details["stripe_customers"] = ", ".join(erased.customers)
        audit_log.record(
            session, actor, "donor.erased", audit_log.Subject("donor", key), after=details
        )
    return erased


def _lock(session: Session, person: DataSubject) -> None:
    """Lock donations first, in the same order as booking does. A gift that arrives later belongs to a new donor."""
    for table, ids in ((Donation, person.donation_ids), (Donor, person.donor_ids)):
        session.execute(
            select(table.id).where(table.id.in_(ids)).order_by(table.id).with_for_update()
        ).all()


def _forget_consent(session: Session, person: DataSubject) -> tuple[int, list[str]]:
    count = 0
    # A delivery about a subscriber is nothing but personal data.
    session.execute(
        delete(WebhookDelivery)
        .where(deliveries_about_addresses(person))
        .execution_options(**_WITHOUT_SYNC)
    )
    forget_members(session, person.addresses)
    for table in (Subscriber, Reminder):
        gone = session.execute(
            delete(table)
            .where(func.lower(table.email).in_(person.addresses))
            .returning(table.id)
            .execution_options(**_WITHOUT_SYNC)
        )
        count += len(gone.all())
    mine = Suppression.email.in_(person.addresses)
    session.execute(
        delete(Suppression)
        .where(mine, Suppression.reason.not_in(_WISHES))
        .execution_options(**_WITHOUT_SYNC)
    )
    suppressed = session.scalars(select(Suppression.email).where(mine).distinct()).all()
    session.execute(
        update(Suppression).where(mine).values(detail="").execution_options(**_WITHOUT_SYNC)
    )
    return count, sorted(suppressed)


def blank_gifts(session: Session, person: DataSubject) -> None:
    """Remove the person from the rows of their gifts."""
    ids = person.donation_ids
    remove_wall_entries(session, ids)
    session.execute(
        delete(TributeCard).where(tribute_cards_of(person)).execution_options(**_WITHOUT_SYNC)
    )
    session.execute(
        update(Donation)
        .where(Donation.id.in_(ids))
        .values(
            email="",
            name="",
            comment="",
            tribute_kind="",
            tribute_name="",
            consent_wording="",
            session_url=None,
            attempt=func.concat("erased-", cast(Donation.id, Text)),
        )
        .execution_options(**_WITHOUT_SYNC)
    )
    nameless = literal({"donor_name": "", "donor_email": ""}, JSONB)
    session.execute(
        update(Receipt)
        .where(Receipt.donation_id.in_(ids))
        .values(frozen=Receipt.frozen.op("||")(nameless))
        .execution_options(**_WITHOUT_SYNC)
    )
    session.execute(
        update(OfflineGift)
        .where(OfflineGift.donation_id.in_(ids))
        .values(description="")
        .execution_options(**_WITHOUT_SYNC)
    )
    # The other system's ids of the person go; that of the gift stays, so that an import does not bring the person back.
    session.execute(
        update(PastGift)
        .where(PastGift.donation_id.in_(ids))
        .values(donor_ref="", plan_ref="")
        .execution_options(**_WITHOUT_SYNC)
    )
    session.execute(
        update(StripeRequest)
        .where(StripeRequest.donation_id.in_(ids))
        .values(
            parameters=StripeRequest.parameters.op("-")("customer_email")
            .op("-")("comment")
            .op("#-")(cast(["metadata", "note"], ARRAY(Text))),
            # Stripe's words may repeat what was typed.
            error=case((StripeRequest.error.is_not(None), ERASED)),
        )
        .execution_options(**_WITHOUT_SYNC)
    )
    session.execute(
        update(WebhookDelivery)
        .where(deliveries_about(person))
        .values(body=None)
        .execution_options(**_WITHOUT_SYNC)
    )


def _blank_donors(session: Session, person: DataSubject, at: datetime) -> None:
    ids = person.donor_ids
    for one in direct_mail_to(session, person.donors):
        session.delete(one)
    for table in (DonorLink, DonorSession):
        session.execute(
            delete(table).where(table.donor_id.in_(ids)).execution_options(**_WITHOUT_SYNC)
        )
    session.execute(
        delete(Note)
        .where(or_(Note.donor_id.in_(ids), Note.donation_id.in_(person.donation_ids)))
        .execution_options(**_WITHOUT_SYNC)
    )
    session.execute(
        update(Subscription)
        .where(Subscription.donor_id.in_(ids))
        .values(payment_update_url=None)
        .execution_options(**_WITHOUT_SYNC)
    )
    session.execute(
        update(Donor)
        .where(Donor.id.in_(ids))
        .values(email="", name="", address="", erased_at=at)
        .execution_options(**_WITHOUT_SYNC)
    )
