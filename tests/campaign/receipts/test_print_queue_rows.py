"""Which letters wait to be printed, that they are locked meanwhile, and what printing records."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError

from campaign.core.clock import now
from campaign.donations.tribute_cards import CardRequest
from campaign.models import Campaign, Donation, Donor, OutboxMessage, Receipt, TributeCard
from campaign.receipts.print_queue import PrintItem, list_print_queue, mark_mailed
from campaign.receipts.statements import queue_statements
from campaign.runtime.context import Installation
from tests.support.donors import add_donation, add_donor, add_receipt
from tests.support.ledger import report_paid
from tests.support.stripe import Facts

DAY = date(2026, 6, 1)
AT = datetime(2027, 1, 20, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
CARD = CardRequest("post", "Cora Diaz", address="9 Pier Road\nAstoria", sender="Ana")


def waiting(installation: Installation, again: datetime | None = None) -> Sequence[PrintItem]:
    with installation.sessions() as session:
        return list_print_queue(session, installation.settings.organization, again)


def kinds(installation: Installation, again: datetime | None = None) -> list[str]:
    return [one.kind for one in waiting(installation, again)]


@pytest.fixture
def one_of_each(
    installation: Installation, campaign: Campaign, give: Callable[..., Facts]
) -> Donation:
    """A receipt, a statement and a card to mail; return the donation of the receipt and the statement."""
    facts = give(tribute_kind="honor", tribute_name="Cora", card=CARD)
    report_paid(installation, facts)
    with installation.sessions.begin() as session:
        donor = add_donor(session, "", "Bo Lund", address="5 Elm Street")
        gift = add_donation(session, campaign, donor)
        add_receipt(session, gift, DAY)
        queue_statements(session, DAY.year, "example.org")
        return gift


def test_a_nameless_donor_whose_gift_has_a_name_gets_a_letter(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        for name in ("Bo Lund", ""):
            gift = add_donation(session, campaign, add_donor(session, "", ""), name=name)
            add_receipt(session, gift, DAY)
    (only,) = waiting(installation)
    assert (only.context["donor_name"], only.address) == ("Bo Lund", ())


def test_letters_are_receipts_then_statements_then_cards_each_in_the_order_they_were_made(
    installation: Installation, campaign: Campaign, one_of_each: Donation
) -> None:
    with installation.sessions.begin() as session:
        donor = add_donor(session, "", "Cy Moss", address="7 Oak Avenue")
        add_receipt(session, add_donation(session, campaign, donor), DAY)
        queue_statements(session, DAY.year, "example.org")
    assert [(one.kind, one.address[0]) for one in waiting(installation)] == [
        ("receipt", "Bo Lund"),
        ("receipt", "Cy Moss"),
        ("statement", "Bo Lund"),
        ("statement", "Cy Moss"),
        ("card", "Cora Diaz"),
    ]


def test_an_emailed_statement_is_not_printed(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        donor = add_donor(session, "ana@example.org")
        add_receipt(session, add_donation(session, campaign, donor), DAY)
        queue_statements(session, DAY.year, "example.org")
    assert kinds(installation) == []


def test_a_merged_records_statement_is_printed_only_if_the_kept_ones_was_sent_without_it(
    installation: Installation, campaign: Campaign, one_of_each: Donation
) -> None:
    with installation.sessions.begin() as session:
        kept = add_donor(session, "cy@example.org")
        add_receipt(session, add_donation(session, campaign, kept), DAY)
        session.get_one(Donor, one_of_each.donor_id).merged_into_id = kept.id
        queue_statements(session, DAY.year, "example.org")
        queue_statements(session, DAY.year - 1, "example.org")
    assert kinds(installation) == ["receipt", "card"]
    with installation.sessions.begin() as session:
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.subject_key == f"{DAY.year}:{kept.id}")
            .values(state="sent", sent_at=now())
        )
    assert kinds(installation) == ["receipt", "statement", "card"]


def test_printing_marks_what_was_printed_and_nothing_else(
    installation: Installation, one_of_each: Donation
) -> None:
    letters = waiting(installation)
    assert [one.kind for one in letters] == ["receipt", "statement", "card"]
    card = letters[2].context
    assert (card["name"], card["tribute_name"], card["sender"]) == ("Cora Diaz", "Cora", "Ana")
    assert card["organization"] == installation.settings.organization
    for place, kind in enumerate(("receipt", "statement", "card")):
        with installation.sessions.begin() as session:
            mark_mailed(session, [letters[place]], AT)
        assert kinds(installation) == ["receipt", "statement", "card"][place + 1 :], kind
    with installation.sessions() as session:
        assert session.scalars(select(TributeCard.mailed_at)).one() == AT
        mailed = select(Receipt.mailed_at).where(Receipt.donation_id == one_of_each.id)
        assert session.scalars(mailed).one() == AT
        # The emailed receipt of the card's gift was not on paper.
        others = select(Receipt.mailed_at).where(Receipt.donation_id != one_of_each.id)
        assert session.scalars(others).one() is None
        details = session.scalars(
            select(OutboxMessage.details).where(OutboxMessage.kind == "statement")
        ).all()
    assert {"year": DAY.year, "by_mail": True, "mailed_at": AT.timestamp()} in details


def test_letters_printed_since_a_moment_are_printed_again_and_earlier_ones_are_not(
    installation: Installation, one_of_each: Donation
) -> None:
    with installation.sessions.begin() as session:
        mark_mailed(
            session, list_print_queue(session, installation.settings.organization, None), AT
        )
    assert kinds(installation) == []
    assert kinds(installation, AT) == ["receipt", "statement", "card"]
    assert kinds(installation, AT + MICROSECOND) == []


@pytest.mark.parametrize("table", ["receipt", "outbox_message", "tribute_card"])
def test_letters_are_locked_until_their_file_is_written(
    installation: Installation, one_of_each: Donation, table: str
) -> None:
    letters = {"receipt": "receipt", "outbox_message": "statement", "tribute_card": "card"}
    with installation.sessions() as printing, installation.sessions() as other:
        made = list_print_queue(printing, installation.settings.organization, None)
        (key,) = (one.key for one in made if one.kind == letters[table])
        with pytest.raises(OperationalError, match="could not obtain lock"):
            other.execute(
                text(f"SELECT FROM {table} WHERE id = :key FOR UPDATE NOWAIT"), {"key": key}
            )
        other.rollback()
        # Its gift is not locked: a donor may still be refunded.
        other.execute(text("SELECT FROM donation FOR UPDATE NOWAIT"))


def test_a_letter_goes_to_the_merged_records_own_address_if_the_kept_one_has_none(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        kept = add_donor(session, "", "Cy Moss", address="")
        merged = add_donor(session, "", "Bo Lund", address="5 Elm Street")
        merged.merged_into_id = kept.id
        add_receipt(session, add_donation(session, campaign, merged), DAY)
    (only,) = waiting(installation)
    assert only.address == ("Bo Lund", "5 Elm Street")
