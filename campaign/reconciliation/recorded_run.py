"""Run a reconciliation and save its result for the staff pages."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core import clock
from campaign.models import Restoration
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.run import WINDOW, OnDiscrepancy, Reconciliation, reconcile
from campaign.reconciliation.runs import begin_run, end_run
from campaign.runtime.context import Installation


def run_reconciliation(
    installation: Installation,
    since: datetime | None,
    actor: Actor,
    *,
    apply: bool = False,
    on_discrepancy: OnDiscrepancy | None = None,
    patience: float = 0,
) -> Reconciliation:
    """Run `reconcile`; save the run and its discrepancies, and add repairs to the audit log."""
    at = clock.now()
    with installation.sessions.begin() as session:
        start = since or _usual_start(session, at)
        run_id = begin_run(session, start, applied=apply, requested_by=actor.name, at=at).id
    found: list[Discrepancy] = []

    def keep(one: Discrepancy) -> None:
        found.append(one)
        if on_discrepancy is not None:
            on_discrepancy(one)

    try:
        result = reconcile(installation, start, apply=apply, on_discrepancy=keep, patience=patience)
    except Exception as error:
        _end(installation, run_id, found, f"{type(error).__name__}: {error}"[:1000])
        raise
    _end(installation, run_id, found, None)
    if result.repaired:
        with installation.sessions.begin() as session:
            subject = Subject("reconciliation", str(run_id))
            record(session, actor, "ledger.repaired", subject, after={"facts": result.repaired})
    return result


def _usual_start(session: Session, at: datetime) -> datetime:
    """Return the start of the usual window; soon after a restore, the time of the backup if that is earlier."""
    made = session.scalar(
        select(func.min(Restoration.backup_made_at)).where(Restoration.restored_at > at - WINDOW)
    )
    return min(at - WINDOW, made) if made is not None else at - WINDOW


def _end(
    installation: Installation, run_id: int, found: list[Discrepancy], error: str | None
) -> None:
    zone = clock.zone(installation.settings.organization.timezone)
    with installation.sessions.begin() as session:
        end_run(session, run_id, found, zone, clock.now(), error)
