"""The embed for other sites: open to all origins, without cookies, small when compressed."""

import gzip

import pytest
from flask.testing import FlaskClient

from campaign.models import Campaign

LARGEST_SCRIPT = 5 * 1024


def test_the_script_is_small_when_compressed_and_cached_for_an_hour(client: FlaskClient) -> None:
    sent = client.get("/embed.js", headers={"Accept-Encoding": "gzip, br"})
    plain = client.get("/embed.js")
    assert len(sent.data) < LARGEST_SCRIPT
    assert gzip.decompress(sent.data) == plain.data
    assert sent.headers["Content-Encoding"] == "gzip"
    assert sent.headers["Vary"] == "Accept-Encoding"
    assert sent.headers["Cache-Control"].startswith("public, max-age=3600")
    again = client.get("/embed.js", headers={"If-None-Match": sent.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/embed.js", "/c/nine-days/embed.json", "/c/nine-days/embed"])
def test_any_site_can_embed_it_and_no_cookie_is_set(
    client: FlaskClient, campaign: Campaign, path: str
) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in response.headers


def test_only_the_embed_page_can_be_framed(client: FlaskClient, campaign: Campaign) -> None:
    assert (
        "frame-ancestors *" in client.get("/c/nine-days/embed").headers["Content-Security-Policy"]
    )
    assert "frame-ancestors 'none'" in client.get("/c/nine-days").headers["Content-Security-Policy"]


def test_its_links_include_amount_and_code(client: FlaskClient, campaign: Campaign) -> None:
    unit = client.get("/c/nine-days/embed.json?code=article%207%26").get_json()
    assert (
        unit["links"][0]["url"] == "http://localhost/c/nine-days?amount=10&code=article+7%26#give"
    )
    assert unit["links"][-1] == {
        "text": "Give",
        "url": "http://localhost/c/nine-days?code=article+7%26",
    }
    assert unit["progress"]["goal"] == 5_000_000


def test_an_unknown_form_is_the_default_one(client: FlaskClient, campaign: Campaign) -> None:
    assert 'form="foot"' in client.get("/c/nine-days/embed?form=%22%3E").get_data(as_text=True)


def test_an_unknown_campaign_has_no_embed(client: FlaskClient) -> None:
    assert client.get("/c/none/embed").status_code == 404
    assert client.get("/c/none/embed.json").status_code == 404
