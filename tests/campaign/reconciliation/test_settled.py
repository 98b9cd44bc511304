"""A discrepancy is settled once, with a reason and a name; its id says which two amounts were meant."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from campaign.audit.audit_log import Actor
from campaign.core.errors import NotFound, SettleRefused
from campaign.models import AuditEntry, LedgerKind, SettledDiscrepancy, StaffRole
from campaign.reconciliation.discrepancies import Discrepancy, ReportedAmount
from campaign.reconciliation.runs import begin_run, end_run, find_unresolved_runs
from campaign.reconciliation.settled import (
    find_reported,
    list_settled,
    settle_discrepancy,
    settled_by_id,
)
from campaign.runtime.context import Installation

AT = datetime(2027, 1, 1, 7, 59, tzinfo=UTC)
LATER = datetime(2027, 2, 1, 7, 59, tzinfo=UTC)
HERE = ZoneInfo("America/Los_Angeles")
FAY = Actor("fay@harbor-ledger.example", StaffRole.finance)


def side(amount: int, *names: str, currency: str = "usd", at: datetime = AT) -> ReportedAmount:
    return ReportedAmount(amount, currency, names, at)


CHARGED = Discrepancy(
    "don_1", LedgerKind.payment, "pi_1", side(2600, "ch_1", "pi_1", "txn_1"), side(2500, "entry 7")
)


def report(installation: Installation, *found: Discrepancy) -> None:
    with installation.sessions.begin() as session:
        run = begin_run(session, AT, applied=False, requested_by="fay", at=AT)
        end_run(session, run.id, found, HERE, AT)


def settle(installation: Installation, name: str, reason: str = "Right.") -> SettledDiscrepancy:
    with installation.sessions.begin() as session:
        return settle_discrepancy(session, name, reason, FAY, AT)


def left(installation: Installation) -> Sequence[int]:
    with installation.sessions() as session:
        return [one.left for one in find_unresolved_runs(session)]


def test_a_settled_discrepancy_is_kept_with_reason_and_name_and_logged(
    installation: Installation,
) -> None:
    report(installation, CHARGED)
    assert left(installation) == [1]
    kept = settle(installation, CHARGED.id, "  The bank\nrounded. ")
    assert (kept.donation, kept.reason, kept.settled_by) == ("don_1", "The bank rounded.", FAY.name)
    assert kept.sentence == CHARGED.sentence(HERE)
    assert left(installation) == []
    with installation.sessions() as session:
        assert [one.discrepancy_id for one in list_settled(session)] == [CHARGED.id]
        assert list(settled_by_id(session, [CHARGED.id, "dif_0"])) == [CHARGED.id]
        assert settled_by_id(session, []) == {}
        logged = session.scalars(select(AuditEntry)).one()
        assert (logged.action, logged.actor) == ("discrepancy.settled", FAY.name)
        assert logged.after == {"discrepancy": kept.sentence, "reason": "The bank rounded."}


@pytest.mark.parametrize(
    ("name", "reason", "why"),
    [
        (CHARGED.id, "", "Give a reason"),
        (CHARGED.id, " \n\t", "Give a reason"),
        (CHARGED.id, "x" * 501, "The reason has 501 characters; at most 500 fit"),
    ],
)
def test_without_a_usable_reason_nothing_is_settled(
    installation: Installation, name: str, reason: str, why: str
) -> None:
    report(installation, CHARGED)
    with pytest.raises(SettleRefused, match=why):
        settle(installation, name, reason)
    assert left(installation) == [1]


@pytest.mark.parametrize("name", ["", "dif_0123456789abcdef", "dif_x\x00", "1", "%", CHARGED.id])
def test_what_no_run_reported_is_unknown(installation: Installation, name: str) -> None:
    with pytest.raises(NotFound, match="No run has reported a discrepancy"):
        settle(installation, name)


def test_it_is_settled_once_also_concurrently(installation: Installation) -> None:
    report(installation, CHARGED)

    def attempt(number: int) -> str:
        try:
            settle(installation, CHARGED.id, f"Reason {number}.")
        except SettleRefused as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(4) as pool:
        refused = [answer for answer in pool.map(attempt, range(8)) if answer]
    assert len(refused) == 7
    who = "was settled by fay@harbor-ledger.example on 2027-01-01: Reason"
    assert all(who in answer for answer in refused)
    with installation.sessions() as session:
        assert len(session.scalars(select(AuditEntry)).all()) == 1


def test_what_was_repaired_is_not_settled_until_it_is_found_again(
    installation: Installation,
) -> None:
    report(installation, CHARGED)
    report(installation, replace(CHARGED, repaired=True))
    with pytest.raises(SettleRefused, match="was repaired by run"):
        settle(installation, CHARGED.id)
    report(installation, CHARGED)
    with installation.sessions() as session:
        assert find_reported(session, CHARGED.id).repaired is False
    settle(installation, CHARGED.id)


def test_only_the_settled_ones_of_a_run_are_closed(installation: Installation) -> None:
    other = replace(CHARGED, donation="don_2", payment_intent_id="pi_2")
    report(installation, CHARGED, other)
    assert left(installation) == [2]
    settle(installation, CHARGED.id)
    assert left(installation) == [1]
    settle(installation, other.id)
    assert left(installation) == []


def test_the_window_the_entry_and_the_words_do_not_change_the_id() -> None:
    again = replace(
        CHARGED,
        stripe=side(2600, "pi_1", at=LATER),
        ledger=side(2500, "entry 99", "pi_1", at=LATER),
        note="its status at Stripe is succeeded",
        pending_event="evt_1",
        repaired=True,
        repairable=True,
    )
    assert again.id == CHARGED.id


@pytest.mark.parametrize(
    "changed",
    [
        replace(CHARGED, stripe=side(2601, "ch_1", "pi_1")),
        replace(CHARGED, stripe=side(2600, "ch_1", "pi_1", currency="eur")),
        replace(CHARGED, ledger=side(2501, "entry 7")),
        replace(CHARGED, ledger=None),
        replace(CHARGED, stripe=None),
        replace(CHARGED, payment_intent_id="pi_2"),
        replace(CHARGED, donation="don_2"),
        replace(CHARGED, kind=LedgerKind.payment_reversed),
    ],
)
def test_another_amount_payment_gift_or_kind_is_another_discrepancy(changed: Discrepancy) -> None:
    assert changed.id != CHARGED.id


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (LedgerKind.refund, "re_1", "re_2"),
        (LedgerKind.refund_failed, "re_1", "pyr_1"),
        (LedgerKind.dispute, "du_1", "du_2"),
        (LedgerKind.dispute_reversed, "du_1", "dp_1"),
        (LedgerKind.fee, "txn_1", "txn_2"),
    ],
)
def test_two_of_the_same_amount_are_told_apart_by_their_object(
    kind: LedgerKind, one: str, other: str
) -> None:
    found = Discrepancy("don_1", kind, "pi_1", side(500, one, "pi_1"), None)
    assert found.id != replace(found, stripe=side(500, other, "pi_1")).id
    # A later movement of the same dispute is booked under its id and a total.
    assert found.id == replace(found, stripe=side(500, f"{one}:900", "pi_1")).id


SIDE = st.one_of(
    st.none(),
    st.builds(side, st.integers(0, 99), st.sampled_from(["re_1", "re_2"]), currency=st.just("jpy")),
)


@given(SIDE, SIDE, SIDE, SIDE)
def test_ids_are_equal_exactly_if_the_amounts_and_objects_are(
    stripe: ReportedAmount | None,
    ledger: ReportedAmount | None,
    stripe_too: ReportedAmount | None,
    ledger_too: ReportedAmount | None,
) -> None:
    one = Discrepancy("don_1", LedgerKind.refund, "pi_1", stripe, ledger)
    other = Discrepancy("don_1", LedgerKind.refund, "pi_1", stripe_too, ledger_too)

    def meant(found: Discrepancy) -> object:
        sides = [found.stripe, found.ledger]
        return (
            [(each.amount, each.currency) if each else None for each in sides],
            {each.names[0] for each in sides if each},
        )

    assert (one.id == other.id) == (meant(one) == meant(other))
