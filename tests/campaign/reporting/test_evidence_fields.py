"""The texts for Stripe's evidence fields: they exist at Stripe, and fit."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session
from stripe.params._dispute_modify_params import (
    DisputeModifyParamsEvidence,
    DisputeModifyParamsEvidenceAppealCard,
)

from campaign.core.clock import now
from campaign.models import Campaign
from campaign.reporting.evidence_fields import (
    LONGEST_FIELD,
    LONGEST_TOGETHER,
    evidence_fields,
    shortened,
)
from tests.support.dispute_evidence import writer_about
from tests.support.donors import add_donation, add_donor, add_subscription


@pytest.mark.parametrize("reason", ["fraudulent", "duplicate", "subscription_canceled"])
def test_each_field_exists_at_stripe_and_its_text_fits(
    session: Session, campaign: Campaign, reason: str
) -> None:
    session.execute(update(Campaign).values(appeal="We report. " * 3_000))
    ana = add_donor(session, "ana@example.org")
    subscription = add_subscription(session, campaign, ana)
    for days in range(1, 100):
        then = now() - timedelta(days=days)
        add_donation(
            session,
            campaign,
            ana,
            charged_at=then,
            payment_intent_id=f"pi_{days}",
            comment="x" * 280,
        )
    gift = add_donation(
        session,
        campaign,
        ana,
        frequency="monthly",
        subscription_id=subscription.id,
        payment_intent_id="pi_now",
        session_id="cs_1",
    )
    fields = evidence_fields(writer_about(session, gift, reason=reason))
    assert {one.name for one in fields} <= set(DisputeModifyParamsEvidence.__annotations__)
    assert all(0 < len(one.text) <= LONGEST_FIELD for one in fields)
    assert sum(len(one.text) for one in fields) <= LONGEST_TOGETHER


def test_an_appeal_has_one_text(session: Session, campaign: Campaign) -> None:
    gift = add_donation(session, campaign, add_donor(session, "ana@example.org"))
    (field,) = evidence_fields(writer_about(session, gift, status="appeal_needs_response"))
    place, card, name = field.name.split(".")
    assert (place, card) == ("appeal", "card")
    assert name in DisputeModifyParamsEvidenceAppealCard.__annotations__


def test_for_a_duplicate_the_other_gifts_are_named(session: Session, campaign: Campaign) -> None:
    ana = add_donor(session, "ana@example.org")
    near, far, larger = (
        add_donation(
            session,
            campaign,
            ana,
            charged_at=now() - timedelta(days=days),
            amount=amount,
            payment_intent_id=f"pi_{days}",
        )
        for days, amount in ((3, 2500), (40, 2500), (4, 9000))
    )
    gift = add_donation(session, campaign, ana, payment_intent_id="pi_now")
    fields = evidence_fields(writer_about(session, gift, reason="duplicate"))
    (text,) = [one.text for one in fields if one.name == "duplicate_charge_explanation"]
    assert near.public_id in text
    assert far.public_id not in text
    assert larger.public_id not in text
    alone = evidence_fields(writer_about(session, far, reason="duplicate"))
    (text,) = [one.text for one in alone if one.name == "duplicate_charge_explanation"]
    assert "No other payment of $25 USD" in text


def test_a_text_that_is_too_long_says_so() -> None:
    assert shortened("abc", 3) == "abc"
    cut = shortened("x" * 200, 100)
    assert len(cut) <= 100
    assert cut.endswith("[shortened; the PDF has the rest]")
