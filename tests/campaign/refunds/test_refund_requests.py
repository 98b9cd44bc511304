"""A refund request touches its own gift and no other, and says in the log who asked for what."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.core.errors import RefundRefused
from campaign.models import AuditEntry, Donation, Refund, StaffRole, StripeRequest
from campaign.refunds.refunds import (
    RefundOrder,
    RefundRequest,
    get_refundable,
    list_unconfirmed_refunds,
    mark_refund_rejected,
    request_refund,
    stable_request_token,
)
from campaign.runtime.context import Installation
from tests.support.ledger import report_paid, report_refund
from tests.support.stripe import Facts

FAY = Actor("fay@harbor-ledger.example", StaffRole.finance)
AT = now()


@pytest.fixture
def gifts(installation: Installation, give: Callable[..., Facts]) -> list[Facts]:
    """Two paid gifts of $25, by two donors."""
    made = [give(), give(email="ben@example.org")]
    for facts in made:
        report_paid(installation, facts)
    return made


def ask(
    installation: Installation,
    facts: Facts,
    amount: int | None = 100,
    token: str = "request-1",
    reason: str | None = None,
) -> RefundOrder:
    asked = RefundRequest(facts.donation.public_id, amount, FAY, token, reason)
    with installation.sessions.begin() as session:
        return request_refund(session, asked, AT)


def refundable(installation: Installation, facts: Facts) -> int:
    with installation.sessions() as session:
        return get_refundable(session, session.get_one(Donation, facts.donation.id)).amount


def test_what_is_requested_or_refunded_of_one_gift_leaves_the_others_whole(
    installation: Installation, gifts: list[Facts]
) -> None:
    ask(installation, gifts[0], 700)
    report_refund(installation, gifts[0], gifts[0].refund("a", 300))
    assert [refundable(installation, one) for one in gifts] == [1500, 2500]


def test_only_requests_that_are_still_open_hold_back_money(
    installation: Installation, gifts: list[Facts]
) -> None:
    rejected = ask(installation, gifts[0], 700, "request-1").refund
    ask(installation, gifts[0], 500, "request-2")
    with installation.sessions.begin() as session:
        mark_refund_rejected(session, rejected, "no", AT)
    assert refundable(installation, gifts[0]) == 2000


def test_a_rejection_ends_its_own_request_and_no_other(
    installation: Installation, gifts: list[Facts]
) -> None:
    first, second = (
        ask(installation, facts, token=token).refund
        for facts, token in zip(gifts, ("request-1", "request-2"), strict=True)
    )
    with installation.sessions.begin() as session:
        mark_refund_rejected(session, first, "The charge is disputed.", AT)
    with installation.sessions() as session:
        rows = {one.id: one for one in session.scalars(select(Refund))}
    assert (rows[first.id].state, rows[first.id].failure_reason) == (
        "refused",
        "The charge is disputed.",
    )
    assert (rows[second.id].state, rows[second.id].failure_reason, rows[second.id].ended_at) == (
        "requested",
        None,
        None,
    )


def test_the_row_and_the_log_say_who_asked_for_what_of_which_gift(
    installation: Installation, gifts: list[Facts]
) -> None:
    donation = gifts[0].donation
    made = ask(installation, gifts[0], 700).refund
    assert (made.donation_id, made.payment_intent_id) == (donation.id, f"pi_{gifts[0].number}")
    assert (made.amount, made.currency, made.reason) == (700, "usd", None)
    assert (made.requested_by, made.request_token, made.stripe_id) == (FAY.name, "request-1", None)
    with installation.sessions() as session:
        (entry,) = session.scalars(select(AuditEntry))
    assert (entry.actor, entry.action) == (FAY.name, "donation.refunded")
    assert (entry.subject_kind, entry.subject_key, entry.campaign_id) == (
        "donation",
        donation.public_id,
        donation.campaign_id,
    )
    assert entry.before == {"state": "paid"}
    assert entry.after == {"amount": 700, "currency": "usd", "reason": ""}


@pytest.mark.parametrize("reason", ["duplicate", "fraudulent", "requested_by_customer"])
def test_each_of_stripes_reasons_is_sent_and_saved(
    installation: Installation, gifts: list[Facts], reason: str
) -> None:
    made = ask(installation, gifts[0], reason=reason)
    assert made.call is not None
    assert (made.refund.reason, made.call.parameters["reason"]) == (reason, reason)


@pytest.mark.parametrize("reason", ["duplicate ", "Fraudulent", "expired_uncaptured_charge"])
def test_any_other_reason_is_refused_with_the_ones_to_choose_from(
    installation: Installation, gifts: list[Facts], reason: str
) -> None:
    said = "is not one of Stripe's refund reasons: duplicate, fraudulent, requested_by_customer"
    with pytest.raises(RefundRefused, match=said):
        ask(installation, gifts[0], reason=reason)


@pytest.mark.parametrize("token", ["a-cd_F12", "x" * 64])
def test_the_shortest_and_the_longest_token_are_taken(
    installation: Installation, gifts: list[Facts], token: str
) -> None:
    assert ask(installation, gifts[0], token=token).refund.request_token == token


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (0, "must be more than zero"),
        (-1, "must be more than zero"),
        (2501, r"\$25 of \$25 is refundable"),
    ],
)
def test_nothing_and_more_than_the_gift_are_refused(
    installation: Installation, gifts: list[Facts], amount: int, said: str
) -> None:
    with pytest.raises(RefundRefused, match=said):
        ask(installation, gifts[0], amount)
    assert ask(installation, gifts[0], 2500).refund.amount == 2500


def test_the_smallest_amount_can_be_refunded(
    installation: Installation, gifts: list[Facts]
) -> None:
    assert ask(installation, gifts[0], 1).refund.amount == 1


def test_a_repeatable_token_is_of_its_gift_and_its_amount_and_ignores_other_refunds(
    installation: Installation, gifts: list[Facts]
) -> None:
    def tokens(amount: int | None) -> list[str]:
        with installation.sessions() as session:
            rows = [session.get_one(Donation, one.donation.id) for one in gifts]
            return [stable_request_token(session, row, amount) for row in rows]

    before = tokens(100)
    assert len({*before, *tokens(200), *tokens(None)}) == 6
    metadata = {"refund_request": "request-9"}
    ask(installation, gifts[1], 100, "request-9")
    assert tokens(100) == before
    report_refund(installation, gifts[1], gifts[1].refund("a", 100, metadata=metadata))
    after = tokens(100)
    assert (after[0], after[1] == before[1]) == (before[0], False)
    assert {len(one) for one in before} == {40}


def test_unconfirmed_refunds_made_at_the_same_time_keep_their_order(
    installation: Installation, gifts: list[Facts]
) -> None:
    made = [ask(installation, gifts[0], 100, f"request-{n}").refund.id for n in range(3)]
    with installation.sessions() as session:
        found = list_unconfirmed_refunds(session, AT + timedelta(seconds=1))
        calls = session.scalars(select(StripeRequest.ordinal).order_by(StripeRequest.id)).all()
    assert [one.id for one in found] == made
    assert calls == [1, 2, 3]
