"""Last night's backup is restored: the gifts begun since are found at Stripe, and no receipt number is given twice."""

from pathlib import Path

import psycopg
import pytest

from campaign.core.clock import now
from campaign.receipts.payment_notes import send_notes
from sandbox.stripe import StripeSandbox
from tests.campaign.cli.conftest import Run
from tests.conftest import sandbox_address
from tests.support.backups import run_program
from tests.support.offline_gifts import Enter
from tests.support.reconciliation import Bank

NUMBERS = """
    SELECT donation.public_id, receipt.kind, receipt.amount, receipt.year || '-' || receipt.sequence
    FROM receipt JOIN donation ON donation.id = receipt.donation_id WHERE donation.session_id IS NOT NULL
        OR donation.invoice_id IS NOT NULL ORDER BY 1, receipt.id
"""


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def rows(url: str, query: str = NUMBERS) -> list[tuple[object, ...]]:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return list(connection.execute(query).fetchall())


def test_the_gifts_since_the_backup_come_back_with_their_receipts(
    run: Run, bank: Bank, enter: Enter, bare: str, tmp_path: Path
) -> None:
    source = bank.installation.settings.database_url
    old = bank.give("10")
    bank.stripe.pay(old)
    bank.deliver()
    file = tmp_path / "last-night.zip"
    run_program(source, "backup", str(file))

    bank.stripe.refund(old, 400)
    bank.stripe.pay(bank.give("77"), name="Late Donor")
    bank.stripe.pay(bank.give("20", frequency="monthly", cover_fees="y"))
    bank.deliver()
    bank.stripe.advance(days=32)
    bank.deliver()
    enter(name="By Mail", amount="15")
    send_notes(bank.installation)
    before = rows(source)
    assert len(before) == 5

    told = run_program(bare, "restore", str(file))
    assert "No receipt is issued until the numbers given since then are read from Stripe" in told
    assert len(rows(bare)) == 1
    found = run("reconcile", DATABASE_URL=bare)
    assert found.status == 1
    assert found.out.count("the donation is not in this database; it belongs to campaign") == 3
    assert run("reconcile", "--apply", DATABASE_URL=bare).status == 0
    assert run("reconcile", DATABASE_URL=bare).status == 0
    assert run("ledger", "check", DATABASE_URL=bare).errors == []

    after = rows(bare)
    assert after == before
    # The check's number is known to be given, and to nobody here.
    highest = rows(source, "SELECT last FROM receipt_counter")
    assert rows(bare, "SELECT last FROM receipt_counter") == highest
    free = rows(
        bare,
        "SELECT reserved.year || '-' || reserved.sequence FROM reserved_receipt AS reserved"
        " LEFT JOIN receipt USING (year, sequence) WHERE receipt.id IS NULL",
    )
    assert free == [(f"{now():%Y}-{highest[0][0]}",)]
    # Repeated, nothing new.
    assert run("reconcile", "--apply", DATABASE_URL=bare).status == 0
    assert rows(bare) == before


def test_after_another_tool_receipts_are_held_by_command(run: Run, bank: Bank) -> None:
    ended = run("db", "hold-receipts", "--since", "2026-11-30T02:15:00+00:00")
    assert (ended.status, ended.errors) == (0, [])
    url = bank.installation.settings.database_url
    assert rows(url, "SELECT action, subject_key FROM audit_entry") == [
        ("receipts.held", "2026-11-30T02:15:00+00:00")
    ]
    bank.stripe.pay(bank.give())
    # The inbox asks Stripe first, and goes on.
    bank.deliver()
    assert bank.donation().state == "paid"
    ((since, read),) = rows(url, "SELECT backup_made_at, numbers_read_at FROM restoration")
    assert f"{since:%Y-%m-%d %H:%M}" == "2026-11-30 02:15"
    assert read is not None
    ended = run("db", "hold-receipts", "--since", "yesterday")
    assert (ended.status, len(ended.errors)) == (1, 1)
    assert run("db", "hold-receipts").status == 2
