"""The history behind a disputed gift: the monthly gift, and earlier gifts."""

from datetime import timedelta

from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.models import Campaign
from campaign.reporting.dispute_evidence import StripeAnswers
from campaign.reporting.evidence_fields import evidence_fields
from campaign.reporting.evidence_sections import evidence_sections
from campaign.reporting.evidence_writer import LISTED
from tests.support.dispute_evidence import PAYMENT, section, writer_about
from tests.support.donors import add_donation, add_donor, add_subscription


def test_a_monthly_gift_has_its_history_with_the_disputed_payment_marked(
    session: Session, campaign: Campaign
) -> None:
    ana = add_donor(session, "ana@example.org")
    subscription = add_subscription(session, campaign, ana, ended=True)
    at = now()
    gifts = [
        add_donation(
            session,
            campaign,
            ana,
            frequency="monthly",
            subscription_id=subscription.id,
            invoice_id=f"in_{month}",
            session_id="cs_1" if not month else None,
            created_at=at - timedelta(days=900 - 30 * month),
            charged_at=at - timedelta(days=900 - 30 * month),
            consent_wording="" if month else "Email me",
        )
        for month in range(LISTED + 2)
    ]
    writer = writer_about(session, gifts[-1], reason="subscription_canceled")
    sections = evidence_sections(writer)
    monthly = section(sections, "monthly")
    assert sections[1].key == "monthly"
    assert len(monthly.cells) == LISTED
    assert [row[2] for row in monthly.cells[-2:]] == ["paid", "paid, this dispute"]
    assert monthly.paragraphs == [f"{LISTED} of {LISTED + 2} are listed."]
    # The form is that of the first payment.
    assert section(sections, "consent").paragraphs == ["Email me"]
    texts = {one.name: one.text for one in evidence_fields(writer)}
    assert texts["cancellation_rebuttal"].startswith("This monthly gift ended on")
    assert "The disputed payment was charged before" in texts["cancellation_rebuttal"]


def test_earlier_gifts_say_what_they_have_in_common(session: Session, campaign: Campaign) -> None:
    ana = add_donor(session, "ana@example.org")
    at = now()
    old = add_donation(
        session,
        campaign,
        ana,
        name="A. Reyes",
        charged_at=at - timedelta(days=200),
        payment_intent_id="pi_1",
    )
    gift = add_donation(session, campaign, ana, charged_at=at, payment_intent_id="pi_2")
    answers = StripeAnswers(PAYMENT, same_card={old.id: True})
    earlier = section(evidence_sections(writer_about(session, gift, answers)), "earlier")
    (row,) = earlier.cells
    assert row[1:] == ("200", "$25 USD", "no", "email, card")
    assert earlier.paragraphs == ["Stripe’s ids of those 120 to 364 days before: pi_1."]
    assert earlier.says.startswith("1 earlier payment of this donor. 1 of them was paid 120 to 364")
