"""`campaign reconcile` reports what was lost, repairs it with `--apply`, and then reports nothing."""

import re
import subprocess
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select

from campaign.core.clock import now
from campaign.models import Heartbeat, ReconciliationRun, StaffRole
from campaign.reporting.alerts import find_problems
from sandbox.stripe import StripeSandbox
from tests.campaign.cli.conftest import PROGRAM, ROOT, Run, run_with
from tests.conftest import UNREACHABLE, sandbox_address
from tests.support.offline_gifts import HERE
from tests.support.reconciliation import Bank
from tests.support.staff import StaffMaker

RECONCILE = ("reconcile",)
NOTHING = "no discrepancies.\n"


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def lost(bank: Bank) -> str:
    """The public ID of a paid gift of $25 whose events were lost."""
    bank.stripe.pay(bank.give())
    bank.deliver(lose="*")
    return bank.donation().public_id


def test_a_lost_payment_is_found_and_repaired(run: Run, bank: Bank, lost: str) -> None:
    ended = run(*RECONCILE)
    assert (ended.status, ended.errors) == (1, [])
    line, summary = ended.out.splitlines()
    assert re.fullmatch(
        rf"dif_[0-9a-f]{{16}}: donation {lost}: Stripe charged"
        r" 25\.00 USD \(ch_\w+, pi_\w+, txn_\w+\) on \d{4}-\d\d-\d\d,"
        " the ledger has no entry",
        line,
    )
    assert summary == "Compared 1 balance transaction of 1 payment; 1 discrepancy."
    assert bank.donation().state == "pending"

    ended = run(*RECONCILE, "--apply")
    assert (ended.status, ended.errors) == (0, [])
    assert ended.out == (
        f"repaired: {line}\nCompared 1 balance transaction of 1 payment; 1 discrepancy, 1 repaired.\n"
    )
    assert bank.donation().state == "paid"
    assert [entry[0] for entry in bank.entries()] == ["payment", "fee"]

    for again in (RECONCILE, (*RECONCILE, "--apply")):
        ended = run(*again)
        assert (ended.status, ended.errors) == (0, [])
        assert ended.out == "Compared 1 balance transaction of 1 payment; no discrepancies.\n"
    assert run("ledger", "check").status == 0


def test_a_lost_refund_is_found_and_repaired(run: Run, bank: Bank) -> None:
    session = bank.give()
    bank.stripe.pay(session)
    bank.deliver()
    made = bank.stripe.refund(session, 1000)
    bank.deliver(lose="*")
    ended = run(*RECONCILE)
    assert ended.status == 1
    assert f"Stripe refunded 10.00 USD ({made['id']}, pi_" in ended.out
    assert "1 fee not booked yet; 1 discrepancy.\n" in ended.out
    assert run(*RECONCILE, "--apply").status == 0
    assert bank.donation().state == "partially_refunded"
    assert run(*RECONCILE).status == 0


def test_each_run_has_a_page_with_its_findings(
    run: Run, bank: Bank, lost: str, staff: StaffMaker
) -> None:
    for more in ((), ("--apply",), ()):
        run(*RECONCILE, *more)
    client = staff(StaffRole.finance)
    listed = client.get("/staff/reconciliations").text
    outcomes = ("no discrepancies", "1 discrepancy, 1 repaired", "1 discrepancy<")
    assert [listed.index(words) for words in outcomes] == sorted(map(listed.index, outcomes))
    newest = max(int(found) for found in re.findall(r"/staff/reconciliations/(\d+)", listed))
    first = client.get(f"/staff/reconciliations/{newest - 2}").text
    assert f'href="/staff/donations/{lost}"' in first
    assert "Stripe charged 25.00 USD" in first
    assert "No open discrepancies in the last run" in client.get("/staff/books").text
    assert "ledger repaired" in client.get("/staff/audit?action=ledger.").text
    assert client.get("/staff/reconciliations/999").status_code == 404


def test_what_cannot_be_repaired_remains(run: Run, bank: Bank) -> None:
    bank.stripe.pay(bank.give())
    bank.deliver()
    account = bank.stripe.account
    with account.transaction():
        account.change(account.every("balance_transaction")[0], amount=2600)
    for arguments in (RECONCILE, (*RECONCILE, "--apply")):
        ended = run(*arguments)
        assert ended.status == 1
        assert "Stripe charged 26.00 USD" in ended.out
        assert "the ledger has 25.00 USD" in ended.out
        assert "repaired" not in ended.out


def change_the_amount(bank: Bank, amount: int) -> None:
    account = bank.stripe.account
    with account.transaction():
        account.change(account.every("balance_transaction")[0], amount=amount)


def test_a_settled_discrepancy_is_closed_until_its_amount_changes(run: Run, bank: Bank) -> None:
    bank.stripe.pay(bank.give())
    bank.deliver()
    change_the_amount(bank, 2600)
    first = run(*RECONCILE).out.split(":")[0]
    # Found again another time, in another window, it has the same id.
    assert run(*RECONCILE, "--since", "2026-01-01").out.split(":")[0] == first
    assert run(*RECONCILE, "--apply").out.split(":")[0] == first

    ended = run(*RECONCILE, "settle", first, "--reason", "The bank rounded; a dollar of theirs.")
    assert (ended.status, ended.errors) == (0, [])
    assert ended.out.startswith(f"Settled {first}: donation don_")
    for arguments in ((), ("--apply",)):
        ended = run(*RECONCILE, *arguments)
        assert ended.status == 0
        assert "Stripe charged" not in ended.out
        assert "; 1 discrepancy settled; " in ended.out
    ended = run(*RECONCILE, "--all")
    assert ended.status == 0
    assert f"settled: {first}: donation don_" in ended.out
    assert "by command line: " in ended.out
    assert ended.out.splitlines()[0].endswith(": The bank rounded; a dollar of theirs.")
    assert "No open discrepancies" in run("review").out or "Nothing needs" in run("review").out

    change_the_amount(bank, 2700)
    ended = run(*RECONCILE)
    assert ended.status == 1
    second = ended.out.split(":")[0]
    assert second != first
    assert second.startswith("dif_")


def test_what_cannot_be_settled_is_refused_in_a_sentence(run: Run, bank: Bank, lost: str) -> None:
    found = run(*RECONCILE).out.split(":")[0]
    settle = (*RECONCILE, "settle")
    for arguments, why in (
        ((found,), "Give a reason why the discrepancy is right as it is."),
        ((found, "--reason", "  "), "Give a reason why the discrepancy is right as it is."),
        ((found, "--reason", "x" * 501), "The reason has 501 characters; at most 500 fit."),
        (("dif_0123456789abcdef", "--reason", "so"), "No run has reported a discrepancy"),
        (("12", "--reason", "so"), "No run has reported a discrepancy '12'."),
    ):
        ended = run(*settle, *arguments)
        assert (ended.status, len(ended.errors)) == (1, 1)
        assert why in ended.errors[0]
    assert run(*settle, found, "--reason", "A test of ours.").status == 0
    ended = run(*settle, found, "--reason", "Again.")
    assert (ended.status, len(ended.errors)) == (1, 1)
    assert "was settled by command line: " in ended.errors[0]
    assert "A test of ours." in ended.errors[0]
    assert run(*RECONCILE, "--apply", "settle", found, "--reason", "so").status == 2


def test_a_settled_loss_is_not_repaired_and_a_repaired_one_not_settled(
    run: Run, bank: Bank, lost: str
) -> None:
    found = run(*RECONCILE).out.split(":")[0]
    assert run(*RECONCILE, "settle", found, "--reason", "Ours, a test.").status == 0
    assert run(*RECONCILE, "--apply").status == 0
    assert bank.donation().state == "pending"
    bank.stripe.pay(bank.give())
    bank.deliver(lose="*")
    other = re.findall(r"repaired: (dif_\w+)", run(*RECONCILE, "--apply").out)
    assert len(other) == 1
    ended = run(*RECONCILE, "settle", other[0], "--reason", "so")
    assert ended.status == 1
    assert "was repaired by run" in ended.errors[0]


def test_an_empty_ledger_has_no_discrepancies(run: Run, bank: Bank) -> None:
    ended = run(*RECONCILE)
    assert (ended.status, ended.out) == (
        0,
        f"Compared 0 balance transactions of 0 payments; {NOTHING}",
    )


def test_foreign_payments_are_only_counted(run: Run, bank: Bank) -> None:
    bank.shop()
    ended = run(*RECONCILE)
    assert ended.status == 0
    assert "; skipped 1 payment from other uses of the account; no discrepancies.\n" in ended.out


def test_since_is_a_date_in_the_organizations_zone_or_a_timestamp(
    run: Run, bank: Bank, lost: str
) -> None:
    yesterday = datetime.combine(now().date() - timedelta(days=1), time(3), UTC)
    account = bank.stripe.account
    with account.transaction():
        moved = account.every("balance_transaction")[0]
        account.change(moved, created=int(yesterday.timestamp()))
    # Three in the morning in Greenwich is the evening before in Los Angeles.
    day = yesterday.date().isoformat()
    assert run(*RECONCILE, "--since", day).status == 0
    assert run(*RECONCILE, "--since", day, ORG_TIMEZONE="UTC").status == 1
    assert run(*RECONCILE, "--since", yesterday.isoformat()).status == 1


@pytest.mark.parametrize("since", ["yesterday", ""])
def test_a_bad_date_is_one_line(run: Run, bank: Bank, since: str) -> None:
    ended = run(*RECONCILE, "--since", since)
    assert (ended.status, ended.out, len(ended.errors)) == (1, "", 1)


def test_an_unreachable_stripe_is_a_one_line_error(run: Run, bank: Bank) -> None:
    ended = run(*RECONCILE, STRIPE_API_BASE=UNREACHABLE)
    assert (ended.status, ended.out, len(ended.errors)) == (1, "", 1)
    assert ended.errors[0].startswith("Stripe cannot be reached: ")


def test_the_command_explains_itself_without_any_settings() -> None:
    ended = run_with({}, *RECONCILE, "--help")
    assert (ended.status, ended.errors) == (0, [])
    assert "--apply" in ended.out


def scheduled(environ: dict[str, str], *tasks: str) -> str:
    """The last line of the output of these worker tasks."""
    calls = ", ".join(f"app.tasks['workers.upkeep.{task}']()" for task in tasks)
    program = f"from workers import app; app.loader.import_default_modules(); print({calls})"
    done = subprocess.run(
        [PROGRAM[0], "-c", program],
        env=environ | {"BROKER_URL": "redis://127.0.0.1:9/0", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.splitlines()[-1]


def test_the_scheduled_tasks_book_fees_and_match_returns(
    environ: dict[str, str], bank: Bank
) -> None:
    session = bank.give()
    bank.stripe.pay(session)
    bank.deliver(lose="*")
    bank.stripe.refund(session, 1000)
    bank.deliver()
    assert scheduled(environ, "match_evidence", "book_fees") == "1 1"
    assert [entry[0] for entry in bank.entries()] == ["payment", "refund", "fee"]
    with bank.installation.sessions() as database:
        beats = database.scalars(select(Heartbeat.job).where(Heartbeat.succeeded_at.is_not(None)))
        assert set(beats) == {"book-fees", "match-evidence"}


def test_a_scheduled_finding_needs_attention_until_it_is_repaired(
    environ: dict[str, str], run: Run, bank: Bank, lost: str, staff: StaffMaker
) -> None:
    assert scheduled(environ, "reconcile") == "1"
    assert "Discrepancies with Stripe: 1\n" in run("review").out
    page = staff(StaffRole.viewer).get("/staff/").text
    assert "1 discrepancy between the ledger and Stripe" in page
    with bank.installation.sessions() as database:
        problems = find_problems(database, now(), HERE)
        assert any(
            "1 discrepancy between the ledger and Stripe" in one for one in problems.values()
        )
        assert database.scalars(select(ReconciliationRun.requested_by)).one() == "schedule"
    assert run(*RECONCILE, "--apply").status == 0
    assert "Discrepancies with Stripe" not in run("review").out
    assert bank.donation().public_id == lost
