"""A refund's calls: the same key while it is good, another only when nobody can be at it under the old one."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from campaign.audit.stripe_requests import KEY_LIFE
from campaign.core.clock import now
from campaign.models import Refund, StripeRequest
from campaign.refunds.refunds import RefundRequest, request_refund
from campaign.refunds.stripe_requests import QUIET, list_refund_requests, next_refund_request
from campaign.runtime.context import Installation
from tests.support.ledger import tell_paid
from tests.support.refunds import EDITOR
from tests.support.stripe import Facts

AT = now()
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def gift(installation: Installation, give: Callable[..., Facts]) -> Facts:
    """A gift of $25 that was paid."""
    facts = give()
    tell_paid(installation, facts)
    return facts


def ask(installation: Installation, facts: Facts, token: str = "request-1") -> Refund:
    asked = RefundRequest(facts.donation.public_id, 100, EDITOR, token)
    with installation.sessions.begin() as session:
        return request_refund(session, asked, AT).refund


def plan(installation: Installation, refund: Refund, at: datetime) -> str | None:
    """The key of the call to make at that moment; None where it must wait."""
    with installation.sessions.begin() as session:
        call = next_refund_request(session, session.get_one(Refund, refund.id), at)
        return call.idempotency_key if call else None


def spoil(installation: Installation) -> None:
    """Every call made so far ended in a failure that Stripe keeps."""
    with installation.sessions.begin() as session:
        session.execute(update(StripeRequest).values(error="500"))


def test_a_key_is_used_again_to_the_end_of_its_life_and_then_rests(
    installation: Installation, gift: Facts
) -> None:
    refund = ask(installation, gift)
    end = AT + KEY_LIFE
    assert plan(installation, refund, AT) == "refund-request-1-1"
    assert plan(installation, refund, end - MICROSECOND) == "refund-request-1-1"
    assert plan(installation, refund, end) is None
    assert plan(installation, refund, end + QUIET - MICROSECOND) is None
    assert plan(installation, refund, end + QUIET) == "refund-request-1-2"


def test_spoiled_keys_are_followed_at_doubled_intervals_up_to_an_hour(
    installation: Installation, gift: Facts
) -> None:
    refund = ask(installation, gift)
    at = AT
    for number, minutes in enumerate((1, 2, 4, 8, 16, 32, 60, 60), start=2):
        spoil(installation)
        assert plan(installation, refund, at + timedelta(minutes=minutes) - MICROSECOND) is None
        at += timedelta(minutes=minutes)
        assert plan(installation, refund, at) == f"refund-request-1-{number}"


def test_a_refund_that_is_over_needs_no_call(installation: Installation, gift: Facts) -> None:
    refund = ask(installation, gift)
    with installation.sessions.begin() as session:
        found = session.get_one(Refund, refund.id)
        found.state, found.stripe_id = "pending", "re_1"
    assert plan(installation, refund, AT) is None


def test_two_requests_of_a_donation_share_its_numbers_and_not_their_calls(
    installation: Installation, gift: Facts
) -> None:
    first, second = ask(installation, gift), ask(installation, gift, "request-2")
    spoil(installation)
    assert plan(installation, first, AT + timedelta(minutes=1)) == "refund-request-1-3"
    with installation.sessions() as session:
        keys = [
            [one.idempotency_key for one in list_refund_requests(session, each)]
            for each in (first, second)
        ]
    assert keys == [["refund-request-1-1", "refund-request-1-3"], ["refund-request-2-2"]]


def test_a_successor_asks_for_the_very_same(installation: Installation, gift: Facts) -> None:
    refund = ask(installation, gift)
    plan(installation, refund, AT + KEY_LIFE + QUIET)
    with installation.sessions() as session:
        first, second = list_refund_requests(session, refund)
        assert (first.parameters, first.ordinal) == (second.parameters, 1)
