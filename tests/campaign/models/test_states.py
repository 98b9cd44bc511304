"""What may become of a donation, in Python and by the database's trigger; and who of staff may do what."""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from campaign.core.errors import TransitionRefused
from campaign.models import Donation, DonationState, StaffRole
from campaign.models.states import OPEN_STATES, SETTLED_STATES
from campaign.runtime.context import Installation
from tests.support.stripe import Facts

Give = Callable[..., Facts]

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


def test_the_database_keeps_the_same_order_of_states(
    installation: Installation, give: Give
) -> None:
    give()
    force = (
        "SET LOCAL session_replication_role = replica;"
        " UPDATE donation SET state = '{}', paid_at = now(), charged_at = now();"
        " SET LOCAL session_replication_role = origin;"
    )
    allowed = set()
    for present, wanted in PAIRS:
        with installation.engine.connect() as connection:
            connection.execute(text(force.format(present)))
            try:
                connection.execute(text(f"UPDATE donation SET state = '{wanted}'"))
                allowed.add((present, wanted))
            except IntegrityError as refusal:
                assert "cannot become" in str(refusal)  # noqa: PT017 - both outcomes are looked at
            connection.rollback()
    same = {(state, state) for state in DonationState}
    assert allowed == same | {pair for pair in PAIRS if may_become(*pair)}


def test_money_that_came_is_settled_and_what_may_yet_be_paid_is_open() -> None:
    assert set(SETTLED_STATES) == SETTLED
    # Declined is not open: submitting the same form again starts a new donation.
    assert set(OPEN_STATES) == {"pending", "processing"}


def test_each_role_may_do_what_those_before_it_may() -> None:
    viewer, finance, admin = StaffRole.viewer, StaffRole.finance, StaffRole.admin
    may = {role: [one for one in StaffRole if role.includes(one)] for role in StaffRole}
    assert may == {viewer: [viewer], finance: [viewer, finance], admin: [viewer, finance, admin]}
