"""A request is carried out once, goes on after a death, and forgets what it searched for."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from campaign.adoption.flow import AdoptionOrder
from campaign.adoption.runs import begin_run, carry_out_runs, find_run
from campaign.adoption.unknown import AccountFilter
from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.core.errors import NotFound
from campaign.models import AdoptionAction, AdoptionRun, Donation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def ask(bank: Bank, names: tuple[str, ...] = (), search: str = "") -> int:
    with bank.installation.sessions.begin() as session:
        asked, order = AccountFilter(search=search), AdoptionOrder("nine-days")
        take_in = AdoptionAction.take_in
        return begin_run(session, take_in, asked, order, names, Actor.command_line()).id


def run(bank: Bank, run_id: int) -> AdoptionRun:
    with bank.installation.sessions() as session:
        return find_run(session, run_id)


def test_a_run_of_a_living_worker_is_left_to_it(bank: Bank) -> None:
    bank.stripe.charge_customer(1000)
    run_id = ask(bank)
    with bank.installation.sessions.begin() as session:
        session.get_one(AdoptionRun, run_id).lease_until = now() + timedelta(minutes=1)
    assert carry_out_runs(bank.installation) == 0
    with bank.installation.sessions.begin() as session:
        session.get_one(AdoptionRun, run_id).lease_until = now() - timedelta(minutes=1)
    assert carry_out_runs(bank.installation) == 1
    assert run(bank, run_id).done == 1


def test_what_was_searched_for_is_forgotten(bank: Bank) -> None:
    bank.stripe.charge_customer(1000, email="eva@example.org")
    bank.stripe.charge_customer(1100)
    run_id = ask(bank, search="eva@")
    assert run(bank, run_id).search == "eva@"
    carry_out_runs(bank.installation)
    found = run(bank, run_id)
    assert (found.done, found.looked_at, found.search) == (1, 2, "")


def test_a_name_that_is_booked_or_wrong_is_counted_apart(bank: Bank) -> None:
    intent = bank.stripe.charge_customer(1000)["id"]
    run_id = ask(bank, names=(intent, intent, "pi_nowhere"))
    carry_out_runs(bank.installation)
    found = run(bank, run_id)
    assert (found.done, found.known, found.refused) == (1, 1, 1)
    assert found.refusals[0]["stripe_id"] == "pi_nowhere"
    with bank.installation.sessions() as session:
        assert len(session.scalars(select(Donation)).all()) == 1


def test_an_unknown_run_is_not_found(bank: Bank) -> None:
    with pytest.raises(NotFound), bank.installation.sessions() as session:
        find_run(session, 17)
