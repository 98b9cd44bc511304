"""The export has every row of the person, no secrets of pages, and nothing about anyone else."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.auth.donors import begin_donor_session, make_donor_link
from campaign.core.clock import now
from campaign.donations.tribute_cards import CardRequest, save_card
from campaign.mailer.suppressions import suppress
from campaign.models import (
    Campaign,
    Conversion,
    Donation,
    Donor,
    DonorLinkPurpose,
    ErasureRequest,
    LedgerEntry,
    ListMember,
    OutboxMessage,
    Refund,
    Reminder,
    SuppressionReason,
    TributeCard,
)
from campaign.privacy.personal_data_export import (
    DataSubject,
    collect_personal_data,
    data_subject_of,
    find_data_subject,
    mail_of,
    tribute_cards_of,
)
from campaign.runtime.context import Installation
from tests.support.donors import add_donation, add_donor, add_receipt, add_subscription
from tests.support.personal_data import everything_of
from tests.support.subscribers import subscribe


@pytest.fixture
def ana(session: Session) -> Donor:
    return add_donor(session, "Ana@example.org")


def sent_email(session: Session, recipient: str, **changes: Any) -> OutboxMessage:
    message = OutboxMessage(
        kind="note",
        subject_key=f"{recipient}{changes}",
        recipient=recipient,
        message_id=f"<{recipient}{changes}>",
        **changes,
    )
    session.add(message)
    session.flush()
    return message


def test_a_person_has_all_merged_records_and_addresses(
    session: Session, campaign: Campaign, ana: Donor
) -> None:
    work = add_donor(session, "ana@work.example", merged_into_id=ana.id)
    post = add_donor(session, "", merged_into_id=ana.id)
    add_donation(session, campaign, work, email="Old@example.org")
    add_donation(session, campaign, post, email="")
    for email in (" ANA@example.org", "ana@work.example"):
        whose = find_data_subject(session, email)
        assert whose.donor_ids == [ana.id, work.id, post.id]
        assert len(whose.donation_ids) == 2
        assert whose.addresses == ["ana@example.org", "ana@work.example", "old@example.org"]
    assert data_subject_of(session, work).donor_ids == whose.donor_ids


def test_an_address_that_another_donor_now_has_is_left_out(
    session: Session, campaign: Campaign, ana: Donor
) -> None:
    add_donation(session, campaign, ana, email="Ben@example.org")
    add_donor(session, "ben@example.org")
    assert data_subject_of(session, ana).addresses == ["ana@example.org"]


def test_gifts_are_read_as_they_are_now_in_the_order_of_their_ids(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        donor = add_donor(session, "ana@example.org")
        gifts = [add_donation(session, campaign, donor).id for _ in range(3)]
    with installation.sessions() as session:
        seen = session.scalars(select(Donation)).all()
        with installation.sessions.begin() as other:
            # A row that was changed last is the last on the disk.
            other.get_one(Donation, gifts[0]).comment = "For the reporters."
        whose = find_data_subject(session, "ana@example.org")
        held = collect_personal_data(session, whose)
    assert len(seen) == 3
    assert whose.donation_ids == [row["id"] for row in held["donations"]] == gifts
    assert whose.donations[0].comment == "For the reporters."


def test_someone_who_never_gave_is_found_by_address_alone(session: Session) -> None:
    subscribe(session, "Cy@example.org")
    whose = find_data_subject(session, "cy@example.org ")
    assert (whose.donor_ids, whose.donation_ids, whose.addresses) == ([], [], ["cy@example.org"])
    held = collect_personal_data(session, whose)
    assert {name for name, rows in held.items() if rows} == {"addresses", "consent"}


def test_an_empty_address_finds_nobody(session: Session) -> None:
    add_donor(session, "")
    sent_email(session, "")
    whose = find_data_subject(session, " ")
    assert whose == DataSubject([], [], [])
    assert not any(collect_personal_data(session, whose).values())


def test_emails_are_found_by_address_donor_receipt_and_monthly_gift(
    session: Session, campaign: Campaign, ana: Donor
) -> None:
    gift = add_donation(session, campaign, ana)
    receipt = add_receipt(session, gift, date(2026, 3, 1))
    monthly = add_subscription(session, campaign, ana)
    mine = [
        sent_email(session, "ANA@example.org").id,
        sent_email(session, "former@example.org", donor_id=ana.id).id,
        sent_email(session, "", receipt_id=receipt.id).id,
        sent_email(session, "", subscription_id=monthly.id).id,
    ]
    sent_email(session, "ben@example.org")
    sent_email(session, "")
    found = session.scalars(select(OutboxMessage.id).where(mail_of(data_subject_of(session, ana))))
    assert sorted(found) == mine


def test_tribute_cards_are_found_by_sender_and_recipient(
    session: Session, campaign: Campaign, ana: Donor
) -> None:
    ben, cy = (add_donor(session, f"{name}@example.org") for name in ("ben", "cy"))
    gifts = [add_donation(session, campaign, one) for one in (ana, ben, cy)]
    save_card(session, gifts[0], CardRequest("post", "Di", address="1 Pier", sender="Ana"))
    save_card(session, gifts[1], CardRequest("email", "Ana", email="ANA@example.org", sender="Ben"))
    save_card(session, gifts[2], CardRequest("post", "Eve", address="2 Pier", sender="Cy"))
    query = select(TributeCard.donation_id).where(tribute_cards_of(data_subject_of(session, ana)))
    assert sorted(session.scalars(query)) == [gifts[0].id, gifts[1].id]


def test_every_part_has_the_persons_own_rows_and_no_one_elses(
    session: Session, campaign: Campaign
) -> None:
    everything_of(session, campaign, "xanthippe")
    donor = everything_of(session, campaign, "yolanda")
    work = add_donor(session, "work@example.org", "yolanda", merged_into_id=donor.id)
    for email in ("xanthippe@example.org", "yolanda@example.org"):
        suppress(session, email, SuppressionReason.bounced, detail=f"no mailbox {email}")
        whose = find_data_subject(session, email)
        gift = whose.donations[0]
        session.add_all(
            [
                ErasureRequest(donor_id=whose.donor_ids[0], asked_at=now()),
                ListMember(service="brevo", email=email),
                Refund(
                    donation_id=gift.id, amount=5, currency="usd", state="requested",
                    request_token=email, requested_by="ada", created_at=now(),
                ),
                LedgerEntry(
                    campaign_id=campaign.id, donation_id=gift.id, kind="payment", amount=2500,
                    currency="usd", occurred_at=now(), source=f"charge {email}",
                ),
                Conversion(
                    donation_id=gift.id, balance_transaction_id=f"txn {email}", kind="payment", source="ch_1",
                    currency="usd", settled_amount=3425, settled_currency="cad", exchange_rate=Decimal("1.37"),
                    converted_at=now(),
                ),
            ]
        )  # fmt: skip
    session.flush()
    held = collect_personal_data(session, data_subject_of(session, work))
    assert "xanthippe" not in json.dumps(held)
    two = ("donors", "notes", "activity")
    parts = {name: len(rows) for name, rows in held.items() if name not in two}
    assert [len(held[name]) for name in two[:2]] == [2, 2]
    assert {one["action"] for one in held["activity"]} == {"donor.noted", "donation.noted"}
    assert parts.pop("addresses") == 2
    # A link, a session and a request.
    assert parts.pop("donor_page") == 3
    # About the gift and about the subscriber.
    assert parts.pop("webhook_deliveries") == 2
    assert set(parts.values()) == {1}
    assert len(parts) == 17
    assert held["conversions"][0]["exchange_rate"] == "1.37"


def test_personal_data_is_plain_json_without_secrets_or_other_people(
    session: Session, campaign: Campaign, ana: Donor
) -> None:
    ben = add_donor(session, "ben@example.org", "Ben Smith")
    for donor in (ana, ben):
        add_donation(session, campaign, donor, session_url="https://checkout.example.org/secret")
        suppress(session, donor.email, SuppressionReason.bounced)
        session.add(
            Reminder(campaign_id=campaign.id, email=donor.email, choice="tomorrow", due_at=now())
        )
    monthly = add_subscription(
        session, campaign, ana, payment_update_url="https://invoice.example.org/secret"
    )
    secret = make_donor_link(session, ana, DonorLinkPurpose.open, "", now()).rpartition("/")[2]
    cookie = begin_donor_session(session, ana, now())
    subject = audit_log.Subject("donor", str(ana.id))
    audit_log.record(session, audit_log.Actor.donor(ana.id), "donor.exported", subject)
    session.flush()
    whose = data_subject_of(session, ana)
    held = collect_personal_data(session, whose)
    text = json.dumps(held)
    for kept in (secret, cookie, monthly.token, whose.donations[0].token, "/secret", "digest"):
        assert kept not in text, kept
    assert "ben@" not in text
    assert "Ben Smith" not in text
    assert [len(held[name]) for name in ("suppressions", "reminders", "donor_page")] == [1, 1, 2]
    assert [one["action"] for one in held["activity"]] == ["donor.exported"]
    assert held["donations"][0]["paid_at"] == whose.donations[0].paid_at.isoformat()
