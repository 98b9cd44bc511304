"""The donor wall: only donors who asked, and only while the gift is not fully refunded."""

from campaign.campaigns.donor_wall import remove_wall_entry, save_wall_entry
from campaign.core.clock import now
from campaign.models import WallEntry
from campaign.privacy.erasure import erase_person
from campaign.privacy.personal_data_export import collect_personal_data, find_data_subject
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, book
from tests.support.donor_wall import WORDS, shown, with_wall


def test_only_donors_who_asked_and_whose_gift_remains_are_listed(
    installation: Installation,
) -> None:
    campaign = with_wall(installation)
    with installation.sessions.begin() as session:
        ana = book(session, campaign, name="  Ana  Reyes ")
        save_wall_entry(session, ana, " Astoria,\n Oregon", now(), wording=WORDS)
        for name, state in (("Bo", "pending"), ("Cy", "refunded"), ("Di", "disputed")):
            gift = book(session, campaign, name=name, state=state)
            save_wall_entry(session, gift, "", now(), wording=WORDS)
        book(session, campaign, name="Eve")
        for kept in ({"name": "Flo", "anonymous": True}, {"name": ""}):
            assert (
                save_wall_entry(session, book(session, campaign, **kept), "", now(), wording=WORDS)
                is None
            )
    assert shown(installation, campaign) == [("Ana", "Astoria, Oregon", "")]
    with installation.sessions.begin() as session:
        assert remove_wall_entry(session, ana)
        assert not remove_wall_entry(session, ana)
    assert shown(installation, campaign) == []


def test_an_erased_donor_is_no_longer_listed(installation: Installation) -> None:
    campaign = with_wall(installation)
    with installation.sessions.begin() as session:
        gift = book(session, campaign, name="Ana")
        save_wall_entry(session, gift, "Astoria", now(), wording=WORDS)
        whose = find_data_subject(session, gift.email)
        (held,) = collect_personal_data(session, whose)["donor_wall"]
        assert (held["place"], held["wording"]) == ("Astoria", WORDS)
        erase_person(session, whose, ADMIN, now())
        assert session.get(WallEntry, gift.id) is None
    assert shown(installation, campaign) == []
