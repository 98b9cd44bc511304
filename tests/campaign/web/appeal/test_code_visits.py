"""Visits by a code: counted in memory, written together, and never more codes than fit."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.core import clock
from campaign.models import Campaign, CodeVisit
from campaign.runtime.context import Installation
from tests.support.staff import StaffMaker


def test_visits_are_counted_by_code_and_by_nothing_else(
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


def test_invented_codes_fill_nothing(
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
