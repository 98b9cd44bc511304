"""Previews of a campaign's own emails."""

import pytest
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.extensions import extend
from campaign.core.clock import now
from campaign.core.errors import NotFound
from campaign.models import Campaign, CampaignStep
from campaign.outreach.campaign_previews import (
    EXTENSION,
    REMINDER,
    THANKS,
    preview_email,
    preview_keys,
)
from tests.support.campaigns import ADMIN
from tests.support.sample_emails import SENDER


def test_every_email_of_a_campaign_has_a_preview_in_each_language(
    session: Session, campaign: Campaign
) -> None:
    campaign = find_campaign(session, campaign.slug)
    keys = [key for key, _ in preview_keys(session, campaign)]
    assert keys[0] == "opening"
    assert keys[-3:] == ["wrap_up", REMINDER, THANKS]
    for key in keys:
        for locale in ("en", "es"):
            shown = preview_email(session, campaign, key, SENDER, locale, now())
            assert f'<html lang="{locale}"' in shown.html, key
            assert "nine-days" in shown.text, key


def test_a_preview_has_the_words_of_staff(session: Session, campaign: Campaign) -> None:
    campaign = find_campaign(session, campaign.slug)
    step = next(one for key, one in preview_keys(session, campaign) if key == "three_days")
    assert isinstance(step, CampaignStep)
    step.texts = {"en": {"subject": "From the night desk", "opening": "It snows."}}
    session.flush()
    shown = preview_email(session, campaign, "three_days", SENDER, "en", now())
    assert shown.subject == "From the night desk"
    assert "It snows." in shown.text


def test_a_moved_deadline_has_an_email_of_its_own(session: Session, campaign: Campaign) -> None:
    campaign = find_campaign(session, campaign.slug)
    assert EXTENSION not in dict(preview_keys(session, campaign))
    extend(session, campaign, "2100-01-05", "a storm kept the mail away", "fay", now(), ADMIN)
    assert EXTENSION in dict(preview_keys(session, campaign))
    shown = preview_email(session, campaign, EXTENSION, SENDER, "en", now())
    assert "a storm kept the mail away" in shown.text


def test_an_unknown_email_is_not_found(session: Session, campaign: Campaign) -> None:
    with pytest.raises(NotFound):
        preview_email(session, campaign, "nothing", SENDER, "en", now())
