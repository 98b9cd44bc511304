"""The journal line by line: its month, days, accounts and texts, of rows inserted as they are."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaign.core.clock import zone
from campaign.models import Campaign, DepositBatch, LedgerEntry, OfflineGift, Payout, PayoutItem
from campaign.reporting.journal import Journal, months, read_journal
from tests.support.donors import add_donation, add_donor

HERE = zone("America/Los_Angeles")
DECEMBER = date(2026, 12, 1)
NOON = datetime(2026, 12, 10, 20, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
# The first instants of December and of January in Los Angeles, which is eight hours behind UTC.
BEGINS, ENDS = datetime(2026, 12, 1, 8, tzinfo=UTC), datetime(2027, 1, 1, 8, tzinfo=UTC)

Line = tuple[str, str, str, str, int, int, str, str, int]


def book(session: Session, campaign: Campaign, *entries: dict[str, Any], **gift: Any) -> int:
    """Insert a gift with these ledger entries, the first of which is its payment; return its id."""
    made = add_donation(session, campaign, add_donor(session, ""), **gift)
    for number, given in enumerate(({"kind": "payment", "amount": 2500}, *entries)):
        usual = {
            "donation_id": made.id,
            "campaign_id": campaign.id,
            "currency": made.currency,
            "occurred_at": NOON,
            "source": f"{made.id}-{number}",
        }
        session.add(LedgerEntry(**{**usual, **given}))
        session.flush()
    return made.id


def lines(session: Session, first: date = DECEMBER) -> list[Line]:
    session.flush()
    return [
        (
            str(one.day), one.account, one.designation, one.description, one.debit, one.credit,
            one.currency, one.reference, one.number,
        )
        for one in read_journal(session, first, HERE).lines
    ]  # fmt: skip


def test_a_card_gift_is_on_four_accounts_of_which_three_have_its_designation(
    session: Session, campaign: Campaign
) -> None:
    for _ in range(2):
        made = add_donation(session, campaign, add_donor(session, ""), fee_cover=100)
        session.add(
            LedgerEntry(
                donation_id=made.id, campaign_id=campaign.id, kind="payment", amount=2500,
                fee_cover=100, fee=106, currency="usd", occurred_at=NOON, source=f"ch_{made.id}",
            )
        )  # fmt: skip
    assert lines(session) == [
        ("2026-12-10", "Stripe balance", "", "Gifts", 4988, 0, "usd", "", 2),
        ("2026-12-10", "Card fees", "General", "Gifts", 212, 0, "usd", "", 2),
        ("2026-12-10", "Contributions", "General", "Gifts", 0, 5000, "usd", "", 2),
        ("2026-12-10", "Fees covered by donors", "General", "Gifts", 0, 200, "usd", "", 2),
    ]


@pytest.mark.parametrize(
    ("kind", "amount", "text"),
    [
        ("payment_reversed", -2500, "Reversed gifts"),
        ("refund", -500, "Refunds"),
        ("refund_failed", 500, "Failed refunds"),
        ("dispute", -2500, "Disputes"),
        ("dispute_reversed", 2500, "Reversed disputes"),
    ],
)
def test_each_kind_of_entry_has_its_text_and_direction(
    session: Session, campaign: Campaign, kind: str, amount: int, text: str
) -> None:
    later = {"kind": kind, "amount": amount, "occurred_at": NOON + timedelta(days=1)}
    book(session, campaign, later)
    moved, out = abs(amount), amount < 0
    assert [one for one in lines(session) if one[0] == "2026-12-11"] == [
        ("2026-12-11", "Stripe balance", "", text, 0 if out else moved, moved if out else 0, "usd", "", 1),
        ("2026-12-11", "Contributions", "General", text, moved if out else 0, 0 if out else moved, "usd", "", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("loss", [12, -50])
def test_a_gain_or_loss_on_a_dispute_has_its_own_account_and_its_own_currency(
    session: Session, campaign: Campaign, loss: int
) -> None:
    later = {"kind": "dispute_gain_loss", "amount": 0, "fee": loss, "currency": "gbp"}
    book(session, campaign, later)
    name = "Gains and losses on disputes"
    into, out = max(0, -loss), max(0, loss)
    assert [one[1:7] for one in lines(session) if one[3] == name] == [
        ("Stripe balance", "", name, into, out, "gbp"),
        (name, "General", name, out, into, "gbp"),
    ]


def test_a_fee_moves_from_the_stripe_balance_to_the_fees(
    session: Session, campaign: Campaign
) -> None:
    book(session, campaign, {"kind": "fee", "amount": 0, "fee": 1500})
    assert [one[1:6] for one in lines(session) if one[3] == "Fees"] == [
        ("Stripe balance", "", "Fees", 0, 1500),
        ("Card fees", "General", "Fees", 1500, 0),
    ]


def test_a_correction_is_no_line(session: Session, campaign: Campaign) -> None:
    why = {"reason": "Booked for another", "recorded_by": "ada"}
    book(session, campaign, {"kind": "correction", "amount": -2500, **why})
    assert {one[3] for one in lines(session)} == {"Gifts"}


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (BEGINS - MOMENT, None),
        (BEGINS, "2026-12-01"),
        # Already the next day in UTC.
        (datetime(2026, 12, 11, 7, 59, tzinfo=UTC), "2026-12-10"),
        (datetime(2026, 12, 11, 8, tzinfo=UTC), "2026-12-11"),
        (ENDS - MOMENT, "2026-12-31"),
        (ENDS, None),
    ],
)
def test_days_and_months_are_the_organizations(
    session: Session, campaign: Campaign, at: datetime, day: str | None
) -> None:
    made = add_donation(session, campaign, add_donor(session, ""))
    session.add(
        LedgerEntry(
            donation_id=made.id, campaign_id=campaign.id, kind="payment", amount=2500,
            currency="usd", occurred_at=at, source="ch_1",
        )
    )  # fmt: skip
    assert {one[0] for one in lines(session)} == ({day} if day else set())


def test_months_reach_from_the_first_entry_to_the_last_in_the_organizations_time(
    session: Session, campaign: Campaign
) -> None:
    assert months(session, HERE) == []
    book(session, campaign, {"kind": "refund", "amount": -1, "occurred_at": ENDS - MOMENT})
    assert months(session, HERE) == [DECEMBER]
    book(session, campaign, {"kind": "refund", "amount": -1, "occurred_at": ENDS})
    book(session, campaign, {"kind": "refund", "amount": -1, "occurred_at": BEGINS - MOMENT})
    assert months(session, HERE) == [date(2027, 1, 1), DECEMBER, date(2026, 11, 1)]


def test_a_gift_that_counts_for_another_campaign_has_that_ones_designation_and_one_for_none_its_own(
    session: Session, campaign: Campaign
) -> None:
    session.get_one(Campaign, campaign.id).designation = "Reporting"
    book(session, campaign)
    made = add_donation(session, campaign, add_donor(session, ""))
    session.add(
        LedgerEntry(
            donation_id=made.id, campaign_id=None, kind="payment", amount=700, currency="usd",
            occurred_at=NOON, source="late",
        )
    )  # fmt: skip
    found = [(one[2], one[5], one[8]) for one in lines(session) if one[1] == "Contributions"]
    assert found == [("Reporting", 3200, 2)]


def test_days_designations_and_currencies_are_summed_apart(
    session: Session, campaign: Campaign
) -> None:
    book(session, campaign)
    book(session, campaign, currency="jpy")
    late = add_donation(session, campaign, add_donor(session, ""))
    session.add(
        LedgerEntry(
            donation_id=late.id, campaign_id=campaign.id, kind="payment", amount=900, currency="usd",
            occurred_at=NOON - timedelta(days=1), source="earlier",
        )
    )  # fmt: skip
    found = [(one[0], one[6], one[5]) for one in lines(session) if one[1] == "Contributions"]
    assert found == [
        ("2026-12-09", "usd", 900),
        ("2026-12-10", "jpy", 2500),
        ("2026-12-10", "usd", 2500),
    ]
    journal: Journal = read_journal(session, DECEMBER, HERE)
    assert journal.totals == {
        "jpy": [("Contributions", "General", 0, 2500), ("Stripe balance", "", 2500, 0)],
        "usd": [("Contributions", "General", 0, 3400), ("Stripe balance", "", 3400, 0)],
    }


@pytest.mark.parametrize(
    ("kind", "account", "text"),
    [
        ("cheque", "Checks and cash in hand", "Gifts, check"),
        ("cash", "Checks and cash in hand", "Gifts, cash"),
        ("donor_advised_fund", "Checks and cash in hand", "Gifts, donor-advised fund"),
        ("stock", "Stock received", "Gifts, stock"),
    ],
)
def test_an_offline_gift_is_in_hand_until_it_is_deposited(
    session: Session, campaign: Campaign, kind: str, account: str, text: str
) -> None:
    gift = book(session, campaign)
    session.add(
        OfflineGift(
            donation_id=gift, kind=kind, reference="1", received_on=DECEMBER, entered_by="fay",
            description="1 share" if kind == "stock" else "",
        )
    )  # fmt: skip
    assert [one[1:6] for one in lines(session)] == [
        (account, "", text, 2500, 0),
        ("Contributions", "General", text, 0, 2500),
    ]


@pytest.mark.parametrize(
    ("deposited", "found"),
    [
        (date(2026, 11, 30), False),
        (DECEMBER, True),
        (date(2026, 12, 31), True),
        (date(2027, 1, 1), False),
        (None, False),
    ],
)
def test_a_deposit_moves_what_was_in_hand_to_the_bank_on_its_day(
    session: Session, campaign: Campaign, deposited: date | None, *, found: bool
) -> None:
    batch = DepositBatch(name="Monday", currency="usd", opened_by="fay")
    session.add(batch)
    session.flush()
    for number in range(2):
        gift = book(session, campaign)
        session.add(
            OfflineGift(
                donation_id=gift, kind="cash", reference=str(number), received_on=DECEMBER,
                entered_by="fay", batch_id=batch.id,
            )
        )  # fmt: skip
    session.flush()
    if deposited:
        batch.closed_at, batch.closed_by, batch.deposited_on = NOON, "fay", deposited
    assert [one for one in lines(session) if one[3] == "Deposit"] == [
        (str(deposited), "Bank", "", "Deposit", 5000, 0, "usd", "Monday", 0),
        (str(deposited), "Checks and cash in hand", "", "Deposit", 0, 5000, "usd", "Monday", 0),
    ] * found


@pytest.mark.parametrize(
    ("status", "arrival", "failed_on", "texts"),
    [
        ("paid", "2026-12-01", None, ["Payout"]),
        ("paid", "2026-12-31", None, ["Payout"]),
        ("paid", "2026-11-30", None, []),
        ("paid", "2027-01-01", None, []),
        ("pending", "2026-12-05", None, []),
        ("in_transit", "2026-12-05", None, []),
        ("canceled", "2026-12-05", None, []),
        ("failed", "2026-12-05", "2026-12-07", ["Payout", "Payout returned"]),
        ("failed", "2026-11-30", "2026-12-01", ["Payout returned"]),
        ("failed", "2026-12-30", "2027-01-02", ["Payout"]),
    ],
)
def test_a_payout_is_posted_on_its_arrival_and_reversed_on_its_return(
    session: Session, status: str, arrival: str, failed_on: str | None, texts: list[str]
) -> None:
    session.add(
        Payout(
            stripe_id="po_1", amount=800, currency="usd", status=status, created_at=NOON,
            arrival_date=date.fromisoformat(arrival),
            failed_on=date.fromisoformat(failed_on) if failed_on else None,
        )
    )  # fmt: skip
    expected: list[Line] = []
    for text in texts:
        into = text == "Payout"
        day = arrival if into else str(failed_on)
        expected += [
            (day, "Bank", "", text, 800 * into, 800 * (not into), "usd", "po_1", 0),
            (day, "Stripe balance", "", text, 800 * (not into), 800 * into, "usd", "po_1", 0),
        ]
    assert lines(session) == expected


@pytest.mark.parametrize("kind", ["stripe_fee", "topup", "charge"])
def test_other_stripe_activity_is_posted_by_local_day_and_what_belongs_to_gifts_is_not(
    session: Session, kind: str
) -> None:
    payout = Payout(
        stripe_id="po_1", amount=1, currency="usd", status="pending", created_at=NOON,
        arrival_date=DECEMBER,
    )  # fmt: skip
    session.add(payout)
    session.flush()
    late_evening = datetime(2026, 12, 11, 7, tzinfo=UTC)
    for number, (at, net) in enumerate(
        (
            (BEGINS - MOMENT, -1),
            (late_evening, -200),
            (late_evening, -50),
            (ENDS - MOMENT, 30),
            (ENDS, -1),
        )
    ):
        session.add(
            PayoutItem(
                payout_id=payout.id, balance_transaction_id=f"txn_{number}", kind=kind, amount=net,
                fee=0, net=net, currency="usd", created_at=at,
            )
        )  # fmt: skip
    text = f"Stripe: {kind.replace('_', ' ')}"
    expected = [
        ("2026-12-10", "Stripe balance", "", text, 0, 250, "usd", "", 2),
        ("2026-12-10", "Other Stripe activity", "", text, 250, 0, "usd", "", 2),
        ("2026-12-31", "Stripe balance", "", text, 30, 0, "usd", "", 1),
        ("2026-12-31", "Other Stripe activity", "", text, 0, 30, "usd", "", 1),
    ]
    assert lines(session) == ([] if kind == "charge" else expected)
