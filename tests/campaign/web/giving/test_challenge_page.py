"""The wait's page: private, in the reader's language, with a puzzle only if work helps."""

import pytest
from flask.testing import FlaskClient

from campaign.models import Campaign
from tests.support.demands import Ask, demand
from tests.support.donate_form import give

__all__ = ["demand"]


@pytest.mark.parametrize(("kind", "puzzles"), [("wait", 0), ("proof", 1)])
def test_a_puzzle_is_on_the_page_only_if_work_helps(
    client: FlaskClient, campaign: Campaign, demand: Ask, kind: str, puzzles: int
) -> None:
    demand(kind, seconds=20, difficulty=4)
    page = give(client).text
    assert page.count("data-puzzle=") == page.count("challenge-worker.js") == puzzles
    assert "challenge.js" in page


def test_the_page_is_private_and_in_the_reader_s_language(
    client: FlaskClient, campaign: Campaign, demand: Ask
) -> None:
    demand("wait", seconds=20)
    answer = give(client, lang="es")
    assert "Un momento antes de su donación" in answer.text
    assert 'name="lang" value="es"' in answer.text
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_appeal_loads_nothing_of_it(client: FlaskClient, campaign: Campaign) -> None:
    assert "challenge" not in client.get("/c/nine-days").text
