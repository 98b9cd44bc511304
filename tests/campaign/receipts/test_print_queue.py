"""Letters to print: donors without email, the latest receipt of each chain, and each letter once."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from campaign.core.clock import now
from campaign.donations.tribute_cards import CardRequest
from campaign.models import Donation, Donor, Receipt, TributeCard
from campaign.receipts.print_queue import PrintItem, list_print_queue, mark_mailed
from campaign.receipts.statements import queue_statements
from campaign.runtime.context import Installation
from tests.support.ledger import report_paid, report_refund
from tests.support.stripe import Facts

Give = Callable[..., Facts]
HOME = "5 Elm Street\n\n  Salem, OR 97301 "


@pytest.fixture
def by_mail(installation: Installation, give: Give) -> Callable[..., Facts]:
    """A paid gift of a donor without email, with the given donor columns."""

    def paid(name: str = "Bo Lund", address: str = HOME, **changes: Any) -> Facts:
        facts = give(**changes, name=name)
        with installation.sessions.begin() as session:
            session.get_one(Donation, facts.donation.id).email = ""
            donor = session.get_one(Donor, facts.donation.donor_id)
            donor.email, donor.name, donor.address = "", name, address
        report_paid(installation, facts)
        return facts

    return paid


def waiting(installation: Installation, again: datetime | None = None) -> Sequence[PrintItem]:
    with installation.sessions() as session:
        return list_print_queue(session, installation.settings.organization, again)


def post(installation: Installation, at: datetime) -> int:
    with installation.sessions.begin() as session:
        sent_emails = list_print_queue(session, installation.settings.organization, None)
        mark_mailed(session, sent_emails, at)
        return len(sent_emails)


def test_donors_with_an_email_address_get_no_paper_letter(
    installation: Installation, give: Give, by_mail: Callable[..., Facts]
) -> None:
    report_paid(installation, give())
    assert waiting(installation) == []
    by_mail(email="bo@example.org")
    (sent_email,) = waiting(installation)
    assert (sent_email.kind, sent_email.address) == (
        "receipt",
        ("Bo Lund", "5 Elm Street", "Salem, OR 97301"),
    )


@pytest.mark.parametrize(
    ("name", "address", "lines"),
    [
        ("Bo Lund", "", ()),
        ("", "5 Elm Street", ("5 Elm Street",)),
        ("Bo Lund", "BO LUND\n5 Elm Street", ("BO LUND", "5 Elm Street")),
        ("Bo Lund", "Bo Lund Jr.\n5 Elm Street", ("Bo Lund", "Bo Lund Jr.", "5 Elm Street")),
    ],
)
def test_the_name_is_above_the_address_once(
    installation: Installation,
    by_mail: Callable[..., Facts],
    name: str,
    address: str,
    lines: tuple[str, ...],
) -> None:
    by_mail(name, address)
    (sent_email,) = waiting(installation)
    assert sent_email.address == lines


def test_a_donor_without_name_and_address_gets_no_letter(
    installation: Installation, by_mail: Callable[..., Facts]
) -> None:
    by_mail("", "")
    assert waiting(installation) == []


def test_a_letter_is_printed_once_and_again_on_request(
    installation: Installation, by_mail: Callable[..., Facts]
) -> None:
    by_mail()
    at = now()
    assert [post(installation, at) for _ in range(2)] == [1, 0]
    assert len(waiting(installation, at)) == 1
    assert waiting(installation, at + timedelta(microseconds=1)) == []


def test_of_a_chain_the_last_receipt_alone_is_printed(
    installation: Installation, by_mail: Callable[..., Facts]
) -> None:
    facts = by_mail()
    report_refund(installation, facts, facts.refund("a", 700))
    (sent_email,) = waiting(installation)
    assert (sent_email.context["kind"], sent_email.context["amount_text"]) == ("corrected", "$18")
    post(installation, now())
    report_refund(installation, facts, facts.refund("b", 1))
    (sent_email,) = waiting(installation)
    assert sent_email.context["amount_text"] == "$17.99"


@pytest.mark.parametrize(("posted_first", "kinds"), [(True, ["void"]), (False, [])])
def test_a_void_receipt_is_mailed_only_if_the_receipt_was(
    installation: Installation,
    by_mail: Callable[..., Facts],
    posted_first: bool,
    kinds: list[str],
) -> None:
    facts = by_mail()
    if posted_first:
        post(installation, now())
    report_refund(installation, facts, facts.refund("a", 2500))
    assert [one.context["kind"] for one in waiting(installation)] == kinds


def test_a_merged_donors_letter_goes_to_the_canonical_address(
    installation: Installation, by_mail: Callable[..., Facts]
) -> None:
    merged = by_mail(email="one@example.org")
    speaks = by_mail("Bo B. Lund", "7 Oak Avenue", email="two@example.org")
    with installation.sessions.begin() as session:
        row = session.get_one(Donor, merged.donation.donor_id)
        row.merged_into_id = speaks.donation.donor_id
    moved = ("Bo B. Lund", "7 Oak Avenue")
    assert [one.address for one in waiting(installation)] == [moved, moved]
    with installation.sessions.begin() as session:
        session.get_one(Donor, speaks.donation.donor_id).address = ""
    first, second = waiting(installation)
    assert (first.address[0], second.address) == ("Bo Lund", ())


def test_a_statement_waits_once_and_not_when_nothing_of_it_is_left(
    installation: Installation, by_mail: Callable[..., Facts]
) -> None:
    facts = by_mail()
    with installation.sessions.begin() as session:
        year = session.scalars(select(Receipt.gift_date)).one().year
        queue_statements(session, year, "example.org")
    sent_emails = waiting(installation)
    assert [one.kind for one in sent_emails] == ["receipt", "statement"]
    assert sent_emails[1].about == f"statement {year} of donor {facts.donation.donor_id}"
    at = now()
    post(installation, at)
    assert waiting(installation) == []
    again = waiting(installation, at)
    assert [one.kind for one in again] == ["receipt", "statement"]
    report_refund(installation, facts, facts.refund("a", 2500))
    assert [one.kind for one in waiting(installation, at)] == ["receipt"]


def test_a_card_is_printed_for_a_paid_gift_and_not_for_a_refunded_one(
    installation: Installation, give: Give
) -> None:
    card = CardRequest("post", "Cora Diaz", address="9 Pier Road\nAstoria")
    gifts = [
        give(email=f"d{n}@example.org", tribute_kind="honor", tribute_name="Cora", card=card)
        for n in range(3)
    ]
    for facts in gifts[1:]:
        report_paid(installation, facts)
    report_refund(installation, gifts[2], gifts[2].refund("a", 2499))
    sent_emails = waiting(installation)
    assert [one.about for one in sent_emails] == [
        f"card of {facts.donation.public_id}" for facts in gifts[1:]
    ]
    assert sent_emails[0].address == ("Cora Diaz", "9 Pier Road", "Astoria")
    report_refund(installation, gifts[2], gifts[2].refund("b", 1))
    assert len(waiting(installation)) == 1
    with installation.sessions.begin() as session:
        session.execute(
            update(TributeCard).values(delivery="email", email="cora@example.org", address="")
        )
    assert waiting(installation) == []
