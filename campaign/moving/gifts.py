"""Import the gifts of another system: counted for an old campaign or for none, and nobody is mailed about them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock, money
from campaign.core.errors import CampaignInvalid, ListInvalid
from campaign.models import Campaign
from campaign.moving.columns import ColumnMap
from campaign.moving.gift_presets import FIELDS, ORDERS, PRESETS, SAME_SYSTEM
from campaign.moving.gift_rows import (
    AMOUNTS,
    MOMENTS,
    GiftReader,
    LeftOutRow,
    PastGiftRow,
    PastRefundRow,
)
from campaign.moving.gift_states import read_states
from campaign.moving.importing import ImportKind, ImportPlan, ReadEntry, SavedEntries
from campaign.moving.past_gifts import GiftPlan, StoredGifts, store_past_gifts
from campaign.moving.past_refunds import store_past_refunds
from campaign.moving.tables import TableRow
from campaign.runtime.context import Installation

ADDED, REFUNDS, JOINED = "gifts added", "refunds added", "now know their payment at Stripe"
COUNTED = "count for the campaign"
KNOWN, BOOKED = "already present", "booked here from Stripe"


@dataclass(frozen=True)
class _Prepared:
    """What is decided once for a file."""

    reader: GiftReader
    plan: GiftPlan


class GiftsImport(ImportKind[PastGiftRow | PastRefundRow]):
    """Gifts of another system, and refunds that it lists as rows of their own."""

    name = "gifts"
    action = "gifts.imported"
    fields = FIELDS
    presets = PRESETS
    counted = (ADDED, COUNTED, REFUNDS, JOINED, KNOWN, BOOKED)
    dates = MOMENTS
    amounts = AMOUNTS

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._prepared: _Prepared | None = None
        self.given: Counter[str] = Counter()
        """What the added gifts come to by currency, in minor units with covered fees."""
        self.refunded: Counter[str] = Counter()
        """How much of it went back."""

    def check(self, plan: ImportPlan) -> None:
        """Require an amount, a currency and a campaign that can still count gifts."""
        columns, asked = plan.columns, plan.request
        if "total" not in columns and "amount" not in columns:
            raise ListInvalid(
                f"Read as {plan.preset.system}, the file has no column for the amount. Name it with"
                f' --map "Their column=total". Its columns: {", ".join(plan.table.columns)}.'
            )
        campaign = self._campaign(asked.campaign) if asked.campaign else None
        currency = asked.currency or (campaign.currency if campaign else "")
        reader = GiftReader(
            columns,
            plan.zone,
            money.currency_code(currency or self._only_currency(columns)),
            plan.order or ORDERS.get(plan.preset.name),
            plan.mark,
            read_states(asked.states),
        )
        known = plan.preset.name
        stored = GiftPlan(
            asked.system.strip() or SAME_SYSTEM.get(known, known),
            self._installation.settings.organization.timezone,
            campaign,
            asked.receipts,
            asked.alike,
        )
        self._prepared = _Prepared(reader, stored)

    def _campaign(self, slug: str) -> Campaign:
        with self._installation.sessions() as session:
            campaign = find_campaign(session, slug)
        if campaign.archive:
            raise CampaignInvalid(f"{slug} holds gifts that count for no campaign.")
        if campaign.is_final(clock.now()):
            raise CampaignInvalid(
                f"The result of {slug} is final, so nothing can be added to it. Leave --campaign away: the gifts then"
                " count for no campaign. A campaign that ran elsewhere is created with `campaign create --past`."
            )
        return campaign

    def _only_currency(self, columns: ColumnMap) -> str:
        """Return the currency of this newsroom's campaigns, for amounts that name none."""
        with self._installation.sessions() as session:
            own = select(Campaign.currency).where(~Campaign.archive).distinct()
            found = list(session.scalars(own))
        if len(found) == 1:
            return found[0]
        if "currency" in columns:
            return "usd"
        raise ListInvalid("The file does not say its currency. Say it with --currency usd.")

    def read(self, row: TableRow, plan: ImportPlan) -> ReadEntry[PastGiftRow | PastRefundRow]:  # noqa: ARG002 - prepared by `check`
        """Return the gift or the refund, or why the row is none."""
        found = self._ready.reader.read(row)
        if isinstance(found, LeftOutRow):
            return ReadEntry(row.line, None, left_out=f"left out ({found.reason})")
        if isinstance(found, PastRefundRow):
            return ReadEntry(row.line, found)
        return ReadEntry(row.line, found, found.external_id, repeated=KNOWN)

    def save(
        self,
        session: Session,
        entries: Sequence[ReadEntry[PastGiftRow | PastRefundRow]],
        *,
        dry_run: bool,  # noqa: ARG002 - the caller rolls back
    ) -> SavedEntries:
        """Store the gifts, then the refunds."""
        plan, books = self._ready.plan, self._installation.books
        rows = [one.entry for one in entries]
        gifts = [row for row in rows if isinstance(row, PastGiftRow)]
        refunds = [row for row in rows if isinstance(row, PastRefundRow)]
        stored = store_past_gifts(session, gifts, plan, books) if gifts else StoredGifts()
        back = store_past_refunds(session, refunds, plan, books) if refunds else StoredGifts()
        for each in (stored, back):
            self.given.update(each.given)
            self.refunded.update(each.refunded)
        counts = {
            ADDED: stored.added,
            COUNTED: stored.counted,
            REFUNDS: back.added,
            JOINED: stored.joined,
            KNOWN: stored.known + back.known,
            BOOKED: stored.booked + back.booked,
        }
        return SavedEntries(Counter(counts), [*stored.refused, *back.refused])

    @property
    def _ready(self) -> _Prepared:
        if self._prepared is None:
            raise ValueError("the file is not planned yet")
        return self._prepared

    def closing(self) -> Sequence[str]:
        """Return what the added gifts come to, to compare with the other system's own totals."""
        given, refunded = _amounts(self.given), _amounts(self.refunded)
        if not given and not refunded:
            return ()
        return (f"Given: {given or 'nothing'}. Refunded: {refunded or 'nothing'}.",)


def _amounts(sums: Counter[str]) -> str:
    return " and ".join(
        money.format_money(amount, currency) for currency, amount in sorted(sums.items()) if amount
    )
