"""`campaign create`, `extend`, `open`, `close`, `pause`, `resume`: their output, and that repeating is harmless."""

import getpass
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from campaign.core import clock
from campaign.models import Campaign, Extension, OutboxMessage
from campaign.runtime.context import Installation
from tests.campaign.cli.conftest import CREATE, Run
from tests.support.campaigns import add_campaign, audited
from tests.support.subscribers import subscribe


def campaigns(installation: Installation) -> int:
    with installation.sessions() as session:
        return session.scalar(select(func.count()).select_from(Campaign)) or 0


def test_create_prints_the_address_and_stores_the_appeal(
    run: Run, installation: Installation, tmp_path: Path
) -> None:
    appeal = tmp_path / "appeal.md"
    appeal.write_text("\ufeffTonight the **commission** votes.\n", encoding="utf-8")
    ended = run(*CREATE, "--appeal", str(appeal), "--suggested", "10, 25,50")
    assert (ended.status, ended.errors) == (0, [])
    assert ended.out.startswith("http://localhost/c/spring: $50,000 until ")
    with installation.sessions() as session:
        made = session.scalars(select(Campaign)).one()
    assert made.appeal == "Tonight the **commission** votes.\n"
    assert (made.goal, made.suggested_amounts) == (5_000_000, [1000, 2500, 5000])


def test_create_refuses_a_name_that_is_taken(run: Run, installation: Installation) -> None:
    assert run(*CREATE).status == 0
    ended = run(*CREATE)
    assert (ended.status, ended.out) == (1, "")
    assert ended.errors == ["There is already a campaign called 'spring'; choose another name."]
    assert campaigns(installation) == 1


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("--timezone", "PST", "is not a time zone"),
        ("--deadline", "31.12.2099", "is neither a date"),
        ("--deadline", "2020-12-31", "must be after the start"),
        ("--deadline", "2027-03-14T02:30", "does not exist"),
        ("--goal", "1e9", "is not an amount"),
        ("--goal", "0", "must be more than zero"),
        ("--currency", "gold", "is not a currency"),
        ("--title", " ", "Enter a title"),
        ("--suggested", "10,ten", "is not an amount"),
        ("--appeal", "/nowhere/appeal.md", "Cannot read the appeal"),
        ("--appeal", sys.executable, "is not UTF-8 text"),
    ],
)
def test_create_says_in_one_line_why_it_refuses(
    run: Run, installation: Installation, option: str, value: str, why: str
) -> None:
    ended = run(*CREATE, option, value)
    assert (ended.status, ended.out, len(ended.errors)) == (1, "", 1)
    assert why in ended.errors[0]
    assert campaigns(installation) == 0


def test_a_nul_in_the_appeal_is_a_one_line_error(run: Run, tmp_path: Path) -> None:
    appeal = tmp_path / "appeal.md"
    appeal.write_bytes(b"a\0b")
    ended = run(*CREATE, "--appeal", str(appeal))
    assert (ended.status, len(ended.errors)) == (1, 1)


def test_a_larger_smallest_amount_needs_no_suggestions(run: Run) -> None:
    assert run(*CREATE, "--smallest", "20").status == 0


def test_a_deadline_is_extended_once_and_the_output_says_so(
    run: Run, installation: Installation
) -> None:
    add_campaign(installation, start="2026-01-01", deadline="2098-12-31")
    extend = ("extend", "winter", "--deadline", "2099-01-05", "--reason", "the mail is late.")
    first, again = run(*extend), run(*extend)
    assert (first.status, again.status) == (0, 0)
    assert "January 5, 2099, Pacific time, because the mail is late." in first.out
    assert "Nothing changed" in again.out
    with installation.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Extension)) == 1
    earlier = run("extend", "winter", "--deadline", "2098-12-30", "--reason", "no")
    assert (earlier.status, len(earlier.errors)) == (1, 1)
    assert run("extend", "winter", "--deadline", "2099-01-06").status == 2


def told(installation: Installation, *emails: str) -> None:
    """Subscribe these people and let each have an appeal of the only campaign."""
    with installation.sessions.begin() as session:
        campaign = session.scalars(select(Campaign)).one()
        subscribe(session, *emails)
        for email in emails:
            session.add(
                OutboxMessage(
                    kind="appeal",
                    subject_key=email,
                    campaign_id=campaign.id,
                    recipient=email,
                    bulk=True,
                    state="sent",
                    message_id=f"<{email}>",
                    begun_at=clock.now(),
                    sent_at=clock.now(),
                )
            )


def notices(installation: Installation) -> int:
    with installation.sessions() as session:
        count = select(func.count()).where(OutboxMessage.kind == "extension")
        return session.scalar(count) or 0


def test_an_extension_says_beforehand_whom_it_reaches_and_a_dry_run_changes_nothing(
    run: Run, installation: Installation
) -> None:
    campaign = add_campaign(installation, start="2026-01-01", deadline="2098-12-31")
    told(installation, "ana@example.org", "ben@example.org")
    extend = ("extend", "winter", "--deadline", "2099-01-05", "--reason", "the mail is late")
    planned = run(*extend, "--dry-run")
    assert planned.status == 0
    assert "winter would end at 11:59 p.m. on January 5, 2099" in planned.out
    assert (
        "2 readers who were emailed another end date and have not given would get one"
        in planned.out
    )
    with installation.sessions() as session:
        assert session.get_one(Campaign, campaign.id).deadline == campaign.deadline
    assert notices(installation) == 0
    made = run(*extend)
    assert "winter now ends at 11:59 p.m. on January 5, 2099" in made.out
    assert (
        "2 readers who were emailed another end date and have not given get one email" in made.out
    )
    assert notices(installation) == 2


def test_an_extension_can_be_confirmed_beforehand(run: Run, installation: Installation) -> None:
    add_campaign(installation, start="2026-01-01", deadline="2098-12-31")
    told(installation, "ana@example.org")
    extend = ("extend", "winter", "--deadline", "2099-01-05", "--reason", "the mail is late")
    assert run(*extend, "--yes").status == 0
    assert notices(installation) == 1


def test_extending_an_ended_campaign_opens_it_again(run: Run, installation: Installation) -> None:
    now = clock.now()
    add_campaign(installation, deadline=(now - timedelta(hours=1)).isoformat())
    deadline = (now + timedelta(days=1)).isoformat()
    ended = run("extend", "winter", "--deadline", deadline, "--reason", "the site was down")
    assert ended.status == 0
    assert "open again" in ended.out


def test_commands_change_the_status_of_a_campaign(run: Run, installation: Installation) -> None:
    add_campaign(installation, start="2098-01-01", deadline="2098-02-01")
    assert run("open", "winter").out == "winter is open.\n"
    assert run("pause", "winter", "--reason", "We repair the form").status == 0
    assert run("resume", "winter").out == "winter accepts gifts by card again.\n"
    closing = ("close", "winter", "--reason", "we have enough")
    assert "Closed early on" in run(*closing).out
    assert "Nothing changed" in run(*closing).out
    actions = [one.action for one in audited(installation)]
    assert actions == ["campaign.opened", "campaign.paused", "campaign.resumed", "campaign.closed"]
    assert all(one.actor.startswith("command line: ") for one in audited(installation))


def test_create_keeps_every_option_and_names_who_did_it(
    run: Run, installation: Installation
) -> None:
    ended = run(
        *("create", "tokyo", "--title", "Stories", "--goal", "5000000", "--currency", "JPY"),
        *("--start", "2098-12-01", "--deadline", "2098-12-31", "--timezone", "Asia/Tokyo"),
        *("--suggested", "1000 3000", "--smallest", "500", "--ask-past-donors"),
    )
    assert (ended.status, ended.errors) == (0, [])
    assert ended.out.startswith("http://localhost/c/tokyo: \u00a55,000,000 until ")
    assert "December 31, 2098" in ended.out
    with installation.sessions() as session:
        made = session.scalars(select(Campaign)).one()
    # A currency without decimals.
    assert (made.currency, made.goal, made.suggested_amounts) == ("jpy", 5_000_000, [1_000, 3_000])
    assert (made.smallest_amount, made.ask_past_donors, made.appeal) == (500, True, "")
    assert made.starts_at.astimezone(made.zone).isoformat() == "2098-12-01T00:00:00+09:00"
    assert [one.actor for one in audited(installation)] == [f"command line: {getpass.getuser()}"]


def test_an_appeal_has_at_most_200_000_characters(
    run: Run, installation: Installation, tmp_path: Path
) -> None:
    appeal = tmp_path / "appeal.md"
    appeal.write_text("é" * 200_001, encoding="utf-8")
    ended = run(*CREATE, "--appeal", str(appeal))
    assert ended.errors == [f"The appeal {appeal} is longer than 200,000 characters. Shorten it."]
    assert (ended.status, campaigns(installation)) == (1, 0)
    appeal.write_text("é" * 200_000, encoding="utf-8")
    assert run(*CREATE, "--appeal", str(appeal)).status == 0


def test_repeating_a_change_says_that_nothing_changed(run: Run, installation: Installation) -> None:
    add_campaign(installation)
    assert run("open", "winter").out == "winter was already open. Nothing changed.\n"
    pause = ("pause", "winter", "--reason", "We repair the form")
    assert run(*pause).out == "winter no longer accepts gifts by card.\n"
    assert run(*pause).out == "winter was already paused. Nothing changed.\n"
    assert run("resume", "winter").out == "winter accepts gifts by card again.\n"
    assert run("resume", "winter").out == "winter was not paused. Nothing changed.\n"
    actions = [one.action for one in audited(installation)]
    assert actions == ["campaign.paused", "campaign.resumed"]


@pytest.mark.parametrize(
    ("arguments", "status", "why"),
    [
        (("open",), 1, "There is no campaign called 'autumn'."),
        (("resume",), 1, "There is no campaign called 'autumn'."),
        (("close", "--reason", "enough"), 1, "There is no campaign called 'autumn'."),
        (("pause", "--reason", "repair"), 1, "There is no campaign called 'autumn'."),
        (
            ("extend", "--deadline", "2099-01-01", "--reason", "snow"),
            1,
            "There is no campaign called 'autumn'.",
        ),
        (("close",), 2, "Error: Missing option '--reason'."),
        (("pause",), 2, "Error: Missing option '--reason'."),
    ],
)
def test_an_unknown_campaign_or_a_missing_reason_is_an_error(
    run: Run, campaign: Campaign, arguments: tuple[str, ...], status: int, why: str
) -> None:
    command, *options = arguments
    ended = run(command, "autumn", *options)
    assert (ended.status, ended.out, ended.errors[-1]) == (status, "", why)


def test_a_blank_reason_or_a_wrong_status_is_rejected(run: Run, installation: Installation) -> None:
    add_campaign(installation, start="2098-01-01", deadline="2098-02-01")
    for arguments, why in (
        (("pause", "winter", "--reason", "repair"), "Only an open campaign can be paused."),
        (("extend", "winter", "--deadline", "soon", "--reason", "snow"), "is neither a date"),
        (("extend", "winter", "--deadline", "2098-03-01", "--reason", " "), "eason"),
    ):
        ended = run(*arguments)
        assert (ended.status, ended.out, len(ended.errors)) == (1, "", 1)
        assert why in ended.errors[0]
    assert audited(installation) == []
