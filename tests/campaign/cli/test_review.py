"""`campaign review`, and the scheduled task that finalizes results."""

import subprocess
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, select, update

from campaign.audit.heartbeats import JOBS
from campaign.auth.donors import make_donor_link
from campaign.core.clock import now
from campaign.models import (
    Campaign,
    Donor,
    DonorLinkPurpose,
    Heartbeat,
    InboxEvent,
    OutboxMessage,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.campaign.cli.conftest import PROGRAM, ROOT, Run
from tests.support.campaigns import end_now
from tests.support.stripe import Facts

Give = Callable[..., Facts]
Store = Callable[..., None]


def freeze(installation: Installation, environ: dict[str, str]) -> str:
    end_now(installation)
    return run_task(environ, "finalize")


def run_task(environ: dict[str, str], task: str) -> str:
    program = (
        "from workers import app; app.loader.import_default_modules();"
        f"print(app.tasks['workers.upkeep.{task}']())"
    )
    done = subprocess.run(
        [PROGRAM[0], "-c", program],
        env=environ | {"BROKER_URL": "redis://127.0.0.1:9/0", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.splitlines()[-1]


def test_nothing_needs_attention(run: Run, paid: Facts) -> None:
    ended = run("review")
    assert (ended.status, ended.out, ended.errors) == (0, "Nothing needs attention.\n", [])


def test_the_review_lists_each_item(
    run: Run, installation: Installation, paid: Facts, give: Give, store: Store
) -> None:
    unknown = give()
    store(
        paid.disputed("created", "warning_needs_response"),
        paid.fraud_warned(),
        paid.refunded("a", 1000),
        paid.refund_failed("a", 1000),
        unknown.refunded("b", 1000),
    )
    apply_due_events(installation)
    with installation.sessions.begin() as session:
        given_up = session.scalars(select(InboxEvent.id).order_by(InboxEvent.id).limit(1)).one()
        session.execute(
            update(InboxEvent)
            .where(InboxEvent.id == given_up)
            .values(state="given_up", last_error="KeyError:\n'amount'", attempts=12)
        )
        session.execute(update(OutboxMessage).values(state="failed", last_error="550 unknown"))
        session.execute(update(Campaign).values(created_at=now() - timedelta(days=9)))
    ended = run("review")
    assert (ended.status, ended.errors) == (0, [])
    lines = ended.out.splitlines()
    for title, line in (
        ("Disputes and inquiries: 1", f"  {paid.donation.public_id}  $25 USD  inquiry du_"),
        ("Fraud warnings (a refund now avoids a dispute): 1", f"  {paid.donation.public_id}  $25"),
        ("Refunds with problems: 1", f"  {paid.donation.public_id}  $10 USD  re_"),
        ("Events that could not be applied: 1", f"  {given_up}  checkout.session.completed of "),
        ("Unmatched refunds and disputes: 1", "  refund re_"),
    ):
        assert lines[lines.index(title) + 1].startswith(line), title
    assert f"12 attempts: KeyError: 'amount'  Once fixed: campaign events replay {given_up}" in (
        ended.out
    )
    assert "to ana@example.org, " in ended.out
    assert f"Overdue jobs: {len(JOBS) - 1}" in lines
    assert "  sweep-inbox  overdue; never ran" in lines


def test_an_unreachable_database_is_a_one_line_error(run: Run) -> None:
    ended = run("review", DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")
    assert (ended.status, ended.out, len(ended.errors)) == (1, "", 1)


def test_the_scheduled_task_finalizes_the_result_once_with_a_heartbeat(
    installation: Installation, environ: dict[str, str], paid: Facts
) -> None:
    assert freeze(installation, environ) == "1"
    assert freeze(installation, environ) == "0"
    with installation.sessions() as session:
        assert session.scalars(select(Campaign.final_raised)).one() == 2500
        assert session.get_one(Heartbeat, "finalize").succeeded_at is not None


def test_the_scheduled_task_purges_expired_data_with_a_heartbeat(
    installation: Installation, environ: dict[str, str], paid: Facts
) -> None:
    with installation.sessions.begin() as session:
        donor = session.get_one(Donor, paid.donation.donor_id)
        make_donor_link(session, donor, DonorLinkPurpose.open, "", now() - timedelta(days=2))
    freeze(installation, environ)
    assert run_task(environ, "purge_expired") == "1", "finalizing left it"
    assert run_task(environ, "purge_expired") == "0"
    with installation.sessions() as session:
        assert session.get_one(Heartbeat, "purge-expired").succeeded_at is not None


def test_every_scheduled_job_has_its_heartbeat(environ: dict[str, str]) -> None:
    done = subprocess.run(
        [PROGRAM[0], "-c", "from workers import app; print(*app.conf.beat_schedule)"],
        env=environ | {"BROKER_URL": "redis://127.0.0.1:9/0", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert set(done.stdout.split()) <= set(JOBS)


def test_the_cron_job_has_a_heartbeat_and_a_dry_run_does_not(
    run: Run, installation: Installation, campaign: Campaign
) -> None:
    def beats() -> int:
        with installation.sessions() as session:
            return session.scalar(select(func.count()).select_from(Heartbeat)) or 0

    assert run("deadline-emails", "--dry-run").status == 0
    assert beats() == 0
    assert run("deadline-emails").status == 0
    assert beats() == 1
