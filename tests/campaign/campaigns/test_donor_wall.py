"""The donor wall: only donors who asked, and only while the gift is not fully refunded."""

from campaign.campaigns.donor_wall import (
    list_wall_entries,
    remove_wall_entries,
    remove_wall_entry,
    save_wall_entry,
)
from campaign.core.clock import now
from campaign.models import Campaign, CommentState, WallEntry
from campaign.privacy.erasure import erase_person
from campaign.privacy.personal_data_export import collect_personal_data, find_data_subject
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, add_booked_gift, add_campaign, add_entry
from tests.support.donor_wall import WORDS, names_on_wall, with_wall


def test_only_donors_who_asked_and_whose_gift_remains_are_listed(
    installation: Installation,
) -> None:
    campaign = with_wall(installation)
    with installation.sessions.begin() as session:
        ana = add_booked_gift(session, campaign, name="  Ana  Reyes ")
        save_wall_entry(session, ana, " Astoria,\n Oregon", now(), wording=WORDS)
        for name, state in (("Bo", "pending"), ("Cy", "refunded"), ("Di", "disputed")):
            gift = add_booked_gift(session, campaign, name=name, state=state)
            save_wall_entry(session, gift, "", now(), wording=WORDS)
        add_booked_gift(session, campaign, name="Eve")
        for kept in ({"name": "Flo", "anonymous": True}, {"name": ""}):
            assert (
                save_wall_entry(
                    session, add_booked_gift(session, campaign, **kept), "", now(), wording=WORDS
                )
                is None
            )
    assert names_on_wall(installation, campaign) == [("Ana", "Astoria, Oregon", "")]
    with installation.sessions.begin() as session:
        assert remove_wall_entry(session, ana)
        assert not remove_wall_entry(session, ana)
    assert names_on_wall(installation, campaign) == []


def test_an_erased_donor_is_no_longer_listed(installation: Installation) -> None:
    campaign = with_wall(installation)
    with installation.sessions.begin() as session:
        gift = add_booked_gift(session, campaign, name="Ana")
        save_wall_entry(session, gift, "Astoria", now(), wording=WORDS)
        whose = find_data_subject(session, gift.email)
        (held,) = collect_personal_data(session, whose)["donor_wall"]
        assert (held["place"], held["wording"]) == ("Astoria", WORDS)
        erase_person(session, whose, ADMIN, now())
        assert session.get(WallEntry, gift.id) is None
    assert names_on_wall(installation, campaign) == []


def test_an_entry_is_shown_only_while_its_gift_remains_and_staff_have_not_hidden_it(
    installation: Installation,
) -> None:
    campaign = with_wall(installation)
    with installation.sessions.begin() as session:
        for name in ("Ana", "Bo", "Cy", "Di", "Eve"):
            gift = add_booked_gift(session, campaign, name=name)
            entry = save_wall_entry(session, gift, "", now(), wording=WORDS)
            assert entry is not None
            match name:
                case "Bo":
                    entry.hidden_at = now()
                case "Cy":
                    gift.anonymous = True
                case "Di":
                    # Corrected to nothing, it keeps its state.
                    add_entry(session, gift, "refund", -10_000)
                case "Eve":
                    gift.state = "partially_refunded"
                    add_entry(session, gift, "refund", -9_999)
    assert [name for name, _, _ in names_on_wall(installation, campaign)] == ["Eve", "Ana"]
    with installation.sessions.begin() as session:
        session.get_one(Campaign, campaign.id).wall_shown = False
        assert list_wall_entries(session, session.get_one(Campaign, campaign.id)) == []


def test_the_wall_is_of_one_campaign_newest_first_and_page_by_page(
    installation: Installation,
) -> None:
    campaign, other = with_wall(installation), add_campaign(installation, slug="summer")
    with installation.sessions.begin() as session:
        gifts = [add_booked_gift(session, campaign, name=name) for name in ("Ana", "Bo", "Cy")]
        for gift in [*gifts, add_booked_gift(session, other, name="Di")]:
            save_wall_entry(session, gift, "", now(), wording=WORDS)
        first = list_wall_entries(session, campaign, at_most=2)
        assert [one.first_name for one in first] == ["Cy", "Bo"]
        second = list_wall_entries(session, campaign, before=first[-1].key, at_most=2)
        assert [one.first_name for one in second] == ["Ana"]
        assert remove_wall_entries(session, [gifts[0].id, gifts[2].id, 0]) == 2
    assert [name for name, _, _ in names_on_wall(installation, campaign)] == ["Bo"]


def test_a_comment_is_public_only_once_staff_approved_it_and_the_same_form_keeps_that(
    installation: Installation,
) -> None:
    campaign = with_wall(installation)
    first, again = now(), now()

    def save(comment: str, place: str = "Astoria", **changes: str) -> WallEntry:
        entry = save_wall_entry(
            session, gift, place, again, wording="Show me", comment=comment, **changes
        )
        assert entry is not None
        return entry

    with installation.sessions.begin() as session:
        gift = add_booked_gift(session, campaign, name="Ana Reyes")
        entry = save_wall_entry(session, gift, "Astoria", first, wording=WORDS, comment="Thanks")
        assert entry is not None
        assert (entry.campaign_id, entry.comment_state) == (campaign.id, CommentState.waiting)
        assert (entry.wording, entry.consent_at) == (WORDS, first)
    assert names_on_wall(installation, campaign) == [("Ana", "Astoria", "")]
    with installation.sessions.begin() as session:
        session.get_one(WallEntry, gift.id).comment_state = CommentState.approved.value
    assert names_on_wall(installation, campaign) == [("Ana", "Astoria", "Thanks")]
    with installation.sessions.begin() as session:
        kept = save("Thanks")
        assert (kept.comment_state, kept.wording, kept.consent_at) == ("approved", WORDS, first)
        for changes in ({"comment": "No"}, {"comment": "No", "place": "Bend"}):
            changed = save(**changes)
            assert (changed.comment_state, changed.wording) == ("waiting", "Show me")
            assert changed.consent_at == again
            changed.comment_state = CommentState.approved.value
            session.flush()
        renamed = save("No", "Bend", first_name="Anita")
        assert (renamed.comment_state, renamed.first_name) == ("waiting", "Anita")
        assert save("", "Bend").comment_state == CommentState.none


def test_a_request_is_cleaned_and_one_without_a_name_removes_the_entry(
    installation: Installation,
) -> None:
    campaign = with_wall(installation)
    with installation.sessions.begin() as session:
        gift = add_booked_gift(session, campaign, name="Ana Reyes")
        entry = save_wall_entry(
            session,
            gift,
            "p" * 61,
            now(),
            wording=WORDS,
            first_name=" A\0na \u202e Lu" + "u" * 40,
            comment="c" * 1001,
        )
        assert entry is not None
        assert (len(entry.place), len(entry.comment)) == (60, 1_000)
        assert entry.first_name == "A na Lu" + "u" * 33
        gift.name = " "
        assert save_wall_entry(session, gift, "", now(), wording=WORDS) is None
        assert session.get(WallEntry, gift.id, populate_existing=True) is None
        gift.name = "Ana"
        assert save_wall_entry(session, gift, "", now(), wording=WORDS) is not None
        gift.anonymous = True
        named = save_wall_entry(session, gift, "", now(), wording=WORDS, first_name="Ana")
        assert named is None
    assert names_on_wall(installation, campaign) == []
