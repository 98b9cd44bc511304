"""Import another system's recurring gifts: adopt those of this Stripe account, list the others for an invitation.

Each row is its own transaction; repeated, nothing happens twice.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock, money
from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import CampaignError, GatewayUnavailable
from campaign.models import Donor, GiftElsewhere
from campaign.moving.amounts import AmountEvidence, DecimalMark
from campaign.moving.columns import ColumnMap, find_preset, map_columns
from campaign.moving.gift_rows import LeftOutRow
from campaign.moving.monthly_rows import FIELDS, PRESETS, MonthlyRow, read_monthly
from campaign.moving.monthly_stripe import AccountIndex, adopt_monthly, is_adopted
from campaign.moving.tables import Table, open_table
from campaign.runtime.context import Installation


@dataclass(frozen=True)
class MonthlyImport:
    """What a person asks for. `campaign`: what the gifts began for here, '' for none."""

    path: Path
    preset: str = ""
    maps: Sequence[str] = ()
    campaign: str = ""
    system: str = ""
    currency: str = "usd"
    decimal: DecimalMark | None = None
    encoding: str = ""
    dry_run: bool = False


@dataclass
class MonthlyReport:
    """What came of a file. `past`: paid invoices of the adopted gifts that became past gifts.

    `listed`: charged elsewhere, so that their donors can be asked to move them; `ended` ones no longer.
    """

    preset: str
    ignored: Sequence[str]
    adopted: int = 0
    known: int = 0
    past: int = 0
    listed: int = 0
    listed_before: int = 0
    ended: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    refused: int = 0


def import_monthly(
    installation: Installation,
    wanted: MonthlyImport,
    actor: Actor,
    heard: Callable[[RejectedLine | LeftOutRow], None],
) -> MonthlyReport:
    """Import a file; `heard` is called for each row that is refused or left out.

    Raises ListInvalid or NotFound for the file or campaign, and GatewayUnavailable: then import it again.
    """
    table = open_table(wanted.path, encoding=wanted.encoding)
    preset = find_preset(PRESETS, wanted.preset, table.columns)
    columns = map_columns(table.columns, FIELDS, preset, wanted.maps)
    if wanted.campaign:
        with installation.sessions() as session:
            find_campaign(session, wanted.campaign)
    mark = wanted.decimal or _weigh(table, columns)
    currency = money.currency_code(wanted.currency)
    work = _MonthlyGifts(
        installation,
        wanted,
        actor,
        AccountIndex.read(installation.gateway),
        wanted.system.strip() or preset.name,
        MonthlyReport(preset.name, columns.ignored),
    )
    for row in table.rows():
        read = row if isinstance(row, RejectedLine) else read_monthly(row, columns, currency, mark)
        outcome = work.do(read) if isinstance(read, MonthlyRow) else read
        if isinstance(outcome, RejectedLine):
            work.report.refused += 1
            heard(outcome)
        elif isinstance(outcome, LeftOutRow):
            work.report.left_out[outcome.reason] += 1
            heard(outcome)
    if not wanted.dry_run:
        work.record()
    return work.report


def _weigh(table: Table, columns: ColumnMap) -> DecimalMark | None:
    amounts = AmountEvidence()
    for row in table.rows():
        if not isinstance(row, RejectedLine):
            amounts.see(columns.get(row.cells, "amount"))
    return amounts.mark


@dataclass(frozen=True)
class _MonthlyGifts:
    installation: Installation
    wanted: MonthlyImport
    actor: Actor
    index: AccountIndex
    system: str
    report: MonthlyReport

    def do(self, row: MonthlyRow) -> RejectedLine | LeftOutRow | None:
        """Adopt or list one recurring gift; return why not."""
        found = self.index.find(row)
        if found:
            return self._adopt(row, found)
        if not row.active:
            return self._end(row)
        if not row.email:
            return RejectedLine(
                row.line, "not in this Stripe account, and without an address to ask"
            )
        if row.amount <= 0:
            return RejectedLine(row.line, "not in this Stripe account, and without an amount")
        with self.installation.sessions() as session:
            new = list_elsewhere(session, row, self.system)
            if not self.wanted.dry_run:
                session.commit()
        self.report.listed += new
        self.report.listed_before += not new
        return None

    def _adopt(self, row: MonthlyRow, found: Sequence[str]) -> RejectedLine | None:
        for name in found:
            if is_adopted(self.installation, name):
                self.report.known += 1
                continue
            if self.wanted.dry_run:
                self.report.adopted += 1
                continue
            try:
                past = adopt_monthly(self.installation, name, self.wanted.campaign, self.actor)
            except GatewayUnavailable:
                raise
            except CampaignError as error:
                return RejectedLine(row.line, str(error).rstrip("."))
            self.report.adopted += 1
            self.report.past += past
        return None

    def _end(self, row: MonthlyRow) -> LeftOutRow | None:
        with self.installation.sessions() as session:
            listed = session.scalar(
                select(GiftElsewhere)
                .where(
                    GiftElsewhere.system == self.system,
                    GiftElsewhere.external_id == row.external_id,
                )
                .with_for_update()
            )
            if listed is None:
                return LeftOutRow(row.line, "not active")
            if listed.ended_at is None:
                listed.ended_at = clock.now()
                self.report.ended += 1
            if not self.wanted.dry_run:
                session.commit()
        return None

    def record(self) -> None:
        """Record the import in the audit log."""
        report = self.report
        after = {
            "adopted": report.adopted,
            "past": report.past,
            "listed": report.listed,
            "refused": report.refused,
        }
        with self.installation.sessions.begin() as session:
            subject = Subject("gifts_elsewhere", self.system)
            record(session, self.actor, "monthly.imported", subject, after=after)


def list_elsewhere(session: Session, row: MonthlyRow, system: str) -> bool:
    """Save a recurring gift that is charged elsewhere, with its donor; return whether it is new.

    One that is listed is brought up to date. An erased person stays erased.
    """
    known = session.scalar(
        select(GiftElsewhere)
        .where(GiftElsewhere.system == system, GiftElsewhere.external_id == row.external_id)
        .with_for_update()
    )
    if known is not None:
        known.amount, known.currency, known.frequency = row.amount, row.currency, row.frequency
        known.ended_at = None
        return False
    session.execute(
        insert(Donor)
        .values(email=row.email, name=row.name, locale=row.locale)
        .on_conflict_do_nothing()
    )
    donor_id = session.scalars(
        select(Donor.id).where(func.lower(Donor.email) == row.email.lower())
    ).one()
    values = {
        "system": system,
        "external_id": row.external_id,
        "donor_id": donor_id,
        "frequency": row.frequency,
        "amount": row.amount,
        "currency": row.currency,
        "processor": row.processor,
    }
    new = session.scalar(
        insert(GiftElsewhere).values(values).on_conflict_do_nothing().returning(GiftElsewhere.id)
    )
    return new is not None
