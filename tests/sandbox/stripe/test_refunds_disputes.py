"""Refunds, disputes, payouts and their effect on the balance."""

from collections.abc import Callable
from typing import Any

import pytest
from stripe import InvalidRequestError, StripeClient

from sandbox.stripe import StripeSandbox
from sandbox.stripe.errors import Refused


@pytest.fixture
def paid(sandbox: StripeSandbox, give: Callable[..., Any]) -> Callable[..., Any]:
    """paid(card, amount) returns the charge of a paid session."""

    def make(card: str = "4242424242424242", amount: int = 2500) -> Any:
        session = give(amount)
        sandbox.pay(session.id, card)
        return sandbox.charge_of(session.id)

    return make


def types(sandbox: StripeSandbox, match: str = "*") -> list[str]:
    return [event["type"] for event in sandbox.events(match)]


def balance(client: StripeClient) -> int:
    found = client.v1.balance_transactions.list(params={"limit": 100}).data
    return sum(transaction.net for transaction in found)


def test_a_full_refund_by_payment_intent(
    client: StripeClient, sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    charge = paid()
    refund = client.v1.refunds.create(
        params={
            "payment_intent": charge["payment_intent"],
            "reason": "requested_by_customer",
            "metadata": {"donation_id": "d1"},
        },
        options={"idempotency_key": f"refund-{charge['id']}"},
    )
    assert (refund.amount, refund.status, refund.charge) == (2500, "succeeded", charge["id"])
    assert refund.metadata["donation_id"] == "d1"
    now = client.v1.charges.retrieve(charge["id"], params={"expand": ["refunds"]})
    assert (now.refunded, now.amount_refunded, len(now.refunds.data)) == (True, 2500, 1)
    assert types(sandbox, "*refund*") == ["refund.created", "charge.refunded"]
    assert sandbox.events("charge.refunded")[0]["data"]["previous_attributes"] == {
        "amount_refunded": 0,
        "refunded": False,
    }


def test_partial_refunds_add_up_and_never_exceed_the_charge(
    client: StripeClient, direct: StripeClient, paid: Callable[..., Any]
) -> None:
    charge = paid()
    for amount in (1000, 900):
        client.v1.refunds.create(params={"charge": charge["id"], "amount": amount})
    with pytest.raises(InvalidRequestError, match="greater than unrefunded"):
        direct.v1.refunds.create(params={"charge": charge["id"], "amount": 601})
    client.v1.refunds.create(params={"charge": charge["id"], "amount": 600})
    with pytest.raises(InvalidRequestError) as refused:
        direct.v1.refunds.create(params={"charge": charge["id"]})
    assert refused.value.code == "charge_already_refunded"
    assert balance(client) == -103


def test_a_refund_may_fail_afterwards(
    client: StripeClient, sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    charge = paid("4000000000005126")
    refund = client.v1.refunds.create(params={"charge": charge["id"]})
    assert refund.status == "succeeded"
    sandbox.advance(hours=2)
    failed = client.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert client.v1.charges.retrieve(charge["id"]).amount_refunded == 0
    assert types(sandbox, "refund.*") == ["refund.created", "refund.failed", "refund.updated"]
    assert balance(client) == 2397


def test_a_refund_may_be_pending_first(
    client: StripeClient, sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    charge = paid("4000000000007726")
    refund = client.v1.refunds.create(params={"charge": charge["id"]})
    assert refund.status == "pending"
    sandbox.advance(hours=2)
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    previous = sandbox.events("refund.updated")[0]["data"]["previous_attributes"]
    assert previous["status"] == "pending"


def test_a_refund_in_the_dashboard_works_the_same(
    client: StripeClient, sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    refund = sandbox.refund(paid()["id"], 500, fate="pending_fails")
    assert refund["status"] == "pending"
    assert sandbox.end_refund(refund["id"], fail=True)["status"] == "failed"
    assert client.v1.refunds.list(params={"charge": refund["charge"]}).data[0].id == refund["id"]


def test_a_dispute_withdraws_amount_and_fee_at_once(
    client: StripeClient, sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    charge = paid("4000000000000259")
    (dispute,) = client.v1.disputes.list(params={"charge": charge["id"]}).data
    assert (dispute.reason, dispute.status) == ("fraudulent", "needs_response")
    assert [transaction.net for transaction in dispute.balance_transactions] == [-4000]
    assert types(sandbox, "charge.dispute.*") == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
    ]
    assert client.v1.charges.retrieve(charge["id"]).disputed is True
    assert balance(client) == 2397 - 4000


@pytest.mark.parametrize(("won", "back"), [(True, 2500), (False, 0)])
def test_a_dispute_is_closed_won_or_lost(
    client: StripeClient,
    sandbox: StripeSandbox,
    paid: Callable[..., Any],
    won: bool,
    back: int,
) -> None:
    charge = paid("4000000000002685")
    dispute = sandbox.objects("dispute")[0]
    closed = sandbox.close_dispute(dispute["id"], won=won)
    assert closed["status"] == ("won" if won else "lost")
    assert balance(client) == 2397 - 4000 + back
    events = types(sandbox, "charge.dispute.*")
    assert ("charge.dispute.funds_reinstated" in events) is won
    assert events[-1] == "charge.dispute.closed"
    assert charge["id"] == dispute["charge"]


def test_a_disputed_charge_cannot_be_refunded(
    direct: StripeClient, paid: Callable[..., Any]
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        direct.v1.refunds.create(params={"charge": paid("4000000000000259")["id"]})
    assert refused.value.code == "charge_disputed"


def moved(dispute: dict[str, Any]) -> list[tuple[int, int, str, str, float | None]]:
    """Return (amount, fee, currency, category, rate) of each balance transaction."""
    return [
        (
            one["amount"],
            one["fee"],
            one["currency"],
            one["reporting_category"],
            one["exchange_rate"],
        )
        for one in dispute["balance_transactions"]
    ]


def test_an_account_that_settles_in_another_currency_exchanges_every_movement(
    sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    sandbox.set_settlement("gbp", {"usd": "0.7877"})
    charge = paid(amount=6500)
    (settled,) = sandbox.objects("balance_transaction")
    assert (settled["amount"], settled["currency"], settled["exchange_rate"]) == (
        5120,
        "gbp",
        0.7877,
    )
    assert settled["fee"] == int(5120 * 0.029 + 30.5)
    assert {one["currency"] for one in settled["fee_details"]} == {"gbp"}
    sandbox.dispute(charge["id"])
    sandbox.set_settlement("gbp", {"usd": "0.79"})
    dispute = sandbox.close_dispute(sandbox.objects("dispute")[0]["id"], won=True)
    assert (dispute["amount"], dispute["currency"]) == (6500, "usd")
    assert moved(dispute) == [
        (-5120, 1500, "gbp", "dispute", 0.7877),
        (5135, 0, "gbp", "dispute_reversal", 0.79),
    ]


def test_a_payment_in_the_balances_own_currency_is_not_exchanged(
    sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    sandbox.set_settlement("usd", {"usd": "0.5"})
    paid(amount=6500)
    (settled,) = sandbox.objects("balance_transaction")
    assert (settled["amount"], settled["exchange_rate"]) == (6500, None)


def test_a_lost_dispute_is_appealed_with_a_deadline_of_its_own(
    sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    opened = sandbox.dispute(paid()["id"])
    name = opened["id"]
    assert sandbox.answer_dispute(name)["status"] == "under_review"
    sandbox.close_dispute(name, won=False)
    appealed = sandbox.appeal(name)
    assert appealed["status"] == "appeal_needs_response"
    assert appealed["evidence_details"]["due_by"] != opened["evidence_details"]["due_by"]
    assert sandbox.answer_dispute(name)["status"] == "appeal_under_review"
    assert len(moved(sandbox.close_dispute(name, won=True))) == 2
    before = [one["data"].get("previous_attributes", {}).get("status") for one in sandbox.events()]
    told = [one for one in before if one]
    assert told == [
        "needs_response",
        "under_review",
        "lost",
        "appeal_needs_response",
        "appeal_under_review",
    ]
    with pytest.raises(Refused, match="Only a lost dispute"):
        sandbox.appeal(name)


def test_a_dispute_that_is_closed_may_still_move_money(
    sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    name = sandbox.dispute(paid()["id"])["id"]
    sandbox.close_dispute(name, won=False)
    sandbox.adjust_dispute(name, 50)
    sandbox.adjust_dispute(name, -12)
    adjusted = sandbox.adjust_dispute(name, -1500, "fee")
    assert [(amount, category) for amount, _, _, category, _ in moved(adjusted)] == [
        (-2500, "dispute"),
        (50, "dispute_reversal"),
        (-12, "dispute"),
        (-1500, "fee"),
    ]
    assert adjusted["status"] == "lost"
    assert types(sandbox, "*funds_reinstated") == ["charge.dispute.funds_reinstated"]
    with pytest.raises(Refused, match="nothing"):
        sandbox.adjust_dispute(name, 0)


def test_a_charge_has_several_disputes_of_parts_up_to_its_amount(
    sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    charge = paid()
    first = sandbox.dispute(charge["id"], amount=1000)
    sandbox.dispute(charge["id"], amount=700)
    with pytest.raises(Refused, match="exceeds"):
        sandbox.dispute(charge["id"], amount=801)
    sandbox.close_dispute(first["id"], won=True)
    assert sandbox.dispute(charge["id"])["amount"] == 1800


def test_a_prevented_dispute_returns_the_money_without_a_dispute_fee(
    sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    found = sandbox.dispute(paid()["id"], prevented=True)
    assert (found["status"], found["evidence_details"]["due_by"]) == ("prevented", None)
    assert found["payment_method_details"]["card"]["case_type"] == "resolution"
    assert moved(found) == [(-2500, 0, "usd", "dispute", None)]
    assert types(sandbox, "charge.dispute.*")[-1] == "charge.dispute.closed"


def test_a_dispute_of_a_bank_debit_is_lost_at_once(
    sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    session = give(2500)
    sandbox.pay(session.id, bank="succeeds")
    sandbox.settle(session.id)
    found = sandbox.dispute(session.id)
    assert (found["status"], found["reason"]) == ("lost", "debit_not_authorized")
    assert moved(found) == [(-2500, 1500, "usd", "dispute", None)]
    assert types(sandbox, "charge.dispute.*") == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
    ]
    with pytest.raises(Refused, match="lost dispute can be appealed"):
        sandbox.appeal(found["id"])
    with pytest.raises(Refused, match="only final"):
        sandbox.dispute(session.id, inquiry=True)


def test_an_inquiry_moves_no_money(
    client: StripeClient, sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    paid("4000000000001976")
    dispute = sandbox.objects("dispute")[0]
    assert dispute["status"] == "warning_needs_response"
    assert balance(client) == 2397
    assert types(sandbox, "charge.dispute.*") == ["charge.dispute.created"]
    assert sandbox.close_dispute(dispute["id"], won=False)["status"] == "warning_closed"
    assert balance(client) == 2397


def test_an_inquiry_may_become_a_dispute(
    client: StripeClient, sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    paid("4000000000001976")
    sandbox.escalate(sandbox.objects("dispute")[0]["id"])
    assert balance(client) == 2397 - 4000


def test_an_early_fraud_warning_moves_no_money(
    client: StripeClient, sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    charge = paid("4000000000005423")
    (warning,) = client.v1.radar.early_fraud_warnings.list(params={"charge": charge["id"]}).data
    assert warning.actionable is True
    assert types(sandbox, "radar.*") == ["radar.early_fraud_warning.created"]
    assert balance(client) == 2397


def test_a_payout_lists_its_balance_transactions(
    client: StripeClient, sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    paid()
    charge = paid(amount=10_000)
    client.v1.refunds.create(params={"charge": charge["id"], "amount": 1000})
    payout = sandbox.payout()
    assert (payout["status"], payout["amount"]) == ("paid", 2397 + 9680 - 1000)
    held = client.v1.balance_transactions.list(params={"payout": payout["id"], "limit": 100}).data
    assert sorted(transaction.type for transaction in held) == [
        "charge",
        "charge",
        "payout",
        "refund",
    ]
    assert sum(transaction.net for transaction in held) == 0
    assert types(sandbox, "payout.*")[:2] == ["payout.created", "payout.paid"]


def test_fees_can_be_set(
    client: StripeClient, sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    sandbox.set_fees(card_rate=0.022)
    paid()
    assert balance(client) == 2500 - 85


def test_money_is_pending_for_two_days(
    client: StripeClient, sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    transaction = paid()["balance_transaction"]
    assert client.v1.balance_transactions.retrieve(transaction).status == "pending"
    sandbox.advance(days=2)
    assert client.v1.balance_transactions.retrieve(transaction).status == "available"


def test_a_debit_that_had_succeeded_may_be_returned(
    client: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    session = give(2500)
    sandbox.pay(session.id, bank="succeeds")
    with pytest.raises(Refused, match="not a debit that has succeeded"):
        sandbox.take_back(session.id)
    sandbox.settle(session.id)
    fee = balance(client) - 2500
    charge = sandbox.take_back(session.id)
    assert (charge["status"], charge["paid"]) == ("failed", False)
    assert balance(client) == fee
    transaction = client.v1.balance_transactions.retrieve(charge["failure_balance_transaction"])
    assert (transaction.type, transaction.amount) == ("payment_failure_refund", -2500)
    assert types(sandbox)[-2:] == ["charge.failed", "payment_intent.payment_failed"]
    with pytest.raises(Refused, match="not a debit that has succeeded"):
        sandbox.take_back(session.id)


@pytest.mark.parametrize(
    ("currency", "rate", "amount", "settled", "sent"),
    [
        ("cad", "1.37", 10_000, 13_700, 1.37),
        ("jpy", "149.5", 10_001, 14_951, 1.495),
        ("kwd", "0.30759", 10_000, 30_759, 3.0759),
    ],
)
def test_an_account_settles_in_its_own_currency(
    client: StripeClient,
    sandbox: StripeSandbox,
    paid: Callable[..., Any],
    currency: str,
    rate: str,
    amount: int,
    settled: int,
    sent: float,
) -> None:
    sandbox.set_settlement(currency, {"usd": rate})
    charge = paid(amount=amount)
    assert (charge["amount"], charge["currency"]) == (amount, "usd")
    moved = client.v1.balance_transactions.retrieve(charge["balance_transaction"])
    assert (moved.amount, moved.currency) == (settled, currency)
    assert moved.exchange_rate == sent
    assert moved.fee == int(settled * 0.029 + 30 + 0.5)
    sandbox.set_settlement(currency, {"usd": "1"})
    refund = sandbox.refund(charge["id"])
    back = client.v1.balance_transactions.retrieve(refund["balance_transaction"])
    assert (refund["amount"], back.currency) == (amount, currency)
    assert back.exchange_rate == sent / float(rate)
    payout_of_another = paid(amount=500_000)
    assert payout_of_another["currency"] == "usd"
    payout = sandbox.payout()
    assert payout["currency"] == currency
    held = client.v1.balance_transactions.list(params={"payout": payout["id"], "limit": 100}).data
    assert sum(one.net for one in held) == 0


def test_a_currency_without_a_rate_has_a_balance_of_its_own(
    client: StripeClient, sandbox: StripeSandbox, paid: Callable[..., Any]
) -> None:
    sandbox.set_settlement("cad", {"eur": "1.5"})
    moved = client.v1.balance_transactions.retrieve(paid()["balance_transaction"])
    assert (moved.currency, moved.exchange_rate) == ("usd", None)
    with pytest.raises(Refused, match="must be positive"):
        sandbox.set_settlement("cad", {"usd": "0"})
