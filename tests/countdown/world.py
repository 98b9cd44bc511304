"""The readers, gifts and events of a simulated campaign: nine days in December 2026, in Los Angeles.

Everything follows from a seed. Times are those of the campaign; the clock is the simulation's.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.campaigns.matching_gifts import MatchingGiftFields, add_matching_gift
from campaign.mailer.suppressions import suppress
from campaign.models import (
    Campaign,
    Donation,
    Donor,
    LedgerEntry,
    Subscriber,
    SuppressionReason,
)

LOS_ANGELES = ZoneInfo("America/Los_Angeles")

ZONES = {
    "Pacific/Honolulu": 5,
    "America/Los_Angeles": 30,
    "America/Denver": 10,
    "America/Chicago": 12,
    "America/New_York": 20,
    "Europe/London": 6,
    "Europe/Berlin": 6,
    "Asia/Kolkata": 4,
    "Australia/Sydney": 4,
    None: 3,  # unknown: the campaign's
}
"""The share of readers in each zone, in percent."""


def local(text: str) -> datetime:
    """Return a time of December 2026 in Los Angeles, written `23 06:00`, in UTC."""
    return datetime.strptime(f"2026-12-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=LOS_ANGELES)


STARTS, DEADLINE = local("21 00:00"), local("30 00:00")
OUTAGE = local("23 06:00"), local("23 20:00")
MATCH = "2026-12-26", "2026-12-27"
EXTENDED_AT, NEW_END = local("28 22:00"), "2026-12-31"
GOAL_MET_AT = local("30 15:00")
ENDS = local("31 00:00") + timedelta(days=1)

FOUNDATION = "foundation@example.net"
"""Whose gift meets the goal. It reads no email."""

GIVES = 0.02
"""The chance that an email leads to a gift."""
LEAVES = 0.002
"""The chance that a reader unsubscribes after an email."""


@dataclass
class World:
    """What happens to readers. `gave` and `left` hold when they gave or unsubscribed, by address."""

    seed: int
    readers: int
    zones: dict[str, str | None] = field(default_factory=dict)
    gave: dict[str, datetime] = field(default_factory=dict)
    left: dict[str, datetime] = field(default_factory=dict)
    plans: list[tuple[datetime, str, str]] = field(default_factory=list)
    gifts: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        names = [name for name, share in ZONES.items() for _ in range(share)]
        for number in range(self.readers):
            self.zones[f"reader{number}@example.org"] = names[number % len(names)]

    def begin(self, session: Session) -> Campaign:
        """Create the readers and the campaign, with a match in the middle of it."""
        for number, (email, zone) in enumerate(self.zones.items()):
            session.add(
                Subscriber(
                    email=email,
                    name=f"Reader {number}",
                    locale="es" if number % 7 == 0 else "en",
                    timezone=zone,
                    consent_source="newsletter form",
                    consent_at=STARTS - timedelta(days=90),
                )
            )
        wanted = NewCampaign(
            slug="nine-days",
            title="Keep every story free to read",
            goal="50000",
            start=STARTS.isoformat(),
            deadline="2026-12-29",
            timezone="America/Los_Angeles",
        )
        campaign = create_campaign(session, wanted)
        campaign.stretch_goal = 6_000_000
        session.flush()
        match = MatchingGiftFields("the Reyes family", "10000", "100", *MATCH)
        add_matching_gift(session, campaign, match, Actor.command_line(), STARTS)
        return campaign

    def read(self, email: str, at: datetime) -> None:
        """Decide what a reader does after an email: give within hours, leave, or nothing."""
        draw = self.chance.random()
        later = at + timedelta(minutes=self.chance.randrange(5, 600))
        if draw < GIVES:
            self.plans.append((later, "gives", email))
        elif draw < GIVES + LEAVES:
            self.plans.append((later, "leaves", email))

    def act(self, session: Session, campaign_id: int, now: datetime) -> None:
        """Let those give and leave whose time has come."""
        due = sorted(plan for plan in self.plans if plan[0] <= now)
        self.plans = [plan for plan in self.plans if plan[0] > now]
        for _, what, email in due:
            if what == "leaves":
                self.left.setdefault(email, now)
                suppress(session, email, SuppressionReason.unsubscribed)
            elif email not in self.gave:
                self.gave[email] = now
                self.give(session, campaign_id, email, self.chance.choice(_AMOUNTS), now)

    def give(
        self, session: Session, campaign_id: int, email: str, amount: int, now: datetime
    ) -> None:
        """Book a gift of `amount` minor units."""
        self.gifts += 1
        donor = Donor(email=email, name="Reader")
        session.add(donor)
        session.flush()
        gift = Donation(
            campaign_id=campaign_id,
            donor_id=donor.id,
            attempt=f"attempt-{self.gifts}",
            frequency="one_time",
            amount=amount,
            currency="usd",
            state="paid",
            email=email,
            charged_at=now,
            paid_at=now,
        )
        session.add(gift)
        session.flush()
        session.add(
            LedgerEntry(
                campaign_id=campaign_id,
                donation_id=gift.id,
                kind="payment",
                amount=amount,
                fee=59,
                currency="usd",
                occurred_at=now,
                source=f"payment-{self.gifts}",
            )
        )
        session.flush()


_AMOUNTS = (2_500, 5_000, 10_000, 25_000, 50_000)
