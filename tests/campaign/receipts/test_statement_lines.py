"""What a yearly statement says, line by line, and the row that queues it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select, update
from time_machine import travel

from campaign.core.clock import now
from campaign.models import Campaign, Donation, Donor, OutboxMessage
from campaign.receipts.statements import (
    COVERED_BY_CANONICAL_STATEMENT,
    StatementRecipient,
    count_new,
    covered_by_canonical_statement,
    queue_dropped_again,
    queue_statements,
    recipients,
    statement_context,
)
from campaign.runtime.context import Installation
from tests.support.donors import add_donation, add_donor, add_receipt
from tests.support.ledger import campaign_in
from tests.support.receipts import correct, receipted_gift

ANA = "ana@example.org"
JUNE = datetime(2026, 6, 1, 20, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 30, 20, tzinfo=UTC)
JANUARY = datetime(2027, 1, 5, 20, tzinfo=UTC)
EACH_ITS_RECEIPT = (
    "Each gift has its own receipt, which remains valid. No goods or services were provided in"
    " exchange for these gifts."
)
EXEMPT = (
    "The Harbor Ledger is a tax-exempt organization under section 501(c)(3) of the Internal Revenue"
    " Code. EIN 12-3456789. Your gift is tax-deductible to the extent the law allows."
)


def statement(
    installation: Installation, donation: Donation, year: int = 2026, locale: str | None = None
) -> dict[str, Any]:
    with installation.sessions() as session:
        organization = installation.settings.organization
        return statement_context(session, donation.donor_id, year, organization, locale)


def lines(context: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one["date_text"], one["number"], one["amount_text"]) for one in context["gifts"]]


def people(installation: Installation, year: int) -> list[StatementRecipient]:
    with installation.sessions() as session:
        return list(recipients(session, year))


def queued(installation: Installation) -> list[OutboxMessage]:
    query = select(OutboxMessage).where(OutboxMessage.kind == "statement")
    with installation.sessions() as session:
        return list(session.scalars(query.order_by(OutboxMessage.id)))


def test_money_and_property_are_listed_and_a_funds_grant_and_a_void_gift_are_not(
    installation: Installation, campaign: Campaign
) -> None:
    def give(amount: int, kind: str = "", description: str = "") -> Donation:
        return receipted_gift(
            installation, campaign, JUNE, amount, email=ANA, kind=kind, description=description
        )

    give(2500)
    give(70_000, "donor_advised_fund", "Tide Fund")
    give(90_000, "stock", "10 shares of EXMP")
    refunded, partly = give(4000), give(5000)
    check = give(12_345, "cheque")
    with travel(DECEMBER, tick=False):
        correct(installation, refunded, 0)
        correct(installation, partly, 1)
    found = statement(installation, check)
    assert lines(found) == [
        ("Jun 1, 2026", "2026-000001", "$25"),
        ("Jun 1, 2026", "2026-000003", "10 shares of EXMP"),
        ("Jun 1, 2026", "2026-000006", "$123.45"),
        ("Jun 1, 2026", "2026-000008", "$0.01"),
    ]
    assert found["totals"] == ["$148.46"]


def test_a_gift_refunded_after_new_year_is_in_its_own_years_statement_with_what_remains(
    installation: Installation, campaign: Campaign
) -> None:
    gift = receipted_gift(installation, campaign, DECEMBER, email=ANA)
    whole = receipted_gift(installation, campaign, DECEMBER, 900, email=ANA)
    later = receipted_gift(installation, campaign, JANUARY, 1100, email=ANA)
    with travel(JANUARY, tick=False):
        correct(installation, gift, 600)
        correct(installation, whole, 0)
    assert lines(statement(installation, later)) == [("Dec 30, 2026", "2027-000002", "$6")]
    assert statement(installation, later)["totals"] == ["$6"]
    assert lines(statement(installation, later, 2027)) == [("Jan 5, 2027", "2027-000001", "$11")]
    assert [len(people(installation, year)) for year in (2025, 2026, 2027)] == [0, 1, 1]


def test_a_check_postmarked_in_december_is_in_the_years_statement_and_cash_of_january_is_not(
    installation: Installation, campaign: Campaign
) -> None:
    gift = receipted_gift(
        installation,
        campaign,
        JANUARY,
        email=ANA,
        kind="cheque",
        received=date(2027, 1, 4),
        postmarked=date(2026, 12, 31),
    )
    receipted_gift(installation, campaign, JANUARY, 900, email=ANA, kind="cash")
    assert lines(statement(installation, gift)) == [("Dec 31, 2026", "2027-000001", "$25")]
    assert lines(statement(installation, gift, 2027)) == [("Jan 5, 2027", "2027-000002", "$9")]


def test_a_donor_who_gave_only_through_a_fund_or_got_all_back_is_no_recipient(
    installation: Installation, campaign: Campaign
) -> None:
    fund = {"kind": "donor_advised_fund", "description": "Tide Fund"}
    grant = receipted_gift(installation, campaign, DECEMBER, email="fund@example.org", **fund)
    void = receipted_gift(installation, campaign, DECEMBER, email="void@example.org")
    with travel(DECEMBER, tick=False):
        correct(installation, grant, 600)
        correct(installation, void, 0)
    assert people(installation, 2026) == []
    with travel(DECEMBER, tick=False):
        correct(installation, void, 2500)
    assert [one.email for one in people(installation, 2026)] == ["void@example.org"]
    assert lines(statement(installation, grant)) == []


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 12, 31)])
def test_the_first_and_the_last_day_of_a_year_make_recipients_of_it_alone(
    installation: Installation, campaign: Campaign, day: date
) -> None:
    with installation.sessions.begin() as session:
        add_receipt(session, add_donation(session, campaign, add_donor(session, ANA)), day)
    assert [len(people(installation, year)) for year in (2025, 2026, 2027)] == [0, 1, 0]


def test_recipients_have_their_own_address_name_and_language_in_order(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        donors = [
            add_donor(session, ANA, "Ana Reyes", locale="es"),
            add_donor(session, "", "Bo Lund"),
            add_donor(session, "cy@example.org", ""),
        ]
        for donor in reversed(donors):
            add_receipt(session, add_donation(session, campaign, donor), date(2026, 6, 1))
        wanted = [
            StatementRecipient(donors[0].id, ANA, "Ana Reyes", "es"),
            StatementRecipient(donors[1].id, "", "Bo Lund", "en"),
            StatementRecipient(donors[2].id, "cy@example.org", "", "en"),
        ]
    assert people(installation, 2026) == wanted
    with installation.sessions.begin() as session:
        assert list(count_new(session, 2026)) == [ANA, "", "cy@example.org"]
        assert list(queue_statements(session, 2026, "example.org")) == [ANA, "", "cy@example.org"]
    rows = queued(installation)
    assert [(one.subject_key, one.donor_id) for one in rows] == [
        (f"2026:{one.donor_id}", one.donor_id) for one in wanted
    ]
    assert [(one.recipient, one.name, one.locale) for one in rows] == [one[1:] for one in wanted]
    assert [(one.state, one.last_error) for one in rows] == [
        ("queued", None),
        ("dropped", "to be mailed on paper: the donor has no email address"),
        ("queued", None),
    ]
    assert [one.details for one in rows] == [
        {"year": 2026, "by_mail": by_mail} for by_mail in (False, True, False)
    ]


def test_last_years_statement_does_not_stand_in_for_this_years(
    installation: Installation, campaign: Campaign
) -> None:
    gifts = [receipted_gift(installation, campaign, at, email=ANA) for at in (JUNE, JANUARY)]
    with installation.sessions.begin() as session:
        queue_statements(session, 2026, "example.org")
        assert list(count_new(session, 2027)) == [ANA]
        # An email of another kind with the same key is no statement.
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.kind == "receipt", OutboxMessage.recipient == ANA)
            .where(OutboxMessage.subject_key == "2027-000001")
            .values(subject_key=f"2027:{gifts[0].donor_id}")
        )
        assert list(count_new(session, 2027)) == [ANA]


def test_a_statement_is_in_the_donors_language_or_the_asked_one_with_each_gifts_campaign(
    installation: Installation, campaign: Campaign
) -> None:
    yen = campaign_in(installation, "jpy", title="Harbor nights")
    gift = receipted_gift(installation, campaign, DECEMBER, email=ANA, locale="es")
    receipted_gift(installation, yen, JUNE, 300, email=ANA)
    found, english = statement(installation, gift), statement(installation, gift, locale="en")
    assert (found["locale"], english["locale"]) == ("es", "en")
    assert found["gifts"][1]["date_text"] == "30 dic 2026"
    assert english["gifts"][1]["date_text"] == "Dec 30, 2026"
    assert [one["campaign_title"] for one in english["gifts"]] == ["Harbor nights", campaign.title]
    assert english["totals"] == ["¥300", "$25"]
    assert (english["year"], english["donor_name"]) == ("2026", "Ana Reyes")
    organization = installation.settings.organization
    assert (english["organization_name"], english["organization_ein"]) == (
        "The Harbor Ledger",
        "12-3456789",
    )
    assert english["organization_address_lines"] == list(organization.address_lines)
    assert english["wording"] == [EACH_ITS_RECEIPT, EXEMPT]
    assert all(one not in english["wording"] for one in found["wording"])


def test_a_donor_without_a_name_is_addressed_by_email(
    installation: Installation, campaign: Campaign
) -> None:
    gift = receipted_gift(installation, campaign, DECEMBER, email=ANA, name="")
    assert statement(installation, gift)["donor_name"] == ANA


def test_only_a_sent_statement_of_that_year_and_donor_leaves_a_merged_record_its_own(
    installation: Installation, campaign: Campaign
) -> None:
    merged, kept, other = (
        receipted_gift(installation, campaign, DECEMBER, email=f"{name}@example.org")
        for name in ("old", "ana", "bo")
    )
    with installation.sessions.begin() as session:
        row = session.get_one(Donor, merged.donor_id)
        row.merged_into_id = kept.donor_id
        # Another donor's statement, another year's, and another email with the same key were sent.
        queue_statements(session, 2026, "example.org")
        sent = {"state": "sent", "sent_at": now()}
        session.execute(
            update(OutboxMessage).where(OutboxMessage.donor_id == other.donor_id).values(**sent)
        )
        key = f"2026:{kept.donor_id}"
        receipt = select(OutboxMessage.id).where(OutboxMessage.kind == "receipt").limit(1)
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id.in_(receipt))
            .values(subject_key=key, **sent)
        )
        assert covered_by_canonical_statement(session, row, 2026)
        assert not covered_by_canonical_statement(
            session, session.get_one(Donor, kept.donor_id), 2026
        )
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.kind == "statement", OutboxMessage.subject_key == key)
            .values(**sent)
        )
        assert not covered_by_canonical_statement(session, row, 2026)
        assert covered_by_canonical_statement(session, row, 2025)


def test_a_statement_queued_again_is_due_at_once_and_one_already_sent_stays_sent(
    installation: Installation, campaign: Campaign
) -> None:
    donors = [
        receipted_gift(installation, campaign, DECEMBER, email=f"d{n}@example.org").donor_id
        for n in range(2)
    ]
    at = datetime(2027, 2, 1, tzinfo=UTC)
    why = COVERED_BY_CANONICAL_STATEMENT.format(donors[1])
    with installation.sessions.begin() as session:
        queue_statements(session, 2026, "example.org")
        statements = update(OutboxMessage).where(OutboxMessage.kind == "statement")
        session.execute(statements.values(state="dropped", last_error=why))
        session.execute(
            statements.where(OutboxMessage.donor_id == donors[1]).values(
                state="sent", sent_at=now()
            )
        )
        assert queue_dropped_again(session, donors, at) == 1
    first, second = queued(installation)
    assert (first.state, first.next_attempt_at, first.last_error) == ("queued", at, None)
    assert (second.state, second.last_error) == ("sent", why)
