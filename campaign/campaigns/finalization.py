"""The end of a campaign: its result is frozen after the grace period, and only a logged correction changes it then."""

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
    """An entry that came after its campaign's result was final. `amount` is the gift's part, signed minor units."""

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
    """What a correction came to: minor units of `currency`. `frozen` stays what was final at first."""

    amount: int
    raised: int
    frozen: int
    currency: str


def finalize_due_campaigns(
    session: Session, at: datetime, *, at_most: int | None = None
) -> list[Campaign]:
    """Freeze the result of each campaign whose grace period is over at `at`; those frozen now.

    Locks each campaign's row until the commit: entries under way are waited for and counted, later ones are refused
    by the ledger's trigger. Repeated or at once, each is frozen once.
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
    """Freeze one campaign's result; None where it is frozen, or its deadline was moved while we waited for the row."""
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
    """Entries that belong to a campaign by the moment of the charge, count for none, and were not corrected.

    A gift that was charged outside the window belongs to none, and neither does what becomes of it.
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
    """The few entries among which the late ones are: monthly gifts that renew between campaigns count for none either,
    and there are many of them. A payment is booked at the moment of its charge."""
    payment, other = aliased(LedgerEntry), aliased(LedgerEntry)
    # Written out, not bound, so that the indexes of just these are found.
    paid: BindParameter[str] = bindparam("paid", LedgerKind.payment.value, literal_execute=True)
    # Campaign by campaign, so that the index is asked for a window each and not for all of it.
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
    """What came after the end and was not brought into the result, of one campaign or of all."""
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
    """Bring a late entry into the final result of `campaign`, once, by two entries that cancel each other.

    `campaign.final_raised` stays what was frozen. Raises CampaignError without a reason, for a campaign that is
    not frozen yet, for an entry that is not one of its late ones, and the second time.
    """
    if not reason.strip() or not recorded_by.strip():
        raise CampaignError("A correction needs a reason, and the name of who makes it.")
    if campaign.finalized_at is None or campaign.final_raised is None:
        raise CampaignError(
            f"The result of {campaign.slug} is not frozen yet: nothing is to be corrected before {campaign.final_from}."
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
            raise _corrected_before(entry_id)
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
    """The entry, its donation locked: so the facts of one donation follow one another."""
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
        raise _corrected_before(entry_id)
    raise CampaignError(
        f"Ledger entry {entry_id} did not come late for {campaign.slug}; `campaign ledger late` lists those that did."
    )


def _corrected_before(entry_id: int) -> CampaignError:
    return CampaignError(f"Ledger entry {entry_id} was brought into the result before.")
