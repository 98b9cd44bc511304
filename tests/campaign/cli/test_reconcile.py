"""`campaign reconcile` names what was lost, mends it with `--apply`, and then has nothing to say."""

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
NOTHING = "no difference.\n"


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def lost(bank: Bank) -> str:
    """The public id of a gift of $25 that was paid and of which no event arrived."""
    bank.stripe.pay(bank.give())
    bank.deliver(lose="*")
    return bank.donation().public_id


def test_a_lost_payment_is_found_and_mended(run: Run, bank: Bank, lost: str) -> None:
    ended = run(*RECONCILE)
    assert (ended.status, ended.errors) == (1, [])
    line, summary = ended.out.splitlines()
    assert re.fullmatch(
        rf"donation {lost}: Stripe charged 25\.00 USD \(ch_\w+, pi_\w+, txn_\w+\) on \d{{4}}-\d\d-\d\d,"
        " the ledger has no entry",
        line,
    )
    assert summary == "1 movement of 1 payment compared; 1 difference."
    assert bank.donation().state == "pending"

    ended = run(*RECONCILE, "--apply")
    assert (ended.status, ended.errors) == (0, [])
    assert ended.out == (
        f"mended: {line}\n1 movement of 1 payment compared; 1 difference, 1 mended.\n"
    )
    assert bank.donation().state == "paid"
    assert [entry[0] for entry in bank.entries()] == ["payment", "fee"]

    for again in (RECONCILE, (*RECONCILE, "--apply")):
        ended = run(*again)
        assert (ended.status, ended.errors) == (0, [])
        assert ended.out == "1 movement of 1 payment compared; no difference.\n"
    assert run("ledger", "check").status == 0


def test_a_lost_refund_is_found_and_mended(run: Run, bank: Bank) -> None:
    session = bank.give()
    bank.stripe.pay(session)
    bank.deliver()
    made = bank.stripe.refund(session, 1000)
    bank.deliver(lose="*")
    ended = run(*RECONCILE)
    assert ended.status == 1
    assert f"Stripe refunded 10.00 USD ({made['id']}, pi_" in ended.out
    assert "1 fee not booked yet; 1 difference.\n" in ended.out
    assert run(*RECONCILE, "--apply").status == 0
    assert bank.donation().state == "partially_refunded"
    assert run(*RECONCILE).status == 0


def test_each_run_stands_on_a_page_with_what_it_found(
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
    assert "Stripe took 25.00 USD" in first
    assert "No open discrepancies in the last run" in client.get("/staff/books").text
    assert "ledger mended" in client.get("/staff/audit?action=ledger.").text
    assert client.get("/staff/reconciliations/999").status_code == 404


def test_what_cannot_be_mended_stays(run: Run, bank: Bank) -> None:
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


def test_nothing_at_all_is_in_order(run: Run, bank: Bank) -> None:
    ended = run(*RECONCILE)
    assert (ended.status, ended.out) == (0, f"0 movements of 0 payments compared; {NOTHING}")


def test_payments_of_others_are_only_counted(run: Run, bank: Bank) -> None:
    bank.shop()
    ended = run(*RECONCILE)
    assert ended.status == 0
    assert "; 1 payment of others on the same account left out; no difference.\n" in ended.out


def test_since_is_a_day_of_the_organisation_or_an_instant(run: Run, bank: Bank, lost: str) -> None:
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


def test_stripe_out_of_reach_is_one_line(run: Run, bank: Bank) -> None:
    ended = run(*RECONCILE, STRIPE_API_BASE=UNREACHABLE)
    assert (ended.status, ended.out, len(ended.errors)) == (1, "", 1)
    assert ended.errors[0].startswith("Stripe cannot be reached: ")


def test_the_command_explains_itself_without_any_settings() -> None:
    ended = run_with({}, *RECONCILE, "--help")
    assert (ended.status, ended.errors) == (0, [])
    assert "--apply" in ended.out


def scheduled(environ: dict[str, str], *tasks: str) -> str:
    """The last line of what these tasks of a worker return."""
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


def test_what_the_schedule_finds_waits_for_staff_until_it_is_mended(
    environ: dict[str, str], run: Run, bank: Bank, lost: str, staff: StaffMaker
) -> None:
    assert scheduled(environ, "reconcile") == "1"
    assert "Differences from Stripe: 1\n" in run("review").out
    page = staff(StaffRole.viewer).get("/staff/").text
    assert "1 discrepancy between the ledger and Stripe" in page
    with bank.installation.sessions() as database:
        problems = find_problems(database, now(), HERE)
        assert any(
            "1 discrepancy between the ledger and Stripe" in one for one in problems.values()
        )
        assert database.scalars(select(ReconciliationRun.asked_by)).one() == "schedule"
    assert run(*RECONCILE, "--apply").status == 0
    assert "Differences from Stripe" not in run("review").out
    assert bank.donation().public_id == lost
