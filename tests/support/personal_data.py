"""A donor with a row in every table that can hold personal data, and the search for their name in all tables."""

from datetime import date

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.auth.donors import begin_donor_session, make_donor_link
from campaign.campaigns.donor_wall import save_wall_entry
from campaign.core.clock import now
from campaign.donations.tribute_cards import CardRequest, save_card
from campaign.donors.notes import add_donation_note, add_donor_note
from campaign.models import (
    Campaign,
    DirectMailPiece,
    Donor,
    DonorLinkPurpose,
    GiftElsewhere,
    OfflineGift,
    OutboxMessage,
    PastGift,
    Reminder,
    StaffRole,
    StripeRequest,
    WebhookDelivery,
    WebhookEndpoint,
)
from tests.support.donors import add_donation, add_donor, add_receipt, add_subscription
from tests.support.subscribers import subscribe

ADA = Actor("ada@harbor-ledger.example", StaffRole.admin)


def everything_of(session: Session, campaign: Campaign, name: str) -> Donor:
    """A donor with a row in every table that can hold personal data, each containing the name."""
    email = f"{name}@example.org"
    donor = add_donor(session, email, name, address=f"1 {name} Street\nAstoria")
    gift = add_donation(
        session,
        campaign,
        donor,
        comment=f"{name} writes",
        tribute_kind="memory",
        tribute_name=f"{name}'s mother",
        consent_wording=f"Write to {name}",
        session_url=f"https://checkout.example.org/{name}",
    )
    add_subscription(
        session,
        campaign,
        donor,
        ended=True,
        customer_id="cus_1",
        payment_update_url=f"https://s/{name}",
    )
    receipt = add_receipt(session, gift, date(2026, 3, 1))
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
            PastGift(
                donation_id=gift.id,
                system="givewp",
                external_id=str(gift.id),
                donor_ref=f"{name} 56",
                plan_ref=f"plan of {name}",
            ),
            GiftElsewhere(
                system="donorbox",
                external_id=str(donor.id),
                donor_id=donor.id,
                frequency="monthly",
                amount=1000,
                currency="usd",
            ),
            DirectMailPiece(
                campaign_id=campaign.id,
                code=name[:4],
                name=name,
                institution=f"1 {name} Street",
                address="Astoria",
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
            WebhookDelivery(
                endpoint_id=endpoint.id,
                kind="subscriber.consented",
                subject_key=gift.public_id,
                facts={"email": email.title(), "name": name},
                body={"data": {"subscriber": {"name": name}}},
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
