"""Requests to Stripe, saved before they are sent: their keys, their order, their results."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from campaign.audit.stripe_requests import (
    KEY_LIFE,
    add_request,
    is_repeatable,
    latest_request,
    record_failure,
    record_response,
)
from campaign.core.clock import now
from campaign.models import StripeRequest
from campaign.runtime.context import Installation
from tests.support.stripe import Facts

Give = Callable[..., Facts]
AT = now()


def plan(installation: Installation, donation: int, operation: str = "refund") -> StripeRequest:
    """Add the next request, as services do."""
    with installation.sessions.begin() as session:
        latest = latest_request(session, donation, operation)
        return add_request(
            session,
            donation,
            operation,
            f"{operation}-{donation}",
            {"amount": 5},
            after=latest,
            at=AT,
        )


def stored(installation: Installation) -> list[StripeRequest]:
    with installation.sessions() as session:
        return list(session.scalars(select(StripeRequest).order_by(StripeRequest.id)))


def test_each_request_has_its_own_key_and_the_latest_is_found(
    installation: Installation, give: Give
) -> None:
    one, other = give().donation.id, give(email="ben@example.org").donation.id
    keys = [plan(installation, one).idempotency_key for _ in range(2)]
    keys += [plan(installation, other).idempotency_key]
    keys += [plan(installation, one, "cancel").idempotency_key]
    expected = [f"refund-{one}-1", f"refund-{one}-2", f"refund-{other}-1", f"cancel-{one}-1"]
    assert keys == expected
    with installation.sessions() as session:
        latest = latest_request(session, one, "refund")
        assert latest is not None
        assert (latest.ordinal, latest.parameters) == (2, {"amount": 5})
        assert latest_request(session, other, "cancel") is None


def test_the_same_ordinal_is_not_used_twice(installation: Installation, give: Give) -> None:
    donation = give().donation.id
    plan(installation, donation)
    with (
        pytest.raises(IntegrityError, match="uq_stripe_request_donation_id_operation_ordinal"),
        installation.sessions.begin() as session,
    ):
        add_request(session, donation, "refund", "else", {}, after=None, at=AT)


def test_only_one_transaction_adds_a_request_for_a_donation(
    installation: Installation, give: Give
) -> None:
    one, other = give().donation.id, give(email="ben@example.org").donation.id
    with installation.sessions() as first, installation.sessions() as second:
        latest_request(first, one, "refund")
        second.execute(text("SET LOCAL lock_timeout = '20ms'"))
        assert latest_request(second, other, "refund") is None
        with pytest.raises(OperationalError, match="lock timeout"):
            latest_request(second, one, "cancel")


def test_a_key_can_be_reused_for_23_hours_unless_it_failed() -> None:
    call = StripeRequest(created_at=AT)
    blink = timedelta(microseconds=1)
    assert is_repeatable(call, AT + KEY_LIFE - blink)
    assert not is_repeatable(call, AT + KEY_LIFE)
    assert not is_repeatable(StripeRequest(created_at=AT, error="declined"), AT)


def test_the_first_response_is_kept_and_no_failure_replaces_it(
    installation: Installation, give: Give
) -> None:
    call = plan(installation, give().donation.id)
    bystander = plan(installation, call.donation_id)
    with installation.sessions.begin() as session:
        record_response(session, call, "re_1", AT)
        record_response(session, call, "re_2", AT + timedelta(hours=1))
        record_failure(session, call, RuntimeError("too late"))
    answered, untouched = stored(installation)
    assert (answered.result_id, answered.answered_at, answered.error) == ("re_1", AT, None)
    assert untouched.id == bystander.id
    assert (untouched.result_id, untouched.answered_at, untouched.error) == (None, None, None)


def test_an_error_is_cut_to_a_thousand_characters(installation: Installation, give: Give) -> None:
    call = plan(installation, give().donation.id)
    with installation.sessions.begin() as session:
        record_failure(session, call, RuntimeError("x" * 1001))
    (found,) = stored(installation)
    assert (found.error, found.answered_at) == ("x" * 1000, None)
    assert not is_repeatable(found, AT)
