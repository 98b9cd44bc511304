"""What is known about a disputed gift: which earlier gifts count, which emails, and what Stripe is asked."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core.clock import now
from campaign.core.errors import NotFound
from campaign.donors.merging import merge_donors
from campaign.models import Campaign, FraudWarning, OutboxMessage, StaffRole
from campaign.reporting.dispute_evidence import ask_stripe, read_evidence
from tests.support.dispute_evidence import PAYMENT, KnownPayments, add_dispute, writer_about
from tests.support.donors import add_donation, add_donor
from tests.support.sample_emails import SENDER

FAY = Actor("fay@harbor-ledger.example", StaffRole.finance)


@pytest.mark.parametrize(
    ("days", "state", "qualifies"),
    [
        (119, "paid", False),
        (120, "paid", True),
        (364, "paid", True),
        (365, "paid", False),
        (200, "refunded", False),
        (200, "partially_refunded", False),
    ],
)
def test_visa_weighs_undisputed_gifts_of_120_to_364_days(
    session: Session, campaign: Campaign, days: int, state: str, qualifies: bool
) -> None:
    ana = add_donor(session, "ana@example.org")
    at = now()
    then = at - timedelta(days=days)
    add_donation(
        session, campaign, ana, charged_at=then, paid_at=then, state=state, payment_intent_id="pi_1"
    )
    gift = add_donation(session, campaign, ana, charged_at=at, payment_intent_id="pi_2")
    (earlier,) = writer_about(session, gift).evidence.earlier
    assert (earlier.days, earlier.qualifies) == (days, qualifies)


def test_a_gift_that_was_disputed_or_reported_does_not_qualify(
    session: Session, campaign: Campaign
) -> None:
    ana = add_donor(session, "ana@example.org")
    at = now()
    disputed, reported = (
        add_donation(
            session,
            campaign,
            ana,
            charged_at=at - timedelta(days=150 + number),
            payment_intent_id=f"pi_{number}",
        )
        for number in (1, 2)
    )
    add_dispute(session, disputed, status="won")
    session.add(
        FraudWarning(stripe_id="issfr_1", donation_id=reported.id, fraud_type="misc", created_at=at)
    )
    gift = add_donation(session, campaign, ana, charged_at=at, payment_intent_id="pi_3")
    earlier = writer_about(session, gift).evidence.earlier
    assert [(one.questioned, one.qualifies) for one in earlier] == [(True, False)] * 2


def test_later_gifts_offline_gifts_and_gifts_of_others_are_not_earlier_gifts(
    session: Session, campaign: Campaign
) -> None:
    ana, ben, other = (
        add_donor(session, f"{name}@example.org") for name in ("ana", "ben", "other")
    )
    at, before = now(), now() - timedelta(days=200)
    add_donation(session, campaign, ana, charged_at=at + timedelta(1), payment_intent_id="pi_late")
    add_donation(session, campaign, ana, charged_at=before)
    add_donation(session, campaign, ben, charged_at=before, payment_intent_id="pi_ben")
    mine = add_donation(session, campaign, other, charged_at=before, payment_intent_id="pi_merged")
    gift = add_donation(session, campaign, ana, charged_at=at, payment_intent_id="pi_2")
    merge_donors(session, kept_id=ana.id, merged_id=other.id, actor=FAY)
    earlier = writer_about(session, gift).evidence.earlier
    assert [one.donation.id for one in earlier] == [mine.id]


def test_emails_of_others_and_sign_in_links_of_staff_are_left_out(
    session: Session, campaign: Campaign
) -> None:
    ana = add_donor(session, "ana@example.org")
    gift = add_donation(session, campaign, ana, payment_intent_id="pi_1")
    for kind, recipient in (
        ("appeal", "ANA@example.org"),
        ("appeal", "ben@example.org"),
        ("sign_in_link", "ana@example.org"),
        ("tribute_card", "ana@example.org"),
    ):
        key = f"{kind}-{recipient}"
        session.add(
            OutboxMessage(kind=kind, subject_key=key, recipient=recipient, message_id=f"<{key}>")
        )
    mails = writer_about(session, gift).evidence.mails
    assert [(one.kind, one.recipient) for one in mails] == [("appeal", "ANA@example.org")]


def test_a_later_change_of_the_pages_text_is_known(session: Session, campaign: Campaign) -> None:
    ana = add_donor(session, "ana@example.org")
    gift = add_donation(
        session, campaign, ana, payment_intent_id="pi_1", created_at=now() - timedelta(hours=1)
    )
    subject = Subject("campaign", campaign.slug, campaign.id)
    record(session, FAY, "campaign.edited", subject, after={"title": "New"})
    assert writer_about(session, gift).evidence.appeal_changed_at is None
    record(session, FAY, "campaign.edited", subject, after={"appeal": "New"})
    assert writer_about(session, gift).evidence.appeal_changed_at is not None


def test_a_dispute_of_another_gift_is_not_found(session: Session, campaign: Campaign) -> None:
    ana = add_donor(session, "ana@example.org")
    mine, other = (add_donation(session, campaign, ana) for _ in range(2))
    dispute = add_dispute(session, other)
    with pytest.raises(NotFound, match="has no dispute"):
        read_evidence(session, mine.public_id, dispute.stripe_id, SENDER)


def test_stripe_is_asked_about_the_cards_of_few_gifts_that_qualify(
    session: Session, campaign: Campaign
) -> None:
    ana = add_donor(session, "ana@example.org")
    at = now()
    for number in range(8):
        then = at - timedelta(days=100 + 10 * number)
        add_donation(session, campaign, ana, charged_at=then, payment_intent_id=f"pi_{number}")
    gift = add_donation(session, campaign, ana, charged_at=at, payment_intent_id="pi_now")
    evidence = writer_about(session, gift).evidence
    other = replace(PAYMENT, fingerprint="other")
    stripe = KnownPayments({"pi_now": PAYMENT, "pi_2": PAYMENT, "pi_3": other})
    answers = ask_stripe(stripe, evidence)
    assert stripe.asked[0] == "pi_now"
    assert sorted(stripe.asked[2:]) == ["pi_2", "pi_3", "pi_4", "pi_5", "pi_6"]
    same = {
        one.donation.payment_intent_id: (answers.same_card or {}).get(one.donation.id)
        for one in evidence.earlier
    }
    assert (same["pi_2"], same["pi_3"], same["pi_4"]) == (True, False, None)


def test_without_stripe_the_rest_is_there(session: Session, campaign: Campaign) -> None:
    gift = add_donation(
        session, campaign, add_donor(session, "ana@example.org"), payment_intent_id="pi_1"
    )
    evidence = writer_about(session, gift).evidence
    answers = ask_stripe(KnownPayments({}, out_of_reach=True), evidence)
    assert (answers.payment, answers.problem) == (None, "Stripe did not respond.")
