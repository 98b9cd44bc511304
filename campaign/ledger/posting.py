"""A donation's ledger entries, and the only way to add to them after the payment."""

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
    """An entry to book. `total` is signed minor units, including covered fees."""

    kind: LedgerKind
    total: int
    source: str
    occurred_at: datetime
    fee: int = 0
    balance_transaction_id: str | None = None


class DonationEntries:
    """The ledger entries of one paid, locked donation; `post` adds to them."""

    def __init__(
        self, session: Session, donation: Donation, entries: Sequence[LedgerEntry]
    ) -> None:
        self._session = session
        self.donation = donation
        self.entries = list(entries)
        self.payment = next(one for one in entries if one.kind == LedgerKind.payment)
        campaign_id = self.payment.campaign_id
        counted = session.get(Campaign, campaign_id) if campaign_id else None
        # Once the result is final, later entries are booked but count toward no campaign.
        self._counted_in = None if counted is None or counted.is_final(clock.now()) else counted.id
        self._donor_locked = False
        self.past = False
        """Whether what is appended was booked elsewhere before the newsroom moved here."""

    def total(self, *kinds: LedgerKind) -> int:
        """Sum the entries of these kinds, including covered fees; signed minor units."""
        return sum(one.amount + one.fee_cover for one in self.entries if one.kind in kinds)

    @property
    def charged(self) -> int:
        return self.total(LedgerKind.payment)

    @property
    def returned_total(self) -> int:
        """Total refunded, disputed or reversed, less what was returned to us; minor units."""
        return -self.total(*REFUNDED, *DISPUTED, LedgerKind.payment_reversed)

    def is_booked(self, kind: LedgerKind, source: str) -> bool:
        return any(one.kind == kind and one.source == source for one in self.entries)

    def has_fee_entry(self, name: str) -> bool:
        return any(one.balance_transaction_id == name for one in self.entries)

    def total_for_source(self, kind: LedgerKind, name: str) -> int:
        """Sum the entries of `kind` whose source is `name` or `name:…`; unsigned minor units."""
        return abs(
            sum(
                one.amount + one.fee_cover
                for one in self.entries
                if one.kind == kind and (one.source == name or one.source.startswith(f"{name}:"))
            )
        )

    def append(self, posting: NewEntry, *, currency: str | None = None) -> None:
        """Add an entry. The database rejects a duplicate (kind, source), which fails the event visibly."""
        self._lock_donor()
        gift = _gift_part(self.donation, self.returned_total) - _gift_part(
            self.donation, self.returned_total - posting.total
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
            past=self.past,
        )
        self._session.add(entry)
        self._session.flush()
        self.entries.append(entry)

    def _lock_donor(self) -> None:
        """Lock the donor's campaign row before the first entry, to avoid a deadlock.

        The ledger's trigger updates the donor's count, if it changes, and then the progress shard. Without this lock,
        a first entry that changes no count would hold the shard while a second one waits for the donor, and a payment
        by the same donor would wait the other way around.
        """
        if self._donor_locked or self._counted_in is None:
            return
        self._session.execute(
            select(CampaignDonor.donor_id)
            .where(
                CampaignDonor.campaign_id == self._counted_in,
                CampaignDonor.donor_id == self.donation.donor_id,
            )
            .with_for_update(key_share=True)
        )
        self._donor_locked = True


def _gift_part(donation: Donation, gone: int) -> int:
    """Return the gift's share of `gone`: the gift goes first, then the covered fees; any excess counts as gift."""
    return min(gone, donation.amount) + max(0, gone - donation.charge)


def load_entries(session: Session, donation: Donation) -> DonationEntries | None:
    """Load the entries of a locked donation; None if no payment is booked."""
    entries = session.scalars(
        select(LedgerEntry).where(LedgerEntry.donation_id == donation.id).order_by(LedgerEntry.id)
    ).all()
    if not any(one.kind == LedgerKind.payment for one in entries):
        return None
    return DonationEntries(session, donation, entries)


def book_fee(
    account: DonationEntries, name: str, fee: int, currency: str, occurred_at: datetime
) -> None:
    """Book a fee that became known after the payment, once. `name` is the id of Stripe's balance transaction."""
    if fee and not account.has_fee_entry(name):
        posting = NewEntry(LedgerKind.fee, 0, name, occurred_at, fee, balance_transaction_id=name)
        account.append(posting, currency=currency)
