"""Find the donations whose ledger entries may differ from Stripe's balance, and load both sides. Reads only.

`reconciliation.run` first fetches the balance into the temporary table of `reconciliation.balance_transactions`, and
then asks Stripe about unconfirmed entries.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, func, or_, select, text
from sqlalchemy.orm import Session

from campaign.donations.donation_lookup import find_invoice_payers
from campaign.models import (
    Campaign,
    Conversion,
    Donation,
    InboxEvent,
    InboxState,
    LedgerEntry,
    OfflineGift,
)
from campaign.reconciliation.balance_transactions import list_transactions
from campaign.reconciliation.comparison import PaymentComparison

# Sources that are Stripe ids. Offline gifts have other sources and are not compared.
_NAMED_BY_STRIPE = "^(pi|in|cs|ch|py|re|pyr|du|dp)_"

_SUSPECTS = """
    WITH moved AS (
        SELECT donation_id, kind, sum(amount) AS amount FROM stripe_balance_transaction
        WHERE donation_id IS NOT NULL AND kind NOT IN ('fee', 'dispute_gain_loss') GROUP BY donation_id, kind
    ), concerned AS (
        SELECT donation_id FROM moved
        UNION SELECT donation_id FROM ledger_entry WHERE occurred_at >= :since
    ), booked AS (
        SELECT donation_id, kind, abs(sum(amount + fee_cover)) AS amount, max(occurred_at) AS latest
        FROM ledger_entry JOIN concerned USING (donation_id)
        WHERE kind NOT IN ('fee', 'dispute_gain_loss', 'correction') AND (source ~ :named OR past)
            AND NOT EXISTS (SELECT FROM offline_gift AS offline WHERE offline.donation_id = ledger_entry.donation_id)
            AND (NOT past OR donation_id IN (SELECT donation_id FROM moved))
        GROUP BY donation_id, kind
    )
    SELECT donation_id FROM moved FULL JOIN booked USING (donation_id, kind)
    WHERE moved.amount IS DISTINCT FROM booked.amount
        AND (moved.amount IS NOT NULL OR booked.latest >= :since)
    UNION
    SELECT movement.donation_id FROM stripe_balance_transaction AS movement
        LEFT JOIN ledger_entry AS entry ON entry.balance_transaction_id = movement.id
    WHERE movement.donation_id IS NOT NULL AND movement.fee <> coalesce(entry.fee, 0)
        AND NOT EXISTS (SELECT FROM past_gift WHERE past_gift.donation_id = movement.donation_id)
    UNION
    SELECT movement.donation_id FROM stripe_balance_transaction AS movement
        LEFT JOIN conversion ON conversion.balance_transaction_id = movement.id
    WHERE movement.donation_id IS NOT NULL AND conversion.id IS NULL
        AND movement.settled_amount <> 0 AND movement.fee_currency <> movement.currency
        AND NOT EXISTS (SELECT FROM past_gift WHERE past_gift.donation_id = movement.donation_id)
    UNION
    SELECT entry.donation_id FROM ledger_entry AS entry
    WHERE entry.balance_transaction_id IS NOT NULL AND entry.fee <> 0 AND entry.occurred_at >= :since
        AND NOT EXISTS (SELECT FROM stripe_balance_transaction WHERE id = entry.balance_transaction_id)
    UNION
    SELECT donation.id FROM stripe_balance_transaction AS movement JOIN donation ON donation.id = movement.donation_id
    WHERE movement.payment_intent_id <> donation.payment_intent_id AND NOT EXISTS (
        SELECT FROM invoice_payment AS part
        WHERE part.invoice_id = donation.invoice_id AND part.payment_id = movement.payment_intent_id)
    UNION
    SELECT donation_id FROM stripe_balance_transaction
    WHERE donation_id IS NOT NULL AND source ->> 'object' = 'dispute'
    ORDER BY 1
"""


def find_candidates(session: Session, since: datetime) -> list[int]:
    """Return the ids of donations whose two sides may differ since `since`; all others agree."""
    # The default timeout is meant for requests; weeks of transactions may take longer.
    session.execute(text("SET LOCAL statement_timeout = '10min'"))
    session.execute(text("ANALYZE stripe_balance_transaction"))
    return list(session.scalars(text(_SUSPECTS), {"since": since, "named": _NAMED_BY_STRIPE}))


def load_comparison(session: Session, donation_id: int, since: datetime) -> PaymentComparison:
    """Load both sides of one donation as of now."""
    donation = session.get_one(Donation, donation_id, populate_existing=True)
    entries = session.scalars(
        select(LedgerEntry)
        .where(
            LedgerEntry.donation_id == donation_id,
            or_(
                LedgerEntry.source.regexp_match(_NAMED_BY_STRIPE),
                LedgerEntry.past,
                LedgerEntry.balance_transaction_id.is_not(None),
            ),
            # Stripe keeps no balance for an invoice that was paid outside it.
            ~exists().where(OfflineGift.donation_id == LedgerEntry.donation_id),
        )
        .order_by(LedgerEntry.id)
    ).all()
    movements = list_transactions(session, donation_id=donation_id)
    past = any(one.past for one in entries)
    if past and not movements:
        # Another account or processor has it, or it is older than the window: there is nothing to compare.
        entries = [one for one in entries if not one.past]
    payers = find_invoice_payers(session, donation.invoice_id)
    return PaymentComparison(
        donation=donation.public_id,
        payment_intent_id=donation.payment_intent_id,
        charge=donation.charge,
        currency=donation.currency,
        entries=entries,
        movements=movements,
        since=since,
        state=donation.state,
        converted=frozenset(
            session.scalars(
                select(Conversion.balance_transaction_id).where(
                    Conversion.donation_id == donation_id
                )
            )
        ),
        parts=frozenset(payers.payment_intent_ids),
        outside=payers.outside,
        past=past,
    )


def load_unbooked_renewal(
    session: Session, payment_intent_id: str, renewal_of: str
) -> PaymentComparison:
    """Load a renewal that the ledger lacks."""
    return PaymentComparison(
        donation=renewal_of,
        payment_intent_id=payment_intent_id,
        charge=None,
        currency=None,
        entries=(),
        movements=list_transactions(session, payment_intent_id=payment_intent_id),
        renewal=True,
    )


def load_lost_payment(
    session: Session, payment_intent_id: str, public_id: str, campaign: str
) -> PaymentComparison:
    """Load a payment of a donation that this database lacks."""
    here = session.scalar(select(Campaign.id).where(Campaign.slug == campaign)) is not None
    missing = "" if here else f", which is missing too: create campaign {campaign} first"
    return PaymentComparison(
        donation=public_id,
        payment_intent_id=payment_intent_id,
        charge=None,
        currency=None,
        entries=(),
        movements=list_transactions(session, payment_intent_id=payment_intent_id),
        note=f"the donation is not in this database; it belongs to campaign {campaign}{missing}",
    )


_UNAPPLIED = (InboxState.received.value, InboxState.failed.value, InboxState.held.value)


def find_pending_event(session: Session, names: Sequence[str]) -> str | None:
    """Return the id of a stored event that names one of these objects and is not applied yet; None if there is none."""
    named = [
        func.position(func.convert_to(name, "UTF8").op("IN")(InboxEvent.body)) for name in names
    ]
    if not named:
        return None
    return session.scalar(
        select(InboxEvent.id)
        .where(
            InboxEvent.state.in_(_UNAPPLIED),
            or_(*(place > 0 for place in named)),
        )
        .order_by(InboxEvent.occurred_at, InboxEvent.id)
        .limit(1)
    )
