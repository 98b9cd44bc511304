"""Read everything about one donation for its page, with a fixed number of queries."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, joinedload

from campaign.audit.activity import LoggedAction, read_activity
from campaign.core.errors import NotFound, RefundRefused
from campaign.donations.canonical_donors import canonical_donor
from campaign.donations.tribute_cards import find_card
from campaign.donors.notes import list_notes
from campaign.mailer.kinds import EmailKind
from campaign.models import (
    Conversion,
    Dispute,
    Donation,
    DonationState,
    Donor,
    FraudWarning,
    LedgerEntry,
    LedgerKind,
    Note,
    OfflineGift,
    OutboxMessage,
    Receipt,
    Refund,
    TributeCard,
)
from campaign.refunds.refunds import Refundable, get_refundable

_RETURNED_BY_BANK = {DonationState.disputed, DonationState.dispute_lost, DonationState.failed}


@dataclass(frozen=True)
class DonationDetail:
    """One donation. `donor` is the canonical donor; `left` is None if nothing was paid."""

    donation: Donation
    donor: Donor
    offline: OfflineGift | None
    card: TributeCard | None
    entries: Sequence[LedgerEntry]
    conversions: Sequence[Conversion]
    refunds: Sequence[Refund]
    disputes: Sequence[Dispute]
    warnings: Sequence[FraudWarning]
    receipts: Sequence[Receipt]
    mails: Sequence[OutboxMessage]
    notes: Sequence[Note]
    audit: Sequence[LoggedAction]
    left: Refundable | None

    @property
    def fees(self) -> dict[str, int]:
        """Stripe's fees by their currency, which is the one in which Stripe settles; minor units.

        Gains and losses on disputes are no fees.
        """
        found: Counter[str] = Counter()
        for one in self.entries:
            if one.fee and one.kind != LedgerKind.dispute_gain_loss:
                found[one.currency] += one.fee
        return dict(found)

    @property
    def receipt(self) -> Receipt | None:
        """The valid receipt, if any."""
        return self.receipts[-1] if self.receipts else None

    @property
    def why_not_refundable(self) -> str:
        """Why the donation cannot be refunded here; '' if it can."""
        if self.offline is not None:
            return (
                "This is an offline gift, so Stripe cannot refund it. Pay the donor back by check, then reverse the"
                " gift under Offline gifts."
            )
        if self.left is None:
            return "Nothing was paid, so there is nothing to refund."
        if self.left.amount:
            return ""
        if self.donation.state in _RETURNED_BY_BANK:
            return "The donor's bank took the money back, so there is nothing to refund."
        return "Everything has already been refunded."


def find_donation_detail(session: Session, public_id: str) -> Donation:
    """Return the donation with its campaign, donor and subscription. Raises NotFound."""
    donation = session.scalar(
        select(Donation)
        .where(Donation.public_id == public_id)
        .options(
            joinedload(Donation.campaign),
            joinedload(Donation.donor),
            joinedload(Donation.subscription),
        )
    )
    if donation is None:
        raise NotFound(f"There is no donation {public_id!r}.")
    return donation


def read_donation_detail(session: Session, public_id: str) -> DonationDetail:
    """Return everything about the donation `public_id`. Raises NotFound."""
    donation = find_donation_detail(session, public_id)
    receipts = session.scalars(
        select(Receipt).where(Receipt.donation_id == donation.id).order_by(Receipt.id)
    ).all()
    return DonationDetail(
        donation=donation,
        donor=canonical_donor(session, donation.donor),
        offline=session.scalar(
            select(OfflineGift)
            .where(OfflineGift.donation_id == donation.id)
            .options(joinedload(OfflineGift.batch))
        ),
        card=find_card(session, donation),
        entries=session.scalars(
            select(LedgerEntry)
            .where(LedgerEntry.donation_id == donation.id)
            .order_by(LedgerEntry.id)
        ).all(),
        conversions=session.scalars(
            select(Conversion)
            .where(Conversion.donation_id == donation.id)
            .order_by(Conversion.converted_at, Conversion.id)
        ).all(),
        refunds=session.scalars(
            select(Refund).where(Refund.donation_id == donation.id).order_by(Refund.id)
        ).all(),
        disputes=session.scalars(
            select(Dispute).where(Dispute.donation_id == donation.id).order_by(Dispute.id)
        ).all(),
        warnings=session.scalars(
            select(FraudWarning).where(FraudWarning.donation_id == donation.id)
        ).all(),
        receipts=receipts,
        mails=session.scalars(
            select(OutboxMessage)
            .where(
                or_(
                    OutboxMessage.receipt_id.in_([one.id for one in receipts]),
                    and_(
                        OutboxMessage.kind == EmailKind.tribute_card,
                        OutboxMessage.subject_key == public_id,
                    ),
                )
            )
            .order_by(OutboxMessage.id)
        ).all(),
        notes=list_notes(session, donation_id=donation.id),
        audit=read_activity(session, "donation", [public_id]),
        left=_left(session, donation),
    )


def _left(session: Session, donation: Donation) -> Refundable | None:
    try:
        return get_refundable(session, donation)
    except RefundRefused:
        return None
