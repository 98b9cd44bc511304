"""Receipts: numbered without gaps in the transaction that issues them, worded once and for all.

What a receipt must say: https://www.irs.gov/pub/irs-pdf/p1771.pdf (written acknowledgment, no goods or services).
"""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, joinedload

from campaign import money
from campaign.config import Organization
from campaign.errors import NotFound
from campaign.models import Donation, Receipt, ReceiptCounter

_FREQUENCIES = {"one_time": "One-time gift", "monthly": "Monthly gift", "yearly": "Yearly gift"}


def issue_receipt(
    session: Session, donation: Donation, organization: Organization, issued_at: datetime
) -> Receipt:
    """The receipt of a donation that was just paid; `donation` is locked and has none yet."""
    zone = ZoneInfo(organization.timezone)
    charged_at = donation.charged_at or issued_at
    gift_date = charged_at.astimezone(zone).date()
    year = issued_at.astimezone(zone).year
    receipt = Receipt(
        year=year,
        sequence=_next_sequence(session, year),
        donation_id=donation.id,
        amount=donation.charge,
        currency=donation.currency,
        gift_date=gift_date,
        issued_at=issued_at,
        frozen=_frozen(
            donation, organization, _written(gift_date), _written(issued_at.astimezone(zone).date())
        ),
    )
    session.add(receipt)
    session.flush()
    return receipt


def _next_sequence(session: Session, year: int) -> int:
    """Locks the year's row until the commit: a number that is rolled back is given out again."""
    return session.execute(
        insert(ReceiptCounter)
        .values(year=year, last=1)
        .on_conflict_do_update(
            index_elements=[ReceiptCounter.year], set_={"last": ReceiptCounter.last + 1}
        )
        .returning(ReceiptCounter.last)
    ).scalar_one()


def _written(day: date) -> str:
    return str(format_date(day, "long", locale="en"))


def _frozen(
    donation: Donation, organization: Organization, gift_date: str, issued: str
) -> dict[str, Any]:
    """Every word and name as issued; nothing that changes later may reach a receipt."""
    amount = money.format_money(donation.charge, donation.currency)
    return {
        "organization_name": organization.name,
        "organization_ein": organization.ein,
        "organization_address_lines": list(organization.address_lines),
        "donor_name": donation.name,
        "donor_email": donation.email,
        "amount_text": amount,
        "gift_date_text": gift_date,
        "issued_text": issued,
        "campaign_title": donation.campaign.title,
        "frequency_text": _FREQUENCIES[donation.frequency],
        "wording": [
            f"{organization.name} received your gift of {amount} on {gift_date}.",
            "No goods or services were provided in exchange for this gift.",
            (
                f"{organization.name} is a tax-exempt organization under section 501(c)(3) of the Internal"
                f" Revenue Code. EIN {organization.ein}."
                " Your gift is tax-deductible to the extent the law allows."
            ),
            "Please keep this receipt for your tax records.",
        ],
    }


def find_receipt(session: Session, token: str) -> Receipt:
    """The receipt at `token`, with its donation; raises NotFound."""
    receipt = session.scalar(
        select(Receipt).where(Receipt.token == token).options(joinedload(Receipt.donation))
    )
    if receipt is None:
        raise NotFound("There is no receipt at this address.")
    return receipt


def receipt_context(receipt: Receipt) -> dict[str, Any]:
    """A receipt as pages and letters show it: the frozen words and its number."""
    return {**receipt.frozen, "number": receipt.number, "voided": False}
