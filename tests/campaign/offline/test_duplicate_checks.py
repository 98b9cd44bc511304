"""Warnings before an offline gift is saved: possible duplicates, and gifts that will not count."""

from datetime import timedelta
from typing import Any

import pytest

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core.clock import now
from campaign.core.errors import OfflineGiftKnown
from campaign.models import Campaign, OfflineGift, ReversalReason
from campaign.offline.coupon_codes import coupon_code
from campaign.offline.duplicate_checks import (
    describe,
    find_by_reference,
    find_similar_gifts,
    require_new_reference,
)
from campaign.offline.entry import Choices, UnresolvedEntry
from campaign.offline.entry_parsing import read_entry
from campaign.offline.reversals import reverse
from campaign.runtime.context import Installation
from tests.support.offline_gifts import (
    FINANCE,
    HERE,
    TODAY,
    Enter,
    days_ago,
    gift_of,
    shown_totals,
    written_gift,
)


def reverse_gift(installation: Installation, gift: OfflineGift, reason: ReversalReason) -> None:
    with installation.sessions.begin() as session:
        session.add(gift)
        name = gift.donation.public_id
        reverse(session, name, reason, TODAY, FINANCE, installation.books, now())


def alike(installation: Installation, **changes: Any) -> list[int]:
    """Return the ids of gifts that may be duplicates."""
    with installation.sessions() as session:
        entry = read_entry(session, written_gift(**changes), now(), HERE)
        return [one.id for one in find_similar_gifts(session, entry)]


def test_an_existing_reference_is_rejected_and_names_who_entered_it(
    installation: Installation, enter: Enter
) -> None:
    gift_of(enter(reference="1042 First"))
    with pytest.raises(OfflineGiftKnown, match=r"a check of \$50 from Ana Reyes.*by fay@harbor"):
        enter(reference="1042  FIRST", name="Ben", amount="70")
    assert shown_totals(installation) == (5000, 1, 1)


def test_a_possible_duplicate_needs_confirmation(
    installation: Installation, enter: Enter, running: Campaign
) -> None:
    first = gift_of(enter(reference="1042"))
    shown = enter(reference="1042 again", name="ana reyes", received_on=days_ago(7))
    assert isinstance(shown, UnresolvedEntry)
    assert [one.key for one in shown.entry_warnings] == [f"like-{first.id}"]
    assert "1042, a check of $50 from Ana Reyes" in shown.entry_warnings[0].words
    assert isinstance(
        enter(name="Ana Reyes", received_on=days_ago(11), reference="1043", address="Elsewhere"),
        UnresolvedEntry,
    )
    code = coupon_code(running)
    gift_of(enter(name="C", code=code, postmarked_on=days_ago(2), reference="7", amount="9"))
    alike = enter(name="D", code=code, postmarked_on=days_ago(2), reference="8", amount="9")
    assert isinstance(alike, UnresolvedEntry)
    assert alike.entry_warnings
    waived = Choices(waived=[shown.entry_warnings[0].key], donor=str(shown.candidates[0].id))
    gift_of(enter(waived, reference="1042 again", name="ana reyes", received_on=days_ago(7)))
    assert shown_totals(installation) == (10900, 3, 2)


def test_similar_gifts_are_within_ten_days_of_each_other(
    installation: Installation, enter: Enter
) -> None:
    gift = gift_of(enter(received_on=days_ago(10)))
    for ago, found in ((0, [gift.id]), (20, [gift.id]), (21, [])):
        assert alike(installation, received_on=days_ago(ago)) == found
    older = gift_of(enter(Choices(waived=None, donor="new"), received_on=days_ago(11)))
    assert alike(installation) == [gift.id]
    assert alike(installation, received_on=days_ago(1)) == [older.id, gift.id]


def test_a_different_amount_name_or_currency_is_a_different_gift(
    installation: Installation, enter: Enter
) -> None:
    with installation.sessions.begin() as session:
        new = NewCampaign(
            "euros", "E", "500", "2099-12-31", "Europe/Berlin", "eur", start=days_ago(21)
        )
        create_campaign(session, new)
    gift = gift_of(enter(email="ana@example.org"))
    for changes in ({"amount": "50.01"}, {"name": "Ben"}, {"campaign": "euros"}):
        assert alike(installation, **changes) == []
    assert alike(installation, name="Ben", email="ANA@example.org") == [gift.id]
    assert alike(installation, name="", email="") == []


def test_the_same_code_makes_gifts_similar_only_with_the_same_postmark(
    installation: Installation, enter: Enter, running: Campaign
) -> None:
    coupon = {"code": coupon_code(running, "harbor"), "postmarked_on": days_ago(2)}
    gift = gift_of(enter(**coupon))
    assert alike(installation, name="Ben", **coupon) == [gift.id]
    assert alike(installation, name="Ben", **{**coupon, "postmarked_on": days_ago(3)}) == []
    assert alike(installation, name="Ben", **{**coupon, "postmarked_on": ""}) == []


def test_a_bounced_check_keeps_its_reference_and_a_mistake_releases_it(
    installation: Installation, enter: Enter
) -> None:
    bounced = gift_of(enter(reference="1"))
    mistaken = gift_of(enter(Choices(donor="new"), reference="2", amount="7"))
    reverse_gift(installation, bounced, ReversalReason.bounced)
    reverse_gift(installation, mistaken, ReversalReason.mistake)
    assert alike(installation) == alike(installation, amount="7") == []
    with installation.sessions() as session:
        require_new_reference(session, "2")
        require_new_reference(session, "10")
        assert find_by_reference(session, "2") is None
        with pytest.raises(OfflineGiftKnown) as caught:
            require_new_reference(session, "1")
    assert "Reference 1 is already a check of $50 from Ana Reyes" in str(caught.value)
    assert str(caught.value).endswith("such as the bank's name: 1 First National.")


def test_a_gift_is_described_with_donor_and_local_time_of_entry(
    installation: Installation, enter: Enter
) -> None:
    gifts = [
        gift_of(enter(received_on=days_ago(1))),
        gift_of(enter(kind="cash", name="", email="bo@example.org", amount="7.50")),
        gift_of(enter(kind="stock", name="", description="40 shares", amount="900")),
    ]
    with installation.sessions.begin() as session:
        shown = []
        for gift in gifts:
            found = session.get_one(OfflineGift, gift.id)
            found.created_at = now().replace(hour=1, minute=5) - timedelta(days=1)
            session.flush()
            shown.append(describe(found))
            entered = found.created_at.astimezone(HERE)
    by = f"entered by {FINANCE.name} on {entered:%Y-%m-%d at %H:%M}"
    assert shown == [
        f"a check of $50 from Ana Reyes, received on {days_ago(1)}, {by}",
        f"cash of $7.50 from bo@example.org, received on {days_ago(0)}, {by}",
        f"stock of $900 from an unnamed donor, received on {days_ago(0)}, {by}",
    ]


def test_the_five_newest_similar_gifts_are_shown(installation: Installation, enter: Enter) -> None:
    new = Choices(waived=None, donor="new")
    every = [gift_of(enter(new, reference=str(number))).id for number in range(6)]
    assert alike(installation) == every[:0:-1]
