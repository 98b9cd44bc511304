"""A donor's preferences: campaign emails on and off; bounces remain whatever the preference."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.donor_wall import save_wall_entry
from campaign.core.clock import now
from campaign.donor_portal.preferences import (
    AppealPreference,
    appeal_preference,
    leave_wall,
    subscribe_donor,
    unsubscribe_donor,
)
from campaign.mailer.suppressions import suppress
from campaign.models import AuditEntry, Campaign, Donor, Subscriber, Suppression, SuppressionReason
from campaign.runtime.context import Installation
from tests.support.campaigns import add_campaign
from tests.support.donors import add_donation, add_donor
from tests.support.subscribers import subscribe

WORDS = "Email me about campaigns"


@pytest.fixture
def ana(session: Session) -> Donor:
    return add_donor(session, "Ana@example.org", locale="es")


def actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.mark.parametrize(
    ("agreed", "reason", "wished"),
    [
        (True, None, AppealPreference.wanted),
        (False, None, AppealPreference.unwanted),
        (True, "unsubscribed", AppealPreference.unwanted),
        (True, "bounced", AppealPreference.impossible),
        (False, "complained", AppealPreference.impossible),
        (True, "imported", AppealPreference.impossible),
    ],
)
def test_the_preference_follows_consent_and_suppressions(
    session: Session, ana: Donor, agreed: bool, reason: str | None, wished: AppealPreference
) -> None:
    if agreed:
        subscribe(session, "ANA@example.org")
    if reason:
        suppress(session, ana.email, SuppressionReason(reason))
    assert appeal_preference(session, ana) is wished


def test_leaving_one_campaign_does_not_affect_the_others(
    session: Session, campaign: Campaign, ana: Donor
) -> None:
    subscribe(session, ana.email)
    suppress(session, ana.email, SuppressionReason.bounced, campaign_id=campaign.id)
    assert appeal_preference(session, ana) is AppealPreference.wanted


def test_a_donor_without_an_address_cannot_get_emails(session: Session) -> None:
    by_mail = add_donor(session, "")
    subscribe_donor(session, by_mail, WORDS, now())
    unsubscribe_donor(session, by_mail)
    assert appeal_preference(session, by_mail) is AppealPreference.impossible
    assert actions(session) == []


def test_agreeing_stores_the_wording_and_time_of_the_first_consent(
    session: Session, ana: Donor
) -> None:
    at = now()
    for later in range(2):
        subscribe_donor(session, ana, WORDS, at + timedelta(hours=later))
    agreed = session.scalars(select(Subscriber)).one()
    assert (agreed.consent_wording, agreed.consent_at, agreed.locale) == (WORDS, at, "es")
    assert (agreed.email, agreed.name) == (ana.email, ana.name)
    assert actions(session) == ["donor.subscribed"]


def test_agreeing_again_lifts_only_their_own_unsubscribe(
    installation: Installation, session: Session, campaign: Campaign, ana: Donor
) -> None:
    other = add_campaign(installation)
    subscribe(session, "ana@example.org", consent_source="list")
    suppress(session, ana.email, SuppressionReason.bounced, campaign_id=other.id)
    suppress(session, ana.email, SuppressionReason.unsubscribed)
    suppress(session, ana.email, SuppressionReason.unsubscribed, campaign_id=campaign.id)
    suppress(session, "ben@example.org", SuppressionReason.unsubscribed)
    subscribe_donor(session, ana, WORDS, now())
    kept = session.execute(select(Suppression.email, Suppression.reason).order_by(Suppression.id))
    assert kept.all() == [("ana@example.org", "bounced"), ("ben@example.org", "unsubscribed")]
    session.expire_all()
    assert session.scalars(select(Subscriber.consent_source)).all() == ["own page"]
    suppress(session, ana.email, SuppressionReason.bounced)
    subscribe_donor(session, ana, WORDS, now())
    assert appeal_preference(session, ana) is AppealPreference.impossible
    assert actions(session) == ["donor.subscribed"]


def test_unsubscribing_covers_every_address_of_the_donor_once(session: Session, ana: Donor) -> None:
    add_donor(session, "Ana@work.example", merged_into_id=ana.id)
    add_donor(session, "", merged_into_id=ana.id)
    add_donor(session, "ben@example.org")
    for _ in range(2):
        unsubscribe_donor(session, ana)
    assert sorted(session.scalars(select(Suppression.email))) == [
        "ana@example.org",
        "ana@work.example",
    ]
    assert actions(session) == ["donor.unsubscribed"]


def test_leaving_the_wall_affects_only_that_gift(
    session: Session, campaign: Campaign, ana: Donor
) -> None:
    first, second = (add_donation(session, campaign, ana) for _ in range(2))
    for gift in (first, second):
        save_wall_entry(session, gift, "", now(), wording=WORDS)
    for _ in range(2):
        leave_wall(session, ana, first)
    assert actions(session) == ["donor.left_wall"]
    leave_wall(session, ana, second)
    assert actions(session) == ["donor.left_wall"] * 2
