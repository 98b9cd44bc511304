"""Visits by code: counted in memory, saved together, with a limit on the number of codes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from campaign.core import clock
from campaign.models import Campaign, CodeVisit
from campaign.runtime.context import Installation
from campaign.web.appeal.code_visits import VisitCounter
from tests.support.staff import StaffMaker


def test_visits_are_counted_by_code_only(
    client: FlaskClient, campaign: Campaign, installation: Installation, staff: StaffMaker
) -> None:
    for code in ("article-7", "article-7", "<script>", "x" * 61, ""):
        client.get("/c/nine-days", query_string={"code": code})
    visits = client.application.extensions["visits"]
    visits.flush()
    visits.flush()
    client.get("/c/nine-days?code=article-7")
    visits.flush()
    with installation.sessions() as session:
        found = session.scalars(select(CodeVisit)).one()
        assert (found.code, found.visits) == ("article-7", 3)
        assert found.day == clock.now().astimezone(campaign.zone).date()
    assert "article 7" in staff().get("/staff/").get_data(as_text=True).replace(
        "Article: ", "article "
    )


def test_invented_codes_cannot_fill_the_table(
    client: FlaskClient,
    campaign: Campaign,
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("campaign.web.appeal.code_visits.MOST_CODES", 3)
    for number in range(8):
        client.get(f"/c/nine-days?code=made-up-{number}")
        client.application.extensions["visits"].flush()
    with installation.sessions() as session:
        assert len(session.scalars(select(CodeVisit)).all()) == 3


CODED = {"article-7", "A/b_c.d-9", "x" * 60}


def counted(installation: Installation) -> dict[str, int]:
    with installation.sessions() as session:
        return {one.code: one.visits for one in session.scalars(select(CodeVisit))}


def test_invalid_codes_are_not_counted(installation: Installation, campaign: Campaign) -> None:
    visits = VisitCounter(installation.sessions)
    for code in (*CODED, "", "-a", "/a", "a b", "a\n", "é", "x" * 61, "a?b"):
        visits.count(campaign, code, clock.now())
    visits.close()
    assert counted(installation) == dict.fromkeys(CODED, 1)


def test_a_visit_counts_for_the_day_in_the_campaign_time_zone(
    installation: Installation, campaign: Campaign
) -> None:
    visits = VisitCounter(installation.sessions)
    midnight = datetime(2026, 12, 23, 8, tzinfo=UTC)
    for at in (midnight - timedelta(microseconds=1), midnight):
        visits.count(campaign, "a", at)
    visits.close()
    with installation.sessions() as session:
        days = session.scalars(select(CodeVisit.day).order_by(CodeVisit.day)).all()
    assert days == [date(2026, 12, 22), date(2026, 12, 23)]


def test_counts_that_cannot_be_saved_are_kept_for_the_next_save(
    installation: Installation, campaign: Campaign
) -> None:
    visits = VisitCounter(installation.sessions)
    visits.count(campaign, "a", clock.now())
    with installation.engine.begin() as connection:
        connection.execute(text("ALTER TABLE code_visit RENAME TO away"))
    visits.flush()
    visits.count(campaign, "a", clock.now())
    with installation.engine.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO code_visit"))
    visits.close()
    visits.flush()
    assert counted(installation) == {"a": 2}


def test_two_processes_add_to_the_same_counts(
    installation: Installation, campaign: Campaign
) -> None:
    processes = [VisitCounter(installation.sessions) for _ in range(2)]
    for visits in processes:
        for code in "abc":
            visits.count(campaign, code, clock.now())
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(VisitCounter.close, processes))
    assert counted(installation) == {"a": 2, "b": 2, "c": 2}


def test_known_codes_are_still_counted_when_the_limit_is_reached(
    installation: Installation, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaign.web.appeal.code_visits.MOST_CODES", 1)
    visits = VisitCounter(installation.sessions)
    for codes in ("b", "ab", "b"):
        for code in codes:
            visits.count(campaign, code, clock.now())
        visits.flush()
    visits.close()
    assert counted(installation) == {"b": 3}
