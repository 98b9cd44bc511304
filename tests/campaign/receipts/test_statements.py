"""Statements: who gets one for which year, only once, and its gifts and totals."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from campaign.core.clock import now
from campaign.models import Campaign, Donation, Donor, OutboxMessage, Receipt
from campaign.receipts.receipts import correct_receipt
from campaign.receipts.statements import (
    COVERED_BY_CANONICAL_STATEMENT,
    count_new,
    covered_by_canonical_statement,
    queue_dropped_again,
    queue_statements,
    recipients,
    statement_context,
)
from campaign.runtime.context import Installation
from tests.support.ledger import campaign_in
from tests.support.receipts import receipted_gift

ANA = "ana@example.org"
LAST = datetime(2027, 1, 1, 7, 59, 59, tzinfo=UTC)  # the last second of 2026 in Los Angeles
FIRST = datetime(2027, 1, 1, 8, tzinfo=UTC)

Receipted = Callable[..., Donation]


@pytest.fixture
def receipted(installation: Installation, campaign: Campaign) -> Receipted:
    """A gift charged and receipted at a given time; `kind` and `description` for an offline gift."""

    def issue(
        at: datetime = LAST,
        email: str = ANA,
        amount: int = 2500,
        *,
        to: Campaign = campaign,
        **changes: Any,
    ) -> Donation:
        return receipted_gift(installation, to, at, amount, email=email, **changes)

    return issue


def addresses(installation: Installation, year: int) -> list[str]:
    with installation.sessions() as session:
        return [one.email for one in recipients(session, year)]


def queue(installation: Installation, year: int = 2026) -> list[str]:
    with installation.sessions.begin() as session:
        return list(queue_statements(session, year, "example.org"))


def context(installation: Installation, donation: Donation, year: int = 2026) -> dict[str, Any]:
    with installation.sessions() as session:
        organization = installation.settings.organization
        return statement_context(session, donation.donor_id, year, organization)


def test_the_last_second_of_the_year_is_of_it_and_the_next_is_not(
    installation: Installation, receipted: Receipted
) -> None:
    receipted(LAST, "old@example.org")
    receipted(FIRST, "new@example.org")
    assert addresses(installation, 2026) == ["old@example.org"]
    assert addresses(installation, 2027) == ["new@example.org"]
    assert addresses(installation, 2025) == []


def test_fully_refunded_grant_only_and_erased_donors_get_no_statement(
    installation: Installation, receipted: Receipted
) -> None:
    void = receipted(email="void@example.org")
    receipted(email="grant@example.org", kind="donor_advised_fund", description="Tide Fund")
    erased = receipted(email="erased@example.org")
    part = receipted(email="part@example.org")
    with installation.sessions.begin() as session:
        for donation, left in ((void, 0), (part, 1)):
            correct_receipt(
                session, session.get_one(Donation, donation.id), left, installation.books
            )
        # What was acknowledged anew is still of the day of the gift.
        gone = session.get_one(Donor, erased.donor_id)
        gone.email = gone.name = ""
        gone.erased_at = now()
    assert addresses(installation, 2026) == ["part@example.org"]
    assert context(installation, part)["totals"] == ["$0.01"]
    assert context(installation, void)["gifts"] == []


def test_a_statement_is_queued_once_a_donor_and_year(
    installation: Installation, receipted: Receipted
) -> None:
    for at in (LAST, LAST, FIRST):
        receipted(at)
    with installation.sessions() as session:
        assert list(count_new(session, 2026)) == [ANA]
    assert [queue(installation) for _ in range(2)] == [[ANA], []]
    with installation.sessions() as session:
        assert list(count_new(session, 2026)) == []
    assert queue(installation, 2027) == [ANA]


def test_donors_without_an_email_address_get_a_paper_statement(
    installation: Installation, receipted: Receipted
) -> None:
    donation = receipted()
    with installation.sessions.begin() as session:
        session.execute(update(Donor).values(email=""))
    assert queue(installation) == [""]
    with installation.sessions() as session:
        (row,) = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "statement"))
    assert (row.state, row.recipient, row.donor_id) == ("dropped", "", donation.donor_id)
    assert row.details == {"year": 2026, "by_mail": True}


def test_each_currency_has_its_total_and_property_is_in_none(
    installation: Installation, receipted: Receipted
) -> None:
    yen = campaign_in(installation, "jpy")
    receipted(amount=2500, fee_cover=106)
    receipted(amount=300, to=yen)
    receipted(amount=200, to=yen)
    donation = receipted(amount=90_000, kind="stock", description="10 shares of EXMP")
    found = context(installation, donation)
    assert found["totals"] == ["¥500", "$26.06"]
    assert [one["amount_text"] for one in found["gifts"]] == [
        "$26.06",
        "¥300",
        "¥200",
        "10 shares of EXMP",
    ]


def test_gifts_are_listed_by_date(installation: Installation, receipted: Receipted) -> None:
    receipted(LAST, amount=300)
    donation = receipted(datetime(2026, 12, 1, tzinfo=UTC), amount=200)
    receipted(datetime(2026, 12, 1, tzinfo=UTC), amount=100)
    amounts = [one["amount_text"] for one in context(installation, donation)["gifts"]]
    assert amounts == ["$2", "$1", "$3"]


def test_a_merged_row_s_gifts_are_in_the_statement_of_the_one_that_speaks(
    installation: Installation, receipted: Receipted
) -> None:
    merged = receipted(email="old@example.org", amount=200)
    speaks = receipted(amount=300)
    with installation.sessions.begin() as session:
        session.get_one(Donor, merged.donor_id).merged_into_id = speaks.donor_id
    assert addresses(installation, 2026) == [ANA]
    assert context(installation, speaks)["totals"] == ["$5"]


def test_the_canonical_statement_covers_a_merged_record_until_it_is_sent(
    installation: Installation, receipted: Receipted
) -> None:
    merged, speaks = receipted(email="old@example.org"), receipted()
    queue(installation)
    with installation.sessions.begin() as session:
        row, other = (session.get_one(Donor, one.donor_id) for one in (merged, speaks))
        assert not covered_by_canonical_statement(session, row, 2026)
        row.merged_into_id = other.id
        assert covered_by_canonical_statement(session, row, 2026)
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.donor_id == other.id, OutboxMessage.kind == "statement")
            .values(state="sent", sent_at=now())
        )
        assert not covered_by_canonical_statement(session, row, 2026)
        assert covered_by_canonical_statement(session, row, 2027)


def test_only_what_was_dropped_for_a_merge_is_queued_again(
    installation: Installation, receipted: Receipted
) -> None:
    donors = [receipted(email=f"d{n}@example.org").donor_id for n in range(3)]
    queue(installation)
    reasons = [
        COVERED_BY_CANONICAL_STATEMENT.format(9),
        "goes by post",
        COVERED_BY_CANONICAL_STATEMENT.format(9),
    ]
    with installation.sessions.begin() as session:
        for donor_id, reason in zip(donors, reasons, strict=True):
            session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.donor_id == donor_id, OutboxMessage.kind == "statement")
                .values(state="dropped", last_error=reason)
            )
        assert queue_dropped_again(session, donors[:2], now()) == 1
    with installation.sessions() as session:
        states = session.scalars(
            select(OutboxMessage.state)
            .where(OutboxMessage.kind == "statement")
            .order_by(OutboxMessage.donor_id)
        ).all()
        assert len(session.scalars(select(Receipt)).all()) == 3
    assert states == ["queued", "dropped", "dropped"]
