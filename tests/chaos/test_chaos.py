"""A short `./dev chaos`, in one test: on several cores, several tests would each start an installation."""

import random

from tests.chaos.checking import DOUBLED, check_donor, read_letters, read_records
from tests.chaos.ground import GROUP
from tests.chaos.house import House, whole_house
from tests.chaos.model import truths
from tests.chaos.rounds import Game, Played, Script
from tests.chaos.troubles import Deliveries, Kill, Quiet, StripeFault, Trouble


def play(game: Game, *troubles: Trouble, monthly: int = 0) -> Played:
    played = game.play(Script(troubles, donors=5, monthly=monthly))
    assert played.findings == [], (game.seed, played)
    return played


def what_a_second_page_is_called(house: House, game: Game) -> list[str]:
    """Planted at Stripe, and paid: the donor who gave already is charged again for the same donation."""
    emails = [donor.email for donor in game.people if donor.frequency == "one_time"]
    email = next(name for name, truth in truths(house.stripe, emails).items() if truth.charges)
    [(parameters,)] = house.rows(
        """
        SELECT call.parameters FROM stripe_request AS call JOIN donation ON donation.id = call.donation_id
        WHERE donation.email = %s AND call.operation = 'checkout_session' LIMIT 1
        """,
        email,
    )
    page = house.installation.gateway.create_checkout_session(parameters, "planted")
    house.stripe.pay(page.id)
    [donor] = [donor for donor in game.people if donor.email == email]
    truth = truths(house.stripe, [email])[email]
    record, letters = read_records(house, [email])[email], read_letters(house, [email])[email]
    return [found.kind for found in check_donor(donor, truth, record, letters)]


def test_deaths_crashes_and_lost_answers_lose_nothing_and_double_nothing() -> None:
    kills = [
        Kill("web:checkout.flow._begin.commit.after"),
        Kill("worker:stripe_events.process.apply_next_event.commit.before", 3),
        Kill("worker:emails.delivery.deliver.mail.after"),
    ]
    whole = Kill("worker:emails.delivery.deliver_batch.commit.after", 1, GROUP)
    fault = StripeFault("drop_after", "POST /v1/checkout/sessions", 2)
    with whole_house() as house:
        game = Game(house, seed=random.randrange(1_000_000))

        passed = play(game, Quiet(), monthly=1).passed
        play(game, *kills, fault, Deliveries("reorder"))
        play(game, whole)

        assert [kill.what_happened(house)[:3] for kill in (*kills, whole)] == ["hit"] * 4
        assert fault.what_happened(house) == "2 met"
        assert DOUBLED in what_a_second_page_is_called(house, game)
    for what in ("commit", "stripe", "mail", "nudge"):
        for side in ("before", "after"):
            assert any(point.endswith(f".{what}.{side}") for point in passed), (what, side)
