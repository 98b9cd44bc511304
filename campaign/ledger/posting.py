"""One donation's entries in the ledger, and the only way to append to them after the payment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.models import Campaign, CampaignDonor, Donation, LedgerEntry, LedgerKind

REFUNDED = (LedgerKind.refund, LedgerKind.refund_failed)
DISPUTED = (LedgerKind.dispute, LedgerKind.dispute_reversed)


@dataclass(frozen=True)
class NewEntry:
    """A movement to be booked: `total` is signed minor units including covered fees."""

    kind: LedgerKind
    total: int
    source: str
    occurred_at: datetime
    fee: int = 0
    balance_transaction_id: str | None = None


class DonationEntries:
    """The entries of one locked donation that was paid, and the way to append to them."""

    def __init__(
        self, session: Session, donation: Donation, entries: Sequence[LedgerEntry]
    ) -> None:
        self._session = session
        self.donation = donation
        self.entries = list(entries)
        self.payment = next(one for one in entries if one.kind == LedgerKind.payment)
        campaign_id = self.payment.campaign_id
        counted = session.get(Campaign, campaign_id) if campaign_id else None
        # What comes after the result was made final is booked and counts for no campaign.
        self._counted_in = None if counted is None or counted.is_final(clock.now()) else counted.id
        self._donor_held = False

    def total(self, *kinds: LedgerKind) -> int:
        """What these kinds moved, covered fees included; signed minor units."""
        return sum(one.amount + one.fee_cover for one in self.entries if one.kind in kinds)

    @property
    def charged(self) -> int:
        return self.total(LedgerKind.payment)

    @property
    def gone(self) -> int:
        """What has left again for any reason, less what came back."""
        return -self.total(*REFUNDED, *DISPUTED, LedgerKind.payment_reversed)

    def booked(self, kind: LedgerKind, source: str) -> bool:
        return any(one.kind == kind and one.source == source for one in self.entries)

    def has_fee_entry(self, name: str) -> bool:
        return any(one.balance_transaction_id == name for one in self.entries)

    def under(self, kind: LedgerKind, name: str) -> int:
        """What was booked under `name` and its further sources, `name:…`; minor units, unsigned."""
        return abs(
            sum(
                one.amount + one.fee_cover
                for one in self.entries
                if one.kind == kind and (one.source == name or one.source.startswith(f"{name}:"))
            )
        )

    def post(self, posting: NewEntry, *, currency: str | None = None) -> None:
        """Append; a unique (kind, source) is the last guard, and a violation fails the fact visibly."""
        self._hold_donor()
        gift = _gift_part(self.donation, self.gone) - _gift_part(
            self.donation, self.gone - posting.total
        )
        entry = LedgerEntry(
            campaign_id=self._counted_in,
            donation_id=self.donation.id,
            kind=posting.kind.value,
            amount=gift,
            fee_cover=posting.total - gift,
            fee=posting.fee,
            currency=currency or self.donation.currency,
            occurred_at=posting.occurred_at,
            source=posting.source,
            balance_transaction_id=posting.balance_transaction_id,
        )
        self._session.add(entry)
        self._session.flush()
        self.entries.append(entry)

    def _hold_donor(self) -> None:
        """The ledger's trigger writes a donor's count, where it changes, and then the shard. A first entry that changes
        no count would hold the shard while a second asks for the donor, and a payment of the same donor the other way.
        """
        if self._donor_held or self._counted_in is None:
            return
        self._session.execute(
            select(CampaignDonor.donor_id)
            .where(
                CampaignDonor.campaign_id == self._counted_in,
                CampaignDonor.donor_id == self.donation.donor_id,
            )
            .with_for_update(key_share=True)
        )
        self._donor_held = True


def _gift_part(donation: Donation, gone: int) -> int:
    """Which part of `gone` the gift bears: it goes back first, then the covered fees, then what is lost besides."""
    return min(gone, donation.amount) + max(0, gone - donation.charge)


def load_entries(session: Session, donation: Donation) -> DonationEntries | None:
    """The account of a locked donation; None where no payment is booked."""
    entries = session.scalars(
        select(LedgerEntry).where(LedgerEntry.donation_id == donation.id).order_by(LedgerEntry.id)
    ).all()
    if not any(one.kind == LedgerKind.payment for one in entries):
        return None
    return DonationEntries(session, donation, entries)


def book_fee(
    account: DonationEntries, name: str, fee: int, currency: str, occurred_at: datetime
) -> None:
    """Book a fee that was learned after its movement, once; `name` is Stripe's balance transaction."""
    if fee and not account.has_fee_entry(name):
        posting = NewEntry(LedgerKind.fee, 0, name, occurred_at, fee, balance_transaction_id=name)
        account.post(posting, currency=currency)
