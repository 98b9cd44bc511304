"""The donor wall as staff see it: comments that wait for a yes, lines taken off and put back."""

from campaign.campaigns.donor_wall import ask_to_be_shown, read_wall
from campaign.core.clock import now
from campaign.models import Campaign, Donation, StaffRole
from campaign.runtime.context import Installation
from tests.support.campaigns import book, running
from tests.support.staff import StaffMaker

WORDS = "Show my first name"


def with_wall(installation: Installation) -> Campaign:
    campaign = running(installation)
    with installation.sessions.begin() as session:
        session.get_one(Campaign, campaign.id).wall_shown = True
    campaign.wall_shown = True
    return campaign


def shown(installation: Installation, campaign: Campaign) -> list[tuple[str, str, str]]:
    with installation.sessions() as session:
        return [(one.first_name, one.place, one.comment) for one in read_wall(session, campaign)]


def test_finance_decide_on_their_own_page(installation: Installation, staff: StaffMaker) -> None:
    campaign = with_wall(installation)
    with installation.sessions.begin() as session:
        gift = book(session, campaign, name="Ana")
        ask_to_be_shown(session, gift, "", now(), wording=WORDS, comment="Read on.")
    client = staff(StaffRole.finance)
    assert "Read on." in client.get("/staff/wall").text
    done = client.post_form(f"/staff/wall/{gift.id}", {"do": "approve", "comment": "Read on."})
    assert done.status_code == 303
    assert "No comment waits." in client.get("/staff/wall").text
    assert "Name only" in client.get("/staff/wall?every=1").text
    assert client.post_form(f"/staff/wall/{gift.id}", {"do": "bless"}).status_code == 400
    with installation.sessions() as session:
        assert session.get_one(Donation, gift.id).comment == ""
    assert shown(installation, campaign) == [("Ana", "", "Read on.")]
