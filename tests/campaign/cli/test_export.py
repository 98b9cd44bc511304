"""`campaign export`: columns and rows that other programs rely on."""

import csv
import io
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from campaign.campaigns.progress import read_progress
from campaign.models import Campaign, Donation
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.campaign.cli.conftest import Run
from tests.support.stripe import Facts

LEDGER = (
    "id,campaign,donation_id,kind,amount,fee,currency,occurred_at,recorded_at,source,cover,"
    "stripe_balance_transaction,reason,recorded_by"
)
DONATIONS = (
    "id,campaign,state,frequency,amount,cover,currency,name,email,code,created_at,paid_at,"
    "receipt_number,stripe_payment_intent,settled_amount,settled_currency,exchange_rate"
)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_columns_are_the_contracts(run: Run) -> None:
    assert run("export", "ledger").out == LEDGER + "\n"
    assert run("export", "donations").out == DONATIONS + "\n"


def test_the_ledgers_amounts_sum_to_what_is_raised(
    run: Run,
    installation: Installation,
    campaign: Campaign,
    give: Callable[..., Facts],
    store: Callable[..., None],
) -> None:
    for number in range(5):
        store(give(email=f"donor{number}@example.org", amount=1000 + number).completed())
    apply_due_events(installation)
    found = rows(run("export", "ledger", "--campaign", "nine-days").out)
    with installation.sessions() as session:
        raised = read_progress(session, campaign, campaign.starts_at).raised
    assert sum(int(row["amount"]) for row in found) == raised == 5010
    assert {row["kind"] for row in found} == {"payment"}
    assert all(datetime.fromisoformat(row["occurred_at"]).tzinfo for row in found)


def test_a_donation_is_exported_with_its_receipt_and_payment(run: Run, paid: Facts) -> None:
    (row,) = rows(run("export", "donations").out)
    assert row["id"] == paid.donation.public_id
    assert (row["state"], row["amount"], row["email"]) == ("paid", "2500", "ana@example.org")
    assert row["stripe_payment_intent"] == f"pi_{paid.number}"
    (receipt,) = rows(run("export", "receipts").out)
    assert receipt["number"] == row["receipt_number"]
    (donor,) = rows(run("export", "donors").out)
    assert (donor["email"], donor["donations"]) == ("ana@example.org", "1")


def test_a_pending_donation_has_no_receipt_and_its_person_is_no_donor_yet(
    run: Run, give: Callable[..., Facts]
) -> None:
    give()
    (row,) = rows(run("export", "donations").out)
    assert (row["state"], row["receipt_number"], row["paid_at"]) == ("pending", "", "")
    assert rows(run("export", "donors").out) == []


@pytest.mark.parametrize(
    "name",
    [
        '=HYPERLINK("http://x")',
        "+1",
        "-1+2",
        "@SUM(A1)",
        "\t=1+2",
        "\n=1+2",
        "\r=1+2",
        "\r\n=1+2",
        "\uff1d1+2",
    ],
)
def test_a_name_that_looks_like_a_formula_is_made_safe(
    run: Run, give: Callable[..., Facts], name: str
) -> None:
    give(name=name, email="a@example.org")
    (row,) = rows(run("export", "donations").out)
    assert row["name"] == f"'{name}"


def test_a_negative_amount_stays_a_number(
    run: Run, installation: Installation, paid: Facts, store: Callable[..., None]
) -> None:
    store(paid.refunded("a", 700))
    apply_due_events(installation)
    assert [row["amount"] for row in rows(run("export", "ledger").out)] == ["2500", "-700"]


def test_since_and_campaign_filter_the_export(
    run: Run, installation: Installation, paid: Facts
) -> None:
    assert rows(run("export", "ledger", "--since", "2090-01-01").out) == []
    assert len(rows(run("export", "ledger", "--since", "2020-01-01").out)) == 1
    with installation.sessions() as session:
        assert session.scalars(select(Donation)).one()
    unknown = run("export", "ledger", "--campaign", "unknown")
    assert (unknown.status, len(unknown.errors)) == (1, 1)


def test_an_unknown_export_is_a_usage_error(run: Run) -> None:
    assert run("export", "secrets").status == 2


def test_the_journal_of_a_month_is_exported_for_an_accounting_program(
    run: Run, paid: Facts
) -> None:
    there = ZoneInfo("America/Los_Angeles")
    month = f"{paid.donation.created_at.astimezone(there):%Y-%m}"
    lines = rows(run("export", "journal", "--month", month).out)
    assert sum(int(row["debit"]) - int(row["credit"]) for row in lines) == 0
    assert {row["currency"] for row in lines} == {"usd"}
    asked = ("export", "journal", "--month", month, "--currency", "USD", "--program")
    made = rows(run(*asked, "quickbooks").out)
    assert [row["Debits"] for row in made if row["Account Name"] == "Stripe balance"] == ["25.00"]
    refused = run(*asked, "xero")
    assert (refused.status, refused.out) == (1, "")
    assert "Set it in CHART_OF_ACCOUNTS for: stripe, contributions" in refused.errors[0]
    nothing = run("export", "journal", "--month", month, "--currency", "cad")
    assert nothing.status == 1
    assert "has nothing in cad" in nothing.errors[0]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["journal"], "The journal needs --month"),
        (["journal", "--month", "2026-13"], "The journal needs --month"),
        (["journal", "--month", "2026-11", "--campaign", "a"], "has no --campaign"),
        (["journal", "--month", "2026-11", "--program", "xero"], "--program needs --currency"),
        (["journal", "--month", "2026-11", "--part", "2"], "--part needs --program"),
        (["ledger", "--month", "2026-11"], "has no --month"),
        (["ledger", "--part", "2"], "has no --part"),
    ],
)
def test_options_that_do_not_fit_are_wrong_usage(
    run: Run, arguments: list[str], fault: str
) -> None:
    ended = run("export", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert any(fault in line for line in ended.errors)
