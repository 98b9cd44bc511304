"""Removing a person: the books stay to the cent, and nothing in them says whose gifts they were.

Amounts, days, receipts' numbers and the ledger stand; names, addresses, words of the donor's and consent go. What was
agreed and why: docs/decisions/011. Stripe's events are in `event_redaction`.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ARRAY, Text, cast, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.campaigns.donor_wall import remove_wall_entries
from campaign.mailer.redaction import redact_emails
from campaign.models import (
    Donation,
    Donor,
    DonorLink,
    DonorSession,
    Note,
    OfflineGift,
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
from campaign.privacy.erasure_guard import require_erasable
from campaign.privacy.erasure_requests import close_requests
from campaign.privacy.personal_data_export import (
    DataSubject,
    deliveries_about,
    mail_of,
    tribute_cards_of,
)

ERASED = "the person was erased"
_WISHES = (SuppressionReason.unsubscribed.value, SuppressionReason.complained.value)
_WITHOUT_SYNC = {"synchronize_session": False}


@dataclass(frozen=True)
class Erased:
    """What was found. `customers` are Stripe's, who keeps its own records; `wishes` are addresses that stay suppressed,
    since only so no list brings them back.
    """

    donations: int
    mails: int
    consents: int
    customers: list[str]
    wishes: list[str]

    @property
    def anything(self) -> bool:
        return bool(self.donations or self.mails or self.consents)


def erase_person(
    session: Session,
    whose: DataSubject,
    actor: audit_log.Actor,
    at: datetime,
    mail_domain: str = "",
) -> Erased:
    """Take the person out of every row. Done again, it finds nothing.

    Whoever asked for it on their own page is told that it is done, by mail from `mail_domain`; '' tells nobody.

    Raises ErasureRefused while a monthly gift goes on, or a payment is under way.
    """
    _lock(session, whose)
    require_erasable(session, whose, at)
    customers = session.scalars(
        select(Subscription.customer_id)
        .where(Subscription.donor_id.in_(whose.donor_ids), Subscription.customer_id.is_not(None))
        .distinct()
    ).all()
    # Letters are found by receipts and addresses: before those go.
    mails = redact_emails(session, mail_of(whose), ERASED)
    close_requests(session, whose.donors, mail_domain, at)
    consents, wishes = _forget_consent(session, whose)
    _blank_gifts(session, whose)
    _blank_donors(session, whose, at)
    erased = Erased(
        len(whose.donation_ids), mails, consents, [str(one) for one in customers], wishes
    )
    if erased.anything or whose.donors:
        key = str(whose.donors[0].id) if whose.donors else "no donor"
        told: dict[str, object] = {
            "donations": erased.donations,
            "letters": mails,
            "consents": consents,
        }
        if erased.customers:
            # Stripe keeps its own record of them, for staff to delete in its dashboard.
            told["stripe_customers"] = ", ".join(erased.customers)
        audit_log.record(
            session, actor, "donor.erased", audit_log.Subject("donor", key), after=told
        )
    return erased


def _lock(session: Session, whose: DataSubject) -> None:
    """Donations first, as whoever books a fact does; a gift that comes after this is a new person's."""
    for table, ids in ((Donation, whose.donation_ids), (Donor, whose.donor_ids)):
        session.execute(
            select(table.id).where(table.id.in_(ids)).order_by(table.id).with_for_update()
        ).all()


def _forget_consent(session: Session, whose: DataSubject) -> tuple[int, list[str]]:
    count = 0
    for table in (Subscriber, Reminder):
        gone = session.execute(
            delete(table)
            .where(func.lower(table.email).in_(whose.addresses))
            .returning(table.id)
            .execution_options(**_WITHOUT_SYNC)
        )
        count += len(gone.all())
    mine = Suppression.email.in_(whose.addresses)
    session.execute(
        delete(Suppression)
        .where(mine, Suppression.reason.not_in(_WISHES))
        .execution_options(**_WITHOUT_SYNC)
    )
    wishes = session.scalars(select(Suppression.email).where(mine).distinct()).all()
    session.execute(
        update(Suppression).where(mine).values(detail="").execution_options(**_WITHOUT_SYNC)
    )
    return count, sorted(wishes)


def _blank_gifts(session: Session, whose: DataSubject) -> None:
    ids = whose.donation_ids
    remove_wall_entries(session, ids)
    session.execute(
        delete(TributeCard).where(tribute_cards_of(whose)).execution_options(**_WITHOUT_SYNC)
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
    session.execute(
        update(StripeRequest)
        .where(StripeRequest.donation_id.in_(ids))
        .values(
            parameters=StripeRequest.parameters.op("-")("customer_email").op("#-")(
                cast(["metadata", "note"], ARRAY(Text))
            )
        )
        .execution_options(**_WITHOUT_SYNC)
    )
    session.execute(
        update(WebhookDelivery)
        .where(deliveries_about(whose))
        .values(body=None)
        .execution_options(**_WITHOUT_SYNC)
    )


def _blank_donors(session: Session, whose: DataSubject, at: datetime) -> None:
    ids = whose.donor_ids
    for one in direct_mail_to(session, whose.donors):
        session.delete(one)
    for table in (DonorLink, DonorSession):
        session.execute(
            delete(table).where(table.donor_id.in_(ids)).execution_options(**_WITHOUT_SYNC)
        )
    session.execute(
        delete(Note)
        .where(or_(Note.donor_id.in_(ids), Note.donation_id.in_(whose.donation_ids)))
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
