"""The progress bar as an image, and link previews."""

import struct

import pytest
from flask.testing import FlaskClient

from campaign.models import Campaign


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_the_card_has_the_size_for_link_previews(client: FlaskClient, campaign: Campaign) -> None:
    response = client.get("/c/nine-days/card.png")
    assert response.mimetype == "image/png"
    assert size(response.data) == (1200, 630)


def test_an_image_is_cached_and_changes_only_with_progress(
    client: FlaskClient, campaign: Campaign
) -> None:
    first = client.get("/c/nine-days/progress.png")
    assert size(first.data)[0] == 1200
    assert first.headers["Cache-Control"].startswith("public, max-age=60")
    tag = first.headers["ETag"]
    assert (
        client.get("/c/nine-days/progress.png", headers={"If-None-Match": tag}).status_code == 304
    )
    assert client.get("/c/nine-days/card.png").headers["ETag"] != tag


def test_oembed_returns_a_frame_for_a_campaign_address(
    client: FlaskClient, campaign: Campaign
) -> None:
    shown = client.get("/oembed?url=http://localhost/c/nine-days&maxwidth=400").get_json()
    assert (shown["version"], shown["type"], shown["width"]) == ("1.0", "rich", 400)
    assert '<iframe src="http://localhost/c/nine-days/embed"' in shown["html"]
    assert shown["thumbnail_url"] == "http://localhost/c/nine-days/card.png"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("url=http://localhost/c/none", 404),
        ("url=http://elsewhere.example/c/nine-days", 404),
        ("url=http://localhost/c/nine-days/donate", 404),
        ("", 404),
        ("url=http://localhost/c/nine-days&format=xml", 501),
    ],
)
def test_oembed_rejects_other_addresses(
    client: FlaskClient, campaign: Campaign, query: str, status: int
) -> None:
    assert client.get(f"/oembed?{query}").status_code == status


def test_the_appeal_says_where_to_find_them(client: FlaskClient, campaign: Campaign) -> None:
    page = client.get("/c/nine-days").get_data(as_text=True)
    assert 'property="og:image" content="http://localhost/c/nine-days/card.png' in page
    assert (
        'type="application/json+oembed" href="http://localhost/oembed?url=http%3A%2F%2Flocalhost%2Fc%2Fnine-days"'
        in page
    )
