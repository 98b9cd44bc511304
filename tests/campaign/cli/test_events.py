"""`campaign events recover`, and the scheduled task that does the same."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select
from stripe import StripeClient

from campaign.core.clock import now
from campaign.models import AuditEntry, Donation
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.campaign.cli.conftest import PROGRAM, ROOT, Run, run_with
from tests.conftest import UNREACHABLE, sandbox_address
from tests.support.stripe import Facts
from tests.support.stripe_shapes import documented

RECOVER = ("events", "recover")


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def lost(stripe: StripeSandbox, give: Callable[..., Facts]) -> Facts:
    """A gift whose only event was lost."""
    client = StripeClient("sk_test_sandbox", base_addresses={"api": sandbox_address(stripe)})
    client.v1.webhook_endpoints.create(
        {"url": f"{UNREACHABLE}/stripe/webhook", "enabled_events": ["*"]}
    )
    stripe.deliver("lose")
    facts = give()
    with stripe.account.transaction():
        stripe.account.emit("checkout.session.completed", facts.session())
    return facts


def state(installation: Installation) -> str:
    with installation.sessions() as session:
        return session.scalars(select(Donation.state)).one()


def test_lost_events_are_applied_and_repeating_is_harmless(
    run: Run, installation: Installation, lost: Facts
) -> None:
    ended = run(*RECOVER)
    assert (ended.status, ended.out) == (0, "1 event fetched, 1 new; all applied.\n")
    assert state(installation) == "paid"
    ended = run(*RECOVER)
    assert (ended.status, ended.out) == (0, "1 event fetched, 0 new; all applied.\n")
    assert ended.errors == []
    assert run("ledger", "check").status == 0


@pytest.mark.parametrize(
    ("since", "fetched"),
    [("2020-01-01", 1), ("2026-01-01T00:00:00-08:00", 1), ("2199-12-31", 0)],
)
def test_since_is_a_date_or_a_timestamp(run: Run, lost: Facts, since: str, fetched: int) -> None:
    ended = run(*RECOVER, "--since", since)
    assert ended.status == 0
    assert ended.out.startswith(f"{fetched} event")


def test_a_day_starts_in_the_organizations_time_zone(
    run: Run, lost: Facts, stripe: StripeSandbox
) -> None:
    yesterday = datetime.combine(now().date() - timedelta(days=1), time(3), UTC)
    with stripe.account.transaction():
        made = stripe.account.every("event")[0]
        stripe.account.change(made, created=int(yesterday.timestamp()))
    # Three in the morning in Greenwich is the evening before in Los Angeles.
    day = yesterday.date().isoformat()
    assert run(*RECOVER, "--since", day).out.startswith("0 events")
    assert run(*RECOVER, "--since", day, ORG_TIMEZONE="UTC").out.startswith("1 event ")


@pytest.mark.parametrize("since", ["yesterday", "01.12.2026", "2026-02-30", "", "2026-12-01T25:00"])
def test_a_bad_date_is_one_line(
    run: Run, lost: Facts, installation: Installation, since: str
) -> None:
    ended = run(*RECOVER, "--since", since)
    assert (ended.status, ended.out, len(ended.errors)) == (1, "", 1)
    assert state(installation) == "pending"


def test_an_unreachable_stripe_is_a_one_line_error_and_loses_nothing(
    run: Run, installation: Installation, lost: Facts
) -> None:
    ended = run(*RECOVER, STRIPE_API_BASE=UNREACHABLE)
    assert (ended.status, ended.out, len(ended.errors)) == (1, "", 1)
    assert ended.errors[0].startswith("Stripe cannot be reached: ")
    assert run(*RECOVER).out.startswith("1 event fetched, 1 new")


def test_a_failed_event_is_not_reported_as_applied(
    run: Run, lost: Facts, stripe: StripeSandbox
) -> None:
    with stripe.account.transaction():
        stripe.account.emit("payment_intent.succeeded", {"id": "pi_odd"})
    ended = run(*RECOVER)
    (odd,) = [found["id"] for found in stripe.events("payment_intent.succeeded")]
    assert ended.status == 1
    first, second = ended.out.splitlines()
    assert first == "2 events fetched, 2 new; 1 could not be applied yet:"
    assert second.startswith(f"  {odd}  payment_intent.succeeded, held: EventHeld: ")
    assert len(ended.errors) == 1
    assert ended.errors[0].startswith("1 event could not be applied yet. Remove the cause")


def test_skipped_events_are_reported(run: Run, lost: Facts) -> None:
    ended = run(*RECOVER, STRIPE_SECRET_KEY="sk_live_sandbox")
    assert ended.out == ""
    assert ended.status == 1


def test_an_event_of_another_version_waits_until_its_object_can_be_read(
    run: Run, lost: Facts, stripe: StripeSandbox, installation: Installation
) -> None:
    with stripe.account.transaction():
        stripe.account.change(stripe.account.every("event")[0], api_version="2020-08-27")
    ended = run(*RECOVER)
    assert (ended.status, len(ended.errors)) == (1, 1)
    assert "is worded in API version 2020-08-27" in ended.out
    assert state(installation) == "pending"
    with stripe.account.transaction():
        stripe.account.add(documented("checkout-session-payment", lost) | lost.session())
    ended = run(*RECOVER)
    assert (ended.status, ended.out) == (0, "1 event fetched, 0 new; all applied.\n")
    assert state(installation) == "paid"


def test_an_event_that_is_right_as_it_is_can_be_settled_once(
    run: Run, lost: Facts, stripe: StripeSandbox, installation: Installation
) -> None:
    with stripe.account.transaction():
        made = stripe.account.every("event")[0]
        stripe.account.change(made, api_version="2020-08-27")
    assert run(*RECOVER).status == 1
    settle = ("events", "settle", made["id"])
    for wrong in ((), ("--reason", " "), ("--reason",)):
        assert run(*settle, *wrong).status in (1, 2)
    ended = run(*settle, "--reason", "the test account's own")
    assert (ended.status, ended.errors) == (0, [])
    again = run(*settle, "--reason", "again")
    assert (again.status, again.out, len(again.errors)) == (1, "", 1)
    assert run("events", "settle", "evt_none", "--reason", "x").status == 1
    assert run(*RECOVER).status == 0
    with installation.sessions() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "event.settled")
        ).one()
    assert entry.after == {"reason": "the test account's own"}


def test_the_command_explains_itself_without_any_settings() -> None:
    ended = run_with({}, *RECOVER, "--help")
    assert (ended.status, ended.errors) == (0, [])
    assert "--since" in ended.out


def test_the_scheduled_task_does_the_same(
    environ: dict[str, str], installation: Installation, lost: Facts
) -> None:
    program = (
        "from workers import app; app.loader.import_default_modules();"
        "names = {entry['task'] for entry in app.conf.beat_schedule.values()};"
        "assert names <= set(app.tasks), names;"
        "print(app.tasks['workers.upkeep.recover']())"
    )
    done = subprocess.run(
        [PROGRAM[0], "-c", program],
        env=environ | {"BROKER_URL": "redis://127.0.0.1:9/0", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "1"
    assert state(installation) == "paid"
