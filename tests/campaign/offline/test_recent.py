"""What stands next to the form for offline gifts: latest entries, campaigns, and the donor of an email."""

from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core.clock import now
from campaign.models import Campaign
from campaign.offline.deposits import open_batch
from campaign.offline.entry import Choices
from campaign.offline.recent import campaign_choices, describe_donor, latest_entries
from campaign.runtime.context import Installation
from tests.support.donors import add_donation, add_donor
from tests.support.offline_gifts import FINANCE, Enter, days_ago, gift_of

NEW = Choices(waived=None, donor="new")


def test_the_latest_entries_are_listed_newest_first_with_whether_they_count(
    installation: Installation, enter: Enter
) -> None:
    with installation.sessions.begin() as session:
        batch = open_batch(session, "Monday", "usd", FINANCE, now()).id
    into = Choices(waived=None, donor="new", batch_id=batch)
    first = gift_of(enter(into, reference="1")).id
    late = gift_of(enter(into, reference="2", postmarked_on=days_ago(30))).id
    loose = gift_of(enter(NEW, reference="3")).id
    with installation.sessions() as session:
        shown = [(one.gift.id, one.counted) for one in latest_entries(session, 10)]
        assert shown == [(loose, True), (late, False), (first, True)]
        assert [one.gift.id for one in latest_entries(session, 2)] == [loose, late]
        of_batch = [one.gift.id for one in latest_entries(session, 10, batch)]
        assert of_batch == [late, first]
        assert latest_entries(session, 10, batch + 1) == []


def test_campaigns_are_offered_by_their_deadline_the_latest_first(session: Session) -> None:
    for slug, deadline in (("b", "2099-01-02"), ("a", "2099-01-01"), ("c", "2099-01-02")):
        create_campaign(session, NewCampaign(slug, slug, "500", deadline, "America/Los_Angeles"))
    assert [one.slug for one in campaign_choices(session)] == ["c", "b", "a"]


def test_a_donor_is_described_by_name_and_paid_gifts(session: Session, campaign: Campaign) -> None:
    unknown = "No donor has this email address yet."
    add_donor(session, "")
    assert describe_donor(session, "") == describe_donor(session, "ana@example.org") == unknown
    ana = add_donor(session, "Ana@example.org")
    add_donation(session, campaign, ana, state="pending", paid_at=None, charged_at=None)
    assert describe_donor(session, " ana@EXAMPLE.org ") == "Ana Reyes, 0 earlier gifts."
    add_donation(session, campaign, ana)
    add_donation(session, campaign, add_donor(session, "ben@example.org", ""))
    assert describe_donor(session, "ana@example.org") == "Ana Reyes, 1 earlier gift."
    add_donation(session, campaign, ana)
    assert describe_donor(session, "ana@example.org") == "Ana Reyes, 2 earlier gifts."
    assert describe_donor(session, "ben@example.org") == "ben@example.org, 1 earlier gift."
