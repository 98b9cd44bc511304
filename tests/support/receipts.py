"""Receipts in tests: gifts charged and receipted at given times, offline ones too, and what each receipt says."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from campaign.models import Campaign, Donation, OfflineGift, OutboxMessage, Receipt
from campaign.receipts.receipts import correct_receipt, issue_receipt
from campaign.runtime.context import Installation
from tests.support.ledger import add_donation_to

Line = tuple[str, str, str, int, date]


def receipted_gift(
    installation: Installation,
    campaign: Campaign,
    at: datetime,
    amount: int = 2500,
    *,
    issued: datetime | None = None,
    kind: str = "",
    description: str = "",
    received: date | None = None,
    postmarked: date | None = None,
    **changes: Any,
) -> Donation:
    """Create a gift charged `at` and its receipt, issued then or at `issued`; with `kind`, an offline gift."""
    facts = add_donation_to(installation, campaign, amount, **changes)
    with installation.sessions.begin() as session:
        donation = session.get_one(Donation, facts.donation.id)
        donation.charged_at = at
        offline = None
        if kind:
            offline = OfflineGift(
                donation_id=donation.id,
                kind=kind,
                reference=f"ref-{donation.id}",
                received_on=received or at.astimezone(campaign.zone).date(),
                postmarked_on=postmarked,
                description=description,
                entered_by="fay",
            )
            session.add(offline)
        issue_receipt(session, donation, installation.books, issued or at, offline)
        return donation


def correct(installation: Installation, donation: Donation, amount: int) -> str:
    """Correct the gift's receipt to `amount`; return the new number, or '' if none is needed."""
    with installation.sessions.begin() as session:
        locked = session.get_one(Donation, donation.id)
        made = correct_receipt(session, locked, amount, installation.books)
        return made.number if made else ""


def receipt_lines(installation: Installation) -> list[Line]:
    """Return (number, number of the one it replaces, kind, amount, gift date) of each receipt, as issued."""
    with installation.sessions() as session:
        return [
            (
                one.number,
                one.replaces.number if one.replaces else "",
                one.kind,
                one.amount,
                one.gift_date,
            )
            for one in session.scalars(select(Receipt).order_by(Receipt.id))
        ]


def receipt_emails(installation: Installation) -> list[tuple[str, str]]:
    """Return (number of the receipt it sends, recipient) of each queued email of a receipt."""
    query = (
        select(Receipt, OutboxMessage)
        .join(OutboxMessage, OutboxMessage.receipt_id == Receipt.id)
        .where(OutboxMessage.kind == "receipt", OutboxMessage.state == "queued")
        .order_by(OutboxMessage.id)
    )
    with installation.sessions() as session:
        return [(receipt.number, email.recipient) for receipt, email in session.execute(query)]
