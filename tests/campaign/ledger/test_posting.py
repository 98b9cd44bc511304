"""How amounts are split into gift and covered fees, and the constraints on entries."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from campaign.ledger.posting import NewEntry, book_fee, load_entries
from campaign.models import Campaign, Donation, LedgerEntry, LedgerKind
from campaign.runtime.context import Installation
from tests.support.ledger import booked, campaign_in, freeze, give_to, raised, tell_paid
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
    tell_paid(installation, facts)
    post(installation, facts, ("refund", -2499), ("refund", -2), ("refund", -105))
    assert booked(installation, facts)[1:] == [
        ("refund", -2499, 0),
        ("refund", -1, -1),
        ("refund", 0, -105),
    ]
    assert raised(installation) == 0


def test_reinstated_money_restores_the_covered_fees_first(
    installation: Installation, give: Give
) -> None:
    facts = give(fee_cover=106)
    tell_paid(installation, facts)
    post(installation, facts, ("refund", -2606), ("refund_failed", 100), ("refund_failed", 10))
    assert booked(installation, facts)[2:] == [("refund_failed", 0, 100), ("refund_failed", 4, 6)]
    assert raised(installation) == 4


def test_a_loss_beyond_the_charge_counts_as_gift(installation: Installation, give: Give) -> None:
    facts = give(fee_cover=106)
    tell_paid(installation, facts)
    post(installation, facts, ("refund", -1000), ("dispute", -2606), ("dispute_reversed", 2606))
    assert booked(installation, facts)[1:] == [
        ("refund", -1000, 0),
        ("dispute", -2500, -106),
        ("dispute_reversed", 2500, 106),
    ]
    assert raised(installation) == 1500


def test_yen_are_split_to_the_yen(installation: Installation) -> None:
    facts = give_to(installation, campaign_in(installation, "jpy"), 2500, fee_cover=93)
    tell_paid(installation, facts)
    post(installation, facts, ("dispute", -2593), ("dispute_reversed", 2593), ("refund", -2501))
    assert booked(installation, facts)[1:] == [
        ("dispute", -2500, -93),
        ("dispute_reversed", 2500, 93),
        ("refund", -2500, -1),
    ]


def test_entries_after_the_final_result_count_nowhere(
    installation: Installation, campaign: Campaign, give: Give
) -> None:
    facts = give()
    tell_paid(installation, facts)
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
    tell_paid(installation, facts)
    post(installation, facts, ("refund", -1))
    with pytest.raises(IntegrityError, match="uq_ledger_entry_kind_source"):
        post(installation, facts, ("refund", -1))


def test_a_source_total_includes_only_its_own_and_prefixed_sources(
    installation: Installation, give: Give
) -> None:
    facts = give()
    tell_paid(installation, facts)
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
    tell_paid(installation, facts)
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
