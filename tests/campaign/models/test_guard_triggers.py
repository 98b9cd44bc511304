"""What the database's triggers refuse: changed books, impossible states, closed deposits, chained merges."""

from typing import LiteralString

import psycopg
import pytest

from tests.support.row_examples.donation import PAID
from tests.support.row_examples.ledger import CORRECTION, paid_donation
from tests.support.row_examples.offline import CLOSED
from tests.support.row_examples.rows import Rows
from tests.support.row_examples.table import BLINK, EVE, NOON, Row
from tests.support.two_at_once import after_the_first

BEGINNING = ["pending", "declined", "expired", "processing", "failed", "paid"]
SETTLED = ["paid", "partially_refunded", "refunded", "disputed", "dispute_lost"]
FOLLOWING: dict[str, Row] = {
    "payment_reversed": {"amount": -2500},
    "refund": {"amount": -2500},
    "refund_failed": {"amount": 2500},
    "dispute": {"amount": -2500},
    "dispute_reversed": {"amount": 2500},
    "fee": {"amount": 0},
    "correction": {"amount": -1, "reason": "Counted twice", "recorded_by": "Fay"},
}
KEPT = "A closed deposit batch stays as it is."
CHAIN = "A merged donor record cannot be the one that a merge keeps."


def refusal(rows: Rows, table: str, **changes: object) -> str:
    """Return the message that refuses a row, or ''."""
    try:
        with rows.connection.transaction():
            rows.add(table, changes)
    except psycopg.IntegrityError as error:
        return error.diag.message_primary or ""
    return ""


LEDGER = "The ledger is append-only: record a new entry instead of {} on ledger_entry."
AUDIT = "The audit log is append-only: {} on audit_entry is refused."


@pytest.mark.parametrize(("table", "message"), [("ledger_entry", LEDGER), ("audit_entry", AUDIT)])
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "TRUNCATE"])
def test_what_is_written_in_the_books_stays(
    rows: Rows, table: str, message: str, verb: str
) -> None:
    rows.add(table)
    statements: dict[str, LiteralString] = {
        "ledger_entry UPDATE": "UPDATE ledger_entry SET source = source",
        "ledger_entry DELETE": "DELETE FROM ledger_entry",
        "ledger_entry TRUNCATE": "TRUNCATE ledger_entry CASCADE",
        "audit_entry UPDATE": "UPDATE audit_entry SET actor = actor",
        "audit_entry DELETE": "DELETE FROM audit_entry",
        "audit_entry TRUNCATE": "TRUNCATE audit_entry CASCADE",
    }
    assert rows.refusal(statements[f"{table} {verb}"]) == message.format(verb)


@pytest.mark.parametrize("kind", FOLLOWING)
def test_money_goes_back_only_after_it_came(rows: Rows, kind: str) -> None:
    paid_donation(rows)
    donation, other = rows.add("donation"), paid_donation(rows)
    entry = {"kind": kind, **FOLLOWING[kind]}
    message = f"Donation {donation} has no payment that a {kind} could follow."
    assert refusal(rows, "ledger_entry", **entry, donation_id=donation) == message
    assert refusal(rows, "ledger_entry", **entry, donation_id=other) == ""


def test_a_second_reversal_does_not_stand_for_the_payment(rows: Rows) -> None:
    """Only a payment opens the account of a donation, not any entry."""
    donation = rows.add("donation")
    assert refusal(rows, "ledger_entry", donation_id=donation, kind="fee", amount=0) != ""
    assert refusal(rows, "ledger_entry", donation_id=donation, kind="fee", amount=0) != ""


@pytest.mark.parametrize("kind", ["payment", *FOLLOWING])
def test_a_final_result_is_changed_only_by_a_correction(rows: Rows, kind: str) -> None:
    final = rows.add("campaign", finalized_at=NOON, final_raised=0)
    rows.add("campaign", id=16_000_000, finalized_at=NOON, final_raised=0)
    still_open = rows.add("campaign")
    entry = {"kind": kind, "amount": 2500, **FOLLOWING.get(kind, {})}
    given = rows.add("donation") if kind == "payment" else paid_donation(rows)
    refused = f"The result of campaign {final} is final since 2026-12-24 12:00:00+00; "
    refused += "only a correction changes it."
    with rows.connection.transaction(force_rollback=True):
        rows.connection.execute("SET LOCAL timezone = 'UTC'")
        found = refusal(rows, "ledger_entry", **entry, donation_id=given, campaign_id=final)
        assert found == ("" if kind in ("correction", "fee") else refused)
    for campaign in (still_open, None):
        with rows.connection.transaction(force_rollback=True):
            changes = {**entry, "donation_id": given, "campaign_id": campaign}
            assert refusal(rows, "ledger_entry", **changes) == ""


def test_a_payment_waits_for_a_result_that_is_becoming_final(rows: Rows) -> None:
    campaign, donation = rows.add("campaign"), rows.add("donation")
    rows.connection.commit()

    def finalize(first: Rows) -> None:
        first.all("SELECT FROM campaign WHERE id = %s FOR UPDATE", campaign)
        first.connection.execute(
            "UPDATE campaign SET finalized_at = now(), final_raised = 0 WHERE id = %s", [campaign]
        )

    def pay(second: Rows) -> str:
        return refusal(second, "ledger_entry", campaign_id=campaign, donation_id=donation)

    assert "only a correction changes it" in after_the_first(rows, finalize, pay)


def may_become(present: str, wanted: str) -> bool:
    """Only a stronger state until it is paid; from there any settled state, or failed."""
    if present in SETTLED:
        return wanted in [*SETTLED, "failed"]
    return wanted in BEGINNING and BEGINNING.index(wanted) > BEGINNING.index(present)


@pytest.mark.parametrize("present", [*BEGINNING, *SETTLED[1:]])
def test_a_donation_becomes_only_what_may_follow(rows: Rows, present: str) -> None:
    donation = rows.add("donation", PAID, state=present)
    for wanted in [*BEGINNING, *SETTLED[1:]]:
        found = rows.refusal("UPDATE donation SET state = %s WHERE id = %s", wanted, donation)
        allowed = wanted == present or may_become(present, wanted)
        refused = f"A donation that is {present} cannot become {wanted}."
        assert found == ("" if allowed else refused)


def test_a_state_that_may_follow_is_kept(rows: Rows) -> None:
    donation = rows.add("donation")
    change = "UPDATE donation SET state = %s, paid_at = now(), charged_at = now() WHERE id = %s"
    for state in ("processing", "paid", "disputed"):
        rows.connection.execute(change, [state, donation])
        assert rows.value("SELECT state FROM donation WHERE id = %s", donation) == state


def test_the_gifts_of_a_closed_deposit_stay(rows: Rows) -> None:
    closed, still_open = (rows.add("deposit_batch") for _ in range(2))
    inside, loose = rows.add("offline_gift", batch_id=closed), rows.add("offline_gift")
    move = "UPDATE offline_gift SET batch_id = %s WHERE id = %s"
    delete = "DELETE FROM offline_gift WHERE id = %s"
    for batch in (still_open, None):
        assert rows.refusal(move, batch, inside) == ""
    assert rows.refusal(delete, inside) == ""
    rows.connection.execute(
        "UPDATE deposit_batch SET closed_at = now(), closed_by = 'Fay', deposited_on = %s WHERE id = %s",
        [EVE, closed],
    )
    for batch in (still_open, None):
        assert rows.refusal(move, batch, inside) == KEPT
    assert rows.refusal(move, closed, loose) == KEPT
    assert rows.refusal(delete, inside) == KEPT
    assert refusal(rows, "offline_gift", batch_id=closed) == KEPT


def test_what_is_not_in_a_closed_deposit_may_change(rows: Rows) -> None:
    closed, still_open = rows.add("deposit_batch", CLOSED), rows.add("deposit_batch")
    loose = rows.add("offline_gift")
    move = "UPDATE offline_gift SET batch_id = %s WHERE id = %s"
    assert rows.refusal(move, still_open, loose) == ""
    assert rows.refusal("DELETE FROM offline_gift WHERE id = %s", loose) == ""
    rename, delete = (
        "UPDATE deposit_batch SET name = 'B' WHERE id = %s",
        "DELETE FROM deposit_batch WHERE id = %s",
    )
    assert (rows.refusal(rename, closed), rows.refusal(delete, closed)) == (KEPT, KEPT)
    assert (rows.refusal(rename, still_open), rows.refusal(delete, still_open)) == ("", "")
    assert refusal(rows, "offline_gift", batch_id=still_open) == ""


def test_a_change_that_is_allowed_is_made(rows: Rows) -> None:
    gift = rows.add("offline_gift")
    batch = rows.add("deposit_batch")
    rows.connection.execute("UPDATE offline_gift SET batch_id = %s WHERE id = %s", [batch, gift])
    assert rows.value("SELECT batch_id FROM offline_gift WHERE id = %s", gift) == batch
    rows.connection.execute("UPDATE deposit_batch SET name = 'Eve' WHERE id = %s", [batch])
    assert rows.value("SELECT name FROM deposit_batch WHERE id = %s", batch) == "Eve"
    rows.connection.execute("DELETE FROM offline_gift WHERE id = %s", [gift])
    rows.connection.execute("DELETE FROM deposit_batch WHERE id = %s", [batch])
    assert rows.all("SELECT FROM offline_gift WHERE id = %s", gift) == []
    assert rows.all("SELECT FROM deposit_batch WHERE id = %s", batch) == []


def test_a_gift_s_other_columns_change_after_the_deposit(rows: Rows) -> None:
    batch = rows.add("deposit_batch")
    gift = rows.add("offline_gift", batch_id=batch)
    close = "UPDATE deposit_batch SET closed_at = now(), closed_by = 'Fay', deposited_on = %s WHERE id = %s"
    rows.connection.execute(close, [EVE, batch])
    torn = "UPDATE offline_gift SET description = 'torn' WHERE id = %s"
    assert rows.refusal(torn, gift) == ""
    # The form saves the whole row, with the batch it was in.
    same = "UPDATE offline_gift SET batch_id = batch_id WHERE id = %s"
    assert rows.refusal(same, gift) == ""


def test_a_deposit_is_not_closed_while_a_gift_comes_in(rows: Rows) -> None:
    batch, donation = rows.add("deposit_batch"), rows.add("donation")
    rows.connection.commit()

    def close(first: Rows) -> None:
        first.connection.execute(
            "UPDATE deposit_batch SET closed_at = now(), closed_by = 'Fay', deposited_on = %s WHERE id = %s",
            [EVE, batch],
        )

    def put_in(second: Rows) -> str:
        return refusal(second, "offline_gift", batch_id=batch, donation_id=donation)

    assert after_the_first(rows, close, put_in) == KEPT


def test_merges_are_one_step_deep(rows: Rows) -> None:
    rows.add("donor", id=-9, merged_into_id=rows.add("donor", id=16_000_000))
    kept, third = rows.add("donor"), rows.add("donor")
    merged = rows.add("donor", merged_into_id=kept)
    merge = "UPDATE donor SET merged_into_id = %s WHERE id = %s"
    assert rows.refusal(merge, merged, third) == CHAIN
    assert rows.refusal(merge, third, kept) == CHAIN
    assert rows.refusal(merge, kept, third) == ""
    assert rows.refusal(merge, third, merged) == ""
    assert rows.refusal(merge, None, merged) == ""
    assert rows.refusal(merge, None, kept) == ""
    assert refusal(rows, "donor", merged_into_id=merged) == CHAIN
    rows.connection.execute(merge, [None, merged])
    assert rows.value("SELECT merged_into_id FROM donor WHERE id = %s", merged) is None
    assert rows.refusal(merge, merged, third) == ""
    assert rows.refusal(merge, third, kept) == ""
    assert refusal(rows, "donor", merged_into_id=kept) == ""
    rows.connection.execute(merge, [kept, third])
    assert rows.value("SELECT merged_into_id FROM donor WHERE id = %s", third) == kept


def test_two_merges_at_once_do_not_make_a_chain(rows: Rows) -> None:
    one, two, three = (rows.add("donor") for _ in range(3))
    rows.connection.commit()
    merge = "UPDATE donor SET merged_into_id = %s WHERE id = %s"

    def first_merge(first: Rows) -> None:
        first.connection.execute(merge, [two, one])

    def second_merge(second: Rows) -> str:
        return second.refusal(merge, three, two)

    assert after_the_first(rows, first_merge, second_merge) == CHAIN


def test_a_correction_names_its_author_even_when_the_result_is_final(rows: Rows) -> None:
    final = rows.add("campaign", finalized_at=NOON - BLINK, final_raised=0)
    entry = {**CORRECTION, "amount": 1, "campaign_id": final}
    assert refusal(rows, "ledger_entry", **entry) == ""
    assert refusal(rows, "ledger_entry", **{**entry, "reason": None}) != ""
