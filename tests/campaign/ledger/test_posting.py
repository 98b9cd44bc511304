"""How amounts are split into gift and covered fees, and the constraints on entries."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from campaign.ledger import balance_transactions, disputes, exports, payments, posting
from campaign.ledger.posting import NewEntry, book_fee, load_entries
from campaign.models import Campaign, CampaignDonor, Donation, LedgerEntry, LedgerKind
from campaign.runtime.context import Installation
from tests.support.frozen import assert_unchangeable, dataclasses_of
from tests.support.ledger import (
    add_donation_to,
    campaign_in,
    entries,
    freeze,
    ledger_entries_of,
    raised,
    report_paid,
)
from tests.support.stripe import Facts

Give = Callable[..., Facts]
AT = datetime(2026, 12, 1, tzinfo=UTC)


def post(installation: Installation, facts: Facts, *moved: tuple[str, int]) -> None:
    """Post (kind, total) entries, each with its own source."""
    with installation.sessions.begin() as session:
        account = load_entries(session, session.get_one(Donation, facts.donation.id))
        assert account is not None
        for number, (kind, total) in enumerate(moved):
            source = f"re_{facts.number}_{number}"
            account.append(NewEntry(LedgerKind(kind), total, source, AT))


def test_an_unpaid_gift_has_no_entries(installation: Installation, give: Give) -> None:
    with installation.sessions() as session:
        assert load_entries(session, session.get_one(Donation, give().donation.id)) is None


def test_the_whole_gift_is_refunded_before_the_covered_fees(
    installation: Installation, give: Give
) -> None:
    facts = give(fee_cover=106)
    report_paid(installation, facts)
    post(installation, facts, ("refund", -2499), ("refund", -2), ("refund", -105))
    assert ledger_entries_of(installation, facts)[1:] == [
        ("refund", -2499, 0),
        ("refund", -1, -1),
        ("refund", 0, -105),
    ]
    assert raised(installation) == 0


def test_reinstated_money_restores_the_covered_fees_first(
    installation: Installation, give: Give
) -> None:
    facts = give(fee_cover=106)
    report_paid(installation, facts)
    post(installation, facts, ("refund", -2606), ("refund_failed", 100), ("refund_failed", 10))
    assert ledger_entries_of(installation, facts)[2:] == [
        ("refund_failed", 0, 100),
        ("refund_failed", 4, 6),
    ]
    assert raised(installation) == 4


def test_a_loss_beyond_the_charge_counts_as_gift(installation: Installation, give: Give) -> None:
    facts = give(fee_cover=106)
    report_paid(installation, facts)
    post(installation, facts, ("refund", -1000), ("dispute", -2606), ("dispute_reversed", 2606))
    assert ledger_entries_of(installation, facts)[1:] == [
        ("refund", -1000, 0),
        ("dispute", -2500, -106),
        ("dispute_reversed", 2500, 106),
    ]
    assert raised(installation) == 1500


def test_yen_are_split_to_the_yen(installation: Installation) -> None:
    facts = add_donation_to(installation, campaign_in(installation, "jpy"), 2500, fee_cover=93)
    report_paid(installation, facts)
    post(installation, facts, ("dispute", -2593), ("dispute_reversed", 2593), ("refund", -2501))
    assert ledger_entries_of(installation, facts)[1:] == [
        ("dispute", -2500, -93),
        ("dispute_reversed", 2500, 93),
        ("refund", -2500, -1),
    ]


def test_entries_after_the_final_result_count_nowhere(
    installation: Installation, campaign: Campaign, give: Give
) -> None:
    facts = give()
    report_paid(installation, facts)
    freeze(installation, campaign)
    post(installation, facts, ("refund", -1000))
    with installation.sessions() as session:
        counted = session.scalars(select(LedgerEntry.campaign_id).order_by(LedgerEntry.id)).all()
    assert counted == [campaign.id, None]
    assert raised(installation) == 2500


def test_the_database_rejects_a_duplicate_kind_and_source(
    installation: Installation, give: Give
) -> None:
    facts = give()
    report_paid(installation, facts)
    post(installation, facts, ("refund", -1))
    with pytest.raises(IntegrityError, match="uq_ledger_entry_kind_source"):
        post(installation, facts, ("refund", -1))


def test_a_source_total_includes_only_its_own_and_prefixed_sources(
    installation: Installation, give: Give
) -> None:
    facts = give()
    report_paid(installation, facts)
    with installation.sessions.begin() as session:
        account = load_entries(session, session.get_one(Donation, facts.donation.id))
        assert account is not None
        for source, total in (("du_1", -10), ("du_1:30", -20), ("du_12", -400)):
            account.append(NewEntry(LedgerKind.dispute, total, source, AT))
        assert account.total_for_source(LedgerKind.dispute, "du_1") == 30
        assert account.total_for_source(LedgerKind.refund, "du_1") == 0
        assert (account.returned_total, account.charged) == (430, 2500)


def test_a_fee_is_booked_once_in_its_own_currency_and_zero_is_not_booked(
    installation: Installation, give: Give
) -> None:
    facts = give()
    report_paid(installation, facts)
    for _ in range(2):
        with installation.sessions.begin() as session:
            account = load_entries(session, session.get_one(Donation, facts.donation.id))
            assert account is not None
            book_fee(account, "txn_a", 103, "eur", AT)
            book_fee(account, "txn_b", 0, "eur", AT)
            book_fee(account, "txn_c", -1500, "usd", AT)
    with installation.sessions() as session:
        fees = session.execute(
            select(LedgerEntry.fee, LedgerEntry.currency, LedgerEntry.amount)
            .where(LedgerEntry.kind == "fee")
            .order_by(LedgerEntry.id)
        ).all()
    assert fees == [(103, "eur", 0), (-1500, "usd", 0)]


def test_an_entry_locks_the_donor_of_its_campaign_and_nobody_else(
    installation: Installation, campaign: Campaign, give: Give
) -> None:
    facts, other = give(), give(email="ben@example.org")
    winter = campaign_in(installation, "usd")
    for one in (facts, other, add_donation_to(installation, winter, email="ana@example.org")):
        report_paid(installation, one)
    query = select(CampaignDonor.campaign_id, CampaignDonor.donor_id)
    with installation.sessions() as holder, installation.sessions() as second:
        account = load_entries(holder, holder.get_one(Donation, facts.donation.id))
        assert account is not None
        # A fee changes no count, so that only this lock can be what holds the row.
        book_fee(account, "txn_a", 103, "usd", AT)
        free = second.execute(query.with_for_update(skip_locked=True, key_share=True)).all()
        assert set(free) == {
            (campaign.id, other.donation.donor_id),
            (winter.id, facts.donation.donor_id),
        }
        everyone = second.execute(query.with_for_update(read=True, key_share=True, nowait=True))
        assert len(everyone.all()) == 3, "rows may still refer to the donor"


def test_each_entry_is_written_with_what_it_was_given(
    installation: Installation, campaign: Campaign, give: Give
) -> None:
    facts = give(fee_cover=106)
    report_paid(installation, facts)
    with installation.sessions.begin() as session:
        account = load_entries(session, session.get_one(Donation, facts.donation.id))
        assert account is not None
        entry = NewEntry(LedgerKind.dispute, -2600, "du_1", AT, 1500, "txn_1")
        account.append(entry)
        account.append(NewEntry(LedgerKind.fee, 0, "txn_2", AT, 15, "txn_2"), currency="eur")
        assert account.has_fee_entry("txn_1")
        assert not account.has_fee_entry("du_1")
        assert account.is_booked(LedgerKind.dispute, "du_1")
        assert not account.is_booked(LedgerKind.refund, "du_1")
        assert not account.is_booked(LedgerKind.dispute, "du_")
        assert (account.charged, account.returned_total) == (2606, 2600)
        assert account.total(LedgerKind.dispute, LedgerKind.payment) == 6
    dispute, fee = entries(installation, facts)[1:]
    assert (dispute.kind, dispute.amount, dispute.fee_cover) == ("dispute", -2500, -100)
    assert (dispute.fee, dispute.source, dispute.balance_transaction_id) == (1500, "du_1", "txn_1")
    assert (dispute.occurred_at, dispute.currency) == (AT, "usd")
    assert (dispute.campaign_id, fee.campaign_id) == (campaign.id, campaign.id)
    assert (fee.kind, fee.fee, fee.currency) == ("fee", 15, "eur")


def test_a_reversed_payment_counts_as_returned(installation: Installation, give: Give) -> None:
    facts = give()
    report_paid(installation, facts)
    post(installation, facts, ("payment_reversed", -2500))
    with installation.sessions() as session:
        account = load_entries(session, session.get_one(Donation, facts.donation.id))
        assert account is not None
        assert (account.charged, account.returned_total) == (2500, 2500)


def test_a_campaign_whose_grace_days_are_over_counts_no_more(
    installation: Installation, campaign: Campaign, give: Give
) -> None:
    facts = give()
    report_paid(installation, facts)
    with installation.sessions.begin() as session:
        found = session.get_one(Campaign, campaign.id)
        found.deadline, found.grace_days = facts.donation.created_at + timedelta(microseconds=1), 0
    post(installation, facts, ("refund", -100))
    assert [one.campaign_id for one in entries(installation, facts)] == [campaign.id, None]


@pytest.mark.parametrize(
    "kind", dataclasses_of(balance_transactions, disputes, exports, payments, posting)
)
def test_what_is_to_be_booked_cannot_be_changed_on_the_way(kind: type[Any]) -> None:
    assert_unchangeable(kind)
