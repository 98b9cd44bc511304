"""The donor wall's page and the list of campaigns, as readers get them."""

from flask.testing import FlaskClient

from campaign.campaigns.donor_wall import ask_to_be_shown
from campaign.core.clock import now
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.support.campaigns import book, running
from tests.support.waiting import wait_until

WORDS = "Show my first name"


def test_the_wall_has_a_page_of_its_own_with_further_ones(
    client: FlaskClient, installation: Installation
) -> None:
    campaign = running(installation)
    assert client.get("/c/winter/donors").status_code == 404
    with installation.sessions.begin() as session:
        session.get_one(Campaign, campaign.id).wall_shown = True
        for number in range(53):
            gift = book(session, campaign, name=f"Reader{number:02}")
            ask_to_be_shown(session, gift, "<Bo>", now(), wording=WORDS)
    wait_until(lambda: "Reader52" in client.get("/c/winter").text)
    page = client.get("/c/winter").text
    assert "Reader48" in page
    assert "Reader47" not in page
    assert "&lt;Bo&gt;" in page
    first = client.get("/c/winter/donors").text
    assert first.count("<li>") == 50
    further = first.split("before=")[1].split('"')[0]
    rest = client.get(f"/c/winter/donors?before={further}").text
    assert ("Reader02" in rest, "Reader03" in rest, rest.count("<li>")) == (True, False, 3)
    assert client.get("/c/winter/donors?before=x").text.count("<li>") == 50
