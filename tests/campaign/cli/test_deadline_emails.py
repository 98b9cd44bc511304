"""The cron job as a process: its output, its rows and its exit status."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core import clock
from campaign.models import Campaign, Heartbeat, OutboxMessage, Suppression
from campaign.runtime.context import Installation
from tests.campaign.cli.conftest import Run, run_with
from tests.support.subscribers import donate, subscribe, subscribe_many

Create = Callable[..., Campaign]


def waking_zone() -> str:
    """A time zone in which it is now between noon and 1 p.m., so that no quiet hours apply."""
    hours = 12 - clock.now().hour
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"


@pytest.fixture
def create(installation: Installation) -> Create:
    """A campaign that opened yesterday and whose opening step can be sent now."""
    now = clock.now()
    wanted = NewCampaign(
        slug="winter",
        title="Winter",
        goal="50000",
        start=(now - timedelta(days=1)).isoformat(),
        deadline=(now + timedelta(days=20)).isoformat(),
        timezone=waking_zone(),
    )

    def made(**changes: str) -> Campaign:
        with installation.sessions.begin() as session:
            return create_campaign(session, replace(wanted, **changes))

    return made


def rows(installation: Installation) -> list[OutboxMessage]:
    with installation.sessions() as session:
        return list(session.scalars(select(OutboxMessage)))


def test_concurrent_runs_email_each_reader_once(
    run: Run, installation: Installation, create: Create
) -> None:
    winter = create()
    with installation.sessions.begin() as session:
        subscribe_many(session, 1000)
        for place in range(1, 51):
            donate(session, winter, f"reader{place}@example.org", "paid")
            email = f"reader{place + 50}@example.org"
            session.add(Suppression(email=email, reason="unsubscribed"))
    with ThreadPoolExecutor(3) as pool:
        ended = list(pool.map(lambda _: run("deadline-emails"), range(3)))
    assert [(each.status, each.errors) for each in ended] == [(0, [])] * 3
    assert sum("opening: 900 appeals queued" in each.out for each in ended) == 1
    assert sorted(bool(each.out) for each in ended) == [False, False, True]
    written = Counter(each.recipient.lower() for each in rows(installation))
    assert written == Counter(f"reader{place}@example.org" for place in range(101, 1001))


def test_a_dry_run_counts_recipients_and_writes_nothing(
    run: Run, installation: Installation, create: Create
) -> None:
    winter = create()
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org")
        session.execute(
            text(
                "INSERT INTO reminder (campaign_id, email, choice, due_at, confirmed_at)"
                " VALUES (:id, 'bo@example.org', 'tomorrow', now(), now())"
            ),
            {"id": winter.id},
        )
    ended = run("deadline-emails", "--dry-run")
    assert (ended.status, ended.errors) == (0, [])
    assert "winter: opening: 1 appeal would be queued" in ended.out
    assert "winter: reminder: 1 reminder would be queued" in ended.out
    with installation.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Heartbeat)) == 0
    assert rows(installation) == []
    assert "1 reminder queued" in run("deadline-emails").out
    assert len(rows(installation)) == 2


def test_a_failing_campaign_is_named_and_the_others_are_handled(
    run: Run, installation: Installation, create: Create
) -> None:
    create(slug="broken")
    create(slug="winter")
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org")
        session.execute(
            text("UPDATE campaign SET timezone = 'Nowhere/Atlantis' WHERE slug = 'broken'")
        )
    ended = run("deadline-emails")
    assert ended.status == 1
    assert len(ended.errors) == 1
    assert "broken" in ended.errors[0]
    assert "Atlantis" in ended.errors[0]
    assert "winter: opening: 1 appeal queued" in ended.out
    with installation.sessions() as session:
        beat = session.scalars(select(Heartbeat)).one()
    assert beat.failed_at is not None
    assert beat.succeeded_at is None


def test_cron_prints_nothing_when_nothing_is_due(
    run: Run, installation: Installation, create: Create
) -> None:
    for slug in ("without-a-campaign", "without-readers"):
        ended = run("deadline-emails")
        assert (ended.status, ended.errors, ended.out) == (0, [], "")
        assert run("deadline-emails", "--dry-run").out == "Nothing is due.\n"
        create(slug=slug)


def test_a_line_says_what_readers_read(
    run: Run, installation: Installation, create: Create
) -> None:
    create(deadline=(clock.now() + timedelta(days=6, hours=1)).isoformat())
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org")
        session.execute(text("UPDATE campaign SET starts_at = starts_at - interval '9 days'"))
    out = run("deadline-emails").out
    assert out.startswith("winter: seven_days: 1 appeal queued, to be sent before ")
    assert out.endswith(" UTC (7 days left).\n")


def test_the_cap_of_the_environment_is_kept(
    run: Run, environ: dict[str, str], installation: Installation, create: Create
) -> None:
    for number in range(4):
        create(slug=f"campaign-{number}")
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org")
    assert run("deadline-emails").status == 0
    assert len(rows(installation)) == 3
    assert run_with(environ | {"EMAIL_CAP": "4"}, "deadline-emails").status == 0
    assert len(rows(installation)) == 4


def test_past_donors_get_appeals_if_the_campaign_allows_it(
    run: Run, installation: Installation, create: Create
) -> None:
    spring = create(slug="spring")
    with installation.sessions.begin() as session:
        donate(session, spring, "past@example.org", "paid")
    shown = (
        "--title",
        "T",
        "--goal",
        "500",
        "--deadline",
        "2099-12-31",
        "--timezone",
        waking_zone(),
    )
    assert run("create", "shy", *shown, "--no-ask-past-donors").status == 0
    assert run("create", "asking", *shown, "--ask-past-donors").status == 0
    out = run("deadline-emails").out
    assert "shy:" not in out
    assert "asking: opening: 1 appeal queued" in out
