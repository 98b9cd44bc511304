"""Monthly gifts of another system: adopted where they live at Stripe, listed where not, and nobody is mailed."""

from pathlib import Path

import pytest
from sqlalchemy import select

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.core.csv_lists import RejectedLine
from campaign.models import (
    Donation,
    Donor,
    GiftElsewhere,
    LedgerEntry,
    OutboxMessage,
    Receipt,
    Subscription,
)
from campaign.moving.gift_rows import LeftOutRow
from campaign.moving.monthly_import import MonthlyImport, MonthlyReport, import_monthly
from campaign.privacy.erasure import erase_person
from campaign.privacy.personal_data_export import collect_personal_data, find_data_subject
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank

HEADER = "id,subscription,customer,email,name,amount,currency,frequency,status,processor\n"


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def brought(
    bank: Bank, tmp_path: Path, *rows: str, dry_run: bool = False
) -> tuple[MonthlyReport, list[str]]:
    path = tmp_path / "monthly.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    refused: list[str] = []

    def heard(row: RejectedLine | LeftOutRow) -> None:
        refused.append(f"line {row.line}: {row.reason}")

    asked = MonthlyImport(path, preset="plain", system="old-crm", dry_run=dry_run)
    return import_monthly(bank.installation, asked, Actor.command_line(), heard), refused


def subscriptions(bank: Bank) -> list[tuple[str, int, str]]:
    with bank.installation.sessions() as session:
        found = session.scalars(select(Subscription).order_by(Subscription.id))
        return [(one.frequency, one.amount, one.state) for one in found]


def listed(bank: Bank) -> list[tuple[str, int, bool]]:
    with bank.installation.sessions() as session:
        found = session.scalars(select(GiftElsewhere).order_by(GiftElsewhere.id))
        return [(one.external_id, one.amount, one.ended_at is None) for one in found]


@pytest.mark.parametrize("by", ["subscription", "customer", "metadata", "words"])
def test_a_gift_at_stripe_is_adopted_with_its_past_and_goes_on(
    bank: Bank, tmp_path: Path, by: str
) -> None:
    made = bank.stripe.subscribe(700, metadata={"plan": "plan-9"})
    bank.stripe.advance(days=32)
    row = {
        "subscription": f"9,{made['id']},,,,,,,active,stripe",
        "customer": f"9,,{made['customer']},,,,,,active,stripe",
        "metadata": "plan-9,,,,,,,,active,stripe",
        "words": "9,,,Mona@example.org,,7.00,usd,month,active,stripe",
    }[by]
    report, refused = brought(bank, tmp_path, row)
    assert (report.adopted, report.past, refused) == (1, 2, [])
    again, _ = brought(bank, tmp_path, row)
    assert (again.adopted, again.known) == (0, 1)
    assert subscriptions(bank) == [("monthly", 700, "active")]
    with bank.installation.sessions() as session:
        assert not session.scalars(select(OutboxMessage)).all()
        assert not session.scalars(select(Receipt)).all()
        assert all(session.scalars(select(LedgerEntry.past)))
    bank.deliver()
    assert len(bank.entries()) == 2
    bank.stripe.advance(days=31)
    bank.deliver()
    with bank.installation.sessions() as session:
        newest = session.scalars(select(Donation).order_by(Donation.id.desc())).first()
        assert newest is not None
        assert [one.kind for one in newest.receipts] == ["receipt"]
        assert list(session.scalars(select(OutboxMessage.kind))) == ["receipt"]
    bank.require_order()
    assert bank.reconcile(apply=True).discrepancies == bank.reconcile().discrepancies == []


def test_gifts_elsewhere_are_listed_brought_up_to_date_and_ended(
    bank: Bank, tmp_path: Path
) -> None:
    rows = (
        "P1,,,bo@reader.test,Bo,10.00,usd,month,active,PayPal",
        "P2,sub_of_another_account,,cy@reader.test,Cy,60.00,usd,year,active,stripe",
        "P3,,,di@reader.test,Di,5.00,usd,month,canceled,PayPal",
        "P4,,,,Ed,5.00,usd,month,active,PayPal",
        "P5,,,fay@reader.test,Fay,5.00,usd,month,mysterious,PayPal",
    )
    report, refused = brought(bank, tmp_path, *rows, dry_run=True)
    assert (report.listed, listed(bank)) == (2, [])
    report, refused = brought(bank, tmp_path, *rows)
    assert (report.listed, report.refused) == (2, 2)
    assert [line.partition(":")[0] for line in refused] == ["line 4", "line 5", "line 6"]
    assert listed(bank) == [("P1", 1000, True), ("P2", 6000, True)]
    report, _ = brought(
        bank,
        tmp_path,
        "P1,,,bo@reader.test,Bo,12.00,usd,month,active,PayPal",
        "P2,,,cy@reader.test,Cy,60.00,usd,year,canceled,stripe",
    )
    assert (report.listed, report.listed_before, report.ended) == (0, 1, 1)
    assert listed(bank) == [("P1", 1200, True), ("P2", 6000, False)]


def test_a_donor_of_a_gift_elsewhere_is_exported_and_erased_for_good(
    bank: Bank, tmp_path: Path
) -> None:
    row = "P1,,,bo@reader.test,Bo,10.00,usd,month,active,PayPal"
    brought(bank, tmp_path, row)
    with bank.installation.sessions.begin() as session:
        person = find_data_subject(session, "bo@reader.test")
        data = collect_personal_data(session, person)
        assert [one["external_id"] for one in data["gifts_elsewhere"]] == ["P1"]
        erase_person(session, person, Actor.command_line(), now())
    report, _ = brought(bank, tmp_path, row)
    assert (report.listed, report.listed_before) == (0, 1)
    with bank.installation.sessions() as session:
        found = session.scalars(select(GiftElsewhere)).one().donor
        assert (found.email, found.name) == ("", "")
        known = select(Donor).where(Donor.email == "bo@reader.test")
        assert session.scalars(known).all() == []
