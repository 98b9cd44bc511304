"""The requests that change a monthly gift, recorded first with their own keys."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.core.errors import ChangeRefused
from campaign.gateway import SubscriptionFact, read_subscription
from campaign.models import AuditEntry, StaffRole, StripeRequest, Subscription
from campaign.runtime.context import Installation
from campaign.subscriptions.change_requests import (
    AMOUNT,
    CANCEL,
    CANCEL_LATER,
    PAUSE,
    RESUME,
    amount_parameters,
    cancel_later_parameters,
    log_change,
    months_later,
    next_change_request,
    pause_end,
    pause_parameters,
    resume_parameters,
)
from tests.support.ledger import add_donation_to, campaign_in
from tests.support.stripe import Facts
from tests.support.subscription_facts import (
    apply_each,
    deleted,
    only_subscription,
    subscription,
    updated,
)

Give = Callable[..., Facts]
Store = Callable[..., None]
FAY = Actor("fay@harbor-ledger.example", StaffRole.finance)
HERE = ZoneInfo("America/Los_Angeles")


@pytest.fixture
def monthly(installation: Installation, give: Give, store: Store) -> Facts:
    """An active monthly gift of $25 and $1.06 for fees."""
    facts = give(frequency="monthly", fee_cover=106)
    apply_each(installation, store, facts.completed(), updated(facts, 1))
    return facts


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2027-01-31T10:00", 1, "2027-02-28T10:00"),
        ("2028-01-31T10:00", 1, "2028-02-29T10:00"),
        ("2027-01-31T10:00", 2, "2027-03-31T10:00"),
        ("2026-11-30T10:00", 1, "2026-12-30T10:00"),
        ("2026-12-15T10:00", 1, "2027-01-15T10:00"),
        ("2026-12-31T10:00", 6, "2027-06-30T10:00"),
        ("2026-06-30T10:00", 6, "2026-12-30T10:00"),
    ],
)
def test_months_later_is_the_same_day_and_time_or_the_months_last_day(
    day: str, months: int, later: str
) -> None:
    at = datetime.fromisoformat(day).replace(tzinfo=HERE)
    found = months_later(at.astimezone(UTC), months, HERE)
    assert found == datetime.fromisoformat(later).replace(tzinfo=HERE)


def test_the_day_is_in_the_zone_and_not_utc() -> None:
    at = datetime(2027, 2, 1, 7, 59, tzinfo=UTC)  # still January 31 in Los Angeles
    assert months_later(at, 1, HERE) == datetime(2027, 2, 28, 23, 59, tzinfo=HERE)
    # On the other side of the change of clocks it is the same hour on the wall.
    assert months_later(at, 2, HERE) == datetime(2027, 3, 31, 23, 59, tzinfo=HERE)


@pytest.mark.parametrize(
    ("due", "months", "at", "end"),
    [
        # In the middle of a month the day stays the same, and the hour on the wall.
        ("2027-01-01T20:00", 2, "2026-12-10T20:00", "2027-02-10T12:00"),
        ("2027-01-01T20:00", 6, "2026-12-10T20:00", "2027-06-10T12:00"),
        # Begun on the first in UTC, which is still the last of the month before in Los Angeles.
        ("2027-01-01T00:30", 2, "2026-12-01T00:37", "2027-02-03T17:30"),
        ("2027-01-01T00:30", 1, "2026-12-01T00:37", "2027-01-03T17:30"),
        # Begun on the 31st: the charge after February's is on the 31st again.
        ("2027-03-31T15:00", 1, "2027-02-28T16:00", "2027-04-03T09:00"),
        ("2027-02-28T15:00", 2, "2027-01-31T15:05", "2027-03-31T09:00"),
        # Unknown, or overdue because an event is missing.
        (None, 1, "2026-12-10T20:00", "2027-01-10T12:00"),
        ("2026-12-09T20:00", 1, "2026-12-10T20:00", "2027-01-10T12:00"),
    ],
)
def test_a_pause_ends_on_the_same_day_after_as_many_charges(
    due: str | None, months: int, at: str, end: str
) -> None:
    begun = datetime.fromisoformat(at).replace(tzinfo=UTC)
    gift = Subscription(frequency="monthly", current_period_end=due and _utc(due))
    assert pause_end(gift, months, begun, HERE) == datetime.fromisoformat(end).replace(tzinfo=HERE)


def test_a_pause_of_a_yearly_gift_does_not_wait_for_its_charge() -> None:
    gift = Subscription(frequency="yearly", current_period_end=_utc("2027-11-01T00:00"))
    assert pause_end(gift, 1, _utc("2026-12-10T20:00"), HERE) == _utc("2027-01-10T20:00")


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def items(*amounts: int) -> dict[str, Any]:
    data = [
        {
            "id": f"si_{place}",
            "quantity": 1,
            "price": {
                "unit_amount": amount,
                "product": f"prod_{place}",
                "recurring": {"interval": "month", "interval_count": 1},
            },
        }
        for place, amount in enumerate(amounts)
    ]
    return {"object": "list", "data": data}


def fact(facts: Facts, *amounts: int) -> SubscriptionFact:
    return read_subscription(subscription(facts, items=items(*amounts)))


@pytest.mark.parametrize(
    ("amounts", "wanted"),
    [
        ((2500, 106), {"si_0": 4000, "si_1": 151}),
        ((106, 2500), {"si_0": 151, "si_1": 4000}),
        ((2606,), {"si_0": 4151}),
        # Neither is the agreed cover, so the smaller one is.
        ((2500, 90), {"si_0": 4000, "si_1": 151}),
        # Both are: the first of the smaller ones.
        ((106, 106), {"si_0": 151, "si_1": 4000}),
    ],
)
def test_the_gift_and_its_fees_each_get_their_own_item(
    installation: Installation,
    monthly: Facts,
    amounts: tuple[int, ...],
    wanted: dict[str, int],
) -> None:
    asked = amount_parameters(only_subscription(installation), fact(monthly, *amounts), 4000, 151)
    assert {one["id"]: one["price_data"]["unit_amount"] for one in asked["items"]} == wanted
    assert sum(wanted.values()) == 4151
    assert asked["proration_behavior"] == "none"
    assert asked["metadata"] == {"gift": "4000", "cover": "151"}


@pytest.mark.parametrize("amounts", [(), (1, 2, 3)])
def test_a_gift_with_unknown_items_at_stripe_is_not_changed(
    installation: Installation, monthly: Facts, amounts: tuple[int, ...]
) -> None:
    with pytest.raises(ChangeRefused, match="set up differently in Stripe"):
        amount_parameters(only_subscription(installation), fact(monthly, *amounts), 4000, 151)


def test_a_yearly_gift_in_yen_stays_one(installation: Installation, store: Store) -> None:
    facts = add_donation_to(
        installation, campaign_in(installation, "jpy"), 2500, frequency="yearly"
    )
    apply_each(installation, store, facts.completed(), updated(facts, 1))
    (item,) = amount_parameters(only_subscription(installation), fact(facts, 2500), 3001, 0)[
        "items"
    ]
    assert item["price_data"]["currency"] == "jpy"
    assert item["price_data"]["recurring"] == {"interval": "year"}
    assert (item["quantity"], item["price_data"]["unit_amount"]) == (1, 3001)


def test_a_pause_ends_at_a_whole_second_and_resuming_undoes_a_cancellation_too(
    monthly: Facts,
) -> None:
    until = datetime(2027, 1, 31, 10, 0, 0, 999_999, tzinfo=UTC)
    assert pause_parameters(until)["pause_collection"] == {
        "behavior": "void",
        "resumes_at": int(datetime(2027, 1, 31, 10, tzinfo=UTC).timestamp()),
    }
    assert resume_parameters() == {"pause_collection": "", "cancel_at_period_end": False}
    assert resume_parameters(fact(monthly, 2500)) == resume_parameters()
    # Stripe reports the date of both kinds; only one set at a date has its own parameter.
    dated = replace(fact(monthly, 2500), cancel_at=until)
    assert resume_parameters(dated) == {"pause_collection": "", "cancel_at": ""}
    assert resume_parameters(replace(dated, cancel_at_period_end=True)) == resume_parameters()
    assert cancel_later_parameters() == {"cancel_at_period_end": True}


def test_every_call_has_its_own_key(installation: Installation, monthly: Facts) -> None:
    known = only_subscription(installation)
    for operation in (PAUSE, RESUME, PAUSE):
        with installation.sessions.begin() as session:
            next_change_request(session, known.id, operation, {}, now())
    with installation.sessions() as session:
        calls = session.scalars(select(StripeRequest).order_by(StripeRequest.id)).all()
    assert [one.idempotency_key for one in calls] == [
        f"subscription-pause-{monthly.subscription}-1",
        f"subscription-resume-{monthly.subscription}-1",
        f"subscription-pause-{monthly.subscription}-2",
    ]


def test_nothing_is_recorded_after_the_cancellation(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    known = only_subscription(installation)
    apply_each(installation, store, deleted(monthly, 9))
    with (
        pytest.raises(ChangeRefused, match="This gift is canceled"),
        installation.sessions.begin() as session,
    ):
        next_change_request(session, known.id, CANCEL, {}, now())
    with installation.sessions() as session:
        assert session.scalars(select(StripeRequest)).all() == []


@pytest.mark.parametrize(
    ("operation", "parameters", "action", "after"),
    [
        (CANCEL, {"comment": "x"}, "subscription.ended", {"when": "at once"}),
        (
            CANCEL_LATER,
            cancel_later_parameters(),
            "subscription.ended",
            {"when": "at the end of the period"},
        ),
        (
            PAUSE,
            pause_parameters(datetime(2027, 1, 31, 10, tzinfo=UTC)),
            "subscription.paused",
            {"until": "2027-01-31T10:00:00+00:00"},
        ),
        (RESUME, resume_parameters(), "subscription.resumed", {}),
        (
            AMOUNT,
            {"metadata": {"gift": "4000", "cover": "151"}},
            "subscription.changed",
            {"amount": 4000, "fee_cover": 151},
        ),
    ],
)
def test_staff_requests_are_logged_with_the_donor(
    installation: Installation,
    monthly: Facts,
    operation: str,
    parameters: dict[str, Any],
    action: str,
    after: dict[str, Any],
) -> None:
    with installation.sessions.begin() as session:
        found = session.scalars(select(Subscription)).one()
        log_change(session, found, FAY, operation, parameters)
    with installation.sessions() as session:
        (entry,) = session.scalars(select(AuditEntry))
    assert (entry.action, entry.subject_key) == (action, str(monthly.donation.donor_id))
    assert entry.after == {"subscription": monthly.subscription, **after}
    changed = operation == AMOUNT
    assert entry.before == {"state": "active"} | (
        {"amount": 2500, "fee_cover": 106} if changed else {}
    )
