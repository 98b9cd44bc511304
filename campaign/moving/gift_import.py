"""Import another system's gifts: read the file twice, store it batch by batch, say what came of every row.

Each batch is its own transaction, so an import that dies is begun again: what is stored is passed over. A dry run
does the same and rolls each batch back.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock, money
from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import CampaignInvalid, ListInvalid
from campaign.models import Campaign
from campaign.moving.amounts import DecimalMark
from campaign.moving.columns import ColumnMap, Preset, find_preset, map_columns
from campaign.moving.gift_presets import FIELDS, PRESETS, SAME_SYSTEM
from campaign.moving.gift_rows import (
    GiftReader,
    LeftOutRow,
    Parsed,
    PastGiftRow,
    PastRefundRow,
    weigh,
)
from campaign.moving.gift_states import read_states
from campaign.moving.moments import DateOrder
from campaign.moving.past_gifts import GiftPlan, StoredGifts, store_past_gifts
from campaign.moving.past_refunds import store_past_refunds
from campaign.moving.tables import Table, open_table
from campaign.runtime.context import Installation

BATCH = 500
"""Rows in one transaction."""


@dataclass(frozen=True)
class GiftImport:
    """What a person asks for. Everything but the file may be left to the file and the preset."""

    path: Path
    preset: str = ""
    maps: Sequence[str] = ()
    states: Sequence[str] = ()
    campaign: str = ""
    system: str = ""
    zone: str = ""
    currency: str = ""
    dates: DateOrder | None = None
    decimal: DecimalMark | None = None
    encoding: str = ""
    receipts: bool = False
    alike: bool = False
    dry_run: bool = False


@dataclass
class GiftReport:
    """What came of a file. Amounts by currency, in minor units. `left_out` counts rows that are no gifts, by reason."""

    preset: str
    ignored: Sequence[str]
    totals: StoredGifts = field(default_factory=StoredGifts)
    refunds: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    refused: int = 0


Heard = Callable[[RejectedLine | LeftOutRow], None]


def import_gifts(
    installation: Installation, wanted: GiftImport, actor: Actor, heard: Heard
) -> GiftReport:
    """Import a file; `heard` is called for each row that is refused or left out, in batches' order.

    Raises ListInvalid or CampaignInvalid if the file as a whole cannot be imported; then nothing is stored.
    """
    table = open_table(wanted.path, encoding=wanted.encoding)
    preset = find_preset(PRESETS, wanted.preset, table.columns)
    columns = _columns(table, preset, wanted)
    plan = _plan(installation, preset, wanted)
    reader = _reader(installation, table, columns, (preset, wanted, plan))
    report = GiftReport(preset.name, columns.ignored)
    rows = _parsed(table, reader)
    while part := list(islice(rows, BATCH)):
        gifts = _sort(part, report, heard)
        with _batch(installation, wanted) as session:
            stored = store_past_gifts(session, gifts, plan, installation.books)
            _add(report, stored, heard)
            refunds = [row for row in part if isinstance(row, PastRefundRow)]
            if refunds:
                _add_refunds(
                    report, store_past_refunds(session, refunds, plan, installation.books), heard
                )
    if not wanted.dry_run:
        _record(installation, report, plan, actor)
    return report


def _columns(table: Table, preset: Preset, wanted: GiftImport) -> ColumnMap:
    columns = map_columns(table.columns, FIELDS, preset, wanted.maps)
    if "total" not in columns and "amount" not in columns:
        raise ListInvalid(
            f"Read as {preset.system}, the file has no column for the amount. Name it with"
            f' --map "Their column=total". Its columns: {", ".join(table.columns)}.'
        )
    return columns


def _plan(installation: Installation, preset: Preset, wanted: GiftImport) -> GiftPlan:
    system = wanted.system.strip() or SAME_SYSTEM.get(preset.name, preset.name)
    campaign = None
    if wanted.campaign:
        with installation.sessions() as session:
            campaign = find_campaign(session, wanted.campaign)
        _require_countable(campaign)
    timezone = installation.settings.organization.timezone
    return GiftPlan(system, timezone, campaign, wanted.receipts, wanted.alike)


def _require_countable(campaign: Campaign) -> None:
    if campaign.archive:
        raise CampaignInvalid(f"{campaign.slug} holds gifts that count for no campaign.")
    if campaign.is_final(clock.now()):
        raise CampaignInvalid(
            f"The result of {campaign.slug} is final, so nothing can be added to it. Leave --campaign away: the gifts"
            " then count for no campaign. A campaign that ran elsewhere is created with `campaign create --past`."
        )


def _reader(
    installation: Installation,
    table: Table,
    columns: ColumnMap,
    asked: tuple[Preset, GiftImport, GiftPlan],
) -> GiftReader:
    preset, wanted, plan = asked
    order, mark = weigh(table, columns)
    zone = wanted.zone or preset.zone or plan.timezone
    currency = wanted.currency or (plan.campaign.currency if plan.campaign else "")
    return GiftReader(
        columns,
        clock.zone(zone),
        money.currency_code(currency or _only_currency(installation, columns)),
        wanted.dates or order,
        wanted.decimal or mark,
        read_states(wanted.states),
    )


def _only_currency(installation: Installation, columns: ColumnMap) -> str:
    """Return the currency of this newsroom's campaigns, for amounts that name none."""
    with installation.sessions() as session:
        found = list(session.scalars(select(Campaign.currency).where(~Campaign.archive).distinct()))
    if len(found) == 1:
        return found[0]
    if "currency" in columns:
        return "usd"
    raise ListInvalid("The file does not say its currency. Say it with --currency usd.")


def _parsed(table: Table, reader: GiftReader) -> Iterator[Parsed]:
    for row in table.rows():
        yield row if isinstance(row, RejectedLine) else reader.read(row)


def _sort(part: Sequence[Parsed], report: GiftReport, heard: Heard) -> list[PastGiftRow]:
    """Return the gifts of a batch, and report what is none."""
    gifts = []
    for row in part:
        if isinstance(row, PastGiftRow):
            gifts.append(row)
        elif isinstance(row, RejectedLine):
            report.refused += 1
            heard(row)
        elif isinstance(row, LeftOutRow):
            report.left_out[row.reason] += 1
            heard(row)
    return gifts


@contextmanager
def _batch(installation: Installation, wanted: GiftImport) -> Iterator[Session]:
    with installation.sessions() as session:
        yield session
        if wanted.dry_run:
            session.rollback()
        else:
            session.commit()


def _add(report: GiftReport, stored: StoredGifts, heard: Heard) -> None:
    totals = report.totals
    totals.added += stored.added
    totals.known += stored.known
    totals.booked += stored.booked
    totals.joined += stored.joined
    totals.counted += stored.counted
    for ours, theirs in ((totals.given, stored.given), (totals.refunded, stored.refunded)):
        for currency, amount in theirs.items():
            ours[currency] = ours.get(currency, 0) + amount
    for row in stored.refused:
        report.refused += 1
        heard(row)


def _add_refunds(report: GiftReport, stored: StoredGifts, heard: Heard) -> None:
    report.refunds += stored.added
    stored.added = 0
    _add(report, stored, heard)


def _record(installation: Installation, report: GiftReport, plan: GiftPlan, actor: Actor) -> None:
    totals = report.totals
    after = {
        "added": totals.added,
        "known": totals.known + totals.booked,
        "refunds": report.refunds,
        "refused": report.refused,
        "counted": totals.counted,
        **{f"given_{currency}": amount for currency, amount in sorted(totals.given.items())},
    }
    campaign_id = plan.campaign.id if plan.campaign else None
    with installation.sessions.begin() as session:
        subject = Subject("past_gifts", plan.system, campaign_id)
        record(session, actor, "gifts.imported", subject, after=after)
