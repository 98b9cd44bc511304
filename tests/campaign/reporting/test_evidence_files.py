"""The files of the evidence: few pages and small, however much there is, and honest about where the dispute stands."""

import io
import zipfile
from datetime import timedelta

import pytest
from pypdf import PdfReader
from sqlalchemy import update
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.gateway.payment_details import DisputeDetails
from campaign.models import Campaign, OutboxMessage
from campaign.reporting.dispute_evidence import StripeAnswers
from campaign.reporting.evidence_fields import LARGEST_FILES
from campaign.reporting.evidence_files import dispute_pdf, evidence_zip, standing_sentences
from tests.support.dispute_evidence import PAYMENT, issue, writer_about
from tests.support.donors import add_donation, add_donor, add_subscription

MOST_PAGES = 19
"""Of all files together, for Mastercard: https://docs.stripe.com/disputes/responding."""


def test_a_long_history_stays_within_the_limits(session: Session, campaign: Campaign) -> None:
    session.execute(update(Campaign).values(appeal="We report.\n\n" * 5_000))
    ana = add_donor(session, "ana@example.org", "Ana María Reyes de la Cruz y Fernández")
    subscription = add_subscription(session, campaign, ana)
    for month in range(120):
        then = now() - timedelta(days=30 * (120 - month))
        gift = add_donation(
            session,
            campaign,
            ana,
            frequency="monthly",
            subscription_id=subscription.id,
            session_id=f"cs_{month}",
            payment_intent_id=f"pi_3TyXw2LkdIwHu7ix0n6Qr{month:03d}",
            created_at=then,
            charged_at=then,
            comment="x" * 280,
        )
    issue(session, gift)
    for number in range(60):
        session.add(
            OutboxMessage(
                kind="appeal",
                subject_key=f"{number}",
                recipient="ana@example.org",
                message_id=f"<{number}>",
            )
        )
    session.flush()
    session.execute(update(OutboxMessage).values(state="sent", sent_at=now()))
    writer = writer_about(session, gift)
    files = [dispute_pdf(writer, now())]
    with zipfile.ZipFile(io.BytesIO(evidence_zip(writer, now()))) as archive:
        files += [archive.read(name) for name in archive.namelist() if name.startswith("receipts/")]
        files.append(archive.read("emails.pdf"))
        assert len(archive.read("campaign-page.txt")) > 50_000
    assert sum(len(file) for file in files) < LARGEST_FILES
    assert sum(len(PdfReader(io.BytesIO(file)).pages) for file in files) <= MOST_PAGES


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("needs_response", "Evidence is due on"),
        ("warning_needs_response", "Evidence is due on"),
        ("appeal_needs_response", "The appeal is due on"),
        ("won", "This dispute is closed (won)."),
        ("warning_closed", "This dispute is closed (warning closed)."),
        ("prevented", "This dispute is closed (prevented)."),
    ],
)
def test_it_says_where_the_dispute_stands(
    session: Session, campaign: Campaign, status: str, said: str
) -> None:
    gift = add_donation(session, campaign, add_donor(session, "ana@example.org"))
    assert said in " ".join(standing_sentences(writer_about(session, gift, status=status)))


def test_it_says_that_evidence_was_submitted_or_is_late(
    session: Session, campaign: Campaign
) -> None:
    gift = add_donation(session, campaign, add_donor(session, "ana@example.org"))
    bank = DisputeDetails("visa", "10.4", 1, past_due=True)
    writer = writer_about(session, gift, StripeAnswers(PAYMENT, bank))
    said = " ".join(standing_sentences(writer))
    assert "Stripe says that the deadline has passed." in said
    assert "Evidence was submitted before" in said
