"""Recording an offline gift: it counts immediately and once, with warnings about possible mistakes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import time_machine
from sqlalchemy import func, select

from campaign.campaigns.finalization import finalize_due_campaigns, late_entries
from campaign.core.clock import now
from campaign.ledger.invariants import broken_invariants
from campaign.models import (
    AuditEntry,
    Campaign,
    Donation,
    Donor,
    LedgerEntry,
    OfflineGift,
    OutboxMessage,
    Receipt,
)
from campaign.offline.coupon_codes import coupon_code
from campaign.offline.entry import Choices, EntryResult, UnresolvedEntry
from campaign.receipts.print_queue import list_print_queue
from campaign.runtime.context import Installation
from tests.support.locks import waits_for_a_lock
from tests.support.offline_gifts import FINANCE, TODAY, Enter, days_ago, gift_of, shown_totals


def sound(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return list(broken_invariants(session))


def test_a_check_counts_immediately_with_ledger_entry_receipt_and_audit_entry(
    installation: Installation, enter: Enter, running: Campaign
) -> None:
    code = coupon_code(running, "harbor")
    gift = gift_of(
        enter(
            received_on=days_ago(1),
            postmarked_on=days_ago(4),
            code=code.lower(),
            campaign="",
            reference="1042 First",
        )
    )
    assert shown_totals(installation) == (5000, 1, 1)
    with installation.sessions() as session:
        donation = session.get_one(Donation, gift.donation_id)
        entry = session.scalars(select(LedgerEntry)).one()
        receipt = session.scalars(select(Receipt)).one()
        sent_emails = list_print_queue(session, installation.settings.organization, None)
        said = session.scalars(select(AuditEntry)).one()
    assert (donation.state, donation.code, donation.payment_intent_id) == ("paid", code, None)
    assert (entry.kind, entry.amount, entry.source) == ("payment", 5000, "offline:1042 First")
    given = TODAY - timedelta(days=4)
    assert entry.occurred_at.astimezone(running.zone).date() == given
    assert (receipt.gift_date, receipt.frozen["donor_name"]) == (given, "Ana Reyes")
    assert [one.address for one in sent_emails] == [
        ("Ana Reyes", "1 Wharf Street", "Astoria, OR 97103")
    ]
    assert (said.actor, said.action, said.subject_key) == (
        FINANCE.name, "offline_gift.entered", donation.public_id,
    )  # fmt: skip
    assert said.after["reference"] == "1042 First"
    assert sound(installation) == []


def test_each_field_of_an_entry_is_kept(
    installation: Installation, enter: Enter, running: Campaign
) -> None:
    with installation.sessions.begin() as session:
        session.add(Donor(email="ana@example.org", name="Ana Reyes", locale="es"))
    before = now()
    outcome = enter(
        Choices(token="form-1"), kind="daf", received_on=days_ago(1), postmarked_on=days_ago(4), amount="75.50",
        email="Ana@example.org", description="Reyes Family Fund", reference="G-7",
    )  # fmt: skip
    assert isinstance(outcome, EntryResult)
    assert (outcome.new, outcome.joined, outcome.why_not) == (True, True, "")
    with installation.sessions() as session:
        gift = session.scalars(select(OfflineGift)).one()
        said = session.scalars(select(AuditEntry)).one()
        entry = session.scalars(select(LedgerEntry)).one()
        donation = gift.donation
        assert (gift.kind, gift.reference, gift.description, gift.batch_id) == (
            "donor_advised_fund", "G-7", "Reyes Family Fund", None,
        )  # fmt: skip
        assert (str(gift.received_on), str(gift.postmarked_on)) == (days_ago(1), days_ago(4))
        assert (gift.entered_by, gift.entry_token) == (FINANCE.name, "form-1")
        assert (donation.amount, donation.currency, donation.frequency) == (7550, "usd", "one_time")
        assert (donation.name, donation.email, donation.locale) == (
            "Ana Reyes", "Ana@example.org", "es",
        )  # fmt: skip
        # Mailing a check is no consent to be named.
        assert (donation.anonymous, donation.comment, donation.campaign_id) == (
            True,
            "",
            running.id,
        )
        assert donation.attempt == "offline:G-7"
        assert donation.paid_at is not None
        assert donation.paid_at >= before
        assert donation.charged_at == entry.occurred_at
        assert (said.subject_kind, said.campaign_id, said.after) == (
            "donation",
            running.id,
            {
                "reference": "G-7",
                "kind": "donor_advised_fund",
                "amount": 7550,
                "currency": "usd",
                "received_on": days_ago(1),
                "postmarked_on": days_ago(4),
                "code": "",
                "donor": donation.donor_id,
                "batch": None,
                "counted": True,
            },
        )


def test_a_grant_without_a_reference_gets_one_that_its_form_gets_again(
    installation: Installation, enter: Enter
) -> None:
    def named(token: str, kind: str) -> str:
        choices = Choices(token=token, donor="new")
        made = enter(choices, kind=kind, reference="", name=token, description="40 shares")
        return gift_of(made).reference

    names = [named("one", "daf"), named("two", "daf"), named("three", "stock")]
    assert [name.rpartition(" ")[0] for name in names] == [
        f"grant {TODAY}", f"grant {TODAY}", f"stock {TODAY}",
    ]  # fmt: skip
    digests = [name.rpartition(" ")[2] for name in names]
    assert len(set(digests)) == 3
    assert all(len(one) == 8 and one == one.upper() for one in digests)


def test_a_donor_with_an_email_address_gets_the_receipt_by_email(
    installation: Installation, enter: Enter
) -> None:
    gift_of(enter(email="Ana@example.org", name="", address=""))
    gift_of(enter(email="ana@example.org", amount="60", name="Ana Reyes"))
    with installation.sessions() as session:
        donor = session.scalars(select(Donor)).one()
        assert (donor.email, donor.name) == ("Ana@example.org", "Ana Reyes")
        assert len(session.scalars(select(OutboxMessage)).all()) == 2
    assert shown_totals(installation) == (11000, 2, 1)
    assert sound(installation) == []


def test_cash_without_a_name_gets_a_new_donor_each_time_and_no_receipt(
    installation: Installation, enter: Enter
) -> None:
    for _ in range(2):
        gift_of(enter(kind="cash", amount="20", name="", address="", reference=""))
    with installation.sessions() as session:
        assert not list_print_queue(session, installation.settings.organization, None)
        names = session.scalars(select(OfflineGift.reference)).all()
    assert len(set(names)) == 2
    assert all(name.startswith(f"cash {TODAY}") for name in names)
    assert shown_totals(installation) == (4000, 2, 2)
    assert sound(installation) == []


def test_submitting_a_form_twice_records_one_gift(installation: Installation, enter: Enter) -> None:
    choices = Choices(token="form-1", donor="new")
    first, second = enter(choices), enter(choices)
    assert isinstance(second, EntryResult)
    assert not second.new
    assert gift_of(first).id == second.gift.id
    assert shown_totals(installation) == (5000, 1, 1)


def test_of_two_concurrent_entries_of_one_check_the_second_is_warned(
    installation: Installation, enter: Enter
) -> None:
    with ThreadPoolExecutor(6) as pool:
        asked = [
            pool.submit(enter, Choices(token=f"form-{n}", donor="new"), reference=f"1042 {n}")
            for n in range(6)
        ]
        outcomes = [one.result() for one in asked]
    assert sum(isinstance(one, EntryResult) for one in outcomes) == 1
    assert all(one.entry_warnings for one in outcomes if isinstance(one, UnresolvedEntry))
    assert shown_totals(installation) == (5000, 1, 1)
    with installation.sessions() as session:
        assert session.scalar(select(func.count(Donor.id))) == 1


def test_a_postmark_outside_the_campaign_is_warned_about_and_does_not_count(
    installation: Installation, enter: Enter
) -> None:
    shown = enter(postmarked_on=days_ago(30))
    assert isinstance(shown, UnresolvedEntry)
    assert "does not count for the campaign" in shown.entry_warnings[0].words
    gift_of(enter(Choices(waived=["place"]), postmarked_on=days_ago(30)))
    assert shown_totals(installation) == (0, 0, 0)
    with installation.sessions() as session:
        assert session.scalars(select(LedgerEntry.campaign_id)).all() == [None]
        assert late_entries(session) == []
    assert sound(installation) == []


def test_a_check_mailed_in_time_counts_until_the_result_is_final(
    installation: Installation, enter: Enter, running: Campaign
) -> None:
    with installation.sessions.begin() as session:
        ended = session.get_one(Campaign, running.id)
        ended.deadline = now() - timedelta(days=5)
        ended.grace_days = 14
    gift_of(enter(postmarked_on=days_ago(9), reference="1"))
    assert shown_totals(installation) == (5000, 1, 1)
    with time_machine.travel(now() + timedelta(days=15), tick=True):
        with installation.sessions.begin() as session:
            assert len(finalize_due_campaigns(session, now())) == 1
        shown = enter(name="Ben", postmarked_on=days_ago(9), reference="2")
        assert isinstance(shown, UnresolvedEntry)
        assert "is final" in shown.entry_warnings[0].words
        gift_of(
            enter(Choices(waived=["place"]), name="Ben", postmarked_on=days_ago(9), reference="2")
        )
    assert shown_totals(installation) == (5000, 1, 1)
    with installation.sessions() as session:
        assert [one.amount for one in late_entries(session)] == [5000]
    assert sound(installation) == []


def test_an_entry_during_finalization_waits_and_then_is_told_that_the_result_is_final(
    installation: Installation, enter: Enter, running: Campaign
) -> None:
    with installation.sessions.begin() as session:
        ended = session.get_one(Campaign, running.id)
        ended.deadline = now() - timedelta(days=5)
        ended.grace_days = 4
    with ThreadPoolExecutor(1) as pool:
        with installation.sessions.begin() as session:
            assert len(finalize_due_campaigns(session, now())) == 1
            entering = pool.submit(enter, postmarked_on=days_ago(9))
            assert waits_for_a_lock(installation, entering)
        shown = entering.result(timeout=60)
    assert isinstance(shown, UnresolvedEntry)
    assert "is final" in shown.entry_warnings[0].words
    assert shown_totals(installation) == (0, 0, 0)
