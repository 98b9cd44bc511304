"""A batch of campaign emails is rendered once for each kind, step, campaign and language, never across them."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from campaign.core.provider_settings import ProviderSettings
from campaign.core.settings import MailSettings
from campaign.emails.batch_renderer import BatchRenderer, envelope_sender
from campaign.emails.contexts import ObsoleteEmail
from campaign.models import Campaign, CampaignStep, OutboxMessage
from campaign.runtime.context import Installation
from tests.support.campaign_emails import messages, queue_appeals
from tests.support.campaigns import add_campaign
from tests.support.donors import claim_of


def step(installation: Installation, campaign: Campaign, key: str) -> int:
    query = select(CampaignStep.id).where(
        CampaignStep.campaign_id == campaign.id, CampaignStep.key == key
    )
    with installation.sessions() as session:
        return session.scalars(query).one()


def sent(renderer: BatchRenderer, row: OutboxMessage) -> str:
    message = renderer.message(claim_of(row))
    assert isinstance(message, bytes)
    return message.decode().replace("=\r\n", "")


@pytest.mark.parametrize("order", [1, -1])
def test_each_email_has_its_own_language_step_campaign_and_recipient(
    installation: Installation, campaign: Campaign, order: int
) -> None:
    other = add_campaign(installation, title="Stand by the harbor")
    queue_appeals(installation, campaign, "ana@example.org", locale="en")
    queue_appeals(installation, campaign, "bea@example.org", locale="es")
    last = step(installation, campaign, "last_day")
    queue_appeals(installation, campaign, "cy@example.org", step_id=last)
    queue_appeals(installation, other, "di@example.org")
    queue_appeals(installation, campaign, "eve@example.org", locale="en")
    renderer = BatchRenderer(installation)
    rows = messages(installation)
    found = {row.recipient: sent(renderer, row) for row in rows[::order]}
    marks = {
        "ana@example.org": ("Dear Ana,", "/c/nine-days?code=3Dmail-opening", "Keep every story"),
        "bea@example.org": ("Bea", "lang=3Des"),
        "cy@example.org": ("Dear Cy,", "/c/nine-days?code=3Dmail-last-day"),
        "di@example.org": ("Dear Di,", "/c/winter?code=3Dmail-opening", "Stand by the harbor"),
        "eve@example.org": ("Dear Eve,", "/c/nine-days?code=3Dmail-opening"),
    }
    for row in rows:
        message = found[row.recipient]
        assert f"To: {row.recipient}" in message
        assert f"Message-ID: {row.message_id}" in message
        assert f"List-Unsubscribe: <http://localhost/unsubscribe/{row.token}>" in message
        assert f"Feedback-ID: c{row.campaign_id}:s{row.step_id}:appeal:" in message
        assert [mark for mark in marks[row.recipient] if mark not in message] == []
    assert "Dear Bea," not in found["bea@example.org"]
    assert "lang=3Des" not in found["ana@example.org"] + found["eve@example.org"]


def test_each_email_carries_its_own_token_through_the_provider(
    installation: Installation, campaign: Campaign
) -> None:
    queue_appeals(installation, campaign, "ana@example.org", "ben@example.org")
    mail = MailSettings(providers=ProviderSettings("sendgrid"))
    settings = replace(installation.settings, mail=mail)
    renderer = BatchRenderer(replace(installation, settings=settings))
    for row in messages(installation):
        header = f'X-SMTPAPI: {{"unique_args":{{"campaign_token":"{row.token}"}}}}'
        assert f"{header}\r\n" in sent(renderer, row)


def test_an_obsolete_email_stops_no_other(installation: Installation, campaign: Campaign) -> None:
    queue_appeals(installation, campaign, "ana@example.org", kind="wrap_up")
    queue_appeals(installation, campaign, "ben@example.org")
    renderer = BatchRenderer(installation)
    first, second = messages(installation)
    assert renderer.message(claim_of(first)) == ObsoleteEmail("the campaign has not ended")
    assert "Dear Ben," in sent(renderer, second)
    assert envelope_sender(installation, claim_of(second)) == ""
