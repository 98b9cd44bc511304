"""`campaign schedule list`, `edit` and `add`: a campaign's email schedule on the command line."""

import getpass
from pathlib import Path

import pytest
from sqlalchemy import select

from campaign.core.clock import now
from campaign.models import CampaignStep
from campaign.runtime.context import Installation
from tests.campaign.cli.conftest import Run
from tests.support.campaign_emails import queue_appeals
from tests.support.campaigns import add_campaign, audited


def step(installation: Installation, key: str) -> CampaignStep:
    with installation.sessions() as session:
        return session.scalars(select(CampaignStep).where(CampaignStep.key == key)).one()


def test_the_steps_are_listed_with_their_times_and_email_counts(
    run: Run, installation: Installation
) -> None:
    add_campaign(installation, start="2098-12-27", deadline="2098-12-31")
    lines = run("schedule", "list", "winter").out.splitlines()
    assert len(lines) == 9
    assert lines[1].split()[:2] == ["nine_days", "2098-12-23"]
    assert "before the campaign's start" in lines[1]
    (last,) = [line for line in lines if line.startswith("last_hours")]
    assert "2098-12-31 20:00 PST to 2099-01-01 00:00 PST" in last
    assert "0 sent, 0 queued, 0 dropped, 0 failed" in last


def test_a_step_is_edited_and_added(run: Run, installation: Installation) -> None:
    add_campaign(installation, start="2098-12-01", deadline="2098-12-31")
    edit = ("schedule", "edit", "winter", "nine_days")
    assert "2098-12-22 00:00 PST" in run(*edit, "--days", "10").out
    assert "  off" in run(*edit, "--disable").out
    assert "custom text for es" in run(*edit, "--enable", "--locale", "es", "--subject", "Hola").out
    assert "to 2098-12-22 06:00 PST" in run(*edit, "--expires", "6").out
    assert "to 2098-12-25 00:00 PST" in run(*edit, "--no-expiry").out
    added = run("schedule", "add", "winter", "half_a_day", "--hours", "12", "--subject", "Half")
    assert "2098-12-31 12:00 PST to 2098-12-31 20:00 PST, custom text for en" in added.out
    for wrong in (edit, (*edit, "--expires", "6", "--no-expiry")):
        assert run(*wrong).status == 2
    refused = run("schedule", "edit", "winter", "ninth_day", "--days", "8")
    assert (refused.status, len(refused.errors)) == (1, 1)


def test_the_list_counts_the_emails_of_each_step(run: Run, installation: Installation) -> None:
    winter = add_campaign(installation)
    sent = [f"reader{number}@example.org" for number in range(3)]
    queue_appeals(installation, winter, *sent, state="sent", sent_at=now())
    for state in ("queued", "sending", "dropped", "failed"):
        queue_appeals(installation, winter, f"{state}@example.org", state=state)
    first, opening, *_ = run("schedule", "list", "winter").out.splitlines()
    assert first.startswith("winter: times in America/Los_Angeles")
    assert opening.startswith("opening ")
    assert opening.endswith("  3 sent, 2 queued, 1 dropped, 1 failed")


def test_one_of_two_steps_due_at_the_same_time_is_not_sent(
    run: Run, installation: Installation
) -> None:
    add_campaign(installation, start="2098-12-01", deadline="2098-12-31")
    assert run("schedule", "edit", "winter", "seven_days", "--days", "9").status == 0
    lines = {line.split()[0]: line for line in run("schedule", "list", "winter").out.splitlines()}
    assert "not sent: the next step is due at the same time" in lines["nine_days"]
    assert "2098-12-23 00:00 PST to 2098-12-29 00:00 PST" in lines["seven_days"]


def test_text_is_read_from_a_file_and_empty_text_restores_the_default(
    run: Run, installation: Installation, tmp_path: Path
) -> None:
    add_campaign(installation)
    file = tmp_path / "opening.txt"
    file.write_text("\ufeffTenemos {raised}.\n", encoding="utf-8")
    edit = ("schedule", "edit", "winter", "three_days", "--locale", "es")
    assert "custom text for es" in run(*edit, "--opening-file", str(file), "--subject", "Hola").out
    assert step(installation, "three_days").texts == {
        "es": {"subject": "Hola", "opening": "Tenemos {raised}."}
    }
    assert "custom text" in run(*edit, "--subject", "").out
    assert "custom text" not in run(*edit, "--opening", "").out
    assert step(installation, "three_days").texts == {}


@pytest.mark.parametrize(
    ("options", "status", "why"),
    [
        (("--opening", "a", "--opening-file", "b"), 2, "not both"),
        (("--opening-file", "/nowhere/opening.txt"), 1, "Cannot read the opening"),
        (("--expires", "0"), 1, "A step must expire at least one hour after it is due."),
        (("--expires", "8785"), 1, "from 1 to 8784 hours"),
        (("--days", "1", "--hours", "24"), 1, "Enter either days or hours before the end."),
        (("--days", "367"), 1, "from 1 to 366 days before the end"),
        (("--subject", "Hi", "--locale", "fr"), 1, "not in 'fr'"),
        (("--locale", "es"), 2, "Nothing to change"),
        (("--days", "soon"), 2, "not a valid integer"),
    ],
)
def test_invalid_changes_to_a_step_are_rejected(
    run: Run, installation: Installation, options: tuple[str, ...], status: int, why: str
) -> None:
    add_campaign(installation)
    ended = run("schedule", "edit", "winter", "three_days", *options)
    assert (ended.status, ended.out) == (status, "")
    assert why in ended.errors[-1]
    assert audited(installation) == []


def test_a_step_is_added_once_under_a_plain_name_and_recorded(
    run: Run, installation: Installation
) -> None:
    add_campaign(installation)
    add = ("schedule", "add", "winter")
    assert run(*add, "five_days", "--days", "5", "--expires", "6").status == 0
    for arguments, why in (
        (("five_days", "--days", "6"), "already has a step 'five_days'"),
        (("Five-Days", "--days", "5"), "is not a valid step name"),
        (("six_days",), "Enter either days or hours"),
    ):
        ended = run(*add, *arguments)
        assert (ended.status, ended.out, len(ended.errors)) == (1, "", 1)
        assert why in ended.errors[0]
    (said,) = audited(installation)
    assert (said.action, said.subject_key) == ("step.added", "winter/five_days")
    assert said.actor == f"command line: {getpass.getuser()}"
    assert step(installation, "five_days").expires_after == 6
