"""How the evidence is worded: what comes first, what is left out, and what is said to be missing."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.models import Campaign, Donation, OutboxMessage
from campaign.privacy.erasure import erase_person
from campaign.privacy.personal_data_export import find_data_subject
from campaign.reporting.dispute_evidence import StripeAnswers
from campaign.reporting.evidence_fields import evidence_fields, section_text
from campaign.reporting.evidence_sections import (
    LISTED,
    EvidenceWriter,
    evidence_sections,
    hints_for_staff,
    missing_facts,
)
from tests.support.dispute_evidence import PAYMENT, issue, section, writer_about
from tests.support.donors import add_donation, add_donor, add_subscription
from tests.support.personal_data import ADA


@pytest.fixture
def gift(session: Session, campaign: Campaign) -> Donation:
    ana = add_donor(session, "ana@example.org")
    return add_donation(
        session,
        campaign,
        ana,
        payment_intent_id="pi_1",
        session_id="cs_1",
        comment="For the harbor",
    )


def all_text(writer: EvidenceWriter) -> str:
    return "\n".join(section_text(one) for one in evidence_sections(writer))


@pytest.mark.parametrize(
    ("reason", "first"),
    [
        ("fraudulent", ["donor"]),
        ("product_unacceptable", ["gift", "receipts"]),
        ("product_not_received", ["receipts", "gift"]),
        ("credit_not_processed", ["policy"]),
        ("a_reason_of_tomorrow", ["gift", "donor"]),
    ],
)
def test_what_answers_the_reason_follows_the_summary(
    session: Session, gift: Donation, reason: str, first: list[str]
) -> None:
    issue(session, gift)
    keys = [one.key for one in evidence_sections(writer_about(session, gift, reason=reason))]
    assert keys[0] == "summary"
    assert keys[1 : 1 + len(first)] == first
    assert keys[-1] == "missing"
    assert len(set(keys)) == len(keys)


def test_a_check_that_stripe_does_not_have_has_no_line(session: Session, gift: Donation) -> None:
    rows = dict(section(evidence_sections(writer_about(session, gift)), "donor").rows)
    assert rows["3-D Secure"] == "authenticated (version 2.2.0)"
    assert "Street address check" not in rows


def test_without_stripe_nothing_is_said_about_the_card(session: Session, gift: Donation) -> None:
    writer = writer_about(session, gift, StripeAnswers(problem="Stripe did not respond."))
    rows = dict(section(evidence_sections(writer), "donor").rows)
    assert rows == {"Name on the form": "Ana Reyes", "Email": "ana@example.org"}
    said = "Stripe could not be asked about the card: Stripe did not respond."
    assert said in missing_facts(writer)
    assert not [one for one in hints_for_staff(writer) if "3-D Secure" in one]


def test_of_an_erased_donor_only_what_remains_is_shown(session: Session, gift: Donation) -> None:
    issue(session, gift)
    session.flush()
    erase_person(session, find_data_subject(session, "ana@example.org"), ADA, now())
    writer = writer_about(session, gift, StripeAnswers(PAYMENT))
    text = all_text(writer) + "".join(one.text for one in evidence_fields(writer))
    for personal in ("Ana", "ana@example.org", "Main St", "harbor\n"):
        assert personal not in text
    assert "The donor’s personal data was erased at their request." in text
    assert "Security code (CVC) check: pass" in text
    assert "$25 USD" in text
    names = {one.name for one in evidence_fields(writer)}
    assert not names & {"customer_name", "customer_email_address", "billing_address"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "sent", "sent_at": now()}, "accepted by the mail server for ana@example.org on"),
        ({"state": "sent", "sent_at": now(), "bounced_at": now()}, "bounced on"),
        ({"state": "failed", "last_error": "refused"}, "not sent"),
        ({"state": "dropped"}, "not sent"),
        ({"state": "queued"}, "not sent yet"),
    ],
)
def test_only_a_receipt_that_arrived_is_called_delivered(
    session: Session, gift: Donation, changes: dict[str, Any], said: str
) -> None:
    issue(session, gift)
    session.execute(update(OutboxMessage).values(**changes))
    writer = writer_about(session, gift)
    (row,) = section(evidence_sections(writer), "receipts").cells
    assert row[-1].startswith(said)
    assert (row[-1] == said) or changes["state"] == "sent"
    unsent = "No receipt was sent by email." in missing_facts(writer)
    assert unsent == (changes["state"] != "sent")


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


def test_a_payment_that_did_not_begin_on_our_form_has_no_form(
    session: Session, campaign: Campaign
) -> None:
    ana = add_donor(session, "ana@example.org")
    writer = writer_about(session, add_donation(session, campaign, ana, payment_intent_id="pi_1"))
    gift = section(evidence_sections(writer), "gift")
    assert gift.says == "The payment did not begin with this service’s form."
    assert not gift.paragraphs
    assert "The time at which a form was filled in is not known." in missing_facts(writer)
    assert "The donor sent the form" not in all_text(writer)


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
    assert earlier.paragraphs == ["Their ids at Stripe: pi_1."]
    assert earlier.says.startswith("1 earlier payment of this donor. 1 of them was paid 120 to 364")
