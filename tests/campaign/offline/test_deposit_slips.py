"""The slip of a deposit: what the bank counts, check by check."""

from dataclasses import replace
from datetime import UTC, date, datetime

from campaign.core.settings import Settings
from campaign.models import DepositBatch, Donation, OfflineGift
from campaign.offline.deposit_slips import slip_context
from campaign.offline.deposits import BatchContents

# The evening of December 3 in Los Angeles.
OPENED = datetime(2026, 12, 4, 7, 59, tzinfo=UTC)


def gift(kind: str, amount: int, reference: str, name: str = "", email: str = "") -> OfflineGift:
    donation = Donation(amount=amount, currency="usd", name=name, email=email)
    return OfflineGift(kind=kind, reference=reference, donation=donation)


def batch(**changes: object) -> DepositBatch:
    usual = {"name": "Monday", "currency": "usd", "opened_at": OPENED, "bank_reference": ""}
    return DepositBatch(**{**usual, **changes})


def test_a_slip_numbers_the_checks_and_adds_up_the_cash(settings: Settings) -> None:
    checks = [
        gift("cheque", 125_000, "1042", "Ana Reyes", "ana@example.org"),
        gift("donor_advised_fund", 7_550, "G-7", email="ben@example.org"),
    ]
    cash = [gift("cash", 2_000, "cash 1"), gift("cash", 5, "cash 2")]
    slip = slip_context(BatchContents(batch(), checks, cash), settings.organization)
    assert slip == {
        "organization_name": "The Harbor Ledger",
        "organization_address_lines": ["1 Wharf Street", "Astoria, OR 97103"],
        "name": "Monday",
        "dated": "Not deposited yet. Opened December 3, 2026",
        "bank_reference": "",
        "checks": [
            ("1", "1042", "Ana Reyes", "$1,250.00"),
            ("2", "G-7", "ben@example.org", "$75.50"),
        ],
        "checks_total": "$1,325.50",
        "cash_total": "$20.05",
        "total": "$1,345.55",
        "currency": "USD",
    }


def test_a_deposited_slip_has_the_day_and_reference_of_the_bank(settings: Settings) -> None:
    closed = batch(deposited_on=date(2026, 12, 7), bank_reference="slip 12")
    slip = slip_context(BatchContents(closed, [], []), settings.organization)
    assert (slip["dated"], slip["bank_reference"]) == ("Deposited December 7, 2026", "slip 12")
    assert (slip["checks"], slip["total"]) == ([], "$0.00")


def test_the_day_of_opening_is_the_organizations(settings: Settings) -> None:
    tokyo = replace(settings.organization, timezone="Asia/Tokyo")
    assert slip_context(BatchContents(batch(), [], []), tokyo)["dated"].endswith("December 4, 2026")


def test_amounts_have_the_decimals_of_their_currency(settings: Settings) -> None:
    for currency, text in (("jpy", "¥1,250"), ("eur", "€12.50")):
        held = BatchContents(batch(currency=currency), [gift("cheque", 1_250, "1")], [])
        slip = slip_context(held, settings.organization)
        assert (slip["checks"][0][3], slip["total"], slip["currency"]) == (
            text,
            text,
            currency.upper(),
        )
