"""A short `./dev chaos`, in one test: on several cores, several tests would each start an installation."""

import random

import pytest

from tests.chaos.checking import DOUBLED, check_donor, read_received_emails, read_records
from tests.chaos.kill_orders import GROUP
from tests.chaos.model import truths
from tests.chaos.rounds import Game, RoundResult, Script
from tests.chaos.service import ServiceUnderTest, running_service
from tests.chaos.troubles import Deliveries, Kill, Quiet, StripeFault, Trouble


def play(game: Game, *troubles: Trouble, monthly: int = 0) -> RoundResult:
    played = game.play(Script(troubles, donors=5, monthly=monthly))
    assert played.findings == [], (game.seed, played)
    return played


def findings_about_a_second_page(service: ServiceUnderTest, game: Game) -> list[str]:
    """Charge a donor a second time for the same donation at Stripe; return the kinds of findings."""
    emails = [donor.email for donor in game.people if donor.frequency == "one_time"]
    email = next(name for name, truth in truths(service.stripe, emails).items() if truth.charges)
    [(parameters,)] = service.rows(
        """
        SELECT call.parameters FROM stripe_request AS call JOIN donation ON donation.id = call.donation_id
        WHERE donation.email = %s AND call.operation = 'checkout_session' LIMIT 1
        """,
        email,
    )
    page = service.installation.gateway.create_checkout_session(parameters, "planted")
    service.stripe.pay(page.id)
    [donor] = [donor for donor in game.people if donor.email == email]
    truth = truths(service.stripe, [email])[email]
    record, received_emails = (
        read_records(service, [email])[email],
        read_received_emails(service, [email])[email],
    )
    return [found.kind for found in check_donor(donor, truth, record, received_emails)]


@pytest.mark.timeout(
    1200
)  # three rounds of a whole service, each until every kill has happened and all is quiet
def test_kills_crashes_and_lost_responses_lose_and_double_nothing() -> None:
    kills = [
        Kill("web:checkout.flow._begin.commit.after"),
        Kill("worker:stripe_events.process._InboxRun.apply_next.commit.before", 3),
        Kill("worker:emails.delivery._hand_over.mail.after"),
    ]
    whole = Kill("worker:emails.delivery._claim.commit.after", 1, GROUP)
    fault = StripeFault("drop_after", "POST /v1/checkout/sessions", 2)
    with running_service() as service:
        game = Game(service, seed=random.randrange(1_000_000))

        passed = play(game, Quiet(), monthly=1).passed
        play(game, *kills, fault, Deliveries("reorder"))
        play(game, whole)

        assert [kill.what_happened(service)[:3] for kill in (*kills, whole)] == ["hit"] * 4
        assert fault.what_happened(service) == "2 met"
        assert DOUBLED in findings_about_a_second_page(service, game)
    for what in ("commit", "stripe", "mail", "nudge"):
        for side in ("before", "after"):
            assert any(point.endswith(f".{what}.{side}") for point in passed), (what, side)
