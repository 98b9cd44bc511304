"""The donor wall: by the donor's own wish, while the gift stands, and comments after a yes."""

import pytest
from flask.testing import FlaskClient

from campaign.campaigns.donor_wall import ask_to_be_shown, read_wall, withdraw
from campaign.campaigns.wall_moderation import Decision, decide, read_lines
from campaign.core.clock import now
from campaign.core.errors import NotFound
from campaign.models import Campaign, Donation, StaffRole, WallEntry
from campaign.privacy.erasure import erase_person
from campaign.privacy.personal_data_export import find_person, read_holdings
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, audited, book, running
from tests.support.staff import StaffMaker
from tests.support.waiting import wait_until

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


def test_only_who_wishes_it_and_whose_gift_stands_is_named(installation: Installation) -> None:
    campaign = with_wall(installation)
    with installation.sessions.begin() as session:
        ana = book(session, campaign, name="  Ana  Reyes ")
        ask_to_be_shown(session, ana, " Astoria,\n Oregon", now(), wording=WORDS)
        for name, state in (("Bo", "pending"), ("Cy", "refunded"), ("Di", "disputed")):
            gift = book(session, campaign, name=name, state=state)
            ask_to_be_shown(session, gift, "", now(), wording=WORDS)
        book(session, campaign, name="Eve")
        for kept in ({"name": "Flo", "anonymous": True}, {"name": ""}):
            assert (
                ask_to_be_shown(session, book(session, campaign, **kept), "", now(), wording=WORDS)
                is None
            )
    assert shown(installation, campaign) == [("Ana", "Astoria, Oregon", "")]
    with installation.sessions.begin() as session:
        assert withdraw(session, ana)
        assert not withdraw(session, ana)
    assert shown(installation, campaign) == []


def test_a_comment_waits_for_a_yes_and_a_new_one_waits_again(installation: Installation) -> None:
    campaign = with_wall(installation)
    with installation.sessions.begin() as session:
        gift = book(session, campaign, name="Ana")
        for _ in range(2):
            ask_to_be_shown(session, gift, "", now(), wording=WORDS, comment="Read on.")
        (waiting,) = read_lines(session, waiting=True)
        assert waiting.entry.comment == "Read on."
    assert shown(installation, campaign) == [("Ana", "", "")]

    def decided(what: Decision, comment: str = "Read on.") -> None:
        with installation.sessions.begin() as session:
            decide(session, gift.id, what, comment, ADMIN, now())

    decided(Decision.approve)
    decided(Decision.approve)
    assert shown(installation, campaign) == [("Ana", "", "Read on.")]
    with installation.sessions.begin() as session:
        ask_to_be_shown(session, gift, "", now(), wording=WORDS, comment="Read on.")
    assert shown(installation, campaign) == [("Ana", "", "Read on.")]
    with installation.sessions.begin() as session:
        ask_to_be_shown(session, gift, "", now(), wording=WORDS, comment="Another.")
    assert shown(installation, campaign) == [("Ana", "", "")]
    with pytest.raises(NotFound):
        decided(Decision.approve)
    decided(Decision.hide, "Another.")
    assert shown(installation, campaign) == []
    assert [one.action for one in audited(installation)] == ["wall.decided"] * 2
    assert "Read on." not in str([(one.before, one.after) for one in audited(installation)])


def test_who_is_erased_is_no_longer_named(installation: Installation) -> None:
    campaign = with_wall(installation)
    with installation.sessions.begin() as session:
        gift = book(session, campaign, name="Ana")
        ask_to_be_shown(session, gift, "Astoria", now(), wording=WORDS)
        whose = find_person(session, gift.email)
        (held,) = read_holdings(session, whose)["donor_wall"]
        assert (held["place"], held["wording"]) == ("Astoria", WORDS)
        erase_person(session, whose, ADMIN, now())
        assert session.get(WallEntry, gift.id) is None
    assert shown(installation, campaign) == []


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
