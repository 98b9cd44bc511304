"""Gather what is known about a disputed gift, from our own rows and from Stripe, for the bank that decides.

Nothing is sent to Stripe: staff hand it in. What is not known is left out and said to be missing, never made up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import and_, exists, false, func, or_, select
from sqlalchemy.orm import Session

from campaign.campaigns.localized_texts import LocalizedText
from campaign.core.errors import GatewayRefused, GatewayUnavailable, NotFound
from campaign.donations.canonical_donors import merged_ids
from campaign.emails.donation_emails import receipt_email_context
from campaign.gateway.payment_details import DisputeDetails, PaymentDetails
from campaign.mailer.email_context import Sender
from campaign.mailer.kinds import EmailKind
from campaign.mailer.render import RenderedEmail, render_email
from campaign.models import (
    AuditEntry,
    Dispute,
    Donation,
    FraudWarning,
    OutboxMessage,
    Receipt,
)
from campaign.receipts.receipts import receipt_context
from campaign.reporting.donation_detail import DonationDetail, read_donation_detail

NEAREST_DAYS, FURTHEST_DAYS = 120, 364
"""Visa weighs earlier gifts of this age, in days before the disputed one: https://docs.stripe.com/disputes/api/visa-ce3."""

MOST_ASKED = 5
"""The most earlier gifts about whose card Stripe is asked; Visa wants two."""

_NOT_TO_DONORS = (EmailKind.tribute_card, EmailKind.sign_in_link, EmailKind.staff_alert)


@dataclass(frozen=True)
class EarlierGift:
    """A gift that the donor paid before the disputed one. `days` before it; `questioned`: disputed or reported."""

    donation: Donation
    days: int
    questioned: bool

    @property
    def qualifies(self) -> bool:
        """Whether Visa would weigh it: paid in full, never disputed and of the right age."""
        in_time = NEAREST_DAYS <= self.days <= FURTHEST_DAYS
        return in_time and not self.questioned and self.donation.state == "paid"


@dataclass(frozen=True)
class IssuedReceipt:
    """A receipt, the values of its PDF, and its email as it reads; `mail` is None if none was queued."""

    receipt: Receipt
    context: Mapping[str, Any]
    mail: OutboxMessage | None
    email: RenderedEmail | None


@dataclass(frozen=True)
class DisputeEvidence:
    """What our own rows say.

    `detail` is the disputed gift; `first` the gift that the donor typed into the form, which for a renewal is the one
    that began the monthly gift. `renewals`: all paid gifts of that monthly gift, oldest first. `mails`: what was sent
    to the donor, oldest first. `appeal` is the page's text as it is now, changed at `appeal_changed_at` after the gift.
    """

    dispute: Dispute
    detail: DonationDetail
    first: Donation
    receipts: Sequence[IssuedReceipt]
    renewals: Sequence[Donation]
    earlier: Sequence[EarlierGift]
    mails: Sequence[OutboxMessage]
    appeal: LocalizedText
    appeal_changed_at: datetime | None

    @property
    def donation(self) -> Donation:
        return self.detail.donation

    @property
    def erased(self) -> bool:
        """Whether the donor's personal data was erased. Then nothing personal is shown, not even what Stripe has."""
        return self.detail.donor.erased_at is not None

    @property
    def closed(self) -> bool:
        """Whether Stripe takes no evidence any more: https://docs.stripe.com/api/disputes/object."""
        return self.dispute.status in ("won", "lost", "warning_closed", "prevented")

    @property
    def appealing(self) -> bool:
        """Whether the dispute was lost and is being appealed."""
        return self.dispute.status.startswith("appeal_")


@dataclass(frozen=True)
class StripeAnswers:
    """What Stripe says now. `problem` says why it could not be asked; '' if it answered.

    `same_card`: for some earlier gifts, by their id, whether they were paid with the same card or account.
    """

    payment: PaymentDetails | None = None
    dispute: DisputeDetails | None = None
    same_card: Mapping[int, bool] | None = None
    problem: str = ""


class PaymentReader(Protocol):
    """The calls of `gateway.balance_transactions.PaymentsClient` that are needed here."""

    def retrieve_payment_details(self, payment_intent_id: str) -> PaymentDetails | None:
        """Return who paid and what the bank checked."""

    def retrieve_dispute_details(self, dispute_id: str) -> DisputeDetails:
        """Return what the bank says about a dispute."""


def read_evidence(
    session: Session, public_id: str, dispute_id: str, sender: Sender
) -> DisputeEvidence:
    """Return what is known of the dispute `dispute_id` (Stripe's id) of the donation `public_id`.

    Raises NotFound, also if the dispute is another donation's.
    """
    detail = read_donation_detail(session, public_id)
    dispute = next((one for one in detail.disputes if one.stripe_id == dispute_id), None)
    if dispute is None:
        raise NotFound(f"The donation {public_id} has no dispute {dispute_id!r}.")
    donation = detail.donation
    renewals = _renewals(session, donation)
    first = renewals[0] if renewals else donation
    return DisputeEvidence(
        dispute=dispute,
        detail=detail,
        first=first,
        receipts=[_issued(one, detail.mails, sender) for one in detail.receipts],
        renewals=renewals,
        earlier=_earlier_gifts(session, detail),
        mails=_mails(session, detail),
        appeal=_appeal(donation),
        appeal_changed_at=_appeal_changed_at(session, first),
    )


def ask_stripe(payments: PaymentReader, evidence: DisputeEvidence) -> StripeAnswers:
    """Ask Stripe about card and bank, outside of any transaction. Never raises because of Stripe."""
    payment_id = evidence.dispute.payment_intent_id or evidence.donation.payment_intent_id
    try:
        payment = payments.retrieve_payment_details(payment_id) if payment_id else None
        return StripeAnswers(
            payment=payment,
            dispute=payments.retrieve_dispute_details(evidence.dispute.stripe_id),
            same_card=_same_card(payments, payment, evidence.earlier),
        )
    except (GatewayUnavailable, GatewayRefused) as error:
        return StripeAnswers(problem=str(error) or "Stripe did not answer.")


def _same_card(
    payments: PaymentReader, payment: PaymentDetails | None, earlier: Sequence[EarlierGift]
) -> dict[int, bool]:
    if payment is None or not payment.fingerprint:
        return {}
    found: dict[int, bool] = {}
    for one in [gift for gift in earlier if gift.qualifies][-MOST_ASKED:]:
        if one.donation.payment_intent_id is None:
            continue
        other = payments.retrieve_payment_details(one.donation.payment_intent_id)
        if other is not None and other.fingerprint:
            found[one.donation.id] = other.fingerprint == payment.fingerprint
    return found


def _issued(receipt: Receipt, mails: Sequence[OutboxMessage], sender: Sender) -> IssuedReceipt:
    mail = next((one for one in reversed(mails) if one.receipt_id == receipt.id), None)
    email = render_email(EmailKind.receipt, receipt_email_context(receipt, sender))
    return IssuedReceipt(receipt, receipt_context(receipt), mail, email if mail else None)


def _renewals(session: Session, donation: Donation) -> Sequence[Donation]:
    if donation.subscription_id is None:
        return ()
    return session.scalars(
        select(Donation)
        .where(
            Donation.subscription_id == donation.subscription_id,
            or_(Donation.paid_at.is_not(None), Donation.id == donation.id),
        )
        .order_by(Donation.id)
    ).all()


def _earlier_gifts(session: Session, detail: DonationDetail) -> Sequence[EarlierGift]:
    """Return the donor's earlier gifts through Stripe, oldest first. Merged records are one donor."""
    charged_at = detail.donation.charged_at
    if charged_at is None:
        return ()
    questioned = or_(
        exists().where(Dispute.donation_id == Donation.id),
        exists().where(FraudWarning.donation_id == Donation.id),
    )
    rows = session.execute(
        select(Donation, questioned)
        .where(
            Donation.donor_id.in_(merged_ids(detail.donor.id)),
            Donation.id != detail.donation.id,
            Donation.paid_at.is_not(None),
            Donation.charged_at < charged_at,
            or_(Donation.payment_intent_id.is_not(None), Donation.invoice_id.is_not(None)),
        )
        .order_by(Donation.charged_at, Donation.id)
    )
    return [
        EarlierGift(gift, (charged_at - gift.charged_at).days, questioned)
        for gift, questioned in rows
        if gift.charged_at is not None
    ]


def _mails(session: Session, detail: DonationDetail) -> Sequence[OutboxMessage]:
    """Return all emails to the donor, except those about other things than giving, such as sign-in links of staff."""
    donation, mail = detail.donation, OutboxMessage
    address = func.lower(mail.recipient) == donation.email.lower() if donation.email else false()
    about = [mail.receipt_id.in_([one.id for one in detail.receipts]), address]
    if donation.subscription_id is not None:
        about.append(mail.subscription_id == donation.subscription_id)
    return session.scalars(
        select(mail).where(and_(mail.kind.not_in(_NOT_TO_DONORS), or_(*about))).order_by(mail.id)
    ).all()


def _appeal(donation: Donation) -> LocalizedText:
    campaign = donation.campaign
    translated = campaign.text_in(donation.locale)
    if translated is not None and translated.appeal:
        return LocalizedText(translated.appeal, donation.locale)
    return LocalizedText(campaign.appeal, campaign.locale)


def _appeal_changed_at(session: Session, first: Donation) -> datetime | None:
    """Return when the campaign's text was last changed after the donor saw it; None if it was not."""
    edited = AuditEntry.after.has_key("appeal") | (AuditEntry.action == "campaign.translated")
    return session.scalar(
        select(func.max(AuditEntry.at)).where(
            AuditEntry.campaign_id == first.campaign_id, AuditEntry.at > first.created_at, edited
        )
    )
