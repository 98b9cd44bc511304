"""Freeze a campaign's result after the grace period; from then on, only a logged correction changes it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Interval,
    Select,
    and_,
    bindparam,
    exists,
    func,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased
from structlog import get_logger

from campaign.core.errors import CampaignError, NotFound
from campaign.models import Campaign, Donation, LedgerEntry, LedgerKind

log = get_logger(__name__)


@dataclass(frozen=True)
class LateEntry:
    """A ledger entry recorded after the result was final. `amount`: signed minor units, without covered fees."""

    id: int
    campaign: str
    donation: str
    kind: str
    amount: int
    currency: str
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True)
class CorrectionResult:
    """The effect of a correction, in minor units of `currency`. `frozen` is the original final result."""

    amount: int
    raised: int
    frozen: int
    currency: str


def finalize_due_campaigns(
    session: Session, at: datetime, *, at_most: int | None = None
) -> list[Campaign]:
    """Freeze the result of each campaign whose grace period is over at `at`; return the campaigns frozen now.

    Locks each campaign's row until the commit: entries being written are waited for and counted, and the ledger's
    trigger rejects later ones. Repeated or concurrent runs freeze each result once.
    """
    over = (
        Campaign.deadline + func.make_interval(0, 0, 0, Campaign.grace_days, type_=Interval) <= at
    )
    due = select(Campaign.id).where(Campaign.finalized_at.is_(None), over)
    frozen: list[Campaign] = []
    for campaign_id in session.scalars(due.order_by(Campaign.deadline, Campaign.id)).all():
        if at_most is not None and len(frozen) >= at_most:
            break
        campaign = freeze_result(session, campaign_id, at)
        if campaign is not None:
            frozen.append(campaign)
    return frozen


def freeze_result(session: Session, campaign_id: int, at: datetime) -> Campaign | None:
    """Freeze one result; None if it is already frozen, or if the deadline moved while we waited for the lock."""
    campaign = session.scalars(
        select(Campaign)
        .where(Campaign.id == campaign_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if campaign.finalized_at is not None or campaign.final_from > at:
        return None
    campaign.final_raised = _plain_sum(session, campaign)
    campaign.finalized_at = at
    session.flush()
    log.info("result_final", campaign=campaign.slug, raised=campaign.final_raised)
    return campaign


def _plain_sum(session: Session, campaign: Campaign) -> int:
    total = select(func.coalesce(func.sum(LedgerEntry.amount), 0))
    return int(session.scalars(total.where(LedgerEntry.campaign_id == campaign.id)).one())


def _late() -> Select[LedgerEntry, Donation, Campaign]:
    """Query entries charged within a campaign's window that count for no campaign and have no correction.

    A gift charged outside the window belongs to no campaign, and neither do its later entries.
    """
    correction = aliased(LedgerEntry)
    corrected = exists().where(
        correction.kind == LedgerKind.correction.value,
        correction.source == func.format("entry-%s-in", LedgerEntry.id),
    )
    window = and_(
        Donation.charged_at >= Campaign.starts_at, Donation.charged_at < Campaign.deadline
    )
    return (
        select(LedgerEntry, Donation, Campaign)
        .join(Donation, Donation.id == LedgerEntry.donation_id)
        .join(Campaign, Campaign.id == Donation.campaign_id)
        .where(
            LedgerEntry.id.in_(_maybe_late()),
            LedgerEntry.campaign_id.is_(None),
            LedgerEntry.kind.not_in([LedgerKind.correction.value, LedgerKind.fee.value]),
            LedgerEntry.amount != 0,
            window,
            ~corrected,
        )
        .order_by(LedgerEntry.id)
    )


def _maybe_late() -> CompoundSelect[int]:
    """Narrow down to the few entries that can be late.

    Monthly gifts that renew between campaigns count for no campaign either, and there are many of them. A payment's
    `occurred_at` is the time of its charge.
    """
    payment, other = aliased(LedgerEntry), aliased(LedgerEntry)
    # Literal values, not parameters, so that PostgreSQL can use the partial indexes on them.
    paid: BindParameter[str] = bindparam("paid", LedgerKind.payment.value, literal_execute=True)
    # Campaign by campaign, so that each one reads only its window from the index.
    in_its_window = (
        select(payment.id)
        .where(
            payment.campaign_id.is_(None),
            payment.kind == paid,
            payment.occurred_at >= Campaign.starts_at,
            payment.occurred_at < Campaign.deadline,
        )
        .lateral()
    )
    payments = select(in_its_window.c.id).select_from(Campaign).join(in_its_window, true())
    usual = [LedgerKind.payment.value, LedgerKind.fee.value, LedgerKind.correction.value]
    unusual = other.kind.not_in(bindparam("usual", usual, expanding=True, literal_execute=True))
    return union_all(payments, select(other.id).where(other.campaign_id.is_(None), unusual))


def late_entries(session: Session, campaign: Campaign | None = None) -> list[LateEntry]:
    """List late entries that were not added to the result, for one campaign or for all."""
    query = _late()
    if campaign is not None:
        query = query.where(Campaign.id == campaign.id)
    return [
        LateEntry(
            id=entry.id,
            campaign=its_campaign.slug,
            donation=donation.public_id,
            kind=entry.kind,
            amount=entry.amount,
            currency=entry.currency,
            occurred_at=entry.occurred_at,
            recorded_at=entry.recorded_at,
        )
        for entry, donation, its_campaign in session.execute(query)
    ]


def correct_result(
    session: Session,
    campaign: Campaign,
    entry_id: int,
    reason: str,
    recorded_by: str,
    at: datetime,
) -> CorrectionResult:
    """Add a late entry to the final result of `campaign`, once, by posting two entries that cancel each other out.

    `campaign.final_raised` keeps the frozen result. Raises CampaignError if there is no reason, if the result is not
    frozen yet, if the entry is not one of the campaign's late ones, or if it was already added.
    """
    if not reason.strip() or not recorded_by.strip():
        raise CampaignError("A correction needs a reason and the name of the person making it.")
    if campaign.finalized_at is None or campaign.final_raised is None:
        raise CampaignError(
            f"The result of {campaign.slug} is not final yet. You can correct it from {campaign.final_from} on."
        )
    entry = _late_entry(session, campaign, entry_id)
    for suffix, sign, campaign_id in (("out", -1, None), ("in", 1, campaign.id)):
        stored = session.scalar(
            insert(LedgerEntry)
            .values(
                campaign_id=campaign_id,
                donation_id=entry.donation_id,
                kind=LedgerKind.correction.value,
                amount=sign * entry.amount,
                fee_cover=sign * entry.fee_cover,
                currency=entry.currency,
                occurred_at=at,
                source=f"entry-{entry.id}-{suffix}",
                reason=reason.strip(),
                recorded_by=recorded_by.strip(),
            )
            .on_conflict_do_nothing(index_elements=["kind", "source"])
            .returning(LedgerEntry.id)
        )
        if stored is None:
            raise _already_corrected(entry_id)
    log.info(
        "result_corrected",
        campaign=campaign.slug,
        entry=entry.id,
        amount=entry.amount,
        reason=reason.strip(),
        recorded_by=recorded_by.strip(),
    )
    raised = _plain_sum(session, campaign)
    return CorrectionResult(entry.amount, raised, campaign.final_raised, campaign.currency)


def _late_entry(session: Session, campaign: Campaign, entry_id: int) -> LedgerEntry:
    """Return the entry and lock its donation, so that changes to one donation happen one after another."""
    entry = session.get(LedgerEntry, entry_id)
    if entry is None:
        raise NotFound(f"There is no ledger entry {entry_id}.")
    session.execute(select(Donation.id).where(Donation.id == entry.donation_id).with_for_update())
    late = _late().where(LedgerEntry.id == entry_id, Campaign.id == campaign.id)
    if session.execute(late).first() is not None:
        return entry
    sources = [f"entry-{entry_id}-in", f"entry-{entry_id}-out"]
    before = exists().where(
        LedgerEntry.kind == LedgerKind.correction.value, LedgerEntry.source.in_(sources)
    )
    if session.scalar(select(before)):
        raise _already_corrected(entry_id)
    raise CampaignError(
        f"Ledger entry {entry_id} is not a late entry of {campaign.slug}; `campaign ledger late` lists those."
    )


def _already_corrected(entry_id: int) -> CampaignError:
    return CampaignError(f"Ledger entry {entry_id} was already added to the result.")
