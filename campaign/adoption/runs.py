"""Requests to take in, or leave alone, some or all of what a filter finds: a row that a worker carries out.

Each object is its own transaction, so a run that dies is simply begun again: what is booked already is passed over.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.adoption.facts import AdoptionRefused
from campaign.adoption.flow import AdoptionOrder, take_in
from campaign.adoption.unknown import AccountFilter, iterate
from campaign.audit.audit_log import Actor, Subject, record
from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock
from campaign.core.errors import (
    CampaignError,
    FactMismatch,
    GatewayRefused,
    GatewayUnavailable,
    NotFound,
)
from campaign.models import AccountObject, AdoptionAction, AdoptionRun, LeftAlone, StaffRole
from campaign.runtime.context import Installation

LEASE = timedelta(minutes=5)
"""How long a worker may be silent before another one continues its run."""

MOST_REFUSALS = 200
"""The most refusals kept with a run; the count has all."""

PAGE = 20
TASK = "workers.upkeep.take_in_payments"

log = get_logger(__name__)


def begin_run(
    session: Session,
    action: AdoptionAction,
    asked: AccountFilter,
    order: AdoptionOrder,
    names: Sequence[str],
    actor: Actor,
) -> AdoptionRun:
    """Create a run for `names`, or without names for all that `asked` finds. Raises NotFound for the campaign."""
    taking = action is AdoptionAction.take_in
    campaign = find_campaign(session, order.slug) if taking else None
    run = AdoptionRun(
        requested_by=actor.name,
        action=action.value,
        campaign_id=campaign.id if campaign else None,
        kind=asked.kind.value,
        since=asked.since,
        until=asked.until,
        search="" if names else asked.search,
        names=list(names),
        email=order.email,
        receipts=order.receipts,
    )
    session.add(run)
    session.flush()
    after = {"what": len(names) or "all that the filter finds", "kind": asked.kind.value}
    verb = "requested" if taking else "left_alone"
    subject = Subject("adoption", str(run.id), run.campaign_id)
    record(session, actor, f"adoption.{verb}", subject, after=after)
    return run


def take_back(session: Session, names: Sequence[str], actor: Actor) -> None:
    """List `names` again, which were left alone."""
    for name in names:
        row = session.get(LeftAlone, name)
        if row is not None:
            session.delete(row)
    subject = Subject("adoption", names[0] if len(names) == 1 else "several")
    record(session, actor, "adoption.listed_again", subject, after={"what": len(names)})


def recent_runs(session: Session) -> Sequence[AdoptionRun]:
    """Return the newest runs."""
    return session.scalars(select(AdoptionRun).order_by(AdoptionRun.id.desc()).limit(PAGE)).all()


def find_run(session: Session, run_id: int) -> AdoptionRun:
    """Return one run; raises NotFound."""
    run = session.get(AdoptionRun, run_id)
    if run is None:
        raise NotFound(f"There is no request {run_id} to take in payments.")
    return run


def carry_out_runs(installation: Installation) -> int:
    """Carry out every waiting run; return how many were finished. Raises GatewayUnavailable: the run then waits."""
    finished = 0
    while (run_id := _claim(installation, clock.now())) is not None:
        _carry_out(installation, run_id)
        finished += 1
    return finished


def _claim(installation: Installation, at: datetime) -> int | None:
    """Take the oldest run that no living worker has."""
    with installation.sessions.begin() as session:
        run = session.scalar(
            select(AdoptionRun)
            .where(
                AdoptionRun.finished_at.is_(None),
                or_(AdoptionRun.lease_until.is_(None), AdoptionRun.lease_until < at),
            )
            .order_by(AdoptionRun.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if run is None:
            return None
        run.lease_until = at + LEASE
        # It begins again: what it did before is known by now.
        run.looked_at = run.refused = run.known = 0
        run.refusals = []
        return run.id


def _carry_out(installation: Installation, run_id: int) -> None:
    with installation.sessions() as session:
        run = find_run(session, run_id)
        slug = run.campaign.slug if run.campaign else ""
    order = AdoptionOrder(slug, run.email, run.receipts)
    try:
        for looked_at, name in _names(installation, run):
            if name is not None:
                _do_one(installation, run, order, name)
            _proceed(installation, run_id, looked_at=looked_at)
    except GatewayUnavailable as error:
        _note(installation, run_id, str(error))
        raise
    except CampaignError as error:
        _finish(installation, run_id, str(error))
        return
    _finish(installation, run_id, None)


def _names(installation: Installation, run: AdoptionRun) -> Iterator[tuple[int, str | None]]:
    if run.names:
        yield from ((1, name) for name in run.names)
        return
    asked = AccountFilter(AccountObject(run.kind), run.since, run.until, run.search)
    for looked_at, item in iterate(installation, asked):
        yield looked_at, item.stripe_id if item else None


def _do_one(installation: Installation, run: AdoptionRun, order: AdoptionOrder, name: str) -> None:
    if run.action == AdoptionAction.leave_alone:
        with installation.sessions.begin() as session:
            row = {"stripe_id": name, "left_by": run.requested_by}
            session.execute(insert(LeftAlone).values(row).on_conflict_do_nothing())
        _proceed(installation, run.id, done=1)
        return
    actor = Actor(run.requested_by, StaffRole.finance)
    try:
        found = take_in(installation, name, order, actor)
    except (AdoptionRefused, FactMismatch, GatewayRefused) as error:
        log.info("adoption_refused", stripe_id=name, reason=str(error))
        _refuse(installation, run.id, name, str(error))
        return
    known = found.known and not found.gifts
    _proceed(installation, run.id, done=0 if known else 1, known=1 if known else 0)


def _proceed(
    installation: Installation, run_id: int, *, looked_at: int = 0, done: int = 0, known: int = 0
) -> None:
    with installation.sessions.begin() as session:
        session.execute(
            update(AdoptionRun)
            .where(AdoptionRun.id == run_id)
            .values(
                looked_at=AdoptionRun.looked_at + looked_at,
                done=AdoptionRun.done + done,
                known=AdoptionRun.known + known,
                lease_until=clock.now() + LEASE,
                error=None,
            )
        )


def _refuse(installation: Installation, run_id: int, name: str, sentence: str) -> None:
    with installation.sessions.begin() as session:
        run = session.get_one(AdoptionRun, run_id, with_for_update=True)
        run.refused += 1
        if len(run.refusals) < MOST_REFUSALS:
            run.refusals = [*run.refusals, {"stripe_id": name, "sentence": sentence}]


def _note(installation: Installation, run_id: int, error: str) -> None:
    """Record why a run waits; the next one is tried in a minute."""
    with installation.sessions.begin() as session:
        run = session.get_one(AdoptionRun, run_id)
        run.error, run.lease_until = error[:1000], clock.now() + timedelta(minutes=1)


def _finish(installation: Installation, run_id: int, error: str | None) -> None:
    with installation.sessions.begin() as session:
        run = session.get_one(AdoptionRun, run_id)
        run.finished_at, run.lease_until = clock.now(), None
        run.error = error[:1000] if error else None
        run.search = run.email = ""
