"""Coupon codes of direct mail: one per recipient in an institution, stored for some time after the final result.

Only staff can look up a recipient by code; all gifts from a mailing are counted under one shared code.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.models import Campaign, DirectMailPiece, Donor
from campaign.offline.coupon_codes import Coupon, coupon_code
from campaign.offline.direct_mail_list import DirectMailRecipient

SHARED_ARTICLE = "post"
"""The shared article: gifts from all these coupons are counted under it, and the QR code contains it."""
RETENTION = timedelta(days=90)
"""How long codes are stored after the result is final: mail may still arrive."""
_ALPHABET = "acdefghjkmnprtwxy34679"
"""Characters that are not confused with others (see `coupon_codes`)."""
_LENGTH = 7
_FORM_LINES = 3


def save_coupons(
    session: Session, campaign: Campaign, recipients: Sequence[DirectMailRecipient], at: datetime
) -> list[str]:
    """Save a coupon for each recipient and return their codes as printed. A repeat recipient keeps the same code; the
    address is updated.
    """
    return [coupon_code(campaign, _save_code(session, campaign, one, at)) for one in recipients]


def _save_code(session: Session, campaign: Campaign, one: DirectMailRecipient, at: datetime) -> str:
    wanted = insert(DirectMailPiece).values(
        campaign_id=campaign.id,
        code="".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)),
        name=one.name,
        number=one.number,
        institution=one.institution,
        address="\n".join(one.address),
        locale=one.locale,
        printed_at=at,
    )
    person: list[Any] = [
        DirectMailPiece.campaign_id,
        text("lower(name)"),
        text("lower(number)"),
        text("lower(institution)"),
    ]
    changed = {name: wanted.excluded[name] for name in ("address", "locale", "printed_at")}
    code = session.scalar(
        wanted.on_conflict_do_update(index_elements=person, set_=changed).returning(
            DirectMailPiece.code
        )
    )
    return str(code)


def find_direct_mail_piece(session: Session, coupon: Coupon) -> DirectMailPiece | None:
    """Return the direct mail that this coupon belongs to, or None for any other coupon."""
    if not coupon.article:
        return None
    return session.scalar(
        select(DirectMailPiece).where(
            DirectMailPiece.campaign_id == coupon.campaign.id,
            DirectMailPiece.code == coupon.article,
        )
    )


def mailing_address(posted: DirectMailPiece) -> list[str]:
    """Return the donor address in at most three lines: number and institution first."""
    first = f"{posted.number}, {posted.institution}" if posted.number else posted.institution
    lines = [first, *posted.address.splitlines()]
    rest = ", ".join(lines[_FORM_LINES - 1 :])
    return [*lines[: _FORM_LINES - 1], *([rest] if rest else [])]


def shared_code(campaign: Campaign) -> str:
    """Return the shared code under which gifts from all these coupons are counted."""
    return coupon_code(campaign, SHARED_ARTICLE)


def direct_mail_to(session: Session, donors: Sequence[Donor]) -> list[DirectMailPiece]:
    """Return the direct mail sent to these donors, matched by name and by address with institution and number."""
    known = {(one.name.lower(), one.address.lower()) for one in donors if one.name and one.address}
    named = select(DirectMailPiece).where(
        func.lower(DirectMailPiece.name).in_([name for name, _ in known])
    )
    return [
        one
        for one in session.scalars(named.order_by(DirectMailPiece.id))
        if (one.name.lower(), "\n".join(mailing_address(one)).lower()) in known
    ]


def purge_direct_mail(session: Session, at: datetime) -> int:
    """Delete the direct mail recipients of campaigns whose result has been final for KEPT. Return how many."""
    over = exists().where(
        Campaign.id == DirectMailPiece.campaign_id, Campaign.finalized_at <= at - RETENTION
    )
    gone = session.execute(
        delete(DirectMailPiece)
        .where(over)
        .returning(DirectMailPiece.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())
