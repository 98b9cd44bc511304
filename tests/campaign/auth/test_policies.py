"""The policies of staff and donors: lifetimes, and who may sign in."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from campaign.auth.policies import DONOR_LINKS, DONORS, STAFF, STAFF_LINK, STAFF_LINK_BY_EMAIL
from campaign.core.clock import now
from campaign.models import Donor, DonorLink, DonorLinkPurpose
from campaign.runtime.context import Installation
from tests.support.audiences import AudienceInTests, for_both_audiences


@for_both_audiences
def test_a_barred_person_is_no_longer_admitted(
    installation: Installation, one: AudienceInTests
) -> None:
    audience = one.audience
    with installation.sessions.begin() as session:
        barred, other = one.add_person(session), one.add_person(session)
        one.bar(barred)
        session.flush()
        admitted = session.scalars(select(audience.person.id).where(audience.admitted)).all()
    assert admitted == [other.id]


@pytest.mark.parametrize("purpose", list(DonorLinkPurpose))
def test_a_donor_link_has_one_purpose(
    installation: Installation, donor_links: None, purpose: DonorLinkPurpose
) -> None:
    with installation.sessions() as session:
        found = session.scalars(select(DonorLink.purpose).where(DONOR_LINKS[purpose].matches)).all()
    assert found == [purpose.value]


@pytest.fixture
def donor_links(installation: Installation) -> None:
    """Create a link of each purpose for one donor."""
    with installation.sessions.begin() as session:
        person = Donor(email="ana@example.org", name="Ana Reyes")
        session.add(person)
        session.flush()
        session.add_all(
            DonorLink(
                donor_id=person.id,
                purpose=purpose.value,
                digest=purpose.value,
                email="new@example.org" if purpose is DonorLinkPurpose.address else "",
                created_at=now(),
                expires_at=now() + DONOR_LINKS[purpose].lifetime,
            )
            for purpose in DonorLinkPurpose
        )


def test_a_requested_link_expires_sooner_than_one_from_an_admin() -> None:
    assert STAFF_LINK_BY_EMAIL.lifetime < STAFF_LINK.lifetime
    assert STAFF_LINK_BY_EMAIL.path == STAFF_LINK.path


def test_a_donors_session_ends_sooner_than_one_of_staff() -> None:
    """The computer may be shared."""
    assert timedelta() < DONORS.idle <= DONORS.longest < STAFF.idle <= STAFF.longest


def test_rows_are_kept_longer_than_any_link_or_session_lasts() -> None:
    assert DONORS.kept > max(kind.lifetime for kind in DONOR_LINKS.values())
    assert STAFF.kept > max(STAFF_LINK.lifetime, STAFF.longest)
