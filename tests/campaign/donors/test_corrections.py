"""Correcting a donor: what is updated, which receipts stay unchanged, and what is rejected."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.core.errors import DonorInvalid, DonorKnown
from campaign.donors.corrections import ADDRESS_CORRECTED, Correction, correct_donor
from campaign.mailer.suppressions import suppress
from campaign.models import (
    AuditEntry,
    Campaign,
    Donation,
    Donor,
    OutboxMessage,
    Receipt,
    StaffRole,
    Subscriber,
    Suppression,
    SuppressionReason,
)
from campaign.runtime.context import Installation
from tests.support.campaigns import audited
from tests.support.donors import add_donation, add_donor, queue_appeal

MIA = Actor("mia@harbor-ledger.example", StaffRole.finance)
Gave = Callable[..., int]


def correct(installation: Installation, donor_id: int, name: str, email: str) -> None:
    with installation.sessions.begin() as session:
        correct_donor(session, donor_id, Correction(name, email, ""), MIA)


def test_a_correction_updates_queued_emails_but_not_issued_receipts(
    installation: Installation, campaign: Campaign, gave: Gave
) -> None:
    donor_id = gave("ana@exmaple.org")
    queue_appeal(installation, campaign, "ana@exmaple.org")
    with installation.sessions.begin() as session:
        session.add(Subscriber(email="ana@exmaple.org", consent_source="form", consent_at=now()))
        suppress(session, "ana@exmaple.org", SuppressionReason.unsubscribed)
        suppress(session, "ana@exmaple.org", SuppressionReason.bounced, campaign_id=campaign.id)
    for _ in range(2):
        correct(installation, donor_id, "Ana Reyes", "ana@example.org")
    with installation.sessions() as session:
        mail = dict(session.execute(select(OutboxMessage.kind, OutboxMessage.recipient)).all())
        appeal = session.scalars(select(OutboxMessage).where(OutboxMessage.bulk)).one()
        receipt = session.scalars(select(Receipt)).one()
        entry = session.scalars(select(AuditEntry)).one()
        wishes = session.execute(
            select(Suppression.reason).where(Suppression.email == "ana@example.org")
        ).all()
        assert session.scalars(select(Donation.email)).one() == "ana@example.org"
        assert session.scalars(select(Subscriber.email)).one() == "ana@example.org"
    assert mail["receipt"] == "ana@example.org"
    assert (appeal.state, appeal.last_error) == ("dropped", ADDRESS_CORRECTED)
    assert receipt.frozen["donor_email"] == "ana@exmaple.org"
    assert wishes == [("unsubscribed",)]
    assert (entry.before, entry.after) == (
        {"email": "a…@e….org"},
        {"email": "a…@e….org"},
    )


def test_concurrent_corrections_to_one_address_give_it_to_one_donor(
    installation: Installation, gave: Gave
) -> None:
    ids = [gave("one@example.org"), gave("two@example.org")]

    def take(donor_id: int) -> str:
        try:
            correct(installation, donor_id, "Ana Reyes", "Same@example.org")
        except DonorKnown as error:
            return str(error.donor_id)
        return "taken"

    with ThreadPoolExecutor(2) as pool:
        shown = sorted(pool.map(take, ids))
    assert shown[1] == "taken"
    assert int(shown[0]) in ids
    with pytest.raises(DonorInvalid, match="earlier gifts"):
        correct(installation, ids[0], "Ana Reyes", "")
    with pytest.raises(DonorInvalid, match="control character"):
        correct(installation, ids[0], "Ana\x07", "x@example.org")


def wanted(
    installation: Installation, donor_id: int, name: str, email: str, address: str = ""
) -> Donor:
    with installation.sessions.begin() as session:
        return correct_donor(session, donor_id, Correction(name, email, address), MIA)


def test_only_gifts_with_the_old_values_are_updated(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        ana = add_donor(session, "ana@example.org")
        for words in (
            {"name": "Ana Reyes", "email": "ANA@example.org"},
            {"name": "A. R.", "email": "ana@work.example"},
        ):
            add_donation(session, campaign, ana, **words)
        add_donation(session, campaign, add_donor(session, "ben@example.org"))
    wanted(installation, ana.id, "Ana María", "new@example.org")
    with installation.sessions() as session:
        query = select(Donation.name, Donation.email).order_by(Donation.id)
        assert [tuple(row) for row in session.execute(query)] == [
            ("Ana María", "new@example.org"),
            ("A. R.", "ana@work.example"),
            ("Ana Reyes", "ben@example.org"),
        ]


def test_input_is_normalized_and_repeating_it_changes_nothing(
    installation: Installation,
) -> None:
    with installation.sessions.begin() as session:
        ana = add_donor(session, "Ana@example.org")
    typed = ("  Jose\u0301  Reyes", " Ana@example.org ", "1  Pier\r\n\r\n Astoria ")
    for _ in range(2):
        found = wanted(installation, ana.id, *typed)
    assert (found.name, found.email, found.address) == (
        "Jos\u00e9 Reyes",
        "Ana@example.org",
        "1 Pier\nAstoria",
    )
    (entry,) = audited(installation)
    assert (entry.before, entry.after) == (
        {"name": "A…", "address": ""},
        {"name": "J…", "address": "1…"},
    )


@pytest.mark.parametrize(
    ("name", "email", "address", "field"),
    [
        ("x" * 201, "ana@example.org", "", "name"),
        ("Ana", "ana@example.org", "x" * 501, "address"),
        ("Ana", f"{'x' * 243}@example.org", "", "email"),
        ("Ana", "ana@example", "", "email"),
        ("Ana", "", "", "email"),
        ("Ana\x00", "ana@example.org", "", "name"),
    ],
)
def test_invalid_values_are_rejected_by_field(
    installation: Installation, name: str, email: str, address: str, field: str
) -> None:
    with installation.sessions.begin() as session:
        ana = add_donor(session, "ana@example.org", "x" * 200, address="y" * 500)
    with pytest.raises(DonorInvalid) as refused:
        wanted(installation, ana.id, name, email, address)
    assert refused.value.field == field
    assert audited(installation) == []


def test_the_longest_name_and_address_are_accepted(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        ana = add_donor(session, "")
    found = wanted(installation, ana.id, "x" * 200, "", "y" * 500)
    assert (len(found.name), len(found.address)) == (200, 500)


def test_consent_moves_to_the_new_address_and_a_bounce_does_not(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        ana = add_donor(session, "ana@example.org")
        for email in ("Ana@example.org", "New@example.org"):
            session.add(Subscriber(email=email, consent_source=email, consent_at=now()))
        suppress(session, "ana@example.org", SuppressionReason.bounced)
    wanted(installation, ana.id, "Ana Reyes", "new@example.org")
    with installation.sessions() as session:
        assert session.scalars(select(Subscriber.consent_source)).all() == ["New@example.org"]
        assert session.scalars(select(Suppression.email)).all() == ["ana@example.org"]


def test_a_change_of_case_moves_nothing(installation: Installation, campaign: Campaign) -> None:
    with installation.sessions.begin() as session:
        ana = add_donor(session, "ana@example.org")
    queue_appeal(installation, campaign, "ana@example.org")
    wanted(installation, ana.id, "Ana Reyes", "ANA@example.org")
    with installation.sessions() as session:
        assert session.get_one(Donor, ana.id).email == "ANA@example.org"
        assert session.scalars(select(OutboxMessage.state)).all() == ["queued"]


def test_an_address_of_a_merged_record_or_of_an_erased_donor_is_rejected(
    installation: Installation,
) -> None:
    with installation.sessions.begin() as session:
        ana = add_donor(session, "ana@example.org")
        work = add_donor(session, "ana@work.example", merged_into_id=ana.id)
        gone = add_donor(session, "", "", erased_at=now())
    for row, email in ((ana, "ana@work.example"), (work, "ana@example.org")):
        with pytest.raises(DonorInvalid, match="The two are merged") as refused:
            wanted(installation, row.id, "Ana Reyes", email)
        assert not isinstance(refused.value, DonorKnown)
    with pytest.raises(DonorInvalid, match="was erased"):
        wanted(installation, gone.id, "Ana", "new@example.org")
