"""What counts for no campaign is nowhere public, and everywhere a person's data is."""

from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.audit.audit_log import Actor
from campaign.campaigns.campaign_list import read_overview
from campaign.campaigns.campaigns import current_campaign, find_campaign
from campaign.core.clock import now
from campaign.models import Donation, Donor, PastGift
from campaign.moving.archive import archive_slug
from campaign.moving.gifts import ADDED, KNOWN
from campaign.outreach.segments import thank_you_recipients
from campaign.privacy.erasure import erase_person
from campaign.privacy.personal_data_export import collect_personal_data, find_data_subject
from campaign.runtime.context import Installation
from tests.support.past_gifts import bring_over

ROSA = "rosa@reader.test"


def test_an_archive_has_no_page_and_is_no_campaign(
    installation: Installation, client: FlaskClient
) -> None:
    bring_over(installation, "donorbox")
    slug = archive_slug("usd")
    assert client.get(f"/c/{slug}").status_code == 404
    assert client.get(f"/c/{slug}/progress.json").status_code == 404
    with installation.sessions() as session:
        assert current_campaign(session, now()) is None
        assert read_overview(session, now()).ended == []
        thanked = thank_you_recipients(find_campaign(session, slug))
        assert session.execute(select(thanked)).all() == []


def test_a_persons_past_gifts_are_exported_and_erased_for_good(installation: Installation) -> None:
    bring_over(installation, "givewp")
    with installation.sessions.begin() as session:
        person = find_data_subject(session, ROSA)
        data = collect_personal_data(session, person)
        assert [one["external_id"] for one in data["past_gifts"]] == ["2001"]
        assert data["donors"][0]["address"] == "1 Elm St\nAstoria, OR 97103\nUS"
        erase_person(session, person, Actor.command_line(), now())
    again = bring_over(installation, "givewp")
    assert (again.report.counts[ADDED], again.report.counts[KNOWN]) == (0, 4)
    with installation.sessions() as session:
        assert session.scalar(select(Donor.id).where(Donor.email == ROSA)) is None
        row = session.execute(
            select(Donation.name, Donation.comment, PastGift.donor_ref)
            .join(PastGift, PastGift.donation_id == Donation.id)
            .where(PastGift.external_id == "2001")
        ).one()
        assert tuple(row) == ("", "", "")
