"""A refund's Stripe requests: the same key while it is valid, a new one only when the old one cannot be in use."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from campaign.core.clock import now
from campaign.models import Refund, StripeRequest
from campaign.refunds.refunds import RefundRequest, request_refund
from campaign.refunds.stripe_requests import list_refund_requests, next_refund_request
from campaign.runtime.context import Installation
from tests.support.ledger import report_paid
from tests.support.refunds import EDITOR
from tests.support.stripe import Facts

AT = now()
KEY_LIFE = timedelta(hours=23)
QUIET = timedelta(minutes=10)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def gift(installation: Installation, give: Callable[..., Facts]) -> Facts:
    """A paid gift of $25."""
    facts = give()
    report_paid(installation, facts)
    return facts


def ask(installation: Installation, facts: Facts, token: str = "request-1") -> Refund:
    asked = RefundRequest(facts.donation.public_id, 100, EDITOR, token)
    with installation.sessions.begin() as session:
        return request_refund(session, asked, AT).refund


def plan(installation: Installation, refund: Refund, at: datetime) -> str | None:
    """Return the key of the next request at that time; None if it must wait."""
    with installation.sessions.begin() as session:
        call = next_refund_request(session, session.get_one(Refund, refund.id), at)
        return call.idempotency_key if call else None


def spoil(installation: Installation) -> None:
    """Let every request so far end in a failure that Stripe stores."""
    with installation.sessions.begin() as session:
        session.execute(update(StripeRequest).values(error="500"))


def test_a_key_is_reused_until_it_expires_and_then_waits(
    installation: Installation, gift: Facts
) -> None:
    refund = ask(installation, gift)
    end = AT + KEY_LIFE
    assert plan(installation, refund, AT) == "refund-request-1-1"
    assert plan(installation, refund, end - MICROSECOND) == "refund-request-1-1"
    assert plan(installation, refund, end) is None
    assert plan(installation, refund, end + QUIET - MICROSECOND) is None
    assert plan(installation, refund, end + QUIET) == "refund-request-1-2"


def test_failed_keys_are_replaced_at_doubled_intervals_up_to_an_hour(
    installation: Installation, gift: Facts
) -> None:
    refund = ask(installation, gift)
    at = AT
    for number, minutes in enumerate((1, 2, 4, 8, 16, 32, 60, 60), start=2):
        spoil(installation)
        assert plan(installation, refund, at + timedelta(minutes=minutes) - MICROSECOND) is None
        at += timedelta(minutes=minutes)
        assert plan(installation, refund, at) == f"refund-request-1-{number}"


def test_a_finished_refund_needs_no_request(installation: Installation, gift: Facts) -> None:
    refund = ask(installation, gift)
    with installation.sessions.begin() as session:
        found = session.get_one(Refund, refund.id)
        found.state, found.stripe_id = "pending", "re_1"
    assert plan(installation, refund, AT) is None


def test_two_refunds_of_a_donation_share_numbers_but_not_requests(
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


def test_the_next_request_has_the_same_parameters(installation: Installation, gift: Facts) -> None:
    refund = ask(installation, gift)
    plan(installation, refund, AT + KEY_LIFE + QUIET)
    with installation.sessions() as session:
        first, second = list_refund_requests(session, refund)
        assert (first.parameters, first.ordinal) == (second.parameters, 1)
