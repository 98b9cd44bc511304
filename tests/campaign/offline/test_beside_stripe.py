"""Offline gifts and card gifts together: reconciliation does not expect offline gifts in Stripe."""

import pytest

from campaign.core.clock import now
from campaign.models import ReversalReason
from campaign.offline.entry import Choices
from campaign.offline.reversals import reverse
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.offline_gifts import FINANCE, TODAY, Enter, gift_of
from tests.support.reconciliation import Bank


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def test_reconciliation_reports_no_offline_gift(
    installation: Installation, bank: Bank, enter: Enter
) -> None:
    bank.stripe.pay(bank.give())
    bank.deliver()
    bounced = gift_of(enter(Choices(donor="new"), reference="1042"))
    gift_of(enter(Choices(donor="new"), kind="cash", amount="20", name=""))
    with installation.sessions.begin() as session:
        session.add(bounced)
        name = bounced.donation.public_id
        reverse(session, name, ReversalReason.bounced, TODAY, FINANCE, installation.books, now())
    assert bank.reconcile(apply=True).discrepancies == []
    assert bank.reconcile().discrepancies == []
    bank.require_order()
