"""The appeal's other states: hidden figures, translated texts, several campaigns, donors today."""

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.campaigns.matching_gifts import MatchingGiftFields, add_matching_gift
from campaign.campaigns.milestones import record_milestones
from campaign.campaigns.progress import read_progress
from campaign.core.clock import now
from campaign.core.i18n import get_language
from campaign.mailer.email_context import Sender
from campaign.models import Campaign, CampaignStep
from campaign.outreach.campaign_email_content import appeal_context
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, add_booked_gift, add_campaign
from tests.support.staff import StaffMaker
from tests.support.waiting import wait_until

FIGURES = ("$20,000", "40%", "progressbar", "Halfway", "A quarter", "gave today", "$30,000")


def change(installation: Installation, campaign: Campaign, **values: object) -> None:
    with installation.sessions.begin() as session:
        found = session.get_one(Campaign, campaign.id)
        for name, value in values.items():
            setattr(found, name, value)


def test_hidden_figures_appear_nowhere_until_their_percentage(
    client: FlaskClient, installation: Installation, staff: StaffMaker
) -> None:
    campaign, admin = add_campaign(installation), staff()
    with installation.sessions.begin() as session:
        add_matching_gift(
            session, campaign, MatchingGiftFields("The Reyes family", "50000"), ADMIN, now()
        )
        for _ in range(4):
            add_booked_gift(session, campaign, 500_000, timedelta(minutes=1))
        record_milestones(session, now())
    wait_until(lambda: "A quarter of the goal on" in client.get("/c/winter").text)
    assert "4 readers gave today." in client.get("/c/winter").text
    plain = client.get("/c/winter/card.png").data
    typed = {"figures_hidden": "y", "figures_from_percent": "50", "locale": "en"}
    wrong = admin.post_form("/staff/c/winter/appearance", typed | {"figures_from_percent": "0"})
    assert wrong.status_code == 422
    assert admin.post_form("/staff/c/winter/appearance", typed).status_code == 303
    hidden = "The amount raised will be shown once it reaches 50% of the goal."
    wait_until(lambda: hidden in client.get("/c/winter").text)
    for path in ("/c/winter", "/", "/c/winter/embed", "/c/winter/print", "/campaigns"):
        page = client.get(path).text
        assert [one for one in FIGURES if one in page] == [], path
    assert "raised" not in client.get("/c/winter/embed.json").get_json()["progress"]
    assert client.get("/c/winter/card.png").data != plain
    assert client.get("/c/winter/progress.json").get_json()["raised"] == 2_000_000
    assert "$20,000" in admin.get("/staff/c/winter").text
    sent_email = _letter(installation, campaign)
    assert "$20,000" not in str(sent_email)
    assert "$30,000" not in str(sent_email)
    assert "is met" not in str(sent_email)
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 500_000, timedelta(minutes=1))
    wait_until(lambda: "$25,000 of $50,000" in client.get("/c/winter").text)
    change(installation, campaign, figures_from_percent=None)
    ended = now() - timedelta(minutes=1)
    change(installation, campaign, deadline=ended)
    wait_until(lambda: "raised (provisional result)" in client.get("/c/winter").text)


def _letter(installation: Installation, campaign: Campaign) -> dict[str, object]:
    with installation.sessions() as session:
        found = session.get_one(Campaign, campaign.id)
        step = session.scalars(select(CampaignStep).limit(1)).one()
        step.texts = {"en": {"subject": "{raised} so far", "opening": "We have {raised}."}}
        sender = Sender(installation.settings.organization, installation.address)
        context = appeal_context(
            read_progress(session, found, now()), step, None, sender, get_language("en")
        )
        session.rollback()
    return context
