"""Donors change their language on all of their records, and their email address."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.auth.donors import make_donor_link
from campaign.auth.links import LinkState
from campaign.core.clock import now
from campaign.core.errors import DonorInvalid, DonorKnown
from campaign.donor_portal.profile import DonorDetails, change_details, confirm_address
from campaign.models import (
    AuditEntry,
    Campaign,
    Donation,
    Donor,
    DonorLinkPurpose,
    OutboxMessage,
    Subscriber,
)
from tests.support.donors import add_donation, add_donor
from tests.support.subscribers import subscribe

DOMAIN = "harbor-ledger.example"


@pytest.fixture
def ana(session: Session) -> Donor:
    return add_donor(session, "ana@example.org")


def confirm(session: Session, donor: Donor, email: str) -> LinkState:
    """Use a link sent to `email` twice; return the result of the first use."""
    path = make_donor_link(session, donor, DonorLinkPurpose.address, email, now())
    secret = path.rpartition("/")[2]
    state = confirm_address(session, secret, DOMAIN, now()).state
    assert confirm_address(session, secret, DOMAIN, now()).state is LinkState.used
    return state


def actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def notes(session: Session) -> list[str]:
    return list(session.scalars(select(OutboxMessage.recipient)))


def test_a_new_language_applies_to_all_records_of_the_donor_only(
    session: Session, campaign: Campaign, ana: Donor
) -> None:
    work = add_donor(session, "ana@work.example", merged_into_id=ana.id)
    ben = add_donor(session, "ben@example.org")
    for donor in (ana, work, ben):
        add_donation(session, campaign, donor)
    subscribe(session, "ANA@work.example", "Ben@example.org")
    for _ in range(2):
        change_details(session, ana, DonorDetails("Ana Reyes", "", "es"))
    session.expire_all()
    for table in (Donor, Donation):
        locales = list(session.scalars(select(table.locale).order_by(table.id)))
        assert locales == ["es", "es", "en"], table
    assert list(session.scalars(select(Subscriber.locale).order_by(Subscriber.id))) == ["es", "en"]
    assert actions(session) == ["donor.changed_language"]


def test_an_invalid_field_prevents_all_changes(session: Session, ana: Donor) -> None:
    with pytest.raises(DonorInvalid):
        change_details(session, ana, DonorDetails("x" * 201, "1 Pier", "es"))
    session.expire_all()
    assert (ana.name, ana.address, ana.locale) == ("Ana Reyes", "", "en")
    assert actions(session) == []


def test_a_confirmed_address_replaces_the_old_one_which_is_notified(
    session: Session, ana: Donor
) -> None:
    ana.address = "1 Pier"
    assert confirm(session, ana, "new@example.org") is LinkState.good
    assert (ana.email, ana.name, ana.address) == ("new@example.org", "Ana Reyes", "1 Pier")
    assert notes(session) == ["ana@example.org"]


def test_a_change_of_case_in_the_address_sends_no_note(session: Session, ana: Donor) -> None:
    assert confirm(session, ana, "ANA@example.org") is LinkState.good
    assert ana.email == "ANA@example.org"
    assert notes(session) == []


def test_after_a_merge_the_canonical_donor_gets_the_address(session: Session, ana: Donor) -> None:
    work = add_donor(session, "ana@work.example", merged_into_id=ana.id)
    confirm(session, work, "new@example.org")
    assert (ana.email, work.email) == ("new@example.org", "ana@work.example")
    assert notes(session) == ["ana@example.org"]


def test_another_donors_address_is_refused(session: Session, ana: Donor) -> None:
    ben = add_donor(session, "ben@example.org")
    path = make_donor_link(session, ana, DonorLinkPurpose.address, "Ben@example.org", now())
    with pytest.raises(DonorKnown) as refused:
        confirm_address(session, path.rpartition("/")[2], DOMAIN, now())
    assert refused.value.donor_id == ben.id
    assert ana.email == "ana@example.org"
    assert notes(session) == []


def test_a_sign_in_link_confirms_no_address(session: Session, ana: Donor) -> None:
    path = make_donor_link(session, ana, DonorLinkPurpose.open, "", now())
    for secret in (path.rpartition("/")[2], "nothing"):
        assert confirm_address(session, secret, DOMAIN, now()).state is LinkState.unknown
    assert (ana.email, actions(session)) == ("ana@example.org", [])
