"""A run of reconciliation is saved with what it found, what stopped it, and who repaired the ledger."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.core.errors import GatewayUnavailable
from campaign.models import AuditEntry, ReconciliationRun, StaffRole
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.recorded_run import run_reconciliation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank

FAY = Actor("fay@harbor-ledger.example", StaffRole.finance)


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def runs(bank: Bank) -> list[ReconciliationRun]:
    with bank.installation.sessions() as session:
        return list(session.scalars(select(ReconciliationRun).order_by(ReconciliationRun.id)))


def repairs(bank: Bank) -> list[tuple[str, str, str, object]]:
    with bank.installation.sessions() as session:
        found = session.scalars(select(AuditEntry).where(AuditEntry.action == "ledger.repaired"))
        return [(one.actor, one.subject_kind, one.subject_key, one.after) for one in found]


def lose_a_payment(bank: Bank) -> None:
    bank.stripe.pay(bank.give())
    bank.deliver(lose="*")


def test_a_run_that_only_looks_is_saved_and_no_repair_is_logged(bank: Bank) -> None:
    lose_a_payment(bank)
    shown: list[Discrepancy] = []
    before = now()
    result = run_reconciliation(bank.installation, None, FAY, on_discrepancy=shown.append)
    (run,) = runs(bank)
    assert (run.applied, run.requested_by, run.error) == (False, FAY.name, None)
    assert (run.discrepancy_count, run.repaired) == (result.found, 0) == (1, 0)
    assert run.ended_at is not None
    assert before <= run.started_at <= run.ended_at
    # Without a start, it looks back longer than a month of renewals.
    assert run.since == run.started_at - timedelta(days=35)
    assert [one["donation"] for one in run.discrepancies] == [shown[0].donation]
    assert (len(shown), repairs(bank)) == (1, [])


def test_a_repairing_run_is_logged_once_and_one_with_nothing_to_repair_is_not(bank: Bank) -> None:
    lose_a_payment(bank)
    since = now() - timedelta(days=2)
    assert run_reconciliation(bank.installation, since, FAY, apply=True).repaired == 1
    assert run_reconciliation(bank.installation, since, FAY, apply=True).found == 0
    first, second = runs(bank)
    assert (first.applied, first.since, first.repaired) == (True, since, 1)
    assert (second.applied, second.discrepancy_count, second.discrepancies) == (True, 0, [])
    assert repairs(bank) == [(FAY.name, "reconciliation", str(first.id), {"facts": 1})]


def test_a_run_that_stripe_interrupts_is_saved_with_its_error(
    bank: Bank, stripe: StripeSandbox
) -> None:
    stripe.stop()
    with pytest.raises(GatewayUnavailable):
        run_reconciliation(bank.installation, None, FAY, apply=True)
    (run,) = runs(bank)
    assert run.ended_at is not None
    assert (run.discrepancy_count, run.discrepancies) == (0, [])
    assert (run.error or "").startswith("GatewayUnavailable: Stripe cannot be reached")
    assert repairs(bank) == []
