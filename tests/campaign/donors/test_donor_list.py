"""The list of donors: who is listed, in which order, and their net totals."""

from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.donors.donor_list import find_donors
from campaign.donors.keyset_paging import PAGE, Cursor
from campaign.models import Campaign, LedgerEntry
from campaign.runtime.context import Installation
from tests.support.campaigns import add_booked_gift, add_campaign, add_entry
from tests.support.donors import add_donor


def test_merged_records_are_listed_only_in_searches(session: Session) -> None:
    ana = add_donor(session, "ana@example.org")
    work = add_donor(session, "ana@work.example", merged_into_id=ana.id)
    ben = add_donor(session, "ben@example.org", "Ben")
    lines, _ = find_donors(session, " ", Cursor())
    assert [one.id for one in lines] == [ben.id, ana.id]
    lines, _ = find_donors(session, "ana", Cursor())
    assert [(one.id, one.merged_into_id) for one in lines] == [(work.id, ana.id), (ana.id, None)]


def test_totals_are_net_with_covered_fees_by_currency(
    installation: Installation, session: Session, campaign: Campaign
) -> None:
    first = add_booked_gift(session, campaign, 10_000)
    donor = first.donor
    second = add_booked_gift(session, campaign, 5_000)
    yen = add_booked_gift(session, add_campaign(installation, currency="jpy"), 700)
    for gift in (second, yen):
        gift.donor_id = donor.id
    add_entry(session, second, "refund", -2_000)
    # A correction changes the campaign's result, not the donor's gifts.
    wrong = LedgerEntry(
        campaign_id=campaign.id,
        donation_id=first.id,
        kind="correction",
        amount=-3,
        currency="usd",
        occurred_at=now(),
        source="correction-1",
        reason="counted twice",
        recorded_by="fay",
    )
    session.add(wrong)
    session.flush()
    (line,) = find_donors(session, donor.email, Cursor())[0]
    assert (line.gifts, line.given) == (3, {"usd": 13_000, "jpy": 700})


def test_donors_without_gifts_and_erased_donors_are_listed_as_such(session: Session) -> None:
    add_donor(session, "ana@example.org", address="1 Pier")
    add_donor(session, "", "", erased_at=now())
    gone, ana = find_donors(session, "", Cursor())[0]
    assert (gone.erased, gone.name, gone.given) == (True, "", {})
    assert (ana.erased, ana.address, ana.gifts, ana.given) == (False, "1 Pier", 0, {})


def test_a_full_page_has_a_next_page_only_if_more_rows_follow(session: Session) -> None:
    for number in range(PAGE):
        add_donor(session, f"reader{number}@example.org")
    lines, keys = find_donors(session, "", Cursor())
    assert (len(lines), keys.newer, keys.older) == (PAGE, None, None)
    add_donor(session, "one.more@example.org")
    lines, keys = find_donors(session, "", Cursor())
    assert keys.older == lines[-1].id
    rest, back = find_donors(session, "", Cursor(before=keys.older))
    assert ([one.email for one in rest], back.older) == (["reader0@example.org"], None)
