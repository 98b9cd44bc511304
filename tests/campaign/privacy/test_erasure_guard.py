"""A person can be erased unless a payment of theirs may still happen."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.core.errors import ErasureRefused
from campaign.models import Campaign, DonationState, Donor, SubscriptionState
from campaign.models.states import SETTLED_STATES
from campaign.privacy.erasure_guard import require_erasable
from campaign.privacy.personal_data_export import data_subject_of
from tests.support.donors import add_donation, add_donor, add_subscription

MOMENT = timedelta(microseconds=1)
UNPAID = {"paid_at": None, "charged_at": None}


def is_refused(session: Session, donor: Donor, at: datetime) -> bool:
    try:
        require_erasable(session, data_subject_of(session, donor), at)
    except ErasureRefused:
        return True
    return False


@pytest.fixture
def ana(session: Session) -> Donor:
    return add_donor(session, "ana@example.org")


@pytest.mark.parametrize("frequency", ["monthly", "yearly"])
@pytest.mark.parametrize("state", SubscriptionState)
def test_a_monthly_or_yearly_gift_must_have_ended(
    session: Session, campaign: Campaign, ana: Donor, state: SubscriptionState, frequency: str
) -> None:
    over = state is SubscriptionState.ended
    gift = add_subscription(session, campaign, ana, ended=over, state=state.value)
    gift.frequency = frequency
    session.flush()
    assert is_refused(session, ana, now()) is not over


def test_every_active_gift_is_named_and_those_of_others_do_not_count(
    session: Session, campaign: Campaign, ana: Donor
) -> None:
    ben = add_donor(session, "ben@example.org")
    work = add_donor(session, "ana@work.example", merged_into_id=ana.id)
    gifts = [add_subscription(session, campaign, donor) for donor in (ana, work)]
    other = add_subscription(session, campaign, ben)
    with pytest.raises(ErasureRefused) as refused:
        require_erasable(session, data_subject_of(session, ana), now())
    for gift in gifts:
        assert f"campaign subscription cancel {gift.stripe_id}" in str(refused.value)
    assert other.stripe_id not in str(refused.value)
    assert not is_refused(session, add_donor(session, "cy@example.org"), now())


@pytest.mark.parametrize(
    ("state", "open_page", "refused"),
    [
        (DonationState.pending, True, True),
        (DonationState.pending, False, False),
        (DonationState.declined, True, True),
        (DonationState.declined, False, False),
        (DonationState.processing, True, True),
        (DonationState.processing, False, True),
        (DonationState.expired, True, False),
        (DonationState.paid, True, False),
        (DonationState.refunded, True, False),
    ],
)
def test_a_gift_in_progress_must_be_decided(
    session: Session,
    campaign: Campaign,
    ana: Donor,
    state: DonationState,
    *,
    open_page: bool,
    refused: bool,
) -> None:
    at = now()
    more: dict[str, Any] = {} if state in SETTLED_STATES else UNPAID
    expires = at + MOMENT if open_page else at
    add_donation(session, campaign, ana, state=state.value, session_expires_at=expires, **more)
    assert is_refused(session, ana, at) is refused


@pytest.mark.parametrize("state", [DonationState.pending, DonationState.declined])
def test_a_gift_without_a_payment_page_is_not_waited_for(
    session: Session, campaign: Campaign, ana: Donor, state: DonationState
) -> None:
    add_donation(session, campaign, ana, state=state.value, **UNPAID)
    assert not is_refused(session, ana, now())


def test_one_gift_in_progress_among_many_is_enough(
    session: Session, campaign: Campaign, ana: Donor
) -> None:
    add_donation(session, campaign, ana)
    waiting = add_donation(session, campaign, ana, state="processing", **UNPAID)
    add_donation(session, campaign, ana)
    with pytest.raises(ErasureRefused, match=f"donation {waiting.public_id} is processing"):
        require_erasable(session, data_subject_of(session, ana), now())
