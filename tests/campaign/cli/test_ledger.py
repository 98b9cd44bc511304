"""`campaign ledger check`, `late` and `correct`: whether the ledger is consistent, and late entries."""

import getpass
from collections.abc import Callable

import pytest
from sqlalchemy import select, text

from campaign.campaigns.finalization import finalize_due_campaigns
from campaign.core.clock import now, zone
from campaign.models import AuditEntry, LedgerEntry
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.campaign.cli.conftest import Run
from tests.support.campaigns import add_campaign, end_now
from tests.support.stripe import Facts

Store = Callable[..., None]


@pytest.fixture
def late(installation: Installation, paid: Facts, store: Store) -> LedgerEntry:
    """A refund that arrived after the result of $25 was final."""
    end_now(installation)
    with installation.sessions.begin() as session:
        assert len(finalize_due_campaigns(session, now())) == 1
    store(paid.refunded("a", 1000))
    apply_due_events(installation)
    with installation.sessions() as session:
        return session.scalars(select(LedgerEntry).where(LedgerEntry.kind == "refund")).one()


def test_the_ledger_check_finds_a_broken_invariant(
    run: Run, installation: Installation, paid: Facts
) -> None:
    ended = run("ledger", "check")
    assert (ended.status, ended.out, ended.errors) == (0, "The ledger is consistent.\n", [])
    with installation.engine.begin() as connection:
        connection.execute(text("UPDATE progress_shard SET raised = raised + 1"))
    ended = run("ledger", "check")
    assert (ended.status, ended.out) == (1, "")
    assert (
        ended.errors[0]
        == "campaign nine-days: the ledger entries add up to 2500, the progress shards to 2501"
    )
    assert ended.errors[-1].startswith("5 broken")


def test_no_late_entries(run: Run, paid: Facts) -> None:
    assert run("ledger", "late").out == "No late entries.\n"


def test_a_late_entry_is_listed_and_corrected_once(
    run: Run, installation: Installation, paid: Facts, late: LedgerEntry
) -> None:
    listed = run("ledger", "late", "--campaign", "nine-days")
    assert listed.status == 0
    start = f"{late.id}  nine-days  {paid.donation.public_id}  refund  -$10 USD  "
    assert listed.out.startswith(start)
    assert "campaign ledger correct" in run("review").out
    correction = ("ledger", "correct", str(late.id), "--campaign", "nine-days", "--reason", "fair")
    done = run(*correction)
    assert done.status == 0
    assert done.out == "nine-days: corrected by -$10 to $15; the final result was $25.\n"
    again = run(*correction)
    assert (again.status, again.out) == (1, "")
    assert again.errors == [f"Ledger entry {late.id} was already added to the result."]
    assert run("ledger", "late").out == "No late entries.\n"
    assert run("ledger", "check").status == 0
    with installation.sessions() as session:
        by = session.scalars(
            select(LedgerEntry.recorded_by).where(LedgerEntry.kind == "correction").distinct()
        ).one()
    assert by == getpass.getuser()


@pytest.mark.parametrize(
    ("arguments", "status", "why"),
    [
        (("404", "--campaign", "nine-days", "--reason", "fair"), 1, "no ledger entry 404"),
        (("1", "--campaign", "none", "--reason", "fair"), 1, "no campaign called 'none'"),
        (("1", "--campaign", "nine-days", "--reason", " "), 1, "needs a reason"),
        (("1", "--campaign", "nine-days", "--reason", "fair"), 1, "is not a late entry"),
        (("1", "--campaign", "nine-days"), 2, "--reason"),
        (("one", "--campaign", "nine-days", "--reason", "fair"), 2, "not a valid integer"),
    ],
)
def test_a_rejected_correction_says_why(
    run: Run, late: LedgerEntry, arguments: tuple[str, ...], status: int, why: str
) -> None:
    ended = run("ledger", "correct", *arguments)
    assert (ended.status, ended.out) == (status, "")
    assert why in ended.errors[-1]


def test_a_result_cannot_be_corrected_before_it_is_final(run: Run, paid: Facts) -> None:
    ended = run("ledger", "correct", "1", "--campaign", "nine-days", "--reason", "fair")
    assert ended.status == 1
    assert "not final yet" in ended.errors[0]


def test_late_entries_are_listed_for_one_campaign_or_all_in_the_organizations_time(
    run: Run, installation: Installation, late: LedgerEntry
) -> None:
    add_campaign(installation, slug="spring")
    every = run("ledger", "late", ORG_TIMEZONE="Asia/Tokyo")
    assert run("ledger", "late", "--campaign", "spring").out == "No late entries.\n"
    moment = late.occurred_at.astimezone(zone(installation.settings.organization.timezone))
    assert run("ledger", "late").out.endswith(f"  {moment:%Y-%m-%d %H:%M %Z}\n")
    assert every.out.endswith(" JST\n")
    unknown = run("ledger", "late", "--campaign", "autumn")
    assert (unknown.status, unknown.errors) == (1, ["There is no campaign called 'autumn'."])


def test_a_correction_is_logged_with_its_reason_and_both_sums(
    run: Run, installation: Installation, late: LedgerEntry
) -> None:
    options = ("--campaign", "nine-days", "--reason", " It was fair. ")
    assert run("ledger", "correct", str(late.id), *options).status == 0
    with installation.sessions() as session:
        said = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "result.corrected")
        ).one()
    assert (said.actor, said.subject_key) == (f"command line: {getpass.getuser()}", "nine-days")
    assert said.before == {"raised": 2_500}
    assert said.after == {"raised": 1_500, "ledger_entry": late.id, "reason": "It was fair."}
