"""What may become of a donation, in Python; and who of staff may do what.

`test_guard_triggers.py` has the database's part.
"""

import pytest

from campaign.core.errors import TransitionRefused
from campaign.models import Donation, DonationState, StaffRole
from campaign.models.states import OPEN_STATES, SETTLED_STATES

PAIRS = [(present, wanted) for present in DonationState for wanted in DonationState]
BEGINNING = ["pending", "declined", "expired", "processing", "failed", "paid"]
SETTLED = {"paid", "partially_refunded", "refunded", "disputed", "dispute_lost"}


def may_become(present: str, wanted: str) -> bool:
    """The rule: only to stronger states until paid; from there to any settled state or to failed."""
    if present in SETTLED:
        return wanted != present and wanted in SETTLED | {"failed"}
    return wanted in BEGINNING and BEGINNING.index(wanted) > BEGINNING.index(present)


@pytest.mark.parametrize(("present", "wanted"), PAIRS)
def test_a_donation_becomes_only_what_may_follow(
    present: DonationState, wanted: DonationState
) -> None:
    donation = Donation(state=present.value)
    if may_become(present, wanted):
        donation.become(wanted)
        assert donation.state == wanted
        return
    with pytest.raises(TransitionRefused, match=f"that is {present} cannot become {wanted}"):
        donation.become(wanted)
    assert donation.state == present


def test_money_that_came_is_settled_and_what_may_yet_be_paid_is_open() -> None:
    assert set(SETTLED_STATES) == SETTLED
    # Declined is not open: submitting the same form again starts a new donation.
    assert set(OPEN_STATES) == {"pending", "processing"}


def test_each_role_may_do_what_those_before_it_may() -> None:
    viewer, finance, admin = StaffRole.viewer, StaffRole.finance, StaffRole.admin
    may = {role: [one for one in StaffRole if role.includes(one)] for role in StaffRole}
    assert may == {viewer: [viewer], finance: [viewer, finance], admin: [viewer, finance, admin]}
