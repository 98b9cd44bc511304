"""Compares the service with the model and names each difference: what was lost, what was doubled, what is wrong."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import requests

from campaign.ledger.invariants import broken_invariants
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.run import reconcile
from tests.chaos.donors import Donor
from tests.chaos.house import House
from tests.chaos.model import Truth, bank_sum, truths

LOST = "lost"
DOUBLED = "doubled"
WRONG = "wrong"
FIGURE_SECONDS = 10.0
"""The page may be some seconds old while its listener finds PostgreSQL again."""


@dataclass(frozen=True)
class Finding:
    """One thing that must not be. `kind` is LOST, DOUBLED or WRONG."""

    kind: str
    words: str


@dataclass(frozen=True)
class Record:
    """One donor in the service's own tables. `raised` is minor units."""

    raised: int = 0
    payments: int = 0
    receipts: int = 0
    letters: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Letters:
    """What arrived for one donor: how often each Message-ID."""

    received: dict[str, int]


def check_donor(donor: Donor, truth: Truth, record: Record, letters: Letters) -> Iterator[Finding]:
    """Pure: everything that can be said of one donor."""
    who = donor.email
    if donor.turned_away:
        yield Finding(LOST, f"{who} was turned away: {', '.join(donor.answers[-5:])}")
    if truth.sessions > 1:
        yield Finding(DOUBLED, f"{who} went through {truth.sessions} pages for one intention")
    if donor.frequency == "one_time" and truth.charges > 1:
        yield Finding(DOUBLED, f"{who} was charged {truth.charges} times for one intention")
    if donor.asked_back:
        yield from _count_refunds(who, truth.refunds)
    yield from _compare(who, "raised", truth.gift(donor.amount), record.raised)
    yield from _compare(who, "payments", truth.charges, record.payments)
    yield from _compare(who, "receipts", truth.charges, record.receipts)
    for name in sorted(record.letters - letters.received.keys()):
        yield Finding(LOST, f"{who} never got {name}")
    for name in sorted(letters.received.keys() - record.letters):
        yield Finding(DOUBLED, f"{who} got {name}, which no receipt accounts for")


def _count_refunds(who: str, made: int) -> Iterator[Finding]:
    if made != 1:
        kind = LOST if made < 1 else DOUBLED
        yield Finding(kind, f"{who}: one refund was asked for, Stripe made {made}")


def _compare(who: str, what: str, expected: int, found: int) -> Iterator[Finding]:
    if found < expected:
        yield Finding(LOST, f"{who}: {what} {found}, at Stripe {expected}")
    if found > expected:
        yield Finding(DOUBLED, f"{who}: {what} {found}, at Stripe {expected}")


def check_round(house: House, donors: Iterable[Donor], earlier: int) -> tuple[list[Finding], int]:
    """Every finding about these donors and the books as a whole; and what these donors raised by the model."""
    present = list(donors)
    emails = [donor.email for donor in present]
    truth, records, letters = (
        truths(house.stripe, emails),
        read_records(house, emails),
        read_letters(house, emails),
    )
    found: list[Finding] = []
    for donor in present:
        who = donor.email
        found += check_donor(donor, truth[who], records[who], letters[who])
    raised = sum(truth[donor.email].gift(donor.amount) for donor in present)
    found += check_books(house)
    found += check_figure(house, earlier + raised)
    return found, raised


def check_books(house: House) -> Iterator[Finding]:
    """`campaign ledger check`, and events that nobody will try again."""
    with house.installation.sessions() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        for sentence in broken_invariants(session):
            yield Finding(WRONG, sentence)
    for name, error in house.rows(
        "SELECT id, last_error FROM inbox_event WHERE state = 'given_up'"
    ):
        yield Finding(LOST, f"{name} was given up: {error}")


def check_bank(house: House, donors: Iterable[Donor]) -> Iterator[Finding]:
    """At the end: the model against Stripe's balance, and `campaign reconcile`, which needs to find nothing."""
    moved = sum(truth.moved for truth in truths(house.stripe, [d.email for d in donors]).values())
    if moved != bank_sum(house.stripe):
        words = f"the balance moved by {bank_sum(house.stripe)}, by the model {moved}"
        yield Finding(WRONG, words)
    told: list[Discrepancy] = []
    reconcile(house.installation, tell=told.append, patience=FIGURE_SECONDS)
    for difference in told:
        yield Finding(WRONG, f"reconcile: {difference}")


def check_figure(house: House, expected: int) -> Iterator[Finding]:
    """The public page, once it has had the time to hear of everything."""
    deadline = time.monotonic() + FIGURE_SECONDS
    said: object = None
    while time.monotonic() < deadline:
        try:
            said = house.progress()["raised"]
        except requests.RequestException as error:
            said = type(error).__name__
        if said == expected:
            return
        time.sleep(0.1)
    kind = LOST if isinstance(said, int) and said < expected else DOUBLED
    yield Finding(kind, f"the page says {said} were raised, the model {expected}")


def read_records(house: House, emails: list[str]) -> dict[str, Record]:
    entries = house.rows(
        """
        SELECT donation.email, coalesce(sum(entry.amount), 0)::bigint,
            count(*) FILTER (WHERE entry.kind = 'payment')
        FROM donation JOIN ledger_entry AS entry ON entry.donation_id = donation.id
        WHERE donation.email = ANY(%s) GROUP BY donation.email
        """,
        emails,
    )
    receipts = house.rows(
        """
        SELECT donation.email, count(*) FILTER (WHERE receipt.kind = 'receipt'),
            array_agg(message.message_id) FILTER (WHERE message.message_id IS NOT NULL)
        FROM receipt JOIN donation ON donation.id = receipt.donation_id
            LEFT JOIN outbox_message AS message ON message.receipt_id = receipt.id
        WHERE donation.email = ANY(%s) GROUP BY donation.email
        """,
        emails,
    )
    booked = {str(email): (raised, payments) for email, raised, payments in entries}
    issued = {str(email): (number, letters) for email, number, letters in receipts}
    records = {}
    for email in emails:
        raised, payments = booked.get(email, (0, 0))
        number, letters = issued.get(email, (0, []))
        records[email] = Record(raised, payments, number, frozenset(letters or []))
    return records


def read_letters(house: House, emails: list[str]) -> dict[str, Letters]:
    """Receipts only: letters about a monthly gift itself are of no account here."""
    found = {email: Letters({}) for email in emails}
    for mail in house.mail.messages:
        [recipient] = mail.recipients
        if recipient not in found:
            continue
        name = str(mail.message["Message-ID"])
        if name.startswith("<receipt-"):
            received = found[recipient].received
            received[name] = received.get(name, 0) + 1
    return found
