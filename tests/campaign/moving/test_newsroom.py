"""One newsroom moves: donors, years of gifts and monthly gifts. Totals agree before and after, and nobody is mailed.

A small one in the suite. The whole, with its figures, is `NEWSROOM=5000,40000,300 ./dev test -s` on this file.
"""

import csv
import os
import random
import resource
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from campaign.audit.audit_log import Actor
from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.models import (
    Donation,
    Donor,
    LedgerEntry,
    OutboxMessage,
    Receipt,
    Subscription,
)
from campaign.moving.gifts import ADDED, BOOKED, COUNTED, KNOWN
from campaign.moving.monthly_import import MonthlyImport, import_monthly
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.past_gifts import bring_over
from tests.support.reconciliation import Bank

SIZES = [int(one) for one in os.environ.get("NEWSROOM", "40,300,3").split(",")]
FIRST = datetime(2019, 1, 1)  # noqa: DTZ001 - written without a zone, as the system does
COLUMNS = [
    "Donation ID", "Donation Total", "Currency Code", "Donation Status", "Donation Date", "Donation Time",
    "Payment Gateway", "Payment Mode", "Form Title", "First Name", "Last Name", "Email Address", "Address 1", "City",
    "State", "Zip", "Country", "Donor Comment", "Donor ID", "Transaction ID",
]  # fmt: skip


@dataclass
class OldSystem:
    """A GiveWP with years of gifts, and what its own books say: by year, in minor units, without what went back."""

    given: Counter[int] = field(default_factory=Counter)
    refunded: int = 0
    gifts: int = 0
    donors: set[str] = field(default_factory=set)

    def write(self, path: Path, donors: int, gifts: int) -> None:
        dice = random.Random(16)
        with path.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            for number in range(gifts):
                writer.writerow(self._row(dice, number, dice.randrange(donors)))

    def _row(self, dice: random.Random, number: int, donor: int) -> list[str]:
        day = FIRST + timedelta(minutes=dice.randrange(7 * 365 * 24 * 60))
        cents = dice.choice((500, 1000, 2500, 2606, 5000, 10_000, 125_000))
        state = dice.choices(
            ("Complete", "Renewal", "Refunded", "Pending", "Failed", "Abandoned"),
            (80, 12, 2, 2, 2, 2),
        )[0]
        email = f"donor{donor}@reader.test"
        if state in ("Complete", "Renewal", "Refunded"):
            self.gifts += 1
            self.donors.add(email)
            if state == "Refunded":
                self.refunded += cents
            else:
                self.given[day.year] += cents
        return [
            str(number + 1), f"{cents / 100:,.2f}", "USD", state, f"{day:%B} {day.day}, {day.year}",
            f"{day:%I:%M %p}".lower(), dice.choice(("stripe", "paypal", "offline")), "live", "Year End", "Ana",
            f"R{donor}", email, f"{donor} Elm St", "Astoria", "OR", "97103", "US", 'Keep\n"going"', str(donor),
            f"pi_old{number}" if number % 3 == 0 else "",
        ]  # fmt: skip


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.mark.timeout(3600)  # the whole newsroom takes minutes
def test_a_newsroom_moves(bank: Bank, tmp_path: Path) -> None:
    donors, gifts, monthly = SIZES
    old, path = OldSystem(), tmp_path / "givewp.csv"
    old.write(path, donors, gifts)
    with bank.installation.sessions.begin() as session:
        wanted = NewCampaign(
            "old-2024", "2024", "50000", "2024-12-31", "America/Los_Angeles", start="2024-01-01", past=True
        )  # fmt: skip
        create_campaign(session, wanted)
    before, begun = _memory(), time.monotonic()
    dry = bring_over(bank.installation, path, dry_run=True)
    done = bring_over(bank.installation, path, campaign="old-2024")
    took, grown = time.monotonic() - begun, _memory() - before
    assert dry.report.counts[ADDED] == done.report.counts[ADDED] == old.gifts
    assert done.refused == []
    assert _by_year(bank) == old.given
    assert done.gifts.refunded["usd"] == old.refunded
    again = bring_over(bank.installation, path)
    assert (again.report.counts[ADDED], again.report.counts[KNOWN]) == (0, old.gifts)

    made = [
        bank.stripe.subscribe(1000 + one, email=f"donor{one}@reader.test") for one in range(monthly)
    ]
    bank.stripe.advance(days=32)
    listing = tmp_path / "monthly.csv"
    listing.write_text(
        "id,customer,email,amount,frequency,status\n"
        + "".join(f"{n},{one['customer']},,,month,active\n" for n, one in enumerate(made))
        + "P1,,donor1@reader.test,5.00,month,active\n"
    )
    begun = time.monotonic()
    report = import_monthly(
        bank.installation,
        MonthlyImport(listing, preset="plain", system="givewp"),
        Actor.command_line(),
        lambda _: None,
    )
    adopting = time.monotonic() - begun
    assert (report.adopted, report.past, report.listed, report.refused) == (
        monthly,
        2 * monthly,
        1,
        0,
    )
    bank.deliver()
    bank.require_order()
    assert bank.reconcile().discrepancies == []
    _require_quiet(bank)
    assert done.report.counts[BOOKED] == 0
    print(
        f"\n{len(old.donors):,} donors, {old.gifts:,} gifts of {gifts:,} rows:"
        f" ${sum(old.given.values()) / 100:,.2f} before and after,"
        f" ${old.refunded / 100:,.2f} refunded;"
        f" {done.report.counts[COUNTED]:,} count for old-2024."
        f" Twice through in {took:.1f} s (a dry run first), {grown:.1f} MB more memory."
        f" {report.adopted:,} monthly gifts adopted in {adopting:.1f} s. Emails: 0, receipts: 0."
    )


def _by_year(bank: Bank) -> Counter[int]:
    """Return what remains of past gifts by year, in the organization's zone."""
    zone = bank.installation.settings.organization.timezone
    year = func.extract("year", func.timezone(zone, Donation.charged_at))
    total = func.sum(LedgerEntry.amount + LedgerEntry.fee_cover)
    query = select(year, total).join(Donation, Donation.id == LedgerEntry.donation_id)
    with bank.installation.sessions() as session:
        return Counter({int(one): int(sum_) for one, sum_ in session.execute(query.group_by(year))})


def _require_quiet(bank: Bank) -> None:
    with bank.installation.sessions() as session:
        counts = [
            session.scalars(select(func.count()).select_from(table)).one()
            for table in (OutboxMessage, Receipt)
        ]
        assert counts == [0, 0]
        assert session.scalars(select(func.count(Subscription.id))).one() == SIZES[2]
        assert session.scalars(select(func.count(Donor.id))).one() <= SIZES[0]


def _memory() -> float:
    """Return the most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
