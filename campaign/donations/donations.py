"""A donation's beginning: one row for one intention, however often the form arrives."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.campaigns.donor_wall import save_wall_entry
from campaign.core.errors import CampaignNotOpen, CampaignPaused, NotFound
from campaign.donations.tribute_cards import CardRequest, save_card
from campaign.models import Campaign, Donation, DonationState, Donor
from campaign.models.base import new_public_id, new_token
from campaign.models.states import OPEN_STATES


@dataclass(frozen=True)
class WallRequest:
    """A wish to stand on the donor wall; `wording` stood beside what was ticked. `comment` may be read there too."""

    place: str
    wording: str
    comment: str = ""


@dataclass(frozen=True)
class Gift:
    """What a reader means to give. `amount` and `fee_cover` are minor units of the campaign's currency."""

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
        """The form's attempt completed by who, how much and how often: the page is the same for every reader."""
        parts = (
            str(campaign_id),
            self.attempt,
            self.email.lower(),
            str(self.amount),
            self.frequency,
        )
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def begin_donation(session: Session, campaign: Campaign, gift: Gift, at: datetime) -> Donation:
    """The open donation for this gift: a new pending one, or the one that the same form made before.

    Raises CampaignNotOpen outside the window, and CampaignPaused while staff take no gifts by card. Two calls at once
    agree on one row by the partial unique index.
    """
    if not campaign.is_open(at):
        raise CampaignNotOpen(f"“{campaign.title}” is not open for gifts now.")
    if campaign.pause_reason is not None:
        raise CampaignPaused(campaign.pause_reason)
    key = gift.attempt_key(campaign.id)
    values = {
        "public_id": new_public_id(),
        "token": new_token(),
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
    # Loops only where the open donation ends between the two statements; then its place is free.
    while True:
        session.execute(insert(Donation).values(values).on_conflict_do_nothing())
        donation = session.scalar(
            select(Donation).where(Donation.attempt == key, Donation.state.in_(OPEN_STATES))
        )
        if donation is not None:
            _keep_wishes(session, donation, gift, at)
            return donation


def _keep_wishes(session: Session, donation: Donation, gift: Gift, at: datetime) -> None:
    """What is done once the gift is paid, beside its receipt."""
    if gift.card is not None:
        save_card(session, donation, gift.card)
    if gift.wall is not None:
        wall = gift.wall
        save_wall_entry(
            session, donation, wall.place, at, wording=wall.wording, comment=wall.comment
        )


def find_or_add_donor(session: Session, gift: Gift) -> int:
    """The id of the donor with this address. A known donor's name stays: anyone could have typed the address."""
    session.execute(
        insert(Donor)
        .values(email=gift.email, name=gift.name, locale=gift.locale)
        .on_conflict_do_nothing()
    )
    return session.scalars(
        select(Donor.id).where(func.lower(Donor.email) == func.lower(gift.email))
    ).one()


def find_donation(session: Session, token: str) -> Donation:
    """The donation whose page is at `token`; raises NotFound."""
    donation = session.scalar(select(Donation).where(Donation.token == token))
    if donation is None:
        raise NotFound("There is no donation at this address.")
    return donation


def lock_donation(session: Session, public_id: str) -> Donation | None:
    """The donation called `public_id`, locked until the transaction ends, so that its facts follow one another."""
    return session.scalar(
        select(Donation)
        .where(Donation.public_id == public_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
