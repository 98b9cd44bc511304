"""The rules that the database itself keeps, whoever writes: raw SQL here, no service in between."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from campaign.core.errors import TransitionRefused
from campaign.ledger.invariants import broken_invariants
from campaign.models import Campaign, Donation, DonationState
from campaign.runtime.context import Installation
from tests.support.stripe import Facts

Give = Callable[..., Facts]

INSERT_ENTRY = """
INSERT INTO ledger_entry (campaign_id, donation_id, kind, amount, cover, currency, occurred_at, source)
VALUES (:campaign_id, :donation_id, :kind, :amount, :cover, :currency, now(), :source)
"""


def execute(installation: Installation, statement: str, **values: Any) -> None:
    with installation.engine.begin() as connection:
        connection.execute(text(statement), values)


def enter(installation: Installation, donation: Donation, **changes: Any) -> None:
    values = {
        "campaign_id": donation.campaign_id,
        "donation_id": donation.id,
        "kind": "payment",
        "amount": donation.amount,
        "cover": 0,
        "currency": "usd",
        "source": f"pi_{donation.id}",
    }
    execute(installation, INSERT_ENTRY, **values | changes)


def sums(installation: Installation) -> tuple[int, int, int]:
    """(raised, donations, donors) by the shards."""
    query = "SELECT sum(raised), sum(donations), sum(donors) FROM progress_shard"
    with installation.engine.connect() as connection:
        raised, donations, donors = connection.execute(text(query)).one()
    return int(raised or 0), int(donations or 0), int(donors or 0)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET amount = amount + 1",
        "UPDATE ledger_entry SET source = source",
        "DELETE FROM ledger_entry",
        "TRUNCATE ledger_entry",
        "TRUNCATE campaign CASCADE",
    ],
)
def test_the_ledger_is_append_only(installation: Installation, paid: Facts, statement: str) -> None:
    with pytest.raises(DBAPIError, match="The ledger is append-only"):
        execute(installation, statement)
    assert sums(installation) == (2500, 1, 1)


def test_a_source_is_booked_once(installation: Installation, give: Give) -> None:
    first, second = give().donation, give(email="ben@example.org").donation
    enter(installation, first, source="pi_same")
    with pytest.raises(IntegrityError, match="uq_ledger_entry_kind_source"):
        enter(installation, second, source="pi_same")
    assert sums(installation) == (2500, 1, 1)


def test_a_donation_has_one_payment(installation: Installation, give: Give) -> None:
    donation = give().donation
    enter(installation, donation)
    with pytest.raises(IntegrityError, match="uq_ledger_entry_one_payment"):
        enter(installation, donation, source="pi_other")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"amount": 0}, "ck_ledger_entry_payment"),
        ({"amount": -2500}, "ck_ledger_entry_payment"),
        ({"cover": -1}, "ck_ledger_entry_payment"),
        ({"kind": "gift"}, "has no payment that a gift could follow"),
        ({"currency": "USD"}, "ck_ledger_entry_currency"),
    ],
)
def test_an_entry_that_is_none_is_refused(
    installation: Installation, give: Give, changes: dict[str, Any], rule: str
) -> None:
    with pytest.raises(IntegrityError, match=rule):
        enter(installation, give().donation, **changes)
    assert sums(installation) == (0, 0, 0)


def test_an_entry_outside_every_campaign_moves_no_figure(
    installation: Installation, give: Give
) -> None:
    enter(installation, give().donation, campaign_id=None)
    assert sums(installation) == (0, 0, 0)


def test_the_shards_hold_the_sum_of_entries_made_at_once(
    installation: Installation, give: Give
) -> None:
    emails = [f"donor{number % 7}@example.org" for number in range(40)]
    donations = [give(email=email, amount=100 + n).donation for n, email in enumerate(emails)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda donation: enter(installation, donation), donations))
    assert sums(installation) == (sum(100 + n for n in range(40)), 40, 7)


def test_a_rolled_back_entry_moves_no_figure(installation: Installation, give: Give) -> None:
    donation = give().donation
    values = {"campaign_id": donation.campaign_id, "donation_id": donation.id, "kind": "payment"}
    rest = {"amount": 2500, "cover": 0, "currency": "usd", "source": "pi_lost"}
    with installation.engine.connect() as connection:
        connection.execute(text(INSERT_ENTRY), values | rest)
        connection.rollback()
    assert sums(installation) == (0, 0, 0)


def test_the_books_audit_finds_a_shard_that_was_meddled_with(
    installation: Installation, paid: Facts
) -> None:
    execute(installation, "UPDATE progress_shard SET raised = raised + 1")
    with installation.sessions() as session:
        found = list(broken_invariants(session))
    assert found[0] == "campaign nine-days: the entries sum to 2500, the kept shards to 2501"
    assert [words.partition(":")[0] for words in found] == ["campaign nine-days"] * 5


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ("state = 'given'", "A donation that is pending cannot become given"),
        ("state = 'refunded'", "A donation that is pending cannot become refunded"),
        ("state = 'paid'", "ck_donation_paid"),
        ("state = 'paid', paid_at = now()", "ck_donation_paid"),
        ("frequency = 'weekly'", "ck_donation_frequency"),
        ("amount = 0", "ck_donation_amount"),
        ("amount = 100000000", "ck_donation_amount"),
        ("cover = -1", "ck_donation_cover"),
    ],
)
def test_a_donation_that_cannot_be_is_refused(
    installation: Installation, give: Give, changes: str, rule: str
) -> None:
    give()
    with pytest.raises(IntegrityError, match=rule):
        execute(installation, f"UPDATE donation SET {changes}")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ("slug = 'Nine Days'", "ck_campaign_slug"),
        ("slug = repeat('a', 81)", "ck_campaign_slug"),
        ("deadline = starts_at", "ck_campaign_window"),
        ("goal = 0", "ck_campaign_goal"),
        ("currency = 'dollars'", "ck_campaign_currency"),
    ],
)
def test_a_campaign_that_cannot_be_is_refused(
    installation: Installation, campaign: Campaign, changes: str, rule: str
) -> None:
    with pytest.raises(IntegrityError, match=rule):
        execute(installation, f"UPDATE campaign SET {changes}")


@pytest.mark.parametrize(
    ("table", "changes", "rule"),
    [
        ("outbox_message", "state = 'lost'", "ck_outbox_message_state"),
        ("outbox_message", "state = 'sent'", "ck_outbox_message_sent"),
        ("outbox_message", "sent_at = now()", "ck_outbox_message_sent"),
        ("inbox_event", "state = 'lost'", "ck_inbox_event_state"),
        ("receipt", "sequence = 0", "ck_receipt_sequence"),
        ("receipt", "amount = 0", "ck_receipt_amount"),
    ],
)
def test_messages_events_and_receipts_keep_their_rules(
    installation: Installation, paid: Facts, table: str, changes: str, rule: str
) -> None:
    with pytest.raises(IntegrityError, match=rule):
        execute(installation, f"UPDATE {table} SET {changes}")


def test_a_donor_is_one_person_in_any_case(installation: Installation, give: Give) -> None:
    first, second = give(email="ana@example.org"), give(email="Ana@Example.ORG")
    assert first.donation.donor_id == second.donation.donor_id
    with pytest.raises(IntegrityError, match="uq_donor_lower_email"):
        execute(installation, "INSERT INTO donor (email, name) VALUES ('ANA@example.org', '')")


def test_an_open_attempt_is_one_donation_and_a_finished_one_is_over(
    installation: Installation, give: Give
) -> None:
    first, again = (give(attempt="same").donation for _ in range(2))
    assert first.id == again.id
    copy = """
    INSERT INTO donation (public_id, token, campaign_id, donor_id, attempt, state, frequency, amount, currency, email)
    SELECT 'don_copy', 'copy', campaign_id, donor_id, attempt, 'pending', frequency, amount, currency, email
    FROM donation
    """
    with pytest.raises(IntegrityError, match="uq_donation_open_attempt"):
        execute(installation, copy)
    execute(installation, "UPDATE donation SET state = 'paid', paid_at = now(), charged_at = now()")
    assert give(attempt="same").donation.id != first.id


PAIRS = [(present, wanted) for present in DonationState for wanted in DonationState]
BEGINNING = ["pending", "declined", "expired", "processing", "failed", "paid"]
SETTLED = {"paid", "partially_refunded", "refunded", "disputed", "lost"}


def may_become(present: str, wanted: str) -> bool:
    """The rule in words: upwards until paid; from there to and fro, or failed when a bank takes a debit back."""
    if present in SETTLED:
        return wanted != present and wanted in SETTLED | {"failed"}
    return wanted in BEGINNING and BEGINNING.index(wanted) > BEGINNING.index(present)


@pytest.mark.parametrize(("present", "wanted"), PAIRS)
def test_a_donation_becomes_only_what_may_follow(
    present: DonationState, wanted: DonationState
) -> None:
    donation = Donation(state=present.value)
    if may_become(present, wanted):
        donation.become(wanted)
        assert donation.state == wanted
        return
    with pytest.raises(TransitionRefused, match=f"that is {present} cannot become {wanted}"):
        donation.become(wanted)
    assert donation.state == present


def test_the_database_keeps_the_same_order_of_states(
    installation: Installation, give: Give
) -> None:
    give()
    force = (
        "SET LOCAL session_replication_role = replica;"
        " UPDATE donation SET state = '{}', paid_at = now(), charged_at = now();"
        " SET LOCAL session_replication_role = origin;"
    )
    allowed = set()
    for present, wanted in PAIRS:
        with installation.engine.connect() as connection:
            connection.execute(text(force.format(present)))
            try:
                connection.execute(text(f"UPDATE donation SET state = '{wanted}'"))
                allowed.add((present, wanted))
            except IntegrityError as refusal:
                assert "cannot become" in str(refusal)  # noqa: PT017 - both outcomes are looked at
            connection.rollback()
    same = {(state, state) for state in DonationState}
    assert allowed == same | {pair for pair in PAIRS if may_become(*pair)}
