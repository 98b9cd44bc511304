"""A campaign's texts in a reader's language, and what the appeal shows besides progress."""

from datetime import timedelta

from campaign.campaigns.donor_wall import save_wall_entry
from campaign.campaigns.localized_texts import LocalizedText, read_page_context, texts_in_language
from campaign.campaigns.progress import read_progress
from campaign.core.clock import now
from campaign.models import Campaign, CampaignText
from campaign.runtime.context import Installation
from tests.support.campaigns import add_booked_gift, add_campaign
from tests.support.donor_wall import WORDS, with_wall


def test_untranslated_texts_use_the_first_language_and_say_so(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        session.add(CampaignText(campaign_id=campaign.id, locale="es", title="Que todos lean"))
    with installation.sessions() as session:
        found = session.get_one(Campaign, campaign.id)
        spoken = texts_in_language("es", found)
        assert spoken.title == LocalizedText("Que todos lean", "es")
        assert spoken.appeal == LocalizedText(campaign.appeal, "en")
        assert spoken.thanks == LocalizedText("", "en")
        assert texts_in_language("fr", found).title == LocalizedText(campaign.title, "en")


def test_translations_into_the_first_language_are_ignored(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        session.add(CampaignText(campaign_id=campaign.id, locale="es", title="De antes"))
        session.get_one(Campaign, campaign.id).locale = "es"
    with installation.sessions() as session:
        spoken = texts_in_language("es", session.get_one(Campaign, campaign.id))
    assert spoken.title == LocalizedText(campaign.title, "es")


def test_at_most_three_other_open_campaigns_are_listed(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    with installation.sessions() as session:
        assert not read_page_context(session, read_progress(session, campaign, now())).several
    over = {"deadline": (now() - timedelta(days=1)).isoformat()}
    add_campaign(installation, slug="over", **over)
    with installation.sessions() as session:
        alone = read_page_context(session, read_progress(session, campaign, now()))
    assert (alone.others, alone.several) == ([], True)
    for number in range(4):
        add_campaign(installation, slug=f"other-{number}")
    with installation.sessions() as session:
        found = read_page_context(session, read_progress(session, campaign, now()))
    assert len(found.others) == 3
    assert not {one.slug for one in found.others} & {"winter", "over"}


def test_the_five_newest_wall_entries_are_on_the_appeal(installation: Installation) -> None:
    campaign = with_wall(installation)
    with installation.sessions.begin() as session:
        for name in ("Ana", "Bo", "Cy", "Di", "Eve", "Flo"):
            gift = add_booked_gift(session, campaign, name=name)
            save_wall_entry(session, gift, "", now(), wording=WORDS)
    with installation.sessions() as session:
        found = read_page_context(session, read_progress(session, campaign, now()))
    assert [one.first_name for one in found.newest] == ["Flo", "Eve", "Di", "Cy", "Bo"]
