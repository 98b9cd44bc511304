"""A staff member's recovery codes. `test_constraints.py` has the rules of the tables."""

from typing import Any

from campaign.models import StaffMember
from campaign.runtime.context import Installation
from tests.support.raw_sql import insert


def add(installation: Installation, email: str = "ada@example.org", **values: Any) -> int:
    shown = {"role": "viewer", "fs_uniquifier": email, **values}
    return insert(installation, StaffMember, email=email, **shown)


def test_codes_that_are_used_up_one_by_one_are_kept(installation: Installation) -> None:
    number = add(installation, mf_recovery_codes=["one", "two"])
    with installation.sessions.begin() as session:
        member = session.get_one(StaffMember, number)
        assert member.mf_recovery_codes is not None
        member.mf_recovery_codes.remove("one")
    with installation.sessions() as session:
        assert session.get_one(StaffMember, number).mf_recovery_codes == ["two"]
