"""Disputed gifts, and what Stripe answers about them, for tests of the evidence."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from campaign.core.booking_context import BookingContext
from campaign.core.clock import now
from campaign.core.errors import GatewayUnavailable
from campaign.gateway.payment_details import DisputeDetails, PaymentDetails
from campaign.models import Dispute, Donation, Receipt
from campaign.receipts.receipts import issue_receipt
from campaign.reporting.dispute_evidence import StripeAnswers, read_evidence
from campaign.reporting.evidence_writer import EvidenceSection, EvidenceWriter
from tests.support.sample_emails import ORGANIZATION, SENDER

_numbers = itertools.count(1)
PAYMENT = PaymentDetails(
    charge_id="ch_1",
    charged_at=datetime(2026, 11, 30, tzinfo=UTC),
    method="card",
    brand="visa",
    last4="4242",
    fingerprint="same",
    name="Ana Reyes",
    email="ana@example.org",
    address=("1 Main St", "97103"),
    cvc_check="pass",
    postal_code_check="pass",
    line1_check="",
    three_d_secure="authenticated",
    three_d_secure_version="2.2.0",
    statement_descriptor="HARBOR LEDGER",
)


class KnownPayments:
    """Answers as the gateway does; `asked` are the ids that it was asked about."""

    def __init__(self, answers: dict[str, PaymentDetails | None], *, out_of_reach: bool = False):
        self.answers, self.out_of_reach = answers, out_of_reach
        self.asked: list[str] = []

    def retrieve_payment_details(self, payment_intent_id: str) -> PaymentDetails | None:
        """Return the known answer."""
        self.asked.append(payment_intent_id)
        if self.out_of_reach:
            raise GatewayUnavailable("Stripe did not respond.")
        return self.answers.get(payment_intent_id)

    def retrieve_dispute_details(self, dispute_id: str) -> DisputeDetails:
        """Return a dispute for fraud by Visa."""
        self.asked.append(dispute_id)
        return DisputeDetails("visa", "10.4", 0, past_due=False)


def add_dispute(session: Session, gift: Donation, **changes: Any) -> Dispute:
    """Create a dispute of the whole gift."""
    wanted: dict[str, Any] = {
        "stripe_id": f"du_as_{next(_numbers)}",
        "payment_intent_id": gift.payment_intent_id,
        "amount": gift.charge,
        "currency": gift.currency,
        "reason": "fraudulent",
        "status": "needs_response",
        "opened_at": now(),
        "as_of": now(),
        "due_by": now() + timedelta(days=9),
    }
    dispute = Dispute(donation_id=gift.id, **{**wanted, **changes})
    session.add(dispute)
    session.flush()
    return dispute


def issue(session: Session, gift: Donation) -> Receipt:
    """Issue the gift's receipt and queue its email."""
    issued = issue_receipt(
        session, gift, BookingContext(ORGANIZATION, "harbor-ledger.example"), now()
    )
    session.flush()
    return issued


def writer_about(
    session: Session, gift: Donation, answers: StripeAnswers | None = None, **changes: Any
) -> EvidenceWriter:
    """Return the words about a new dispute of `gift`."""
    dispute = add_dispute(session, gift, **changes)
    session.expire_all()
    evidence = read_evidence(session, gift.public_id, dispute.stripe_id, SENDER)
    return EvidenceWriter(evidence, answers or StripeAnswers(PAYMENT), ORGANIZATION)


def section(sections: list[EvidenceSection], key: str) -> EvidenceSection:
    """Return the section with this key."""
    return next(one for one in sections if one.key == key)
