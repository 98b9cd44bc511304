"""Create donations: one row per intended gift, however often the form is sent."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.campaigns.donor_wall import save_wall_entry
from campaign.core.errors import CampaignNotOpen, CampaignPaused, NotFound
from campaign.donations.tribute_cards import CardRequest, save_card
from campaign.models import Campaign, Donation, DonationState, Donor
from campaign.models.base import new_public_id
from campaign.models.states import OPEN_STATES


@dataclass(frozen=True)
class WallRequest:
    """A request to appear on the donor wall. `wording` is the checkbox's label; `comment` may be shown there too."""

    place: str
    wording: str
    comment: str = ""


@dataclass(frozen=True)
class Gift:
    """A gift from the form. `amount` and `fee_cover` are minor units of the campaign's currency."""

    email: str
    amount: int
    frequency: str
    attempt: str
    fee_cover: int = 0
    name: str = ""
    locale: str = "en"
    anonymous: bool = False
    comment: str = ""
    tribute_kind: str = ""
    tribute_name: str = ""
    card: CardRequest | None = None
    wall: WallRequest | None = None
    shared_computer: bool = False
    code: str = ""
    consent_wording: str = ""

    def attempt_key(self, campaign_id: int) -> str:
        """Return a hash of attempt, email, amount and frequency: the form's attempt is the same for every reader."""
        parts = (
            str(campaign_id),
            self.attempt,
            self.email.lower(),
            str(self.amount),
            self.frequency,
        )
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def begin_donation(session: Session, campaign: Campaign, gift: Gift, at: datetime) -> Donation:
    """Return the open donation for this gift: a new pending one, or the one that the same form created before.

    Raises CampaignNotOpen outside the window, and CampaignPaused while staff have paused card gifts. Concurrent calls
    get the same row because of the partial unique index.
    """
    if not campaign.is_open(at):
        raise CampaignNotOpen(f"“{campaign.title}” is not accepting gifts right now.")
    if campaign.pause_reason is not None:
        raise CampaignPaused(campaign.pause_reason)
    key = gift.attempt_key(campaign.id)
    values = {
        "public_id": new_public_id(),
        "campaign_id": campaign.id,
        "donor_id": find_or_add_donor(session, gift),
        "attempt": key,
        "state": DonationState.pending.value,
        "currency": campaign.currency,
        "frequency": gift.frequency,
        "amount": gift.amount,
        "fee_cover": gift.fee_cover,
        "email": gift.email,
        "name": gift.name,
        "locale": gift.locale,
        "anonymous": gift.anonymous,
        "comment": gift.comment,
        "tribute_kind": gift.tribute_kind,
        "tribute_name": gift.tribute_name,
        "code": gift.code,
        "consent_wording": gift.consent_wording,
        "shared_computer": gift.shared_computer,
    }
    # Repeats only if the open donation was closed between the two statements, which frees its place.
    while True:
        session.execute(insert(Donation).values(values).on_conflict_do_nothing())
        donation = session.scalar(
            select(Donation).where(Donation.attempt == key, Donation.state.in_(OPEN_STATES))
        )
        if donation is not None:
            _save_requests(session, donation, gift, at)
            return donation


RESENT_WITHIN = timedelta(seconds=30)
"""A form sent again within this time is a double click or a reload, not a new wish."""


def is_begun(session: Session, campaign: Campaign, gift: Gift, at: datetime) -> bool:
    """Whether sending this gift opens no further session: it was begun just now, or still waits for its session.

    An older one may have a session that has ended, so that sending it again would open another.
    """
    found = session.scalar(
        select(Donation).where(
            Donation.attempt == gift.attempt_key(campaign.id), Donation.state.in_(OPEN_STATES)
        )
    )
    if found is None:
        return False
    return found.session_id is None or found.created_at > at - RESENT_WITHIN


def _save_requests(session: Session, donation: Donation, gift: Gift, at: datetime) -> None:
    """Save the requests that take effect once the gift is paid: the tribute card and the donor wall."""
    if gift.card is not None:
        save_card(session, donation, gift.card)
    if gift.wall is not None:
        wall = gift.wall
        save_wall_entry(
            session, donation, wall.place, at, wording=wall.wording, comment=wall.comment
        )


def find_or_add_donor(session: Session, gift: Gift) -> int:
    """Return the id of the donor with this address. A known donor's name is kept: anyone can type an address."""
    session.execute(
        insert(Donor)
        .values(email=gift.email, name=gift.name, locale=gift.locale)
        .on_conflict_do_nothing()
    )
    return session.scalars(
        select(Donor.id).where(func.lower(Donor.email) == func.lower(gift.email))
    ).one()


def find_donation(session: Session, token: str) -> Donation:
    """Return the donation whose page has `token`; raises NotFound."""
    donation = session.scalar(select(Donation).where(Donation.token == token))
    if donation is None:
        raise NotFound("There is no donation at this address.")
    return donation


def lock_donation(session: Session, public_id: str) -> Donation | None:
    """Return the donation `public_id`, locked until the transaction ends, or None if there is none."""
    return session.scalar(
        select(Donation)
        .where(Donation.public_id == public_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
