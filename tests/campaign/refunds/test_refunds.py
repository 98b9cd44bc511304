"""The refundable amount, and the refund request that is saved before Stripe is called."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from campaign.core.clock import now
from campaign.core.errors import RefundRefused
from campaign.models import AuditEntry, Donation, OfflineGift, Refund, StripeRequest
from campaign.refunds.refunds import (
    MAX_NOTE_LENGTH,
    Refundable,
    RefundOrder,
    RefundRequest,
    describe_refundable,
    get_refundable,
    list_unconfirmed_refunds,
    mark_refund_rejected,
    request_refund,
    stable_request_token,
)
from campaign.runtime.context import Installation
from tests.support.ledger import (
    add_donation_to,
    campaign_in,
    report_charge,
    report_dispute,
    report_paid,
    report_refund,
)
from tests.support.refunds import EDITOR
from tests.support.stripe import Facts

Give = Callable[..., Facts]
AT = now()


@pytest.fixture
def gift(installation: Installation, give: Give) -> Facts:
    """A paid gift of $25 plus $1.06 for fees."""
    facts = give(fee_cover=106)
    report_paid(installation, facts)
    return facts


def left(installation: Installation, facts: Facts) -> Refundable:
    with installation.sessions() as session:
        return get_refundable(session, session.get_one(Donation, facts.donation.id))


def ask(
    installation: Installation,
    facts: Facts,
    amount: int | None = None,
    token: str = "request-1",
    **more: Any,
) -> RefundOrder:
    asked = RefundRequest(facts.donation.public_id, amount, EDITOR, token, **more)
    with installation.sessions.begin() as session:
        return request_refund(session, asked, AT)


def written(installation: Installation) -> tuple[int, int, int]:
    """Count (refunds, Stripe requests, audit entries)."""
    with installation.sessions() as session:
        found = [
            len(session.scalars(select(one)).all()) for one in (Refund, StripeRequest, AuditEntry)
        ]
    return found[0], found[1], found[2]


def test_refundable_excludes_refunded_requested_and_disputed_amounts(
    installation: Installation, gift: Facts
) -> None:
    assert left(installation, gift).amount == 2606
    report_refund(installation, gift, gift.refund("a", 700))
    ask(installation, gift, 300)
    report_dispute(installation, gift, gift.dispute("needs_response", -1000, amount=1000))
    found = left(installation, gift)
    assert (found.charged, found.refunded, found.requested) == (2606, 700, 300)
    assert (found.disputed, found.failed, found.amount) == (1000, 0, 606)
    report_dispute(installation, gift, gift.dispute("won", -1000, 1000, amount=1000))
    report_refund(installation, gift, gift.refund("a", 700, "failed"))
    assert left(installation, gift).amount == 2306


def test_the_refundable_amount_is_never_negative(installation: Installation, gift: Facts) -> None:
    report_refund(installation, gift, gift.refund("a", 700))
    report_dispute(installation, gift, gift.dispute("needs_response", -2606))
    assert left(installation, gift).amount == 0
    with pytest.raises(RefundRefused, match=r"\$0 of \$26.06 is refundable; \$7 refunded; "):
        ask(installation, gift)


def test_nothing_is_refundable_after_a_reversed_debit(
    installation: Installation, gift: Facts
) -> None:
    report_charge(
        installation, gift, gift.charge(status="failed", failure_balance_transaction="txn_b")
    )
    assert left(installation, gift).amount == 0


@pytest.mark.parametrize(
    ("found", "currency", "said"),
    [
        (Refundable(2500, 0, 0, 0, 0), "usd", "$25 of $25 is refundable"),
        (Refundable(2500, 1001, 0, 0, 0), "usd", "$14.99 of $25 is refundable; $10.01 refunded"),
        (Refundable(2500, 700, 0, 0, 0), "jpy", "¥1,800 of ¥2,500 is refundable; ¥700 refunded"),
        (
            Refundable(2500, 100, 200, 300, 400),
            "usd",
            (
                "$15 of $25 is refundable; $1 refunded; $2 requested but not confirmed by Stripe yet;"
                " $3 disputed; $4 reversed by the bank"
            ),
        ),
    ],
)
def test_amounts_are_shown_in_the_gifts_currency(
    found: Refundable, currency: str, said: str
) -> None:
    assert describe_refundable(found, currency) == said


def test_the_last_yen_can_be_refunded_and_not_one_more(installation: Installation) -> None:
    facts = add_donation_to(installation, campaign_in(installation, "jpy"), 2500, fee_cover=93)
    report_paid(installation, facts)
    report_refund(installation, facts, facts.refund("a", 2592))
    with pytest.raises(RefundRefused, match="¥1 of ¥2,593 is refundable"):
        ask(installation, facts, 2)
    refund = ask(installation, facts, 1, "request-2").refund
    assert (refund.amount, refund.currency) == (1, "jpy")


def test_a_request_is_saved_with_its_stripe_request_and_audit_entry(
    installation: Installation, gift: Facts
) -> None:
    asked = ask(installation, gift, 700, reason="duplicate", note="n" * MAX_NOTE_LENGTH)
    assert (asked.refund.state, asked.refund.created_at) == ("requested", AT)
    assert asked.call is not None
    assert asked.call.parameters == {
        "payment_intent": f"pi_{gift.number}",
        "amount": 700,
        "reason": "duplicate",
        "metadata": {
            "refund_request": "request-1",
            "donation_id": gift.donation.public_id,
            "note": "n" * 500,
        },
    }
    assert written(installation) == (1, 1, 1)
    with installation.sessions() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert entry.after == {"amount": 700, "currency": "usd", "reason": "duplicate"}


def test_without_a_note_or_a_reason_neither_is_sent_and_the_amount_always_is(
    installation: Installation, gift: Facts
) -> None:
    call = ask(installation, gift).call
    assert call is not None
    assert sorted(call.parameters) == ["amount", "metadata", "payment_intent"]
    assert call.parameters["amount"] == 2606
    assert "note" not in call.parameters["metadata"]


def test_the_same_token_is_the_same_request_whatever_else_differs(
    installation: Installation, gift: Facts
) -> None:
    first = ask(installation, gift, 700)
    again = ask(installation, gift, 999_999, reason="spite")
    assert (again.refund.id, again.refund.amount, again.call) == (first.refund.id, 700, None)
    assert written(installation) == (1, 1, 1)


def test_a_token_of_another_donation_is_rejected(
    installation: Installation, gift: Facts, give: Give
) -> None:
    ask(installation, gift, 700)
    other = give(email="ben@example.org")
    report_paid(installation, other)
    with pytest.raises(RefundRefused, match="belongs to another donation"):
        ask(installation, other, 700)


@pytest.mark.parametrize("token", ["1234567", "x" * 65, "request 1", "request-ä", "request-1\n"])
def test_a_token_is_eight_to_sixty_four_plain_characters(
    installation: Installation, gift: Facts, token: str
) -> None:
    with pytest.raises(RefundRefused, match="no valid token"):
        ask(installation, gift, 700, token)
    assert written(installation) == (0, 0, 0)


def test_offline_gifts_and_unknown_payments_are_rejected(
    installation: Installation, gift: Facts, give: Give
) -> None:
    with installation.sessions.begin() as session:
        session.add(
            OfflineGift(
                donation_id=gift.donation.id,
                kind="cheque",
                reference="1042",
                received_on=AT.date(),
                entered_by="fay",
            )
        )
    with pytest.raises(RefundRefused, match=r"did not come through Stripe \(1042\)"):
        ask(installation, gift)
    unknown = give(email="ben@example.org")
    report_paid(installation, unknown)
    with installation.sessions.begin() as session:
        session.get_one(Donation, unknown.donation.id).payment_intent_id = None
    with pytest.raises(RefundRefused, match="is not known yet"):
        ask(installation, unknown)


def test_stripes_rejection_is_saved_unless_newer_evidence_says_otherwise(
    installation: Installation, gift: Facts
) -> None:
    for token, shown in (("request-1", False), ("request-2", True)):
        refund = ask(installation, gift, 100, token).refund
        if shown:
            metadata = {"refund_request": token}
            report_refund(installation, gift, gift.refund("a", 100, metadata=metadata))
        with installation.sessions.begin() as session:
            mark_refund_rejected(session, refund, "x" * 501, AT)
    with installation.sessions() as session:
        first, second = session.scalars(select(Refund).order_by(Refund.id))
    assert (first.state, first.failure_reason, first.ended_at) == ("refused", "x" * 500, AT)
    assert (second.state, second.failure_reason) == ("succeeded", None)
    assert left(installation, gift).amount == 2506


def test_older_unconfirmed_requests_are_unfinished(installation: Installation, gift: Facts) -> None:
    tokens = ("request-1", "request-2", "request-3")
    for token in tokens:
        ask(installation, gift, 100, token)
    with installation.sessions.begin() as session:
        first, second, third = session.scalars(select(Refund).order_by(Refund.id))
        first.created_at, second.created_at = AT, AT - timedelta(seconds=1)
        third.created_at, third.state = AT - timedelta(days=1), "refused"
        session.flush()
        assert [one.request_token for one in list_unconfirmed_refunds(session, AT)] == ["request-2"]
        later = list_unconfirmed_refunds(session, AT + timedelta(microseconds=1))
        assert [one.request_token for one in later] == ["request-2", "request-1"]


def test_a_repeatable_token_changes_once_its_refund_is_done(
    installation: Installation, gift: Facts
) -> None:
    def token(amount: int | None) -> str:
        with installation.sessions() as session:
            donation = session.get_one(Donation, gift.donation.id)
            return stable_request_token(session, donation, amount)

    before = token(700)
    assert before != token(None)
    assert ask(installation, gift, 700, before).call is not None
    report_refund(installation, gift, gift.refund("other", 1))
    assert token(700) == before
    metadata = {"refund_request": before}
    report_refund(installation, gift, gift.refund("a", 700, metadata=metadata))
    assert token(700) != before
