"""A thief tries card after card in sessions that our form opened: the cards are counted, and the sessions expired."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from campaign.card_testing.declines import expire_bad_sessions, note_paid, record_decline
from campaign.core.clock import now
from campaign.core.errors import GatewayRefused
from campaign.models import Campaign, CardDecline, Donation, SessionOpening
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from sandbox.stripe.errors import CardDeclined, Refused
from tests.conftest import sandbox_address
from tests.support.donate_form import FORM

CARDS = (
    "4000000000000002",
    "4000000000009995",
    "4000000000000069",
    "4000000000000127",
    "4000000000000119",
    "4100000000000019",
)
"""Cards that Stripe's test mode declines: https://docs.stripe.com/testing#declined-payments"""

Try = Callable[..., None]


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def opened(client: FlaskClient, installation: Installation, email: str) -> str:
    """Send the form; return the id of the session that it opened."""
    form = {**FORM, "amount": "25", "email": email, "attempt": f"form of {email}"}
    assert client.post("/c/nine-days/donate", data=form).status_code == 303
    with installation.sessions() as session:
        return session.scalars(select(Donation.session_id).filter_by(email=email)).one()


@pytest.fixture
def try_cards(stripe: StripeSandbox, sync: Callable[[], None]) -> Try:
    """Try these cards in a session, and deliver the events of it."""

    def attempt(session_id: str, *cards: str) -> None:
        for card in cards:
            with pytest.raises(CardDeclined):
                stripe.pay(session_id, card)
        sync()

    return attempt


def openings(installation: Installation) -> dict[str, SessionOpening]:
    with installation.sessions() as session:
        return {one.session_id: one for one in session.scalars(select(SessionOpening))}


def cards(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return list(session.scalars(select(CardDecline.card).order_by(CardDecline.id)))


def test_a_thiefs_sessions_are_expired_at_stripe_and_the_donations_follow(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    try_cards: Try,
    sync: Callable[[], None],
) -> None:
    thief = opened(client, installation, "thief@example.org")
    donor = opened(client, installation, "ana@example.org")
    try_cards(thief, *CARDS[:4])
    assert len(set(cards(installation))) == 4
    assert expire_bad_sessions(installation) == 0
    # The same card again is no other card.
    try_cards(thief, CARDS[0])
    assert expire_bad_sessions(installation) == 0
    other = opened(client, installation, "thief+2@example.org")
    try_cards(other, CARDS[4])
    assert expire_bad_sessions(installation) == 2
    assert expire_bad_sessions(installation) == 0
    states = {
        key: installation.gateway.retrieve_checkout_session(key).status
        for key in (thief, other, donor)
    }
    assert states == {thief: "expired", other: "expired", donor: "open"}
    sync()
    with installation.sessions() as session:
        found = dict(session.execute(select(Donation.session_id, Donation.state)).all())
    assert found == {thief: "failed", other: "failed", donor: "pending"}
    with pytest.raises(Refused):
        stripe.pay(thief, "4242424242424242")


def test_a_donor_whose_cards_fail_may_still_pay_with_another(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    try_cards: Try,
    sync: Callable[[], None],
) -> None:
    session_id = opened(client, installation, "ana@example.org")
    try_cards(session_id, *CARDS[:4])
    assert expire_bad_sessions(installation) == 0
    stripe.pay(session_id, "4242424242424242")
    sync()
    assert openings(installation)[session_id].paid_at is not None


def test_a_marked_session_that_was_paid_meanwhile_stays_paid(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    sync: Callable[[], None],
) -> None:
    session_id = opened(client, installation, "ana@example.org")
    with installation.sessions.begin() as session:
        session.execute(update(SessionOpening).values(bad_at=now()))
    stripe.pay(session_id, "4242424242424242")
    assert expire_bad_sessions(installation) == 0
    assert openings(installation)[session_id].ended_at is not None
    sync()
    with installation.sessions() as session:
        assert session.scalars(select(Donation.state)).one() == "paid"
    with pytest.raises(GatewayRefused):
        installation.gateway.expire_session(session_id)


def test_while_stripe_is_out_of_reach_the_marks_wait(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    session_id = opened(client, installation, "ana@example.org")
    with installation.sessions.begin() as session:
        session.execute(update(SessionOpening).values(bad_at=now()))
    stripe.fault(f"POST /v1/checkout/sessions/{session_id}/expire", "500", times=9)
    assert expire_bad_sessions(installation) == 0
    assert openings(installation)[session_id].ended_at is None
    stripe.clear_faults()
    assert expire_bad_sessions(installation) == 1


def test_a_network_that_tests_cards_loses_its_open_sessions_and_not_its_paid_ones(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    ids = [opened(client, installation, f"{number}@example.org") for number in range(4)]
    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    form = {**FORM, "amount": "25", "email": "far@example.org", "attempt": "far"}
    client.post("/c/nine-days/donate", data=form, environ_base=elsewhere)
    with installation.sessions.begin() as session:
        note_paid(session, ids[0], now())
        donations = list(session.scalars(select(Donation.public_id).order_by(Donation.id)))
        for number in range(10):
            name = donations[1 + number % 3]
            assert record_decline(session, name, f"ch_{number}", f"card {number}", now())
            assert not record_decline(session, name, f"ch_{number}", f"card {number}", now())
    bad = {key for key, one in openings(installation).items() if one.bad_at is not None}
    assert bad == set(ids[1:])


def test_a_decline_of_a_gift_that_no_form_opened_is_left_alone(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        assert not record_decline(session, "don_unknown", "ch_1", "card", now())
