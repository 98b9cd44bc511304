"""The page of payments that nobody knows: filters, choices, and the progress of what staff asked for."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from campaign.adoption.runs import carry_out_runs
from campaign.core.clock import now
from campaign.core.errors import GatewayUnavailable
from campaign.models import AdoptionRun, AuditEntry, Donation, LeftAlone, StaffRole
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank
from tests.support.staff import StaffClient, StaffMaker

PAGE = "/staff/account-payments"


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def finance(staff: StaffMaker) -> StaffClient:
    return staff(StaffRole.finance)


def shown(client: StaffClient, **query: str) -> list[str]:
    page = client.get(PAGE, query_string=query)
    assert page.status_code == 200
    return re.findall(r'name="stripe_id" value="([^"]+)"', page.text)


def ask(client: StaffClient, **form: object) -> str:
    fields = {"campaign": "nine-days", "do": "take_in", "receipts": "newest", **form}
    answer = client.post_form(PAGE, fields)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def runs(bank: Bank) -> list[AdoptionRun]:
    with bank.installation.sessions() as session:
        return list(session.scalars(select(AdoptionRun).order_by(AdoptionRun.id)))


def amounts(bank: Bank) -> list[int]:
    with bank.installation.sessions() as session:
        return sorted(session.scalars(select(Donation.amount)))


def test_only_what_nobody_knows_is_listed(bank: Bank, finance: StaffClient) -> None:
    bank.stripe.pay(bank.give())
    bank.stripe.pay(bank.give(frequency="monthly"))
    link = bank.stripe.pay_link(1500)["payment_intent"]
    made = bank.stripe.subscribe(2000)
    bank.deliver()
    assert shown(finance) == [link]
    assert shown(finance, kind="subscription") == [made["id"]]
    ask(finance, stripe_id=[link])
    assert carry_out_runs(bank.installation) == 1
    assert shown(finance) == []


def test_filters(bank: Bank, finance: StaffClient) -> None:
    first = bank.stripe.charge_customer(1000, description="Shop order 17", email="eva@example.org")
    second = bank.stripe.charge_customer(2000, metadata={"fund": "Roof"})
    assert shown(finance, q="shop ORDER") == [first["id"]]
    assert shown(finance, q="roof") == [second["id"]]
    assert shown(finance, q="eva@") == [first["id"]]
    assert shown(finance, q="nobody") == []
    tomorrow = f"{now() + timedelta(days=2):%Y-%m-%d}"
    assert shown(finance, since=tomorrow) == []
    assert shown(finance, until=tomorrow) == [second["id"], first["id"]]
    wrong = finance.get(PAGE, query_string={"since": "soon"})
    assert "There is a problem" in wrong.text
    assert "soon" in wrong.text


def test_all_of_a_filter_is_taken_in_and_what_cannot_be_is_named(
    bank: Bank, finance: StaffClient
) -> None:
    for amount in (1000, 1100):
        bank.stripe.charge_customer(amount, metadata={"fund": "roof"})
    bank.stripe.charge_customer(1200, "eur", metadata={"fund": "roof"})
    bank.stripe.charge_customer(1300)
    address = ask(finance, all="yes", q="roof")
    waiting = finance.get(address).text
    assert "It waits for a worker" in waiting
    assert "Reload" in waiting
    assert carry_out_runs(bank.installation) == 1
    assert carry_out_runs(bank.installation) == 0
    (run,) = runs(bank)
    assert (run.done, run.refused, run.search) == (2, 1, "")
    assert "is in EUR" in finance.get(address).text
    assert amounts(bank) == [1000, 1100]
    with bank.installation.sessions() as session:
        actors = set(
            session.scalars(select(AuditEntry.actor).where(AuditEntry.action.like("%adopt%")))
        )
    assert actors == {"finance@harbor-ledger.example"}


def test_a_run_that_died_goes_on_and_books_nothing_twice(bank: Bank, finance: StaffClient) -> None:
    for amount in (1000, 1100):
        bank.stripe.charge_customer(amount)
    ask(finance, all="yes")
    carry_out_runs(bank.installation)
    with bank.installation.sessions.begin() as session:
        run = session.scalars(select(AdoptionRun)).one()
        run.finished_at, run.lease_until = None, now() - timedelta(seconds=1)
    bank.stripe.charge_customer(1200)
    assert carry_out_runs(bank.installation) == 1
    assert amounts(bank) == [1000, 1100, 1200]


def test_another_uses_payments_are_left_alone(bank: Bank, finance: StaffClient) -> None:
    shop = [bank.shop()["payment_intent"] for _ in range(2)]
    link = bank.stripe.pay_link(500)["payment_intent"]
    ask(finance, do="leave_alone", stripe_id=shop)
    carry_out_runs(bank.installation)
    assert shown(finance) == [link]
    assert sorted(shown(finance, show="left")) == sorted(shop)
    answer = finance.post_form(PAGE, {"do": "list_again", "stripe_id": shop[:1]})
    assert answer.status_code == 303
    assert set(shown(finance)) == {link, shop[0]}
    with bank.installation.sessions() as session:
        assert session.scalars(select(LeftAlone.stripe_id)).all() == shop[1:]


def test_an_address_is_given_for_one_without(bank: Bank, finance: StaffClient) -> None:
    nameless = bank.stripe.charge_customer(900, email=None, name=None)
    ask(finance, stripe_id=[nameless["id"]], email="nora@example.org")
    carry_out_runs(bank.installation)
    with bank.installation.sessions() as session:
        assert session.scalars(select(Donation.email)).one() == "nora@example.org"
    assert runs(bank)[0].email == ""


def test_nothing_chosen_or_no_campaign_is_said(bank: Bank, finance: StaffClient) -> None:
    intent = bank.stripe.charge_customer(900)
    nothing = finance.post_form(PAGE, {"do": "take_in", "campaign": "nine-days"})
    assert nothing.status_code == 422
    assert "Check at least one line" in nothing.text
    wrong = finance.post_form(
        PAGE, {"do": "take_in", "campaign": "no-such", "stripe_id": [intent["id"]]}
    )
    assert wrong.status_code == 422
    assert runs(bank) == []


def test_stripe_away_is_said_and_the_request_waits(bank: Bank, finance: StaffClient) -> None:
    bank.stripe.charge_customer(900)
    ask(finance, all="yes")
    bank.stripe.fault("GET /v1/payment_intents", "500", times=50)
    assert "Stripe did not answer" in finance.get(PAGE).text
    with pytest.raises(GatewayUnavailable):
        carry_out_runs(bank.installation)
    (run,) = runs(bank)
    assert run.finished_at is None
    assert "Stripe failed" in (run.error or "")
    bank.stripe.clear_faults()
    with bank.installation.sessions.begin() as session:
        session.get_one(AdoptionRun, run.id).lease_until = None
    assert carry_out_runs(bank.installation) == 1
    assert amounts(bank) == [900]
