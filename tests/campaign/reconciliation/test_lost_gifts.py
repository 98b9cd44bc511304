"""After a restore: gifts begun since the backup are recognized by our metadata and created again, once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.models import (
    Donation,
    Donor,
    InboxEvent,
    LedgerEntry,
    OutboxMessage,
    Receipt,
    StaffRole,
    Subscription,
)
from campaign.receipts.numbers import hold_numbers
from campaign.receipts.payment_notes import send_notes
from campaign.reconciliation.match_payments import match_evidence
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank

FAY = Actor("fay@harbor-ledger.example", StaffRole.finance)


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


GIFTS = """
    outbox_message, receipt, receipt_counter, ledger_entry, stripe_request, donation, subscription, invoice_payment,
    charge, refund, dispute, payment_lookup, inbox_event, donor, campaign_donor, progress_shard,
    gift_tally
"""


def forget_the_gifts(bank: Bank) -> None:
    """Restore a backup from before the first gift."""
    with bank.installation.sessions.begin() as session:
        for table in ("ledger_entry", "donation"):
            session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        session.execute(text(f"TRUNCATE {GIFTS} CASCADE"))
        for table in ("ledger_entry", "donation"):
            session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
        hold_numbers(session, now())


def receipts(bank: Bank) -> dict[str, list[str]]:
    with bank.installation.sessions() as session:
        rows = session.execute(
            select(Donation.public_id, Receipt).join(Receipt.donation).order_by(Receipt.id)
        )
        found: dict[str, list[str]] = {}
        for public_id, receipt in rows:
            found.setdefault(public_id, []).append(receipt.number)
        return found


def facts(bank: Bank) -> list[tuple[object, ...]]:
    """Return what must be the same after the gifts were created again."""
    with bank.installation.sessions() as session:
        rows = session.scalars(select(Donation).order_by(Donation.public_id))
        return [
            (
                one.public_id,
                one.frequency,
                one.amount,
                one.fee_cover,
                one.currency,
                one.state,
                one.email,
                one.campaign.slug,
                one.payment_intent_id,
                one.invoice_id,
                one.charged_at.replace(microsecond=0) if one.charged_at else None,
                one.code,
            )
            for one in rows
        ]


def test_a_gift_begun_after_the_backup_is_named_and_created_again(bank: Bank) -> None:
    bank.stripe.pay(bank.give("77", code="market-street", cover_fees="yes"), name="Late Donor")
    bank.deliver()
    before, numbers, entries = facts(bank), receipts(bank), bank.entries()
    page = bank.donation().token
    send_notes(bank.installation)
    forget_the_gifts(bank)

    found = bank.reconcile()
    (one,) = found.discrepancies
    assert one.donation == before[0][0]
    assert "the donation is not in this database; it belongs to campaign nine-days" in one.note
    assert bank.reconcile(apply=True).result.left == 0
    assert (facts(bank), receipts(bank)) == (before, numbers)
    assert bank.donation().token == page
    with bank.installation.sessions() as session:
        assert session.scalars(select(Donor.name)).all() == ["Late Donor"]
        assert session.scalars(select(OutboxMessage.kind)).all() == ["receipt"]
    assert bank.entries()[0] == entries[0]
    for apply in (False, True):
        assert bank.reconcile(apply=apply).discrepancies == []
    assert (facts(bank), receipts(bank)) == (before, numbers)
    bank.require_order()


def test_a_monthly_gift_with_renewals_is_created_again(bank: Bank) -> None:
    bank.stripe.pay(bank.give("20", frequency="monthly", cover_fees="yes"))
    bank.deliver()
    for _ in range(2):
        bank.stripe.advance(days=32)
        bank.deliver()
    before, numbers = facts(bank), receipts(bank)
    assert len(before) == 3
    assert send_notes(bank.installation) == 3
    forget_the_gifts(bank)
    found = bank.reconcile()
    assert found.kinds == ["payment"] * 3 if len(found.kinds) == 3 else ["payment"] * 2
    assert bank.reconcile(apply=True).result.left == 0
    assert (facts(bank), receipts(bank)) == (before, numbers)
    with bank.installation.sessions() as session:
        assert session.scalars(select(Subscription.frequency)).all() == ["monthly"]
    bank.require_order()
    assert bank.reconcile(apply=True).discrepancies == []


def test_a_renewal_of_a_lost_gift_brings_the_first_payment_with_it(bank: Bank) -> None:
    bank.stripe.pay(bank.give("20", frequency="yearly"))
    bank.deliver()
    bank.stripe.advance(days=366)
    bank.deliver()
    before, numbers = facts(bank), receipts(bank)
    send_notes(bank.installation)
    forget_the_gifts(bank)
    # The window has the renewal only: the first charge is a year older.
    since = datetime.fromtimestamp(bank.stripe.now(), UTC) - timedelta(days=35)
    assert len(bank.reconcile(since).discrepancies) == 1
    assert bank.reconcile(since, apply=True).result.left == 0
    assert facts(bank) == before
    assert set(receipts(bank)) == set(numbers)
    bank.require_order()


def test_the_events_of_a_lost_gift_are_applied_once_it_is_here(bank: Bank) -> None:
    session_id = bank.give("30")
    bank.stripe.pay(session_id)
    bank.deliver(lose="*")
    forget_the_gifts(bank)
    bank.stripe.refund(session_id, 1000)
    for event in bank.stripe.events():
        if event["type"] in {"checkout.session.completed", "refund.created"}:
            bank.store(event)
    bank.deliver()
    with bank.installation.sessions() as session:
        states = dict(session.execute(select(InboxEvent.type, InboxEvent.state)).all())
    assert states["checkout.session.completed"] == "held"
    assert match_evidence(bank.installation) == 1
    assert bank.reconcile(apply=True).result.left == 0
    assert bank.donation().state == "partially_refunded"
    bank.deliver()
    bank.require_order()
    assert bank.reconcile().discrepancies == []


def test_without_its_campaign_a_lost_gift_is_only_named(bank: Bank) -> None:
    bank.stripe.pay(bank.give())
    account = bank.stripe.account
    with account.transaction():
        intent = account.every("payment_intent")[0]
        account.change(intent, metadata={**intent["metadata"], "campaign": "gone"})
    forget_the_gifts(bank)
    (one,) = bank.reconcile(apply=True).discrepancies
    assert "which is not in this database: create the campaign under this name first" in one.note
    assert not one.repaired
    with bank.installation.sessions() as session:
        assert session.scalars(select(LedgerEntry.id)).all() == []


@pytest.mark.parametrize(
    "metadata",
    [
        {"donation_id": "don_1234", "campaign": "nine-days"},
        {"donation_id": "order-17", "campaign": "nine-days"},
        {"donation_id": "don_bc2d77dc8cef24bb4c37"},
        {"campaign": "nine-days"},
        {},
    ],
)
def test_the_metadata_of_another_application_is_not_ours(
    bank: Bank, metadata: dict[str, str]
) -> None:
    sold = bank.shop()
    account = bank.stripe.account
    with account.transaction():
        intent = account.get("payment_intent", sold["payment_intent"])
        account.change(intent, metadata=metadata)
        account.change(account.get("charge", sold["id"]), metadata=metadata)
    assert bank.reconcile().discrepancies == []
    result = bank.reconcile(apply=True).result
    assert (result.found, result.others) == (0, 1)
    assert replace(result, moved=0).left == 0
