"""Erasing a person: every table loses what identifies them, the ledger stays, and other people's data stays."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.core.errors import ErasureRefused
from campaign.list_sync.members import forget_rows, members_to_erase
from campaign.mailer.suppressions import suppress
from campaign.models import (
    AuditEntry,
    Base,
    Campaign,
    Donation,
    Donor,
    ListMember,
    ListServiceName,
    OutboxMessage,
    Receipt,
    Reminder,
    StripeRequest,
    Subscriber,
    Suppression,
    SuppressionReason,
    WebhookDelivery,
    WebhookEndpoint,
)
from campaign.privacy.erasure import erase_person
from campaign.privacy.erasure_requests import request_erasure
from campaign.privacy.personal_data_export import data_subject_of, find_data_subject
from campaign.runtime.context import Installation
from tests.support.donors import add_donation, add_donor, add_subscription
from tests.support.personal_data import ADA, everything_of, words_of
from tests.support.subscribers import subscribe

DOMAIN = "harbor-ledger.example"


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
    assert len(before) >= 15
    assert set(before) == set(words_of(session, "xanthippe"))
    erase(session, "XANTHIPPE@example.org")
    assert words_of(session, "xanthippe") == {}
    assert words_of(session, "yolanda") == before


def test_the_next_sync_deletes_the_person_at_the_list_services(session: Session) -> None:
    for email in ("xanthippe@example.org", "yolanda@example.org"):
        subscribe(session, email)
        session.add(ListMember(service="mailchimp", email=email, tags=["donor"], pushed_at=now()))
    session.flush()
    erase(session, "Xanthippe@example.org")
    rows = session.scalars(select(ListMember).order_by(ListMember.erase)).all()
    assert [(row.erase, row.tags) for row in rows] == [(False, ["donor"]), (True, [])]
    assert rows[0].email == "yolanda@example.org"
    assert "xanthippe" not in rows[1].email
    (gone,) = members_to_erase(session, ListServiceName.mailchimp, 10)
    assert gone.email == "xanthippe@example.org", "the service has to be told"
    forget_rows(session, ListServiceName.mailchimp, [gone])
    assert session.scalars(select(ListMember.email)).all() == ["yolanda@example.org"]


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


@pytest.mark.parametrize("reason", SuppressionReason)
def test_a_wish_to_get_no_emails_survives_erasure_and_a_failed_delivery_does_not(
    session: Session, reason: SuppressionReason
) -> None:
    suppress(session, "ana@example.org", reason, detail="ana said so")
    suppress(session, "ben@example.org", reason, detail="ben said so")
    is_wish = reason in {SuppressionReason.unsubscribed, SuppressionReason.complained}
    assert erase(session, "Ana@example.org").suppressed == ["ana@example.org"] * is_wish
    query = select(Suppression.email, Suppression.reason, Suppression.detail)
    kept = [tuple(row) for row in session.execute(query.order_by(Suppression.email))]
    of_ana = [("ana@example.org", reason.value, "")] * is_wish
    assert kept == [*of_ana, ("ben@example.org", reason.value, "ben said so")]


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
        add_donation(session, campaign, donor)
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
    gift = add_donation(
        session, campaign, ana, state=state, paid_at=None, session_expires_at=expires
    )
    with pytest.raises(ErasureRefused, match=f"{gift.public_id} is {state}"):
        erase_person(session, data_subject_of(session, ana), ADA, at)
    session.expire_all()
    assert ana.email == "ana@example.org"
    if state != "processing":
        erase_person(session, data_subject_of(session, ana), ADA, expires)
        session.expire_all()
        assert ana.email == ""


def test_nothing_is_erased_while_a_monthly_gift_is_not_over(
    session: Session, campaign: Campaign
) -> None:
    ana = add_donor(session, "ana@example.org")
    monthly = add_subscription(session, campaign, ana, state="paused")
    with pytest.raises(ErasureRefused, match=f"campaign subscription cancel {monthly.stripe_id}"):
        erase_person(session, data_subject_of(session, ana), ADA, now())
    assert ana.email == "ana@example.org"


def test_a_gift_keeps_what_the_books_need_and_loses_each_word_of_the_donors(
    session: Session, campaign: Campaign
) -> None:
    everything_of(session, campaign, "xanthippe")
    before = session.scalars(select(Donation)).one()
    kept = {name: getattr(before, name) for name in Donation.__table__.columns.keys()}  # noqa: SIM118 - a collection of columns
    erase(session, "xanthippe@example.org")
    after = session.scalars(select(Donation)).one()
    changed = {
        name: getattr(after, name) for name, value in kept.items() if getattr(after, name) != value
    }
    # The search index, which the database computes.
    changed.pop("words")
    assert changed == {
        "email": "",
        "name": "",
        "comment": "",
        "tribute_kind": "",
        "tribute_name": "",
        "consent_wording": "",
        "session_url": None,
        "attempt": f"erased-{after.id}",
    }


def test_emails_about_receipts_and_monthly_gifts_lose_their_recipient_sent_or_not(
    session: Session, campaign: Campaign
) -> None:
    ana, ben = (add_donor(session, f"{name}@example.org") for name in ("ana", "ben"))
    monthly = add_subscription(session, campaign, ana, ended=True)
    for number, more in enumerate(
        (
            {"recipient": "ANA@example.org", "state": "sent", "sent_at": now()},
            {"recipient": "old@example.org", "donor_id": ana.id, "bounce": "no old@example.org"},
            {"recipient": "older@example.org", "subscription_id": monthly.id},
            {"recipient": "ben@example.org", "donor_id": ben.id},
        )
    ):
        session.add(
            OutboxMessage(
                kind="donor_page_note", subject_key=str(number), message_id=f"<{number}>", **more
            )
        )
    session.flush()
    assert erase(session, "ana@example.org").mails == 3
    found = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
    assert [(one.recipient, one.state, one.bounce) for one in found] == [
        ("", "sent", None),
        ("", "dropped", None),
        ("", "dropped", None),
        ("ben@example.org", "queued", None),
    ]


def test_the_bodies_of_deliveries_about_the_persons_gifts_are_deleted(
    session: Session, campaign: Campaign
) -> None:
    ana, ben = (add_donor(session, f"{name}@example.org") for name in ("ana", "ben"))
    endpoint = WebhookEndpoint(url="https://db", secret="s", events=[], created_by="ada")
    session.add(endpoint)
    session.flush()
    for donor in (ana, ben):
        about = {
            "donation_id": add_donation(session, campaign, donor).id,
            "subscription_id": add_subscription(session, campaign, donor, ended=True).id,
        }
        for column, key in about.items():
            session.add(
                WebhookDelivery(
                    endpoint_id=endpoint.id,
                    kind=column,
                    subject_key=f"{column} {donor.id}",
                    body={"email": donor.email},
                    **{column: key},
                )
            )
    session.flush()
    erase(session, "ana@example.org")
    bodies = session.scalars(select(WebhookDelivery.body).order_by(WebhookDelivery.id)).all()
    assert bodies == [None, None, {"email": "ben@example.org"}, {"email": "ben@example.org"}]


def test_someone_who_never_gave_is_erased_by_address_and_the_log_names_nobody(
    session: Session, campaign: Campaign
) -> None:
    subscribe(session, "Cy@example.org", "di@example.org")
    for email in ("cy@example.org", "di@example.org"):
        session.add(Reminder(campaign_id=campaign.id, email=email, choice="tomorrow", due_at=now()))
    session.flush()
    erased = erase(session, " CY@example.org")
    assert (erased.anything, erased.donations, erased.mails, erased.consents) == (True, 0, 0, 2)
    assert session.scalars(select(Subscriber.email)).all() == ["di@example.org"]
    assert session.scalars(select(Reminder.email)).all() == ["di@example.org"]
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject_kind, entry.subject_key) == (
        "donor.erased",
        "donor",
        "no donor",
    )
    assert entry.after == {"donations": 0, "emails": 0, "consents": 2}
    assert not erase(session, "cy@example.org").anything
    assert len(session.scalars(select(AuditEntry)).all()) == 1


@pytest.mark.parametrize("table", ["donation", "donor"])
def test_an_erasure_waits_for_a_change_of_the_gift_or_the_donor_in_progress(
    installation: Installation, campaign: Campaign, table: str
) -> None:
    with installation.sessions.begin() as session:
        add_donation(session, campaign, add_donor(session, "ana@example.org"))
    with installation.sessions() as first, installation.sessions() as second:
        first.execute(text(f"SELECT FROM {table} FOR NO KEY UPDATE"))
        person = find_data_subject(second, "ana@example.org")
        second.execute(text("SET LOCAL lock_timeout = '10ms'"))
        with pytest.raises(OperationalError, match="lock timeout") as refused:
            erase_person(second, person, ADA, now())
    # Before anything else, so that what it then reads cannot change.
    # In one order for all, so that two do not wait for each other.
    assert f"ORDER BY {table}.id FOR UPDATE" in str(refused.value.statement)


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
    # Ledger, evidence of Stripe's and counts hold no words of anybody's; these hold staff's or a request alone. What
    # staff searched for in `adoption_run` is emptied when the run ends. `list_member` keeps an address until the next
    # sync has deleted it at the list services. `gift_elsewhere` keeps the other system's id of a gift, so that its list
    # does not bring the person back.
    without = {
        "adoption_run", "campaign_donor", "charge", "conversion", "dispute", "donor_session", "erasure_request",
        "fraud_warning", "gift_elsewhere", "ledger_entry", "list_member", "payout_item", "refund", "session_opening",
        "staff_member", "suppression",
    }  # fmt: skip
    assert personal - says - without == set()
