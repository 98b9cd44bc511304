"""Resending and reissuing receipts: sent to the donor's current address and recorded in the audit log."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, text

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.core.errors import NotFound, ResendRefused
from campaign.donors.receipt_reissue import receipt_address, reissue_receipt, resend_receipt
from campaign.models import Donation, Donor, OutboxMessage, Receipt, StaffRole
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.campaigns import audited
from tests.support.donors import add_donor
from tests.support.stripe import Facts

MIA = Actor("mia@harbor-ledger.example", StaffRole.finance)


def resend(installation: Installation, public_id: str) -> OutboxMessage:
    with installation.sessions.begin() as session:
        return resend_receipt(session, public_id, MIA, now(), installation.books)


def reissue(installation: Installation, public_id: str, name: str) -> Receipt:
    with installation.sessions.begin() as session:
        return reissue_receipt(session, public_id, name, MIA, now(), installation.books)


def deliver(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        session.execute(text("UPDATE outbox_message SET state = 'sent', sent_at = now()"))


def receipts(installation: Installation) -> list[Receipt]:
    with installation.sessions() as session:
        return list(session.scalars(select(Receipt).order_by(Receipt.id)))


def test_a_receipt_is_resent_to_the_donors_current_address(
    installation: Installation, paid: Facts
) -> None:
    deliver(installation)
    with installation.sessions.begin() as session:
        speaker = add_donor(session, "new@example.org")
        session.get_one(Donor, paid.donation.donor_id).merged_into_id = speaker.id
    message = resend(installation, paid.donation.public_id)
    assert (message.recipient, message.state) == ("new@example.org", "queued")
    with installation.sessions() as session:
        assert len(session.scalars(select(OutboxMessage)).all()) == 1
        assert (
            receipt_address(session, session.get_one(Donation, paid.donation.id))
            == "new@example.org"
        )
    (entry,) = audited(installation)
    assert entry.action == "receipt.resent"
    assert entry.after == {"receipt": receipts(installation)[0].number, "to": "n…@e….org"}


def test_a_receipt_that_is_being_sent_is_not_resent(
    installation: Installation, paid: Facts
) -> None:
    with pytest.raises(ResendRefused, match="already queued or being sent"):
        resend(installation, paid.donation.public_id)
    assert audited(installation) == []


def test_a_receipt_that_was_never_mailed_is_queued(installation: Installation, paid: Facts) -> None:
    with installation.sessions.begin() as session:
        session.execute(text("DELETE FROM outbox_message"))
    assert resend(installation, paid.donation.public_id).recipient == "ana@example.org"


def test_resending_without_a_receipt_or_an_address_is_rejected(
    installation: Installation, paid: Facts, give: Callable[..., Facts]
) -> None:
    begun = give(attempt="b").donation.public_id
    for ask in (resend, lambda where, key: reissue(where, key, "Ana")):
        with pytest.raises(NotFound, match="no donation 'don_nothing'"):
            ask(installation, "don_nothing")
        with pytest.raises(ResendRefused, match="nothing was paid"):
            ask(installation, begun)
    with installation.sessions.begin() as session:
        session.execute(text("UPDATE donor SET email = ''"))
        session.execute(text("UPDATE donation SET email = ''"))
    with pytest.raises(ResendRefused, match="prints the receipt"):
        resend(installation, paid.donation.public_id)


def test_a_different_name_issues_one_corrected_receipt_for_the_same_amount(
    installation: Installation, paid: Facts
) -> None:
    public_id = paid.donation.public_id
    again = [reissue(installation, public_id, "  Ana\nMaría ").id for _ in range(2)]
    first, second = receipts(installation)
    assert again == [second.id, second.id]
    assert (second.kind, second.replaces_id, second.amount) == ("corrected", first.id, first.amount)
    assert (first.frozen["donor_name"], second.frozen["donor_name"]) == ("Ana Reyes", "Ana María")
    (entry,) = audited(installation)
    assert entry.before == {"receipt": first.number, "name": "A…"}
    assert entry.after == {"receipt": second.number, "name": "A…"}
    # The same name changes nothing; a different address does.
    with installation.sessions.begin() as session:
        session.get_one(Donor, paid.donation.donor_id).email = "new@example.org"
    assert reissue(installation, public_id, "Ana María").frozen["donor_email"] == "new@example.org"


def test_no_receipt_is_issued_for_a_refunded_gift(
    installation: Installation, paid: Facts, store: Callable[..., None]
) -> None:
    store(paid.refunded("a", 2500))
    apply_due_events(installation)
    with pytest.raises(ResendRefused, match="its receipt is void"):
        reissue(installation, paid.donation.public_id, "Ana María")
    assert [one.kind for one in receipts(installation)] == ["receipt", "void"]
