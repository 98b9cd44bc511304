"""The campaign's news as RSS 2.0: each event once, and current progress."""

from datetime import timedelta
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as ET

from flask.testing import FlaskClient
from sqlalchemy import update

from campaign.core import clock
from campaign.models import Campaign, Extension, Milestone
from campaign.runtime.context import Installation

FEED = "/c/nine-days/feed.xml"


def entries(client: FlaskClient, query: str = "") -> list[dict[str, str]]:
    (channel,) = ET.fromstring(client.get(FEED + query).data)
    return [{one.tag: one.text or "" for one in item} for item in channel.iter("item")]


def happen(installation: Installation, campaign: Campaign) -> None:
    """Give the campaign a milestone, a deadline change, an end and a final result."""
    at = clock.now()
    with installation.sessions.begin() as session:
        session.execute(
            update(Campaign).values(
                starts_at=at - timedelta(days=40),
                deadline=at - timedelta(days=20),
                finalized_at=at - timedelta(days=5),
                final_raised=6_000_000,
                title="Bread & <roses>",
            )
        )
        session.add_all(
            [
                Milestone(
                    campaign_id=campaign.id,
                    mark="quarter",
                    target=0,
                    raised=1,
                    reached_at=at - timedelta(days=30),
                ),
                Extension(
                    campaign_id=campaign.id,
                    previous_deadline=at - timedelta(days=25),
                    deadline=at - timedelta(days=20),
                    reason="the mail was late & slow",
                    recorded_by="ann",
                    created_at=at - timedelta(days=26),
                ),
            ]
        )


def test_each_event_is_listed_once_newest_first(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    happen(installation, campaign)
    shown = entries(client)
    assert [one["guid"].partition("#")[2].rstrip("1234567890") for one in shown] == [
        "final",
        "ended",
        "moved-",
        "quarter-",
        "opened",
    ]
    moments = [parsedate_to_datetime(one["pubDate"]) for one in shown]
    assert moments == sorted(moments, reverse=True)
    assert shown[0]["title"] == "The final result: $60,000"
    assert "because the mail was late &amp; slow" in shown[2]["description"]
    assert shown[3]["title"].startswith("A quarter of the goal on ")
    assert "Bread &amp; &lt;roses&gt;: the goal is $50,000 by" in shown[4]["description"]
    for one in shown:
        assert one["link"] == "http://localhost/c/nine-days"
        assert '<img src="http://localhost/c/nine-days/progress.png"' in one["description"]


def test_the_feed_shows_current_progress_and_is_cached(
    client: FlaskClient, campaign: Campaign
) -> None:
    first = client.get(FEED)
    assert first.content_type == "application/rss+xml; charset=utf-8"
    assert "Set-Cookie" not in first.headers
    (channel,) = ET.fromstring(first.data)
    assert "$0 of $50,000 raised, 0%." in str(channel.findtext("description"))
    assert channel.findtext("language") == "en"
    (myself,) = channel.iter("{http://www.w3.org/2005/Atom}link")
    assert myself.attrib["href"] == f"http://localhost{FEED}"
    assert [one["guid"] for one in entries(client)] == ["http://localhost/c/nine-days#opened"]
    again = client.get(FEED, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    spanish = client.get(f"{FEED}?lang=es")
    assert spanish.headers["ETag"] != first.headers["ETag"]
    assert entries(client, "?lang=es")[0]["link"] == "http://localhost/c/nine-days?lang=es"
    assert client.get("/c/none/feed.xml").status_code == 404
    page = client.get("/c/nine-days").text
    assert f'type="application/rss+xml" href="{FEED}"' in page
