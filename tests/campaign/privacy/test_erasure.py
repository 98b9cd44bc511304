"""Erasing a person: every table loses what identifies them, the ledger stays, and other people's data stays."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, inspect, select, text
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.auth.donors import begin_donor_session, make_donor_link
from campaign.campaigns.donor_wall import save_wall_entry
from campaign.core.clock import now
from campaign.core.errors import ErasureRefused
from campaign.donations.tribute_cards import CardRequest, save_card
from campaign.donors.notes import add_donation_note, add_donor_note
from campaign.mailer.suppressions import suppress
from campaign.models import (
    AuditEntry,
    Base,
    Campaign,
    Donation,
    Donor,
    DonorLinkPurpose,
    OfflineGift,
    OutboxMessage,
    Receipt,
    Reminder,
    StaffRole,
    StripeRequest,
    Suppression,
    SuppressionReason,
    WebhookDelivery,
    WebhookEndpoint,
)
from campaign.privacy.erasure import erase_person
from campaign.privacy.erasure_requests import request_erasure
from campaign.privacy.personal_data_export import data_subject_of, find_data_subject
from tests.support.donors import acknowledge_as, add_donor, give_as, renew_as
from tests.support.subscribers import subscribe

ADA = Actor("ada@harbor-ledger.example", StaffRole.admin)
DOMAIN = "harbor-ledger.example"


def everything_of(session: Session, campaign: Campaign, name: str) -> Donor:
    """A donor with a row in every table that can hold personal data, each containing the name."""
    email = f"{name}@example.org"
    donor = add_donor(session, email, name, address=f"1 {name} Street")
    gift = give_as(
        session,
        campaign,
        donor,
        comment=f"{name} writes",
        tribute_kind="memory",
        tribute_name=f"{name}'s mother",
        consent_wording=f"Write to {name}",
        session_url=f"https://checkout.example.org/{name}",
    )
    renew_as(
        session,
        campaign,
        donor,
        ended=True,
        customer_id="cus_1",
        payment_update_url=f"https://s/{name}",
    )
    receipt = acknowledge_as(session, gift, date(2026, 3, 1))
    save_wall_entry(session, gift, f"{name}town", now(), wording=f"Show {name}")
    save_card(
        session, gift, CardRequest("post", f"{name}'s aunt", address=f"2 {name} St", sender=name)
    )
    add_donor_note(session, donor, f"{name} called", ADA)
    add_donation_note(session, gift, f"{name} is kind", ADA)
    subscribe(session, email, name=name)
    make_donor_link(session, donor, DonorLinkPurpose.address, f"{name}@new.example", now())
    begin_donor_session(session, donor, now())
    endpoint = WebhookEndpoint(url="https://db", secret="s", events=[], created_by="ada")
    session.add(endpoint)
    session.flush()
    session.add_all(
        [
            Reminder(campaign_id=campaign.id, email=email, choice="tomorrow", due_at=now()),
            OfflineGift(
                donation_id=gift.id,
                kind="stock",
                reference=f"st {gift.id}",
                received_on=date(2026, 3, 1),
                description=f"shares of {name}",
                entered_by="fay",
            ),
            StripeRequest(
                donation_id=gift.id,
                operation="checkout",
                ordinal=1,
                idempotency_key=f"key-{gift.id}",
                parameters={"customer_email": email, "metadata": {"note": name, "c": "winter"}},
            ),
            WebhookDelivery(
                endpoint_id=endpoint.id,
                kind="donation.paid",
                subject_key=gift.public_id,
                donation_id=gift.id,
                body={"name": name},
            ),
            OutboxMessage(
                kind="receipt",
                subject_key=receipt.number,
                receipt_id=receipt.id,
                recipient=email,
                name=name,
                message_id=f"<{gift.id}>",
                last_error=f"no mailbox {name}",
            ),
        ]
    )
    session.flush()
    return donor


def words_of(session: Session, name: str) -> dict[str, int]:
    """Return the number of rows in each table that contain the name."""
    session.flush()
    found = {}
    for table in inspect(session.connection()).get_table_names():
        query = f"SELECT count(*) FROM {table} AS t WHERE row_to_json(t)::text ILIKE :name"
        found[table] = session.scalar(text(query), {"name": f"%{name}%"})
    return {table: rows for table, rows in found.items() if rows}


def erase(session: Session, email: str, **more: Any) -> Any:
    erased = erase_person(session, find_data_subject(session, email), ADA, now(), **more)
    session.expire_all()
    return erased


def test_the_persons_data_is_erased_and_other_data_stays(
    session: Session, campaign: Campaign
) -> None:
    everything_of(session, campaign, "xanthippe")
    everything_of(session, campaign, "yolanda")
    before = words_of(session, "yolanda")
    assert len(before) >= 14
    assert set(before) == set(words_of(session, "xanthippe"))
    erase(session, "XANTHIPPE@example.org")
    assert words_of(session, "xanthippe") == {}
    assert words_of(session, "yolanda") == before


def test_amounts_dates_and_receipt_numbers_stay(session: Session, campaign: Campaign) -> None:
    donor = everything_of(session, campaign, "xanthippe")
    before = session.scalars(select(Receipt)).one()
    number, words = before.number, dict(before.frozen)
    erased = erase(session, "xanthippe@example.org")
    gift, receipt = session.scalars(select(Donation)).one(), session.scalars(select(Receipt)).one()
    assert (gift.amount, gift.state, gift.donor_id, receipt.number) == (
        2500,
        "paid",
        donor.id,
        number,
    )
    assert receipt.frozen == words | {"donor_name": "", "donor_email": ""}
    assert session.scalars(select(StripeRequest.parameters)).one() == {"metadata": {"c": "winter"}}
    assert session.get_one(Donor, donor.id).erased_at is not None
    message = session.scalars(select(OutboxMessage)).one()
    assert (message.state, message.last_error) == ("dropped", "the person was erased")
    assert (erased.donations, erased.mails, erased.consents, erased.customers) == (
        1,
        1,
        2,
        ["cus_1"],
    )


def test_the_log_says_once_what_was_erased_and_which_stripe_customers_remain(
    session: Session, campaign: Campaign
) -> None:
    donor = everything_of(session, campaign, "xanthippe")
    erase(session, "xanthippe@example.org")
    assert not erase(session, "xanthippe@example.org").anything
    query = select(AuditEntry).where(AuditEntry.action == "donor.erased")
    entry = session.scalars(query).one()
    assert (entry.subject_key, entry.actor) == (str(donor.id), ADA.name)
    assert entry.after == {
        "donations": 1,
        "emails": 1,
        "consents": 2,
        "stripe_customers": "cus_1",
    }


def test_an_unsubscription_survives_erasure_and_a_bounce_does_not(
    session: Session,
) -> None:
    subscribe(session, "ana@example.org", "ben@example.org")
    suppress(session, "ana@example.org", SuppressionReason.complained, detail="ana said so")
    suppress(session, "ben@example.org", SuppressionReason.bounced)
    assert erase(session, "ana@example.org").suppressed == ["ana@example.org"]
    assert erase(session, "ben@example.org").suppressed == []
    kept = session.execute(select(Suppression.email, Suppression.detail)).all()
    assert kept == [("ana@example.org", "")]


def test_only_a_person_who_used_the_donor_page_gets_an_email(session: Session) -> None:
    ana, ben = (add_donor(session, f"{name}@example.org") for name in ("ana", "ben"))
    request_erasure(session, ana, DOMAIN, now())
    for donor in (ana, ben):
        erase(session, donor.email, mail_domain=DOMAIN)
    shown = session.execute(
        select(OutboxMessage.recipient).where(OutboxMessage.state == "queued")
    ).all()
    assert shown == [("ana@example.org",)]


def test_every_record_of_the_person_is_erased_at_once(session: Session, campaign: Campaign) -> None:
    ana = add_donor(session, "ana@example.org")
    work = add_donor(session, "ana@work.example", merged_into_id=ana.id)
    for donor in (ana, work):
        give_as(session, campaign, donor)
    erase_person(session, data_subject_of(session, work), ADA, now())
    session.expire_all()
    assert session.scalar(select(func.count()).where(Donor.erased_at.is_not(None))) == 2
    assert set(session.scalars(select(Donation.email))) == {""}
    # Two gifts of the same form must not meet in one attempt.
    assert len(set(session.scalars(select(Donation.attempt)))) == 2


@pytest.mark.parametrize("state", ["pending", "declined", "processing"])
def test_nothing_is_erased_while_a_payment_may_happen(
    session: Session, campaign: Campaign, state: str
) -> None:
    at = now()
    ana = add_donor(session, "ana@example.org")
    expires = at + timedelta(microseconds=1)
    gift = give_as(session, campaign, ana, state=state, paid_at=None, session_expires_at=expires)
    with pytest.raises(ErasureRefused, match=f"{gift.public_id} is {state}"):
        erase_person(session, data_subject_of(session, ana), ADA, at)
    session.expire_all()
    assert ana.email == "ana@example.org"
    if state != "processing":
        erase_person(session, data_subject_of(session, ana), ADA, expires)
        session.expire_all()
        assert ana.email == ""


def test_nothing_is_erased_while_a_monthly_gift_is_active_or_paused(
    session: Session, campaign: Campaign
) -> None:
    ana = add_donor(session, "ana@example.org")
    monthly = renew_as(session, campaign, ana, state="paused")
    with pytest.raises(ErasureRefused, match=f"campaign subscription cancel {monthly.stripe_id}"):
        erase_person(session, data_subject_of(session, ana), ADA, now())
    assert ana.email == "ana@example.org"


def test_every_table_with_personal_data_is_covered_by_these_tests(
    session: Session, campaign: Campaign
) -> None:
    everything_of(session, campaign, "xanthippe")
    says = set(words_of(session, "xanthippe"))
    personal = {
        table.name
        for table in Base.metadata.sorted_tables
        if {"email", "recipient", "donor_id", "donation_id"} & set(table.columns.keys())
    }
    # Ledger, evidence of Stripe's and counts hold no words of anybody's; these hold staff's or a request alone.
    without = {
        "campaign_donor", "charge", "dispute", "donor_session", "erasure_request", "fraud_warning",
        "ledger_entry", "payout_item", "refund", "staff_member", "suppression",
    }  # fmt: skip
    assert personal - says - without == set()
