"""The details of one donor: all merged records, and nothing of other donors."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.donors.keyset_paging import Cursor
from campaign.donors.merging import merge_donors
from campaign.donors.notes import add_donor_note
from campaign.models import (
    Donation,
    Donor,
    LedgerEntry,
    OutboxMessage,
    StaffRole,
    Subscriber,
    Subscription,
    Suppression,
)
from campaign.models.base import new_token
from campaign.reporting.donor_detail import (
    DonorDetail,
    Total,
    load_emails,
    read_donor_detail,
    read_email_keys,
    read_totals,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.campaigns import add_booked_gift, add_campaign, add_entry
from tests.support.donors import add_donor, add_subscription
from tests.support.stripe import Facts

Give = Callable[..., Facts]
Store = Callable[..., None]
FAY = Actor("fay@harbor-ledger.example", StaffRole.finance)
DAY = timedelta(days=1)


def person(installation: Installation, donor_id: int) -> DonorDetail:
    with installation.sessions() as session:
        return read_donor_detail(session, session.get_one(Donor, donor_id), Cursor())


def queue(session: Session, recipient: str, **values: Any) -> int:
    message = OutboxMessage(
        kind="statement",
        subject_key=new_token(),
        recipient=recipient,
        message_id=f"<{new_token()}@harbor-ledger.example>",
        **values,
    )
    session.add(message)
    session.flush()
    return message.id


def mails(session: Session, *donors: int, **cursor: int) -> Sequence[int]:
    rows = [session.get_one(Donor, one) for one in donors]
    return read_email_keys(session, rows, Cursor(**cursor)).ids


def test_totals_are_by_currency_with_covered_fees_and_all_refunds(
    installation: Installation,
) -> None:
    dollars = add_campaign(installation)
    yen = add_campaign(installation, slug="tokyo", currency="jpy", goal="500000")
    with installation.sessions.begin() as session:
        gift = add_booked_gift(session, dollars, 10_000)
        donor = gift.donor_id
        values = {
            "campaign_id": dollars.id,
            "donation_id": gift.id,
            "currency": "usd",
            "occurred_at": now(),
        }
        session.add(
            LedgerEntry(kind="refund", amount=-3_000, fee_cover=-90, source="re_1", **values)
        )
        add_entry(session, gift, "dispute", -7_000)
        add_entry(session, gift, "dispute_reversed", 7_000)
        session.add(
            LedgerEntry(
                kind="correction", amount=500, source="c", reason="r", recorded_by="fay", **values
            )
        )
        add_booked_gift(session, dollars, 2_000, donor_id=donor)
        add_booked_gift(session, yen, 5_000, donor_id=donor)
        stranger = add_booked_gift(session, dollars).donor_id
        found = read_totals(session, [donor])
        assert found == [Total("jpy", 1, 5_000, 0), Total("usd", 2, 12_000, 3_090)]
        assert found[1].net == 8_910
        assert read_totals(session, [donor, stranger])[1].given == 22_000
        assert read_totals(session, []) == []


def test_first_and_last_gift_count_only_paid_gifts(installation: Installation) -> None:
    campaign = add_campaign(installation)
    with installation.sessions.begin() as session:
        donor = add_booked_gift(session, campaign, ago=3 * DAY).donor_id
        second = add_booked_gift(session, campaign, ago=2 * DAY, donor_id=donor)
        add_booked_gift(
            session, campaign, ago=DAY, donor_id=donor, state="processing", paid_at=None
        )
        first = session.scalar(
            select(Donation.charged_at).where(Donation.donor_id == donor).order_by(Donation.id)
        )
    found = person(installation, donor)
    assert (found.first_at, found.last_at) == (first, second.charged_at)
    assert len(found.gifts) == 3


def test_a_donor_without_gifts_has_an_empty_page(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        donor = Donor(email="", name="Ana Reyes")
        session.add_all([donor, Donor(email="", name="Somebody else")])
        queue(session, "")
        session.flush()
        key = donor.id
    found = person(installation, key)
    assert [one.id for one in found.rows] == [key]
    assert (found.first_at, found.last_at, found.erasure, found.merges) == (None, None, None, {})
    assert not [*found.totals, *found.gifts, *found.mails, *found.suppressions, *found.consents]


def test_all_merged_records_are_read_together(
    installation: Installation, give: Give, store: Store
) -> None:
    kept, merged, other = give("ana@example.org"), give("ANA@work.example"), give("ben@example.org")
    store(*(one.completed() for one in (kept, merged, other)))
    apply_due_events(installation)
    ids = [one.donation.donor_id for one in (kept, merged, other)]
    with installation.sessions.begin() as session:
        merge = merge_donors(session, ids[0], ids[1], FAY)
        assert merge.new
        for key, text in zip(ids, ("first", "second", "third"), strict=True):
            add_donor_note(session, session.get_one(Donor, key), text, FAY)
        for address in ("ana@work.example", "ben@example.org"):
            session.add(Suppression(email=address, reason="bounced"))
            session.add(Subscriber(email=address.upper(), consent_source="form", consent_at=now()))
    found = person(installation, ids[0])
    assert [one.id for one in found.rows] == ids[:2]
    assert list(found.merges) == [ids[1]]
    assert [one.id for one in found.gifts] == [merged.donation.id, kept.donation.id]
    assert (found.totals[0].gifts, found.totals[0].given) == (2, 5_000)
    assert {one.text for one in found.notes} == {"first", "second"}
    assert {one.recipient for one in found.mails} == {"ana@example.org", "ANA@work.example"}
    assert [one.email for one in found.suppressions] == ["ana@work.example"]
    assert [one.subscriber.email.lower() for one in found.consents] == ["ana@work.example"]
    assert {one.subject_key for one in found.audit} == {str(ids[0]), str(ids[1])}


def test_monthly_gifts_and_suppressions_of_all_records_are_read_in_order(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    with installation.sessions.begin() as session:
        ana, work, ben = (
            add_donor(session, f"{name}@example.org") for name in ("ana", "work", "ben")
        )
        work.merged_into_id = ana.id
        first, second, _ = (
            add_subscription(session, campaign, donor).id for donor in (ana, work, ben)
        )
        for email in ("ana@example.org", "work@example.org"):
            session.add(Suppression(email=email, reason="bounced"))
        session.flush()
        # A row that was changed last is the last on the disk.
        changed = update(Suppression).where(Suppression.email == "ana@example.org")
        session.execute(changed.values(detail="no mailbox"))
        session.get_one(Subscription, second).fee_cover = 10
        number = ana.id
    found = person(installation, number)
    assert [one.id for one in found.subscriptions] == [second, first]
    assert [one.campaign.slug for one in found.subscriptions] == ["winter"] * 2
    assert [one.email for one in found.suppressions] == ["ana@example.org", "work@example.org"]


def test_gifts_of_the_same_moment_are_in_the_order_of_their_ids_newest_first(
    installation: Installation,
) -> None:
    campaign, at = add_campaign(installation), now()
    with installation.sessions.begin() as session:
        donor = add_booked_gift(session, campaign, created_at=at).donor_id
        for _ in range(3):
            add_booked_gift(session, campaign, donor_id=donor, created_at=at)
        session.execute(update(Donation).values(comment="thanks"))
        ids = session.scalars(select(Donation.id).order_by(Donation.id.desc())).all()
    found = person(installation, donor)
    assert list(found.gift_keys.ids) == [one.id for one in found.gifts] == list(ids)


def test_emails_are_found_by_old_addresses_and_by_donor_ignoring_case(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    with installation.sessions.begin() as session:
        gift = add_booked_gift(session, campaign)
        old, donor = gift.email, session.get_one(Donor, gift.donor_id)
        donor.email = "Now@example.org"
        session.flush()
        wanted = [
            queue(session, old.upper()),
            queue(session, "now@example.org"),
            queue(session, "elsewhere@example.org", donor_id=donor.id),
        ]
        queue(session, "elsewhere@example.org")
        queue(session, "")
        assert mails(session, donor.id) == wanted[::-1]
        assert [one.id for one in load_emails(session, wanted)] == wanted[::-1]


def test_a_receipt_is_found_by_its_donor_not_by_its_recipient(
    installation: Installation, paid: Facts, give: Give, store: Store
) -> None:
    other = give("ben@example.org")
    store(other.completed())
    apply_due_events(installation)
    with installation.sessions.begin() as session:
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.recipient == "ana@example.org")
            .values(recipient="ben@example.org")
        )
        ana, ben = (mails(session, one.donation.donor_id) for one in (paid, other))
    assert (len(ana), len(ben)) == (1, 1)
    assert ana != ben


def test_emails_are_listed_page_by_page(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        donor = Donor(email="ana@example.org", name="")
        session.add(donor)
        session.flush()
        ids = [queue(session, "ana@example.org") for _ in range(26)][::-1]
        assert mails(session, donor.id) == ids[:25]
        assert mails(session, donor.id, before=ids[24]) == ids[25:]
