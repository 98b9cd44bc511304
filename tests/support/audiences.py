"""Staff and donors, for tests of links and sessions, which work the same for both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaign.auth.policies import DONOR_LINKS, DONORS, STAFF, STAFF_LINK, Audience, LinkKind
from campaign.core.clock import now
from campaign.models import (
    Donor,
    DonorLink,
    DonorLinkPurpose,
    DonorSession,
    StaffLink,
    StaffMember,
    StaffRole,
    StaffSession,
)
from campaign.models.base import new_token


@dataclass(frozen=True)
class AudienceInTests:
    """An audience with one kind of link, and functions that create a person and their rows and that bar them."""

    audience: Audience[Any, Any, Any]
    kind: LinkKind[Any, Any, Any]
    new_person: Callable[[], Any]
    new_link: Callable[[Any], Any]
    new_session: Callable[[Any], Any]
    bar: Callable[[Any], None]

    def add_person(self, session: Session) -> Any:
        """Add a person who may sign in."""
        person = self.new_person()
        session.add(person)
        session.flush()
        return person


def _new_member() -> StaffMember:
    email = f"{new_token().lower()}@harbor-ledger.example"
    return StaffMember(email=email, role=StaffRole.viewer.value, fs_uniquifier=new_token())


def _deactivate(member: StaffMember) -> None:
    member.active = False


def _new_donor() -> Donor:
    return Donor(email=f"{new_token().lower()}@example.org", name="Ana Reyes")


def _erase(donor: Donor) -> None:
    donor.email = donor.name = ""
    donor.erased_at = now()


AUDIENCES = {
    "staff": AudienceInTests(
        STAFF,
        STAFF_LINK,
        _new_member,
        lambda member: StaffLink(staff_id=member.id, made_by="test"),
        lambda member: StaffSession(staff_id=member.id, method="link"),
        _deactivate,
    ),
    "donors": AudienceInTests(
        DONORS,
        DONOR_LINKS[DonorLinkPurpose.open],
        _new_donor,
        lambda donor: DonorLink(donor_id=donor.id, purpose=DonorLinkPurpose.open.value),
        lambda donor: DonorSession(donor_id=donor.id),
        _erase,
    ),
}

for_both_audiences = pytest.mark.parametrize("one", AUDIENCES.values(), ids=AUDIENCES)
