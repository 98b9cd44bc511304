"""Expired data is deleted, one kind at a time."""

import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.auth.donors import begin_donor_session, make_donor_link
from campaign.auth.policies import DONORS, STAFF
from campaign.auth.staff import Browser, begin_staff_session
from campaign.campaigns.finalization import finalize_due_campaigns
from campaign.core.clock import now
from campaign.donations import tribute_cards
from campaign.donations.tribute_cards import CardRequest, save_card
from campaign.models import (
    Base,
    Campaign,
    DirectMailPiece,
    Donation,
    Donor,
    DonorLink,
    DonorLinkPurpose,
    DonorSession,
    StaffLink,
    StaffRole,
    StaffSession,
    TributeCard,
)
from campaign.offline import direct_mail_codes
from campaign.privacy import retention
from campaign.runtime.context import Installation
from tests.support.staff import add_staff
from tests.support.stripe import Facts

BROWSER = Browser("A browser", "192.0.2.1")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ends(installation: Installation, paid: Facts) -> dict[Any, datetime]:
    """One row of each kind, and when it expires."""
    begun = now()
    with installation.sessions.begin() as session:
        campaign = session.scalars(select(Campaign)).one()
        reader = DirectMailPiece(
            campaign_id=campaign.id, code="acde", name="Ana", institution="FCI", address="Box 1"
        )
        session.add(reader)
        donor = session.get_one(Donor, paid.donation.donor_id)
        make_donor_link(session, donor, DonorLinkPurpose.open, "", begun)
        begin_donor_session(session, donor, begun)
    member, _ = add_staff(installation, StaffRole.viewer)
    with installation.sessions.begin() as session:
        begin_staff_session(session, member, "link", BROWSER, begun)
        gift = session.get_one(Donation, paid.donation.id)
        save_card(session, gift, CardRequest("email", "Di", email="di@example.org", sender="Ana"))
        session.execute(update(TributeCard).values(created_at=begun))
        session.execute(update(Campaign).values(finalized_at=begun, final_raised=2500))
        expires = {
            one: session.scalars(select(one.expires_at)).one()
            for one in (DonorLink, DonorSession, StaffLink, StaffSession)
        }
    return {
        DonorLink: expires[DonorLink] + DONORS.kept,
        DonorSession: expires[DonorSession] + DONORS.kept,
        StaffLink: expires[StaffLink] + STAFF.kept,
        StaffSession: expires[StaffSession] + STAFF.kept,
        DirectMailPiece: begun + direct_mail_codes.RETENTION,
        TributeCard: begun + tribute_cards.RETENTION,
    }


def left(installation: Installation) -> set[Any]:
    kinds = (DonorLink, DonorSession, StaffLink, StaffSession, DirectMailPiece, TributeCard)
    with installation.sessions() as session:
        return {one for one in kinds if session.scalar(select(func.count()).select_from(one))}


def test_each_kind_is_deleted_when_it_expires_and_not_before(
    installation: Installation, ends: dict[Any, datetime]
) -> None:
    for moment in sorted(set(ends.values())):
        with time_machine.travel(moment - MINUTE):
            retention.purge_expired(installation)
            assert left(installation) == {one for one, end in ends.items() if end > moment - MINUTE}
        with time_machine.travel(moment + MINUTE):
            retention.purge_expired(installation)
            assert left(installation) == {one for one, end in ends.items() if end > moment + MINUTE}
            assert retention.purge_expired(installation) == 0


def test_the_result_is_the_number_of_rows_over_all_kinds(
    installation: Installation, ends: dict[Any, datetime]
) -> None:
    with time_machine.travel(max(ends.values()) + MINUTE):
        # And the name in the event that paid the gift.
        assert retention.purge_expired(installation) == len(ends) + 1


def test_data_is_kept_as_long_as_was_promised(ends: dict[Any, datetime]) -> None:
    """In days after the sign-in of staff and donors, or after the final result of the campaign."""
    first = min(ends.values())
    days = {kind: round((end - first).total_seconds() / 86_400, 2) for kind, end in ends.items()}
    assert days == {
        DonorLink: 0.0,
        DonorSession: 0.07,
        StaffLink: 89.99,
        StaffSession: 102.99,
        DirectMailPiece: 88.99,
        TributeCard: 88.99,
    }


def test_neither_signing_in_nor_a_final_result_deletes_anything(
    installation: Installation, ends: dict[Any, datetime]
) -> None:
    later = max(ends.values()) + MINUTE
    with installation.sessions.begin() as session:
        finalize_due_campaigns(session, later)
        donor = session.scalars(select(Donor)).one()
        begin_donor_session(session, donor, later)
    assert left(installation) == set(ends)


def test_if_one_kind_fails_earlier_deletions_stay(
    installation: Installation, ends: dict[Any, datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_session: Session, _at: datetime) -> int:
        raise OSError("no room")

    monkeypatch.setitem(retention.PURGES, "donor_links", fails)
    with time_machine.travel(max(ends.values()) + MINUTE), pytest.raises(OSError, match="no room"):
        retention.purge_expired(installation)
    assert left(installation) == {DonorLink, DonorSession, StaffLink, StaffSession}


DOCUMENT = Path(__file__).parents[3] / "docs/privacy.md"
_TABLE = re.compile(r"(?<=<!-- schedule -->\n).*(?=<!-- end -->)", re.DOTALL)


def test_every_table_has_a_line_or_holds_nothing_about_people() -> None:
    listed = {name for rule in retention.SCHEDULE.values() for name in rule.tables}
    tables = set(Base.metadata.tables)
    assert tables - listed - retention.NOBODY == set(), (
        "say in SCHEDULE how long their rows are kept"
    )
    assert (listed | retention.NOBODY) - tables == set()
    assert listed & retention.NOBODY == set()


def test_a_table_with_an_address_or_a_name_is_not_among_those_about_nobody() -> None:
    """A column that is called so in a table about nobody has to be explained here."""
    known = {"branding", "deposit_batch", "webhook_endpoint"}
    named = re.compile(r"email|recipient|(^|_)name$|address|comment|wording|phone")
    found = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        if table.name in retention.NOBODY - known
        for column in table.columns
        if named.search(column.name)
    }
    assert found == set()


def test_every_rule_says_how_it_ends() -> None:
    for kind, rule in retention.SCHEDULE.items():
        assert (rule.kept is None) == (rule.purge is None) == (rule.since == ""), kind
        assert (rule.kept is None) == bool(rule.ends), kind
        assert rule.period, kind
        assert rule.why, kind


def test_the_documentation_has_the_schedule() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    wanted = _TABLE.sub(lambda _: retention.schedule_table(), text)
    if os.environ.get("UPDATE_PRIVACY") == "1":
        DOCUMENT.write_text(wanted, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == wanted, "run this file with UPDATE_PRIVACY=1"
