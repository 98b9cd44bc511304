"""The details of one donation, and whether it can be refunded."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core.clock import now
from campaign.core.errors import NotFound
from campaign.donors.merging import merge_donors
from campaign.donors.notes import add_donation_note
from campaign.models import Dispute, Donation, OutboxMessage, Refund, StaffRole
from campaign.offline.entry import Choices
from campaign.reporting.donation_detail import (
    DonationDetail,
    find_donation_detail,
    read_donation_detail,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.offline_gifts import Enter, gift_of
from tests.support.stripe import Facts

Give = Callable[..., Facts]
Store = Callable[..., None]
FAY = Actor("fay@harbor-ledger.example", StaffRole.finance)


def page(installation: Installation, facts: Facts) -> DonationDetail:
    with installation.sessions() as session:
        return read_donation_detail(session, facts.donation.public_id)


def test_an_unknown_donation_is_reported(installation: Installation) -> None:
    with installation.sessions() as session:
        for reading in (find_donation_detail, read_donation_detail):
            with pytest.raises(NotFound, match="There is no donation 'don_x'"):
                reading(session, "don_x")


def test_an_unpaid_gift_cannot_be_refunded(installation: Installation, give: Give) -> None:
    found = page(installation, give())
    assert (found.left, found.receipt, found.offline, found.card) == (None, None, None, None)
    assert found.why_not_refundable == "Nothing was paid, so there is nothing to refund."


def test_a_page_has_only_the_events_of_its_own_donation(
    installation: Installation, paid: Facts, give: Give, store: Store
) -> None:
    other = give("ben@example.org", 7_000)
    store(
        other.completed(),
        paid.disputed("created", "warning_needs_response"),
        paid.fraud_warned(),
        paid.refunded("a", 1_000),
    )
    apply_due_events(installation)
    with installation.sessions.begin() as session:
        for facts in (paid, other):
            donation = session.get_one(Donation, facts.donation.id)
            add_donation_note(session, donation, f"of {donation.email}", FAY)
        record(session, FAY, "donor.noted", Subject("donor", paid.donation.public_id))
    found = page(installation, paid)
    assert [(one.kind, one.amount) for one in found.entries] == [
        ("payment", 2_500),
        ("refund", -1_000),
    ]
    assert [one.kind for one in found.receipts] == ["receipt", "corrected"]
    assert found.receipt is found.receipts[-1]
    assert [one.receipt_id for one in found.mails] == [one.id for one in found.receipts]
    assert [len(part) for part in (found.refunds, found.disputes, found.warnings)] == [1, 1, 1]
    assert [one.text for one in found.notes] == ["of ana@example.org"]
    assert [one.action for one in found.audit] == ["donation.noted"]
    assert found.left is not None
    assert (found.left.amount, found.why_not_refundable) == (1_500, "")
    aside = page(installation, other)
    assert not [*aside.refunds, *aside.disputes, *aside.warnings]
    assert aside.receipt is not None
    assert aside.receipt.kind == "receipt"
    assert [one.recipient for one in aside.mails] == ["ben@example.org"]


def test_refunds_and_disputes_are_in_order_whichever_changed_last(
    installation: Installation, paid: Facts
) -> None:
    money = {"amount": 100, "currency": "usd", "donation_id": paid.donation.id}
    times = {"opened_at": now(), "as_of": now()}
    with installation.sessions.begin() as session:
        for number in range(3):
            session.add(Refund(stripe_id=f"re_{number}", state="failed", created_at=now(), **money))
            session.add(
                Dispute(
                    stripe_id=f"du_{number}", reason="fraudulent", status="lost", **money, **times
                )
            )
            session.flush()
        session.execute(
            update(Refund).where(Refund.stripe_id == "re_0").values(failure_reason="lost_card")
        )
        session.execute(update(Dispute).where(Dispute.stripe_id == "du_0").values(reason="general"))
    found = page(installation, paid)
    assert [one.stripe_id for one in found.refunds] == ["re_0", "re_1", "re_2"]
    assert [one.stripe_id for one in found.disputes] == ["du_0", "du_1", "du_2"]


def test_a_fully_refunded_gift_cannot_be_refunded_again(
    installation: Installation, paid: Facts, store: Store
) -> None:
    store(paid.refunded("a", 2_500))
    apply_due_events(installation)
    found = page(installation, paid)
    assert found.receipt is not None
    assert (found.receipt.kind, found.donation.state) == ("void", "refunded")
    assert found.why_not_refundable == "Everything has already been refunded."


def test_of_a_disputed_gift_the_page_says_where_the_money_is(
    installation: Installation, paid: Facts, store: Store
) -> None:
    store(paid.disputed("created"), paid.disputed("closed", "lost", -2500))
    apply_due_events(installation)
    found = page(installation, paid)
    assert found.donation.state == "dispute_lost"
    assert found.why_not_refundable.startswith("The donor's bank took the money back")


def test_a_check_cannot_be_refunded_through_stripe(
    installation: Installation, enter: Enter
) -> None:
    gift = gift_of(enter(Choices(waived=None)))
    with installation.sessions() as session:
        donation = session.get_one(Donation, gift.donation_id)
        found = read_donation_detail(session, donation.public_id)
    assert found.offline is not None
    assert found.left is not None
    assert found.left.amount == 5_000
    assert "is an offline gift" in found.why_not_refundable


def test_the_donor_is_the_canonical_record(
    installation: Installation, paid: Facts, give: Give
) -> None:
    other = give("ana@work.example")
    with installation.sessions.begin() as session:
        merge_donors(session, other.donation.donor_id, paid.donation.donor_id, FAY)
    found = page(installation, paid)
    assert (found.donation.donor_id, found.donor.id) == (
        paid.donation.donor_id,
        other.donation.donor_id,
    )


def test_the_tribute_card_is_among_the_emails_of_its_gift(
    installation: Installation, paid: Facts
) -> None:
    with installation.sessions.begin() as session:
        for number, key in enumerate((paid.donation.public_id, "don_other")):
            session.add(
                OutboxMessage(
                    kind="tribute_card",
                    subject_key=key,
                    recipient=f"ben{number}@example.org",
                    message_id=f"<card-{number}@harbor-ledger.example>",
                )
            )
        session.flush()
        queued = session.scalars(select(OutboxMessage.id).order_by(OutboxMessage.id)).all()
    assert [one.id for one in page(installation, paid).mails] == list(queued[:2])
