"""Whose coupon it is that comes back by post: a code for each reader in an institution, kept until the books are shut.

The code names a person to the staff alone; a gift is counted under one code for all that was posted.
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
"""The article under which all gifts by these coupons are counted, and which the QR code carries."""
RETENTION = timedelta(days=90)
"""After the result is final: an envelope may still be on its way."""
_SIGNS = "acdefghjkmnprtwxy34679"
"""Those that nobody mistakes for another (`codes`)."""
_LENGTH = 7
_FORM_LINES = 3


def save_coupons(
    session: Session, campaign: Campaign, recipients: Sequence[DirectMailRecipient], at: datetime
) -> list[str]:
    """The coupon's code for each, as it is printed. Who was written to before keeps theirs, with the new address."""
    return [coupon_code(campaign, _kept(session, campaign, one, at)) for one in recipients]


def _kept(session: Session, campaign: Campaign, one: DirectMailRecipient, at: datetime) -> str:
    wanted = insert(DirectMailPiece).values(
        campaign_id=campaign.id,
        code="".join(secrets.choice(_SIGNS) for _ in range(_LENGTH)),
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
    """The reader to whom this coupon was posted; None for any other coupon."""
    if not coupon.article:
        return None
    return session.scalar(
        select(DirectMailPiece).where(
            DirectMailPiece.campaign_id == coupon.campaign.id,
            DirectMailPiece.code == coupon.article,
        )
    )


def mailing_address(posted: DirectMailPiece) -> list[str]:
    """The address for the books, in at most three lines: number and institution first."""
    first = f"{posted.number}, {posted.institution}" if posted.number else posted.institution
    lines = [first, *posted.address.splitlines()]
    return [*lines[: _FORM_LINES - 1], ", ".join(lines[_FORM_LINES - 1 :])]


def shared_code(campaign: Campaign) -> str:
    """The code under which gifts by all these coupons are counted."""
    return coupon_code(campaign, SHARED_ARTICLE)


def direct_mail_to(session: Session, donors: Sequence[Donor]) -> list[DirectMailPiece]:
    """The rows of these donors: of their name, with their institution and number in the address."""
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
    """Delete to whom the appeals of campaigns were posted whose result has been final for a while; how many."""
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
