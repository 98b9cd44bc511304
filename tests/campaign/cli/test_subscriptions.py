"""`campaign subscription`: staff show and change monthly gifts."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.models import Campaign, Subscription
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.campaign.cli.conftest import Ended, Run
from tests.conftest import UNREACHABLE, sandbox_address
from tests.support.monthly_gifts import pay_monthly_gift


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def name(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    store: Callable[..., None],
) -> str:
    """Stripe's ID of a monthly gift of $25 with covered fees."""
    return pay_monthly_gift(client, installation, stripe, store).stripe_id


def read(installation: Installation) -> Subscription:
    with installation.sessions() as session:
        return session.scalars(select(Subscription)).one()


def done(ended: Ended) -> str:
    assert (ended.status, ended.errors) == (0, [])
    return ended.out


def test_show_prints_every_field(run: Run, installation: Installation, name: str) -> None:
    shown = done(run("subscription", "show", name))
    assert shown.splitlines()[0] == name
    for line in (
        r"donor: +ana@example.org",
        r"campaign: +nine-days",
        r"gift: +\$25 a month plus \$1.06 for fees",
        r"state: +active",
        r"next: +\d{4}-\d\d-\d\d",
        r"given: +\$26.06 in 1 payment",
        rf"page: +http://localhost/subscriptions/{read(installation).token}",
    ):
        assert re.search(rf"^{line}$", shown, re.MULTILINE), line


def test_change_pause_resume_and_end(run: Run, installation: Installation, name: str) -> None:
    shown = done(run("subscription", "change", name, "40"))
    assert shown == f"{name}: $40 a month plus $1.50 for fees, active\n"
    assert "paused until 20" in done(run("subscription", "pause", name, "--months", "3"))
    assert done(run("subscription", "resume", name)).endswith("for fees, active\n")
    assert "will be canceled on 20" in done(run("subscription", "cancel", name, "--later"))
    assert done(run("subscription", "resume", name)).endswith("for fees, active\n")
    assert "(cancellation_requested)" in done(run("subscription", "cancel", name))
    assert read(installation).state == "ended"
    assert run("ledger", "check").status == 0


def test_the_cancellation_reason_is_sent_to_stripe(
    run: Run, stripe: StripeSandbox, name: str
) -> None:
    run("subscription", "cancel", name)
    details = stripe.objects("subscription")[0]["cancellation_details"]
    assert details["comment"] == "Canceled by staff."


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("show", "sub_unknown"), "There is no subscription 'sub_unknown' here"),
        (("change", "{}", "0.10"), "smallest amount"),
        (("change", "{}", "lots"), "not an amount"),
    ],
)
def test_an_error_is_one_line_with_the_reason(
    run: Run, name: str, arguments: tuple[str, ...], why: str
) -> None:
    ended = run("subscription", *(part.format(name) for part in arguments))
    assert (ended.status, len(ended.errors)) == (1, 1)
    assert why in ended.errors[0]


def test_a_canceled_gift_cannot_be_paused(run: Run, name: str) -> None:
    run("subscription", "cancel", name)
    ended = run("subscription", "pause", name, "--months", "1")
    assert ended.status == 1
    assert "This gift is canceled" in ended.errors[0]


def test_an_unreachable_stripe_changes_nothing(
    run: Run, installation: Installation, name: str
) -> None:
    ended = run("subscription", "cancel", name, STRIPE_API_BASE=UNREACHABLE)
    assert (ended.status, len(ended.errors)) == (1, 1)
    assert "cannot be reached" in ended.errors[0]
    assert read(installation).state == "active"
