"""Compare the service with the model and report everything that is lost, doubled or wrong."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import requests

from campaign.ledger.invariants import broken_invariants
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.run import reconcile
from tests.chaos.donors import Donor
from tests.chaos.model import Truth, bank_sum, truths
from tests.chaos.service import ServiceUnderTest

LOST = "lost"
DOUBLED = "doubled"
WRONG = "wrong"
FIGURE_SECONDS = 60.0
"""The page may be a few seconds old while its listener reconnects to PostgreSQL."""


@dataclass(frozen=True)
class Finding:
    """One fault. `kind` is LOST, DOUBLED or WRONG."""

    kind: str
    words: str


@dataclass(frozen=True)
class Record:
    """One donor in the service's tables. `raised` is in minor units."""

    raised: int = 0
    payments: int = 0
    receipts: int = 0
    message_ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ReceivedEmails:
    """The number of emails that one donor received, by Message-ID."""

    received: dict[str, int]


def check_donor(
    donor: Donor, truth: Truth, record: Record, received_emails: ReceivedEmails
) -> Iterator[Finding]:
    """Yield every finding about one donor. Pure."""
    who = donor.email
    if donor.turned_away:
        yield Finding(LOST, f"{who} was turned away: {', '.join(donor.answers[-5:])}")
    if truth.sessions > 1:
        yield Finding(DOUBLED, f"{who} went through {truth.sessions} pages for one gift")
    if donor.frequency == "one_time" and truth.charges > 1:
        yield Finding(DOUBLED, f"{who} was charged {truth.charges} times for one gift")
    if donor.refund_amount:
        yield from _count_refunds(who, truth.refunds)
    yield from _compare(who, "raised", truth.gift(donor.amount), record.raised)
    yield from _compare(who, "payments", truth.charges, record.payments)
    yield from _compare(who, "receipts", truth.charges, record.receipts)
    for name in sorted(record.message_ids - received_emails.received.keys()):
        yield Finding(LOST, f"{who} did not receive {name}")
    for name in sorted(received_emails.received.keys() - record.message_ids):
        yield Finding(DOUBLED, f"{who} received {name}, which belongs to no receipt")


def _count_refunds(who: str, made: int) -> Iterator[Finding]:
    if made != 1:
        kind = LOST if made < 1 else DOUBLED
        yield Finding(kind, f"{who}: one refund was requested, Stripe has {made}")


def _compare(who: str, what: str, expected: int, found: int) -> Iterator[Finding]:
    if found < expected:
        yield Finding(LOST, f"{who}: {what} {found}, at Stripe {expected}")
    if found > expected:
        yield Finding(DOUBLED, f"{who}: {what} {found}, at Stripe {expected}")


def check_round(
    service: ServiceUnderTest, donors: Iterable[Donor], earlier: int
) -> tuple[list[Finding], int]:
    """Return every finding about these donors and all books, and the sum that these donors gave by the model."""
    present = list(donors)
    emails = [donor.email for donor in present]
    truth, records, received_emails = (
        truths(service.stripe, emails),
        read_records(service, emails),
        read_received_emails(service, emails),
    )
    found: list[Finding] = []
    for donor in present:
        who = donor.email
        found += check_donor(donor, truth[who], records[who], received_emails[who])
    raised = sum(truth[donor.email].gift(donor.amount) for donor in present)
    found += check_books(service)
    found += check_figure(service, earlier + raised)
    return found, raised


def check_books(service: ServiceUnderTest) -> Iterator[Finding]:
    """Check the invariants, and find events that will not be retried."""
    with service.installation.sessions() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        for sentence in broken_invariants(session):
            yield Finding(WRONG, sentence)
    for name, error in service.rows(
        "SELECT id, last_error FROM inbox_event WHERE state = 'given_up'"
    ):
        yield Finding(LOST, f"{name} was given up: {error}")


def check_bank(service: ServiceUnderTest, donors: Iterable[Donor]) -> Iterator[Finding]:
    """At the end, compare the model with Stripe's balance, and check that reconciliation finds nothing."""
    moved = sum(truth.moved for truth in truths(service.stripe, [d.email for d in donors]).values())
    if moved != bank_sum(service.stripe):
        words = f"the balance moved by {bank_sum(service.stripe)}, by the model {moved}"
        yield Finding(WRONG, words)
    discrepancies: list[Discrepancy] = []
    reconcile(service.installation, on_discrepancy=discrepancies.append, patience=FIGURE_SECONDS)
    for discrepancy in discrepancies:
        yield Finding(WRONG, f"reconcile: {discrepancy}")


def check_figure(service: ServiceUnderTest, expected: int) -> Iterator[Finding]:
    """Check the figure on the public page, which may need some seconds to update."""
    deadline = time.monotonic() + FIGURE_SECONDS
    said: object = None
    while time.monotonic() < deadline:
        try:
            said = service.progress()["raised"]
        except requests.RequestException as error:
            said = type(error).__name__
        if said == expected:
            return
        time.sleep(0.1)
    kind = LOST if isinstance(said, int) and said < expected else DOUBLED
    yield Finding(kind, f"the page says {said} were raised, the model {expected}")


def read_records(service: ServiceUnderTest, emails: list[str]) -> dict[str, Record]:
    entries = service.rows(
        """
        SELECT donation.email, coalesce(sum(entry.amount), 0)::bigint,
            count(*) FILTER (WHERE entry.kind = 'payment')
        FROM donation JOIN ledger_entry AS entry ON entry.donation_id = donation.id
        WHERE donation.email = ANY(%s) GROUP BY donation.email
        """,
        emails,
    )
    receipts = service.rows(
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
    issued = {str(email): (number, received_emails) for email, number, received_emails in receipts}
    records = {}
    for email in emails:
        raised, payments = booked.get(email, (0, 0))
        number, received_emails = issued.get(email, (0, []))
        records[email] = Record(raised, payments, number, frozenset(received_emails or []))
    return records


def read_received_emails(service: ServiceUnderTest, emails: list[str]) -> dict[str, ReceivedEmails]:
    """Return the receipts that arrived. Emails about a monthly gift itself are not checked here."""
    found = {email: ReceivedEmails({}) for email in emails}
    for mail in service.mail.messages:
        [recipient] = mail.recipients
        if recipient not in found:
            continue
        name = str(mail.message["Message-ID"])
        if name.startswith("<receipt-"):
            received = found[recipient].received
            received[name] = received.get(name, 0) + 1
    return found
