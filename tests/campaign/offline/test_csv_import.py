"""Importing a list of offline gifts: plan each row, then enter it once."""

import hashlib
from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import select

from campaign.core.clock import now
from campaign.core.csv_lists import RejectedLine
from campaign.models import AuditEntry, Campaign, OfflineGift, ReversalReason
from campaign.offline.csv_import import ListReader, PlannedRow, record_import
from campaign.offline.csv_rows import Row
from campaign.offline.entry import Choices, EntryResult
from campaign.offline.reversals import reverse
from campaign.runtime.context import Installation
from tests.support.offline_gifts import (
    FINANCE,
    HERE,
    TODAY,
    Enter,
    days_ago,
    gift_of,
    shown_totals,
    written_gift,
)


@pytest.fixture
def reader(running: Campaign) -> ListReader:
    return ListReader("year-end", HERE)


def plan(
    installation: Installation, reader: ListReader, **changes: Any
) -> PlannedRow | RejectedLine:
    with installation.sessions() as session:
        return reader.plan(session, Row(7, written_gift(**changes)), now())


def planned(installation: Installation, reader: ListReader, **changes: Any) -> PlannedRow:
    found = plan(installation, reader, **changes)
    assert isinstance(found, PlannedRow), found
    return found


def enter_row(
    installation: Installation, reader: ListReader, wanted: PlannedRow
) -> EntryResult | RejectedLine:
    with installation.sessions.begin() as session:
        return reader.enter(session, wanted, FINANCE, installation.books, now())


def lines(found: Iterable[Row | RejectedLine]) -> list[int | RejectedLine]:
    return [one if isinstance(one, RejectedLine) else one.line for one in found]


def reverse_gift(installation: Installation, gift: OfflineGift, reason: ReversalReason) -> None:
    with installation.sessions.begin() as session:
        session.add(gift)
        name = gift.donation.public_id
        reverse(session, name, reason, TODAY, FINANCE, installation.books, now())


def test_the_second_row_with_a_reference_is_rejected_however_it_is_typed(
    reader: ListReader,
) -> None:
    header = "received_on,postmarked_on,amount,currency,name,email,address,code,reference"
    rows = ("1042 First", "7", " 1042  FIRST ", "1042 first", "8")
    text = "\n".join([header, *(f"2026-12-03,,25,usd,Ana,,,,{one}" for one in rows)])
    shown = "is already on line 2"
    assert lines(reader.rows(text.encode())) == [
        2,
        3,
        RejectedLine(4, f"reference 1042  FIRST {shown}"),
        RejectedLine(5, f"reference 1042 first {shown}"),
        6,
    ]


def test_the_rows_after_one_that_cannot_be_read_are_read(reader: ListReader) -> None:
    header = "received_on,postmarked_on,amount,currency,name,email,address,code,reference"
    good = [f"2026-12-03,,25,usd,{name},,,," for name in ("Ana", "Ben")]
    text = "\n".join([header, "2026-12-03,,25", *good])
    broken, *others = lines(reader.rows(text.encode()))
    assert isinstance(broken, RejectedLine)
    assert (broken.line, others) == (2, [3, 4])


def test_a_plan_reports_every_error_of_its_row_and_stores_nothing(
    installation: Installation, reader: ListReader
) -> None:
    assert plan(installation, reader, amount="", kind="gold") == RejectedLine(
        7,
        "'gold' is not a kind of gift; use check, cash, donor_advised_fund or stock;"
        " Enter an amount, for example 25",
    )
    planned(installation, reader)
    assert shown_totals(installation) == (0, 0, 0)


def test_a_plan_matches_only_the_namesake_at_the_same_address(
    installation: Installation, reader: ListReader, enter: Enter
) -> None:
    gift_of(enter(amount="9"))
    assert planned(installation, reader, address="1 wharf street Astoria OR 97103").joins
    assert not planned(installation, reader, address="2 Wharf Street").joins
    assert not planned(installation, reader, name="Ben").joins


def test_a_plan_warns_of_duplicates_and_dates_outside_but_not_of_this_lists_own_rows(
    installation: Installation, reader: ListReader, enter: Enter
) -> None:
    gift_of(enter(name="Ben"))
    first = planned(installation, reader)
    assert (first.alike, first.outside) == (False, False)
    entered = enter_row(installation, reader, first)
    assert isinstance(entered, EntryResult)
    assert not planned(installation, reader).alike
    assert planned(installation, ListReader("year-end", HERE)).alike
    assert planned(installation, reader, name="Ben").alike
    assert planned(installation, reader, postmarked_on=days_ago(30)).outside


def test_a_row_is_entered_once_despite_its_warnings(
    installation: Installation, reader: ListReader, enter: Enter
) -> None:
    gift_of(enter(reference="1"))
    row = planned(installation, reader, reference="2")
    assert row.alike
    entered = enter_row(installation, reader, row)
    assert isinstance(entered, EntryResult)
    assert entered.joined
    assert shown_totals(installation) == (10000, 2, 1)
    again = enter_row(installation, reader, row)
    assert isinstance(again, RejectedLine)
    assert again.reason.startswith("Reference 2 is already a check of $50 from Ana Reyes")
    assert not again.reason.endswith(".")
    assert shown_totals(installation) == (10000, 2, 1)


def test_a_donor_corrected_in_the_meantime_is_not_matched_automatically(
    installation: Installation, reader: ListReader, enter: Enter
) -> None:
    gift = gift_of(enter(amount="9"))
    row = planned(installation, reader, reference="2")
    with installation.sessions.begin() as session:
        session.add(gift)
        gift.donation.donor.name = "Ana Lee"
        other = session.get_one(OfflineGift, gift.id).donation.donor
        session.add(type(other)(email="", name="Ana Reyes"))
    shown = enter_row(installation, reader, row)
    assert shown == RejectedLine(7, "its donor has changed in the meantime; import the file again")
    assert shown_totals(installation) == (900, 1, 1)


def test_importing_a_list_again_does_not_restore_a_mistake_unless_its_row_was_corrected(
    installation: Installation, reader: ListReader, enter: Enter
) -> None:
    wrong = gift_of(enter(reference="1042", amount="500"))
    reverse_gift(installation, wrong, ReversalReason.mistake)
    shown = plan(installation, reader, reference="1042", amount="500")
    assert isinstance(shown, RejectedLine)
    assert shown.reason.endswith(
        f"and was reversed as a mistake on {TODAY}. Correct the row, or enter the gift by hand"
    )
    for changes in (
        {"amount": "50"},
        {"amount": "500", "received_on": days_ago(1)},
        {"amount": "500", "kind": "cash"},
        {"amount": "500", "postmarked_on": days_ago(2)},
    ):
        planned(installation, reader, reference="1042", **changes)


def test_importing_a_list_again_rejects_a_bounced_check(
    installation: Installation, reader: ListReader, enter: Enter
) -> None:
    bounced = gift_of(enter(Choices(donor="new"), reference="1042"))
    reverse_gift(installation, bounced, ReversalReason.bounced)
    shown = plan(installation, reader, reference="1042", amount="70")
    assert isinstance(shown, RejectedLine)
    assert shown.reason.startswith("Reference 1042 is already a check of $50")
    assert "). If this is a different gift" in shown.reason


def test_an_import_is_recorded_by_the_files_digest(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        record_import(session, FINANCE, b"rows", entered=2, refused=1)
    with installation.sessions() as session:
        said = session.scalars(select(AuditEntry)).one()
    digest = hashlib.sha256(b"rows").hexdigest()
    assert (said.actor, said.action) == (FINANCE.name, "offline_gifts.imported")
    assert (said.subject_kind, said.subject_key) == ("offline_list", digest[:16])
    assert said.after == {"sha256": digest, "entered": 2, "refused": 1}
