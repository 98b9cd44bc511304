"""The donor wall page: comments to review, entries removed and restored."""

from campaign.campaigns.donor_wall import save_wall_entry
from campaign.core.clock import now
from campaign.models import Donation, StaffRole
from campaign.runtime.context import Installation
from tests.support.campaigns import add_booked_gift, audited
from tests.support.donor_wall import WORDS, names_on_wall, with_wall
from tests.support.staff import StaffMaker


def test_finance_moderates_on_the_donor_wall_page(
    installation: Installation, staff: StaffMaker
) -> None:
    campaign = with_wall(installation)
    with installation.sessions.begin() as session:
        gift = add_booked_gift(session, campaign, name="Ana")
        save_wall_entry(session, gift, "", now(), wording=WORDS, comment="Read on.")
    client = staff(StaffRole.finance)
    assert "Read on." in client.get("/staff/wall").text
    done = client.post_form(f"/staff/wall/{gift.id}", {"do": "approve", "comment": "Read on."})
    assert done.status_code == 303
    assert "No comments to review." in client.get("/staff/wall").text
    assert "Show name only" in client.get("/staff/wall?every=1").text
    assert client.post_form(f"/staff/wall/{gift.id}", {"do": "bless"}).status_code == 400
    with installation.sessions() as session:
        assert session.get_one(Donation, gift.id).comment == ""
    assert names_on_wall(installation, campaign) == [("Ana", "", "Read on.")]


def test_a_comment_that_changed_in_the_meantime_is_not_approved_unread(
    installation: Installation, staff: StaffMaker
) -> None:
    campaign = with_wall(installation)
    with installation.sessions.begin() as session:
        gift = add_booked_gift(session, campaign, name="Ana")
        save_wall_entry(session, gift, "", now(), wording=WORDS, comment="Another.")
    client = staff(StaffRole.finance)
    sent = {"do": "approve", "comment": "Read on."}
    answer = client.post_form(f"/staff/wall/{gift.id}", sent, follow_redirects=True)
    assert "Comment approved. The donor wall shows it." not in answer.text
    assert names_on_wall(installation, campaign) == [("Ana", "", "")]
    assert audited(installation)[-1].action != "wall.decided"


def test_an_entry_is_removed_and_restored_and_the_same_list_is_shown(
    installation: Installation, staff: StaffMaker
) -> None:
    campaign = with_wall(installation)
    with installation.sessions.begin() as session:
        gift = add_booked_gift(session, campaign, name="Ana")
        save_wall_entry(session, gift, "", now(), wording=WORDS)
    client = staff(StaffRole.finance)
    for decision, reported in (("hide", []), ("hide", []), ("show", [("Ana", "", "")])):
        answer = client.post_form(f"/staff/wall/{gift.id}", {"do": decision, "every": "1"})
        assert answer.location == "/staff/wall?every=1"
        assert names_on_wall(installation, campaign) == reported
    assert client.post_form(f"/staff/wall/{gift.id}", {"do": "hide"}).location == "/staff/wall"


def test_unknown_ids_change_nothing(staff: StaffMaker) -> None:
    client = staff(StaffRole.finance)
    assert client.post_form("/staff/wall/999", {"do": "hide"}).status_code == 303
    assert client.post_form(f"/staff/wall/{2**63}", {"do": "hide"}).status_code == 404
    for before in ("9" * 25, "x", "-1", "²"):
        assert client.get("/staff/wall", query_string={"before": before}).status_code == 200
