"""Renewals and invoices that staff marked as paid outside Stripe: offline gifts that Stripe tells us of.

Stripe's dashboard calls it "charge customer outside of Stripe": somebody wrote a check instead. No balance transaction
ever confirms it. https://docs.stripe.com/api/invoices/pay (paid_out_of_band)
"""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.models import Donation, OfflineGift, OfflineKind

OUTSIDE_SOURCE = "offline:"
"""How the source of an offline payment begins. It has Stripe's invoice instead if that was booked first."""

ENTERED_BY = "Stripe"
DESCRIPTION = "Marked as paid outside Stripe"


def record_paid_outside(session: Session, donation: Donation) -> bool:
    """Record that the invoice of a paid, locked `donation` was paid outside Stripe, once; return whether it is new.

    It counts as a check in hand, as most such payments are, until staff deposit it.
    """
    received = donation.charged_at or donation.created_at
    row = {
        "donation_id": donation.id,
        "kind": OfflineKind.cheque.value,
        "reference": donation.invoice_id,
        "received_on": received.astimezone(donation.campaign.zone).date(),
        "description": DESCRIPTION,
        "entered_by": ENTERED_BY,
    }
    saved = insert(OfflineGift).values(row).on_conflict_do_nothing(index_elements=["donation_id"])
    return session.scalar(saved.returning(OfflineGift.id)) is not None
