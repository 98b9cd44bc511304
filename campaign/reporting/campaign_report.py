"""Read the figures of a campaign's report from the tallies, the progress shards and the ledger. Writes nothing.

Only the sums by ledger kind read every entry of the campaign. Everything else is already counted, so its cost does
not grow with the number of gifts.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.campaigns import schedule
from campaign.campaigns.extensions import public_extensions
from campaign.campaigns.progress import Progress, read_progress
from campaign.campaigns.step_names import step_name
from campaign.models import (
    Campaign,
    Donation,
    DonationState,
    Donor,
    Extension,
    LedgerEntry,
    LedgerKind,
    OfflineGift,
    ProgressShard,
    TallyKind,
)
from campaign.outreach.campaign_email_content import mail_code
from campaign.outreach.step_statistics import Counts, email_counts
from campaign.reporting.tallies import Tally, by_code, by_size, read_tallies

MOST_COMMENTS = 40
BEST_DAYS = 5
MOST_SOURCES = 15


@dataclass(frozen=True)
class LedgerSum:
    """The signed sums of one ledger kind in one currency, in minor units.

    `fee` is Stripe's, `fee_cover` what donors covered. Fees are in the currency in which Stripe settles, so the
    campaign's gifts and their fees may be in two.
    """

    kind: str
    entries: int
    amount: int
    fee_cover: int
    fee: int
    currency: str


@dataclass(frozen=True)
class EmailResult:
    """The emails of a schedule step, which says `name` to readers, and the gifts made through their links."""

    key: str
    name: str
    counts: Counts
    given: Tally


@dataclass(frozen=True)
class Comment:
    """A comment from a donor who is not anonymous."""

    text: str
    name: str


@dataclass(frozen=True)
class CampaignReport:
    """The figures of a campaign at `progress.as_of`."""

    progress: Progress
    final: bool
    returning: int
    days: Sequence[tuple[date, Tally]]
    sizes: Sequence[Tally]
    frequencies: Sequence[Tally]
    sources: Sequence[Tally]
    mail: Sequence[EmailResult]
    offline: Sequence[Tally]
    booked: Sequence[LedgerSum]
    extensions: Sequence[Extension]
    comments: Sequence[Comment]

    @property
    def new(self) -> int:
        """Donors who gave to no earlier campaign."""
        return self.progress.donors - self.returning

    @property
    def offline_amount(self) -> int:
        """The net amount of offline gifts, in minor units."""
        return sum(one.amount for one in self.offline)

    @property
    def fees(self) -> dict[str, int]:
        """Stripe's fees by their currency, in minor units; gains and losses on disputes are none."""
        found: Counter[str] = Counter()
        for one in self.booked:
            if one.fee and one.kind != LedgerKind.dispute_gain_loss:
                found[one.currency] += one.fee
        return dict(found)

    @property
    def covered(self) -> int:
        """The fees that donors covered, in minor units."""
        return sum(one.fee_cover for one in self.booked)


def read_report(session: Session, campaign: Campaign, at: datetime) -> CampaignReport:
    """Return the report of `campaign`. In a REPEATABLE READ transaction its parts agree with each other."""
    sources = _nonzero(by_code(session, campaign))
    codes = {one.key: one for one in sources}
    frequencies = read_tallies(session, campaign, TallyKind.frequency)
    return CampaignReport(
        progress=read_progress(session, campaign, at),
        final=campaign.is_final(at),
        returning=session.scalars(
            select(func.coalesce(func.sum(ProgressShard.gave_before), 0)).where(
                ProgressShard.campaign_id == campaign.id
            )
        ).one(),
        days=_best_days(read_tallies(session, campaign, TallyKind.hour)),
        sizes=_nonzero(by_size(session, campaign)),
        frequencies=_largest(_nonzero(frequencies)),
        sources=sources[:MOST_SOURCES],
        mail=_mail(session, campaign, codes),
        offline=_offline(session, campaign.id),
        booked=_booked(session, campaign.id),
        extensions=public_extensions(session, campaign),
        comments=_comments(session, campaign.id),
    )


def _nonzero(tallies: Iterable[Tally]) -> list[Tally]:
    """Return the tallies with any gifts, or with a net amount that is not zero."""
    return [one for one in tallies if one.amount or one.gifts]


def _largest(tallies: Sequence[Tally]) -> list[Tally]:
    return sorted(tallies, key=lambda one: (-one.amount, one.key))


def _best_days(hours: Sequence[Tally]) -> list[tuple[date, Tally]]:
    """Return the days with the largest sums, in the campaign's time zone."""
    days: dict[str, Tally] = {}
    for hour in hours:
        day = hour.key[:10]
        known = days.get(day, Tally(day))
        days[day] = Tally(day, known.amount + hour.amount, known.gifts + hour.gifts)
    best = [one for one in _largest(list(days.values())) if one.amount > 0][:BEST_DAYS]
    return [(date.fromisoformat(one.key), one) for one in best]


def _mail(session: Session, campaign: Campaign, codes: Mapping[str, Tally]) -> list[EmailResult]:
    counts = email_counts(session, campaign)
    every = schedule.list_steps(session, campaign.id)
    return [
        EmailResult(
            step.key,
            step_name(campaign, step),
            counts.get(step.id, Counts()),
            codes.get(mail_code(step.key), Tally(step.key)),
        )
        for step in sorted(every, key=lambda one: schedule.due_at(campaign, one))
        if step.id in counts or mail_code(step.key) in codes
    ]


def _offline(session: Session, campaign_id: int) -> list[Tally]:
    """Return the sums of offline gifts by kind, without reversed ones."""
    # The lateral join looks up gift by gift; otherwise the planner may read the whole ledger for a few thousand gifts.
    booked = (
        select(func.sum(LedgerEntry.amount).label("amount"))
        .where(
            LedgerEntry.donation_id == OfflineGift.donation_id,
            LedgerEntry.campaign_id == campaign_id,
        )
        .lateral()
    )
    rows = session.execute(
        select(OfflineGift.kind, func.sum(booked.c.amount), func.count(booked.c.amount))
        .join(booked, booked.c.amount.is_not(None))
        .where(OfflineGift.reversal_reason.is_(None))
        .group_by(OfflineGift.kind)
    )
    return _largest([Tally(kind, int(amount), gifts) for kind, amount, gifts in rows])


def _booked(session: Session, campaign_id: int) -> list[LedgerSum]:
    rows = session.execute(
        select(
            LedgerEntry.kind,
            func.count(),
            func.sum(LedgerEntry.amount),
            func.sum(LedgerEntry.fee_cover),
            func.sum(LedgerEntry.fee),
            LedgerEntry.currency,
        )
        .where(LedgerEntry.campaign_id == campaign_id)
        .group_by(LedgerEntry.kind, LedgerEntry.currency)
    )
    found = [
        LedgerSum(kind, count, int(amount), int(cover), int(fee), currency)
        for kind, count, amount, cover, fee, currency in rows
    ]
    return sorted(found, key=lambda one: (-one.entries, one.kind, one.currency))


def _comments(session: Session, campaign_id: int) -> list[Comment]:
    """Return the latest comments on gifts that are not fully refunded."""
    rows = session.execute(
        select(Donation.comment, func.coalesce(func.nullif(Donor.name, ""), Donation.name))
        .join(Donor, Donor.id == Donation.donor_id)
        .where(
            Donation.campaign_id == campaign_id,
            Donation.comment != "",
            ~Donation.anonymous,
            Donation.state.in_([DonationState.paid, DonationState.partially_refunded]),
        )
        .order_by(Donation.id.desc())
        .limit(MOST_COMMENTS)
    )
    return [Comment(" ".join(text.split()), name) for text, name in rows]
