"""Receipts after the first: numbered when issued, dated by the gift, replacing the one before them."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from time_machine import travel

from campaign.core.booking_context import BookingContext
from campaign.models import Campaign, Donation, Receipt
from campaign.receipts.receipts import find_receipt, receipt_context, reissue, valid_receipts
from campaign.runtime.context import Installation
from tests.support.donors import add_donation, add_donor, add_receipt
from tests.support.ledger import add_donation_to
from tests.support.receipts import correct, receipt_emails, receipt_lines, receipted_gift

ANA = "ana@example.org"
DECEMBER = datetime(2026, 12, 30, 20, tzinfo=UTC)
NEW_YEARS_EVE = datetime(2027, 1, 1, 7, 59, tzinfo=UTC)  # 23:59 in Los Angeles
JANUARY = datetime(2027, 1, 5, 20, tzinfo=UTC)
GIVEN = date(2026, 12, 30)


def valid(installation: Installation, donation: Donation, year: int) -> list[str]:
    with installation.sessions() as session:
        return [one.number for one in valid_receipts(session, donation.donor_id, year)]


def test_a_debit_that_clears_in_january_has_a_number_of_that_year_and_the_day_of_the_gift(
    installation: Installation, campaign: Campaign
) -> None:
    gift = receipted_gift(installation, campaign, DECEMBER, issued=JANUARY)
    assert receipt_lines(installation) == [("2027-000001", "", "receipt", 2500, GIVEN)]
    assert (valid(installation, gift, 2026), valid(installation, gift, 2027)) == (
        ["2027-000001"],
        [],
    )
    with installation.sessions() as session:
        made = session.scalars(select(Receipt)).one()
    assert (made.issued_at, made.currency) == (JANUARY, "usd")
    assert (made.donation_id, made.campaign_id) == (gift.id, campaign.id)
    assert (made.frozen["gift_date_text"], made.frozen["issued_text"]) == (
        "December 30, 2026",
        "January 5, 2027",
    )


@pytest.mark.parametrize(
    ("kind", "postmarked", "day"),
    [
        ("cheque", date(2026, 12, 31), date(2026, 12, 31)),
        ("cheque", None, date(2027, 1, 4)),
        ("cash", date(2026, 12, 31), date(2027, 1, 4)),
        ("stock", date(2026, 12, 31), date(2027, 1, 4)),
    ],
)
def test_a_check_is_of_the_year_of_its_postmark_and_cash_of_the_year_it_came(
    installation: Installation,
    campaign: Campaign,
    kind: str,
    postmarked: date | None,
    day: date,
) -> None:
    gift = receipted_gift(
        installation,
        campaign,
        JANUARY,
        kind=kind,
        received=date(2027, 1, 4),
        postmarked=postmarked,
    )
    assert receipt_lines(installation) == [("2027-000001", "", "receipt", 2500, day)]
    assert valid(installation, gift, day.year) == ["2027-000001"]
    assert valid(installation, gift, 2026 + 2027 - day.year) == []


@pytest.mark.parametrize(
    ("at", "number"), [(NEW_YEARS_EVE, "2026-000002"), (JANUARY, "2027-000001")]
)
def test_a_corrected_receipt_is_numbered_in_the_local_year_of_its_issue(
    installation: Installation, campaign: Campaign, at: datetime, number: str
) -> None:
    gift = receipted_gift(installation, campaign, DECEMBER)
    with travel(at, tick=False):
        assert correct(installation, gift, 600) == number
    assert receipt_lines(installation) == [
        ("2026-000001", "", "receipt", 2500, GIVEN),
        (number, "2026-000001", "corrected", 600, GIVEN),
    ]
    assert valid(installation, gift, 2026) == [number]
    with installation.sessions() as session:
        made = session.scalars(select(Receipt).order_by(Receipt.id.desc()).limit(1)).one()
        assert (made.issued_at, made.frozen["replaces"]) == (at, "2026-000001")


def test_each_receipt_of_a_chain_replaces_the_one_before_and_the_same_amount_needs_none(
    installation: Installation, campaign: Campaign
) -> None:
    gift = receipted_gift(installation, campaign, DECEMBER)
    other = receipted_gift(installation, campaign, DECEMBER, 900)
    with travel(DECEMBER, tick=False):
        asked = [correct(installation, gift, left) for left in (2500, 600, 600, 0, 0, 2500)]
        assert correct(installation, other, 900) == ""
    assert asked == ["", "2026-000003", "", "2026-000004", "", "2026-000005"]
    assert receipt_lines(installation) == [
        ("2026-000001", "", "receipt", 2500, GIVEN),
        ("2026-000002", "", "receipt", 900, GIVEN),
        ("2026-000003", "2026-000001", "corrected", 600, GIVEN),
        ("2026-000004", "2026-000003", "void", 0, GIVEN),
        ("2026-000005", "2026-000004", "corrected", 2500, GIVEN),
    ]
    assert valid(installation, gift, 2026) == ["2026-000005"]
    assert valid(installation, other, 2026) == ["2026-000002"]


def test_an_unpaid_donation_gets_no_corrected_receipt(
    installation: Installation, campaign: Campaign
) -> None:
    assert correct(installation, add_donation_to(installation, campaign).donation, 0) == ""
    assert receipt_lines(installation) == []


def test_every_receipt_is_emailed_to_the_donor_and_none_to_a_donor_without_an_address(
    installation: Installation, campaign: Campaign
) -> None:
    gift = receipted_gift(installation, campaign, DECEMBER, email=ANA)
    unreached = receipted_gift(installation, campaign, DECEMBER)
    with installation.sessions.begin() as session:
        session.get_one(Donation, unreached.id).email = ""
    with travel(DECEMBER, tick=False):
        correct(installation, gift, 600)
        correct(installation, unreached, 600)
    assert receipt_emails(installation) == [
        ("2026-000001", ANA),
        ("2026-000002", unreached.email),
        ("2026-000003", ANA),
    ]


@pytest.mark.parametrize(
    ("kind", "description", "what"),
    [
        ("donor_advised_fund", "Tide Fund", "grant"),
        ("stock", "10 shares of EXMP", "property"),
        ("cheque", "", "money"),
    ],
)
def test_a_corrected_or_reissued_receipt_acknowledges_what_the_first_one_did(
    installation: Installation, campaign: Campaign, kind: str, description: str, what: str
) -> None:
    gift = receipted_gift(installation, campaign, DECEMBER, kind=kind, description=description)
    with travel(JANUARY, tick=False):
        correct(installation, gift, 600)
    with installation.sessions.begin() as session:
        latest = session.scalars(select(Receipt).order_by(Receipt.id.desc()).limit(1)).one()
        donation = session.get_one(Donation, gift.id)
        reissue(session, donation, latest, installation.books, JANUARY)
    with installation.sessions() as session:
        made = session.scalars(select(Receipt).order_by(Receipt.id)).all()
    assert [one.frozen["acknowledges"] for one in made] == [what] * 3
    assert [one.gift_date for one in made] == [GIVEN] * 3
    # A fund's grant never becomes a tax receipt, however often it is corrected.
    assert valid(installation, gift, 2026) == ([] if what == "grant" else ["2027-000002"])


def test_a_reissued_receipt_has_the_new_name_the_same_amount_and_its_own_moment(
    installation: Installation, campaign: Campaign
) -> None:
    gift = receipted_gift(installation, campaign, DECEMBER, fee_cover=106)
    organization = replace(installation.settings.organization, timezone="Asia/Tokyo")
    with installation.sessions.begin() as session:
        donation = session.get_one(Donation, gift.id)
        donation.name = "Bo Lund"
        first = session.scalars(select(Receipt)).one()
        books = BookingContext(organization, "example.org")
        # 09:00 on New Year's Day in Tokyo.
        at = datetime(2027, 1, 1, tzinfo=UTC)
        made = reissue(session, donation, first, books, at)
        assert (made.number, made.kind, made.amount) == ("2027-000001", "corrected", 2606)
        assert (made.replaces_id, made.issued_at) == (first.id, at)
        assert (made.frozen["donor_name"], made.frozen["renamed"]) == ("Bo Lund", True)
        assert first.frozen["donor_name"] == "Ana Reyes"


def test_a_found_receipt_brings_the_ones_before_and_after_it(
    installation: Installation, campaign: Campaign
) -> None:
    gift = receipted_gift(installation, campaign, DECEMBER)
    with travel(DECEMBER, tick=False):
        for left in (600, 0):
            correct(installation, gift, left)
    with installation.sessions() as session:
        tokens = list(session.scalars(select(Receipt.token).order_by(Receipt.id)))
        found = [find_receipt(session, token) for token in tokens]
    # The session is closed: a page reads them without another query.
    first, corrected, void = (receipt_context(one) for one in found)
    assert [one.donation.public_id for one in found] == [gift.public_id] * 3
    assert found[1].replaces is not None
    assert found[1].replaces.number == "2026-000001"
    for context, kind, replaces, later, voided in (
        (first, "receipt", "", "2026-000002", False),
        (corrected, "corrected", "2026-000001", "2026-000003", False),
        (void, "void", "2026-000002", "", True),
    ):
        assert (context["kind"], context["replaces"]) == (kind, replaces)
        assert (context["replaced_by"], context["voided"]) == (later, voided)
    assert [one["number"] for one in (first, corrected, void)] == [
        "2026-000001",
        "2026-000002",
        "2026-000003",
    ]


def test_a_receipt_from_before_grants_and_languages_still_reads_as_one_for_money_in_english(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        gift = add_donation(session, campaign, add_donor(session, ANA))
        old = add_receipt(session, gift, date(2026, 1, 1), sequence=7)
        context = receipt_context(old)
    assert {name: context[name] for name in ("kind", "replaces", "locale", "acknowledges")} == {
        "kind": "receipt",
        "replaces": "",
        "locale": "en",
        "acknowledges": "money",
    }
    assert (context["gone"], context["renamed"], context["voided"]) == ("", False, False)
    assert (context["number"], context["donor_name"]) == ("2026-000007", "Ana Reyes")
    assert valid(installation, gift, 2026) == ["2026-000007"]


def test_a_years_valid_receipts_are_of_its_first_to_its_last_day_by_gift_date(
    installation: Installation, campaign: Campaign
) -> None:
    days = [
        date(2026, 12, 31),
        date(2026, 1, 1),
        date(2025, 12, 31),
        date(2027, 1, 1),
        date(2026, 6, 1),
        date(2026, 6, 1),
    ]
    with installation.sessions.begin() as session:
        ana, other = add_donor(session, ANA), add_donor(session, "bo@example.org")
        for number, day in enumerate(days, start=1):
            add_receipt(session, add_donation(session, campaign, ana), day, sequence=number)
        add_receipt(session, add_donation(session, campaign, other), days[0], sequence=99)
        found = [
            [one.number for one in valid_receipts(session, ana.id, year)]
            for year in (2025, 2026, 2027)
        ]
    assert found == [
        ["2025-000003"],
        ["2026-000002", "2026-000005", "2026-000006", "2026-000001"],
        ["2027-000004"],
    ]
