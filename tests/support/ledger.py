"""The ledger in tests: gifts in any currency, Stripe's facts applied without an inbox, and the resulting entries."""

import itertools
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, text

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core.booking_context import Outcome
from campaign.core.clock import now
from campaign.donations.donations import Gift, begin_donation
from campaign.gateway import (
    read_charge,
    read_checkout_session,
    read_dispute,
    read_payment_intent,
    read_refund,
)
from campaign.ledger.disputes import DisputeReport, apply_dispute
from campaign.ledger.invariants import broken_invariants
from campaign.ledger.payments import apply_intent, apply_session
from campaign.ledger.refund_evidence import apply_charge, apply_refund
from campaign.models import (
    Campaign,
    Donation,
    InboxEvent,
    LedgerEntry,
    OutboxMessage,
    ProgressShard,
    Receipt,
)
from campaign.runtime.context import Installation
from tests.support.stripe import Facts, Json

_numbers = itertools.count(1)


def campaign_in(installation: Installation, currency: str, **changes: Any) -> Campaign:
    """An open campaign in `currency`."""
    wanted = {
        "slug": f"in-{currency}",
        "title": "Every story",
        "goal": "1000000",
        "deadline": "2099-12-31",
        "timezone": "Asia/Tokyo",
        "currency": currency,
    }
    with installation.sessions.begin() as session:
        return create_campaign(session, NewCampaign(**{**wanted, **changes}))


def add_donation_to(
    installation: Installation, campaign: Campaign, amount: int = 2500, **changes: Any
) -> Facts:
    """Create an unpaid gift to `campaign`, with its facts; `amount` is minor units."""
    number = next(_numbers)
    wanted = {
        "email": f"giver{number}@example.org",
        "frequency": "one_time",
        "attempt": f"given-{number}",
        "name": "Ana Reyes",
    }
    with installation.sessions.begin() as session:
        gift = Gift(amount=amount, **{**wanted, **changes})
        return Facts(begin_donation(session, campaign, gift, now()))


def after(facts: Facts, seconds: int) -> datetime:
    """Return the time that many seconds after the form."""
    return datetime.fromtimestamp(facts.created + seconds, UTC)


def report_paid(installation: Installation, facts: Facts, at: datetime | None = None) -> Outcome:
    """Apply the gift's payment intent, which succeeded `at`."""
    found = read_payment_intent(facts.intent())
    with installation.sessions.begin() as session:
        return apply_intent(session, found, at or after(facts, 0), installation.books)


def report_refund(
    installation: Installation, facts: Facts, fact: Json, seconds: int = 60
) -> Outcome:
    """Apply a refund as of `seconds` after the form."""
    at = after(facts, seconds)
    with installation.sessions.begin() as session:
        return apply_refund(session, read_refund(fact, at), at, installation.books)


def report_charge(
    installation: Installation, facts: Facts, fact: Json, seconds: int = 60
) -> Outcome:
    """Apply a charge as of `seconds` after the form."""
    at = after(facts, seconds)
    with installation.sessions.begin() as session:
        return apply_charge(session, read_charge(fact, at), at, installation.books)


def report_dispute(
    installation: Installation, facts: Facts, fact: Json, seconds: int = 90, **reported: Any
) -> Outcome:
    """Apply a dispute as of `seconds` after the form; `reported` is as in DisputeReport."""
    at = after(facts, seconds)
    with installation.sessions.begin() as session:
        found = read_dispute(fact, at)
        return apply_dispute(session, found, DisputeReport(**reported), at, installation.books)


def ledger_entries_of(installation: Installation, facts: Facts) -> list[tuple[str, int, int]]:
    """Return (kind, gift's part, covered fees' part) of each entry, in order."""
    query = select(LedgerEntry.kind, LedgerEntry.amount, LedgerEntry.fee_cover)
    with installation.sessions() as session:
        rows = session.execute(
            query.where(LedgerEntry.donation_id == facts.donation.id).order_by(LedgerEntry.id)
        )
        return [(kind, amount, fee_cover) for kind, amount, fee_cover in rows]


def state_and_receipt(installation: Installation, facts: Facts) -> tuple[str, int]:
    """Return (state, amount of the valid receipt or -1); all invariants hold."""
    with installation.sessions() as session:
        donation = session.get_one(Donation, facts.donation.id)
        assert list(broken_invariants(session)) == []
        return donation.state, donation.receipt.amount if donation.receipt else -1


def raised(installation: Installation) -> int:
    """Return the total of all campaigns' shards."""
    with installation.sessions() as session:
        return int(session.scalar(select(func.sum(ProgressShard.raised))) or 0)


def payment_summary(installation: Installation, facts: Facts) -> tuple[str, int, int, int]:
    """Return (state, raised in the shards, receipts, emails); all invariants hold."""
    with installation.sessions() as session:
        donation = session.get_one(Donation, facts.donation.id)
        receipts = session.scalar(select(func.count()).select_from(Receipt))
        messages = session.scalar(select(func.count()).select_from(OutboxMessage))
        assert list(broken_invariants(session)) == []
        return donation.state, raised(installation), receipts or 0, messages or 0


def settlement_summary(installation: Installation, facts: Facts) -> tuple[str, int, int]:
    """Return (state, amount in the ledger, amount of the valid receipt); all invariants hold."""
    with installation.sessions() as session:
        donation = session.get_one(Donation, facts.donation.id)
        counted = session.scalar(
            select(func.sum(LedgerEntry.amount)).where(LedgerEntry.donation_id == donation.id)
        )
        failing = session.scalars(
            select(InboxEvent.last_error).where(InboxEvent.last_error != "")
        ).all()
        assert failing == []
        assert list(broken_invariants(session)) == []
        return (
            donation.state,
            int(counted or 0),
            donation.receipt.amount if donation.receipt else -1,
        )


def freeze(installation: Installation, campaign: Campaign) -> None:
    """Make the current result of `campaign` final."""
    with installation.sessions.begin() as session:
        found = session.get_one(Campaign, campaign.id)
        found.finalized_at, found.final_raised = now(), raised(installation)


def run_sql(installation: Installation, statement: str, **values: Any) -> None:
    """Run SQL with triggers and foreign keys disabled, which the service itself never does."""
    with installation.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement), values)


def entries(installation: Installation, facts: Facts) -> list[LedgerEntry]:
    """Return the gift's ledger entries in order, with all their columns."""
    query = select(LedgerEntry).where(LedgerEntry.donation_id == facts.donation.id)
    with installation.sessions() as session:
        return list(session.scalars(query.order_by(LedgerEntry.id)))


def tell_session(
    installation: Installation, facts: Facts, found: Json, seconds: int = 30
) -> Outcome:
    """Apply a checkout session as of `seconds` after the form."""
    at = after(facts, seconds)
    with installation.sessions.begin() as session:
        return apply_session(session, read_checkout_session(found), at, installation.books)


def donation_of(installation: Installation, facts: Facts) -> Donation:
    """Return the gift as it is stored now."""
    with installation.sessions() as session:
        return session.get_one(Donation, facts.donation.id)
