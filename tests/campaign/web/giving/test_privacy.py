"""The page about privacy says what the retention schedule says, to every reader the same."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from campaign.core.list_settings import ListService, ListSettings
from campaign.models import Campaign
from campaign.privacy.retention import SCHEDULE
from campaign.web.giving.privacy import list_services, retention_days


def text_of(client: FlaskClient, path: str = "/privacy") -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.text))


def test_its_figures_are_those_of_the_schedule(client: FlaskClient) -> None:
    text = text_of(client)
    days = retention_days()
    for kind, before in {
        "abandoned": "from it after",
        "events": "from these reports after",
        "card_testing": "address of each attempt for",
    }.items():
        assert f"{before} {days[kind]} days" in text, kind
    assert f"its words {days['tribute_cards']} days after" in text
    assert f"went for {days['emails'] // 365} years" in text


def test_another_period_is_another_figure(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    object.__setattr__(SCHEDULE["events"], "kept", timedelta(days=1))
    try:
        assert "from these reports after 1 day." in text_of(client)
        assert "de esos avisos al cabo de 1 día." in text_of(client, "/privacy?lang=es")
    finally:
        monkeypatch.undo()
        object.__setattr__(SCHEDULE["events"], "kept", timedelta(days=90))


def test_it_is_linked_where_a_gift_begins_in_the_readers_language(
    client: FlaskClient, campaign: Campaign
) -> None:
    assert 'href="/privacy"' in client.get("/c/nine-days").text
    assert 'href="/privacy?lang=es"' in client.get("/c/nine-days?lang=es").text


def test_every_reader_gets_the_same_page_without_a_cookie(client: FlaskClient) -> None:
    answer = client.get("/privacy")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"].startswith("public")
    assert client.get("/privacy").data == answer.data


def test_it_names_the_companies_that_keep_the_mailing_list() -> None:
    account = ListService("https://api.example", "key", "1")
    assert list_services(ListSettings()) == []
    assert list_services(ListSettings(mailchimp=account, brevo=account)) == ["Mailchimp", "Brevo"]
    assert list_services(ListSettings(listmonk=account)) == []
