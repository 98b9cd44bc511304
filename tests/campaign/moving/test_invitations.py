"""Donors whose monthly gift is charged elsewhere are asked once to move it; who moved or opted out is not."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from campaign.audit.audit_log import Actor
from campaign.campaigns.campaigns import find_campaign
from campaign.core.clock import now
from campaign.core.errors import CampaignNotOpen
from campaign.emails.batch_renderer import BatchRenderer
from campaign.models import (
    Campaign,
    Donor,
    GiftElsewhere,
    OutboxMessage,
    Subscriber,
    Subscription,
    Suppression,
)
from campaign.moving.invitations import invite, list_invited
from campaign.outreach.eligibility import ineligibility_reason
from campaign.runtime.context import Installation
from tests.support.donors import claim_of
from tests.support.raw_sql import insert


@pytest.fixture
def donor(installation: Installation, campaign: Campaign) -> int:
    """Somebody who agreed to emails and gives $10 a month by PayPal."""
    donor_id: int = insert(installation, Donor, email="bo@reader.test", name="Bo", locale="es")
    insert(
        installation,
        Subscriber,
        email="Bo@reader.test",
        name="Bo",
        locale="es",
        consent_source="list",
        consent_at=now(),
    )
    insert(
        installation,
        GiftElsewhere,
        system="old-crm",
        external_id="P1",
        donor_id=donor_id,
        frequency="monthly",
        amount=1000,
        currency=campaign.currency,
        processor="PayPal",
    )
    return donor_id


def invited(installation: Installation, campaign: Campaign) -> list[str]:
    with installation.sessions.begin() as session:
        found = find_campaign(session, campaign.slug)
        return list(invite(session, found, "give.example.org", Actor.command_line(), now()))


def moved(installation: Installation, campaign: Campaign, donor: int) -> None:
    insert(
        installation,
        Subscription,
        stripe_id="sub_here",
        token="t" * 22,
        campaign_id=campaign.id,
        donor_id=donor,
        frequency="monthly",
        amount=1000,
        currency=campaign.currency,
        state="active",
    )


def opted_out(installation: Installation, campaign: Campaign, donor: int) -> None:
    insert(installation, Suppression, email="bo@reader.test", reason="unsubscribed")


def ended(installation: Installation, campaign: Campaign, donor: int) -> None:
    with installation.sessions.begin() as session:
        session.execute(update(GiftElsewhere).values(ended_at=now()))


def withdrew(installation: Installation, campaign: Campaign, donor: int) -> None:
    with installation.sessions.begin() as session:
        session.delete(session.scalars(select(Subscriber)).one())


def reason(installation: Installation) -> str:
    with installation.sessions() as session:
        row = session.scalars(select(OutboxMessage)).one()
        return ineligibility_reason(session, claim_of(row), now())


def test_each_person_is_invited_once(
    installation: Installation, campaign: Campaign, donor: int
) -> None:
    with installation.sessions() as session:
        found = find_campaign(session, campaign.slug)
        assert list(list_invited(session, found, now())) == ["bo@reader.test"]
        assert session.scalars(select(OutboxMessage)).all() == []
    assert invited(installation, campaign) == ["bo@reader.test"]
    assert invited(installation, campaign) == []
    with installation.sessions() as session:
        row = session.scalars(select(OutboxMessage)).one()
        assert (row.kind, row.bulk, row.donor_id, row.locale) == ("move_over", True, donor, "es")
    assert reason(installation) == ""


def test_each_invitation_names_its_own_amount_in_its_own_language(
    installation: Installation, campaign: Campaign, donor: int
) -> None:
    other = insert(installation, Donor, email="cy@reader.test", name="Cy", locale="en")
    for email, gift, amount in (("cy@reader.test", "P2", 2500), ("", "P3", 700)):
        insert(
            installation,
            GiftElsewhere,
            system="old-crm",
            external_id=gift,
            donor_id=other if email else donor,
            frequency="monthly",
            amount=amount,
            currency=campaign.currency,
        )
    insert(
        installation,
        Subscriber,
        email="cy@reader.test",
        name="Cy",
        locale="en",
        consent_source="list",
        consent_at=now(),
    )
    assert len(invited(installation, campaign)) == 2
    renderer = BatchRenderer(installation)
    with installation.sessions() as session:
        rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.recipient)).all()
    found = [renderer.message(claim_of(row)) for row in rows]
    bo, cy = (one.decode().replace("=\r\n", "") for one in found if isinstance(one, bytes))
    assert "amount=3D10&code" in bo.replace("&amp;", "&")
    assert "lang=3Des" in bo
    assert "amount=3D25&code" in cy.replace("&amp;", "&")
    assert "Dear Cy," in cy


@pytest.mark.parametrize("happened", [moved, opted_out, ended, withdrew])
def test_who_moved_opted_out_ended_it_or_never_agreed_is_not_invited(
    installation: Installation, campaign: Campaign, donor: int, happened: Any
) -> None:
    happened(installation, campaign, donor)
    assert invited(installation, campaign) == []


@pytest.mark.parametrize(
    ("happened", "said"),
    [(moved, "have a monthly"), (opted_out, "suppression list"), (ended, "has ended")],
)
def test_what_happens_before_it_is_sent_stops_it(
    installation: Installation, campaign: Campaign, donor: int, happened: Any, said: str
) -> None:
    assert invited(installation, campaign)
    happened(installation, campaign, donor)
    assert said in reason(installation)


def test_a_campaign_that_takes_no_gifts_invites_nobody(
    installation: Installation, campaign: Campaign, donor: int
) -> None:
    assert donor
    with installation.sessions() as session:
        found = find_campaign(session, campaign.slug)
        with pytest.raises(CampaignNotOpen):
            invite(session, found, "x.org", Actor.command_line(), now() + timedelta(days=40_000))
