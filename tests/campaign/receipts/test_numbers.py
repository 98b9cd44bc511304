"""After a restore no number is given twice: receipts wait, then go on above the highest, and gifts keep theirs."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from campaign.core.clock import now
from campaign.core.errors import FactMismatch, ReceiptsHeld
from campaign.gateway import PaymentIntent, read_payment_intent
from campaign.ledger.invariants import broken_invariants
from campaign.models import (
    InboxEvent,
    Receipt,
    ReceiptCounter,
    ReservedReceipt,
    Restoration,
)
from campaign.receipts.numbers import (
    LARGEST_GAP,
    ReadNumbers,
    are_held,
    format_number,
    hold_numbers,
    name_reserved_numbers,
    next_number,
    parse_number,
    read_given_numbers,
    save_given_numbers,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.conftest import UNREACHABLE
from tests.support.stripe import Facts

Give = Callable[..., Facts]
AT = datetime(2026, 12, 1, 20, tzinfo=UTC)
LOST = "don_bc2d77dc8cef24bb4c37"


def hold(installation: Installation, made_at: datetime = AT) -> None:
    with installation.sessions.begin() as session:
        hold_numbers(session, made_at)


def save(installation: Installation, highest: dict[int, int], **donations: str) -> None:
    named = {(2026, int(number[1:])): public_id for number, public_id in donations.items()}
    with installation.sessions.begin() as session:
        save_given_numbers(session, ReadNumbers(highest, named), now())


def draw(installation: Installation, facts: Facts, year: int = 2026) -> tuple[int, int]:
    """Return the number that the next receipt of the gift would have, and give it back."""
    with installation.sessions() as session:
        return next_number(session, facts.donation, year)


def reserved(installation: Installation) -> list[tuple[int, int, str | None]]:
    with installation.sessions() as session:
        rows = session.scalars(
            select(ReservedReceipt).order_by(ReservedReceipt.year, ReservedReceipt.sequence)
        )
        return [(one.year, one.sequence, one.donation) for one in rows]


@pytest.mark.parametrize(
    ("number", "read"),
    [
        ("2026-000001", (2026, 1)),
        ("2027-1234567", (2027, 1_234_567)),
        ("2026-00001", None),
        ("1926-000001", None),
        ("2026-000001x", None),
        ("2026-0000000001", None),
        ("٢٠٢٦-000001", None),
        ("", None),
    ],
)
def test_only_numbers_of_our_form_are_read(number: str, read: tuple[int, int] | None) -> None:
    assert parse_number(number) == read


@given(st.integers(2000, 2099), st.integers(1, 999_999_999))
def test_a_number_is_read_as_it_is_written(year: int, sequence: int) -> None:
    assert parse_number(format_number(year, sequence)) == (year, sequence)


def test_no_receipt_is_issued_while_numbers_are_held(
    installation: Installation, give: Give, store: Callable[..., None]
) -> None:
    facts = give()
    assert draw(installation, facts) == (2026, 1)
    hold(installation)
    with pytest.raises(ReceiptsHeld, match="Run `campaign reconcile --apply`"):
        draw(installation, facts)
    with installation.sessions() as session:
        assert are_held(session)
    save(installation, {})
    assert draw(installation, facts) == (2026, 1)
    with installation.sessions() as session:
        assert not are_held(session)
        assert session.scalars(select(Restoration.numbers_read_at)).one() is not None


def test_events_wait_until_stripe_has_said_which_numbers_were_given(
    installation: Installation, give: Give, store: Callable[..., None]
) -> None:
    # The gateway of these tests reaches nobody.
    assert installation.settings.stripe_api_base == UNREACHABLE
    hold(installation)
    store(give().completed())
    assert apply_due_events(installation) == 0
    with installation.sessions() as session:
        event = session.scalars(select(InboxEvent)).one()
        assert (event.state, event.attempts) == ("received", 0)
    save(installation, {2026: 7})
    assert apply_due_events(installation) == 1
    with installation.sessions() as session:
        receipt = session.scalars(select(Receipt)).one()
        assert receipt.number == f"{receipt.issued_at:%Y}-000008"


def test_numbers_go_on_above_the_highest_and_the_gap_is_reserved(
    installation: Installation, paid: Facts, give: Give
) -> None:
    hold(installation)
    save(installation, {2026: 4, 2027: 2}, n3=LOST)
    assert reserved(installation) == [
        (2026, 2, None),
        (2026, 3, LOST),
        (2026, 4, None),
        (2027, 1, None),
        (2027, 2, None),
    ]
    other = give(email="ben@example.org")
    assert draw(installation, other) == (2026, 5)
    assert draw(installation, other, 2027) == (2027, 3)
    assert draw(installation, other, 2028) == (2028, 1)
    with installation.sessions() as session:
        assert list(broken_invariants(session)) == []


def test_a_gift_gets_its_own_numbers_again_in_order_and_nobody_elses(
    installation: Installation, give: Give, store: Callable[..., None]
) -> None:
    facts, other = give(), give(email="ben@example.org")
    hold(installation)
    save(installation, {2026: 9}, n4=facts.donation.public_id, n7=facts.donation.public_id)
    assert draw(installation, other) == (2026, 10)
    assert draw(installation, facts) == (2026, 4)
    store(facts.completed())
    apply_due_events(installation)
    with installation.sessions() as session:
        assert session.scalars(select(Receipt)).one().number == "2026-000004"
    assert draw(installation, facts) == (2026, 7)
    with installation.sessions() as session:
        assert list(broken_invariants(session)) == []


def test_what_stripe_has_less_of_than_the_backup_changes_nothing(
    installation: Installation, paid: Facts, give: Give
) -> None:
    hold(installation)
    save(installation, {2026: 1}, n1=paid.donation.public_id)
    assert reserved(installation) == []
    assert draw(installation, give(email="ben@example.org")) == (2026, 2)


def test_a_number_that_nobody_can_have_given_stops_the_release(
    installation: Installation, paid: Facts
) -> None:
    hold(installation)
    with pytest.raises(FactMismatch, match=r"names receipt 2026-1000002, .* ends at 2026-000001\."):
        save(installation, {2026: LARGEST_GAP + 2})
    with installation.sessions() as session:
        assert are_held(session)
    assert reserved(installation) == []


def test_a_number_is_named_later_by_its_payment(installation: Installation, paid: Facts) -> None:
    hold(installation)
    save(installation, {2026: 4})
    intent = intent_of({"donation_id": LOST, "receipt": "2026-000001 2026-000003 2026-000099"})
    with installation.sessions.begin() as session:
        name_reserved_numbers(session, intent)
        name_reserved_numbers(session, intent_of({"receipt": "2026-000004"}))
    # The first is a receipt here, and the last one was never reserved.
    assert reserved(installation) == [(2026, 2, None), (2026, 3, LOST), (2026, 4, None)]


def intent_of(metadata: dict[str, str]) -> PaymentIntent:
    return read_payment_intent(
        {
            "id": "pi_1",
            "created": 1,
            "status": "succeeded",
            "currency": "usd",
            "metadata": metadata,
        }
    )


def test_without_a_restore_stripe_is_not_asked(installation: Installation) -> None:
    assert installation.settings.stripe_api_base == UNREACHABLE
    assert read_given_numbers(installation, now()) is False


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    known=st.integers(0, 6),
    given_since=st.sets(st.integers(1, 20), max_size=8),
    twice=st.booleans(),
)
def test_no_number_is_ever_given_twice(
    installation: Installation, give: Give, known: int, given_since: Iterable[int], twice: bool
) -> None:
    facts = give(email=f"d{datetime.now(UTC).timestamp()}@example.org")
    with installation.sessions.begin() as session:
        for table in (ReservedReceipt, ReceiptCounter, Restoration):
            session.execute(delete(table))
        session.add(ReceiptCounter(year=2026, last=known))
    since = {number for number in given_since if number > known}
    highest = {2026: max(since)} if since else {}
    for _ in range(1 + twice):
        hold(installation)
        save(installation, highest, **{f"n{number}": LOST for number in since})
    year, sequence = draw(installation, facts)
    assert (year, sequence) == (2026, max([known, *since]) + 1)
    numbers = {number for _, number, _ in reserved(installation)}
    assert numbers == set(range(known + 1, sequence))
    assert {number for _, number, named in reserved(installation) if named == LOST} == since
