"""Moderation of the donor wall: what staff see and decide."""

from datetime import timedelta
from typing import Any

import pytest

from campaign.campaigns.donor_wall import remove_wall_entry, save_wall_entry
from campaign.campaigns.wall_moderation import Decision, decide, list_entries
from campaign.core.clock import now
from campaign.core.errors import NotFound
from campaign.models import Campaign, Donation
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, add_booked_gift, audited
from tests.support.donor_wall import WORDS, names_on_wall, with_wall


def on_wall(
    installation: Installation, campaign: Campaign, comment: str = "Read on.", **gift: Any
) -> Donation:
    """Create a gift by Ana, who asked to be on the wall."""
    with installation.sessions.begin() as session:
        found = add_booked_gift(session, campaign, **{"name": "Ana", **gift})
        save_wall_entry(session, found, "", now(), wording=WORDS, comment=comment)
        return found


def decided(
    installation: Installation, gift: Donation, what: Decision, comment: str = "Read on."
) -> None:
    with installation.sessions.begin() as session:
        decide(session, gift.id, what, comment, ADMIN, now())


def waiting(installation: Installation) -> list[int]:
    with installation.sessions() as session:
        return [one.donation.id for one in list_entries(session, waiting=True)]


def test_a_comment_needs_approval_and_so_does_a_changed_one(installation: Installation) -> None:
    campaign = with_wall(installation)
    with installation.sessions.begin() as session:
        gift = add_booked_gift(session, campaign, name="Ana")
        for _ in range(2):
            save_wall_entry(session, gift, "", now(), wording=WORDS, comment="Read on.")
        (waiting,) = list_entries(session, waiting=True)
        assert waiting.entry.comment == "Read on."
    assert names_on_wall(installation, campaign) == [("Ana", "", "")]

    def decided(what: Decision, comment: str = "Read on.") -> None:
        with installation.sessions.begin() as session:
            decide(session, gift.id, what, comment, ADMIN, now())

    decided(Decision.approve)
    decided(Decision.approve)
    assert names_on_wall(installation, campaign) == [("Ana", "", "Read on.")]
    with installation.sessions.begin() as session:
        save_wall_entry(session, gift, "", now(), wording=WORDS, comment="Read on.")
    assert names_on_wall(installation, campaign) == [("Ana", "", "Read on.")]
    with installation.sessions.begin() as session:
        save_wall_entry(session, gift, "", now(), wording=WORDS, comment="Another.")
    assert names_on_wall(installation, campaign) == [("Ana", "", "")]
    with pytest.raises(NotFound):
        decided(Decision.approve)
    decided(Decision.hide, "Another.")
    assert names_on_wall(installation, campaign) == []
    assert [one.action for one in audited(installation)] == ["wall.decided"] * 2
    assert "Read on." not in str([(one.before, one.after) for one in audited(installation)])


def test_only_comments_of_paid_gifts_need_a_decision_newest_first(
    installation: Installation,
) -> None:
    campaign = with_wall(installation)
    first, second = (on_wall(installation, campaign) for _ in range(2))
    on_wall(installation, campaign, comment="")
    on_wall(installation, campaign, state="refunded")
    hidden = on_wall(installation, campaign)
    decided(installation, hidden, Decision.hide)
    assert waiting(installation) == [second.id, first.id]
    with installation.sessions() as session:
        every = list_entries(session, waiting=False)
        assert [one.gift_counts for one in every] == [True, False, True, True, True]
        assert [one.donation.id for one in list_entries(session, waiting=False, at_most=1)] == [
            hidden.id
        ]
        rest = list_entries(session, waiting=True, before=second.id)
        assert [one.donation.id for one in rest] == [first.id]


def test_a_rejected_comment_is_hidden_and_the_name_stays(installation: Installation) -> None:
    campaign = with_wall(installation)
    gift = on_wall(installation, campaign)
    decided(installation, gift, Decision.refuse)
    assert names_on_wall(installation, campaign) == [("Ana", "", "")]
    assert waiting(installation) == []
    decided(installation, gift, Decision.approve)
    assert names_on_wall(installation, campaign) == [("Ana", "", "Read on.")]


def test_an_entry_can_be_hidden_and_shown_again(installation: Installation) -> None:
    campaign = with_wall(installation)
    gift = on_wall(installation, campaign, comment="")
    first = now()
    for later in range(2):
        with installation.sessions.begin() as session:
            at = first + timedelta(hours=later)
            entry = decide(session, gift.id, Decision.hide, "", ADMIN, at)
            assert entry.hidden_at == first
    assert names_on_wall(installation, campaign) == []
    decided(installation, gift, Decision.show, "")
    assert names_on_wall(installation, campaign) == [("Ana", "", "")]
    assert [one.after["hidden"] for one in audited(installation)] == [True, False]


def test_without_a_comment_there_is_nothing_to_approve(installation: Installation) -> None:
    gift = on_wall(installation, with_wall(installation), comment="")
    with installation.sessions.begin() as session:
        entry = decide(session, gift.id, Decision.approve, "", ADMIN, now())
        assert entry.comment_state == "none"
    assert audited(installation) == []


def test_staff_are_told_that_the_entry_was_removed(installation: Installation) -> None:
    gift = on_wall(installation, with_wall(installation))
    with installation.sessions.begin() as session:
        remove_wall_entry(session, session.get_one(Donation, gift.id))
    with pytest.raises(NotFound, match="changed or removed this entry"):
        decided(installation, gift, Decision.approve)
