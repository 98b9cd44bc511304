"""An installation with every state of the readers' and donors' pages, and the addresses of these pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.donor_wall import save_wall_entry
from campaign.campaigns.matching_gifts import MatchingGiftFields, add_matching_gift
from campaign.campaigns.milestones import record_milestones
from campaign.core.clock import now
from campaign.models import (
    Campaign,
    CampaignText,
    CommentState,
    Donation,
    DonationState,
    WallEntry,
)
from campaign.receipts.receipts import correct_receipt, issue_receipt
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, add_booked_gift, add_campaign, add_entry

TEXT = "Tonight the **commission** votes.\n\n- The harbor plan\n- The budget\n\n> A quoted line."
SPANISH = "Esta noche la **comisión** vota.\n\n- El plan del puerto\n- El presupuesto"


@dataclass(frozen=True)
class Place:
    """A page: what it is called in pictures, and its path."""

    name: str
    path: str


def furnish(installation: Installation) -> list[Place]:
    """Campaigns in each state and a gift in each, with the paths of their pages."""
    places = [*_house_pages(), *_campaigns(installation)]
    with installation.sessions() as session:
        winter = session.scalars(select(Campaign).where(Campaign.slug == "winter")).one()
    places.extend(_gifts(installation, winter))
    return places


def _house_pages() -> Iterator[Place]:
    yield Place("home", "/")
    yield Place("campaigns", "/campaigns")
    yield Place("unknown", "/c/unknown")
    yield Place("finished", "/finished")
    yield Place("me-ask", "/me")
    yield Place("me-sent", "/me/sent")
    yield Place("me-finished", "/me/finished")
    yield Place("me-spent-link", "/me/link/unknown")
    yield Place("prefilled", "/c/winter?amount=40&frequency=monthly&code=article-7&shared=1")
    yield Place("paper", "/c/winter/print")
    yield Place("paper-large", "/c/winter/print?large=1")
    yield Place("frame", "/c/winter/embed")
    yield Place("frame-banner", "/c/winter/embed?form=banner")
    yield Place("frame-bar", "/c/winter/embed?form=bar")
    yield Place("wall", "/c/winter/donors")
    yield Place("wall-empty", "/c/quiet/donors")
    yield Place("privacy", "/privacy")
    yield Place("remind", "/c/winter/remind")
    yield Place("remind-too-late", "/c/tonight/remind")


def _campaigns(installation: Installation) -> Iterator[Place]:
    here, day = now(), timedelta(days=1)
    _winter(installation)
    made: dict[str, dict[str, Any]] = {
        "quiet": {"figures_hidden": True, "wall_shown": True},
        "tomorrow": {"starts_at": here + day},
        "tonight": {"deadline": here + timedelta(hours=5)},
        "paused": {"paused_at": here, "pause_reason": "Stripe answers slowly just now"},
        "provisional": {"deadline": here - timedelta(hours=1), "thanks": "**Thank you** all."},
        "final": {
            "deadline": here - day,
            "grace_days": 0,
            "thanks": "**Thank you** all.",
            "finalized_at": here - timedelta(hours=2),
            "final_raised": 12_000,
            "organization_line": "For the Harbor School’s newspaper",
        },
    }
    for slug, changes in made.items():
        campaign = add_campaign(installation, slug=slug, goal="100", appeal=TEXT)
        with installation.sessions.begin() as session:
            add_booked_gift(session, campaign, 10_000, 2 * day)
        with installation.sessions.begin() as session:
            found = session.get_one(Campaign, campaign.id)
            for name, value in changes.items():
                setattr(found, name, value)
        yield Place(f"appeal-{slug}", f"/c/{slug}")
    yield Place("appeal-winter", "/c/winter")


def _winter(installation: Installation) -> None:
    """An open campaign past its goal with all that an appeal may show."""
    campaign = add_campaign(installation, goal="400", stretch_goal=90_000, appeal=TEXT)
    with installation.sessions.begin() as session:
        promise = MatchingGiftFields(
            "The Reyes family", "50", ends=(now() + timedelta(days=3)).isoformat()
        )
        add_matching_gift(session, campaign, promise, ADMIN, now() - timedelta(days=3))
        found = session.get_one(Campaign, campaign.id)
        found.wall_shown = True
        session.add(
            CampaignText(
                campaign_id=campaign.id,
                locale="es",
                title="Que cada historia siga siendo gratis",
                appeal=SPANISH,
                thanks="",
            )
        )
        for place, ago in enumerate((6, 4, 2, 0)):
            gift = add_booked_gift(
                session, found, 12_000, timedelta(days=ago), name=f"Rosa {place} Reyes"
            )
            _on_the_wall(session, gift, "Astoria" if place else "", now())
        add_booked_gift(session, found, 4_000, timedelta(hours=1), state="processing")
        record_milestones(session, now())


def _on_the_wall(session: Session, gift: Donation, town: str, at: datetime) -> None:
    entry = save_wall_entry(session, gift, town, at, wording="Show my name", comment="For my town")
    assert isinstance(entry, WallEntry)
    entry.comment_state = CommentState.approved.value


def _gifts(installation: Installation, campaign: Campaign) -> Iterator[Place]:
    """A gift in each state, one from a shared computer before and after it is cleared, and each kind of receipt."""
    places: list[Place] = []
    with installation.sessions.begin() as session:
        for state in DonationState:
            gift = add_booked_gift(session, campaign, 2_500, name="Ana Reyes", state=state.value)
            if state == DonationState.partially_refunded:
                add_entry(session, gift, "refund", -1_000)
            places.append(Place(f"gift-{state.value}", f"/donations/{gift.token}"))
        for name, closed in (("shared", None), ("closed", now())):
            gift = add_booked_gift(
                session, campaign, 2_500, shared_computer=True, page_closed_at=closed
            )
            places.append(Place(f"gift-{name}", f"/donations/{gift.token}"))
        for left in (2_500, 1_500, 0):
            gift = add_booked_gift(session, campaign, 2_500, name="Ana Reyes")
            first = issue_receipt(session, gift, installation.books, now())
            last = correct_receipt(session, gift, left, installation.books) or first
            places.append(Place(f"receipt-{last.kind}", f"/receipts/{last.token}"))
            if last is not first:
                places.append(Place(f"receipt-before-{last.kind}", f"/receipts/{first.token}"))
    yield from places
