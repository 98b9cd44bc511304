"""How the evidence is worded: what comes first, what is left out, and what is said to be missing."""

import pytest
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.models import Campaign, Donation
from campaign.privacy.erasure import erase_person
from campaign.privacy.personal_data_export import find_data_subject
from campaign.reporting.dispute_evidence import StripeAnswers
from campaign.reporting.evidence_fields import evidence_fields, section_text
from campaign.reporting.evidence_sections import (
    evidence_sections,
    hints_for_staff,
    missing_facts,
)
from campaign.reporting.evidence_writer import EvidenceWriter
from tests.support.dispute_evidence import PAYMENT, issue, section, writer_about
from tests.support.donors import add_donation, add_donor
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
