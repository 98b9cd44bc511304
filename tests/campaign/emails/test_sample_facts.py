"""The made-up data of the sample emails is as consistent as real rows."""

from decimal import Decimal

import pytest

from campaign.campaigns.formatting import amount
from campaign.core.i18n import get_language
from campaign.emails.sample_facts import (
    END,
    GIFT_DATE,
    GIVEN,
    OPENING,
    campaign,
    donation,
    progress,
    receipt,
    subscription,
)
from campaign.models import CampaignState, ReceiptKind
from tests.support.sample_emails import ORGANIZATION


def test_the_campaign_is_open_from_its_first_moment_to_its_last() -> None:
    assert progress(OPENING, 0).state == CampaignState.open
    assert progress(END, 5_000_000).state == CampaignState.closed
    assert GIVEN.astimezone(campaign().zone).date() == GIFT_DATE


def test_figures_grow_with_what_is_raised() -> None:
    none, some = progress(OPENING, 0), progress(GIVEN, 750_000)
    assert (none.raised, none.donors, none.pending) == (0, 0, 0)
    assert (some.donors, some.donations, some.percent) == (100, 118, Decimal(15))


@pytest.mark.parametrize("frequency", ["one_time", "monthly", "yearly"])
def test_a_gift_that_repeats_belongs_to_a_subscription_of_the_same_amount(frequency: str) -> None:
    gift = donation("es", frequency)
    repeated = gift.subscription
    assert (repeated is not None) == (frequency != "one_time")
    if repeated is not None:
        assert (repeated.frequency, repeated.charge) == (frequency, gift.charge)
    assert (gift.locale, gift.charge) == ("es", 2_606)


def test_only_the_right_samples_are_given_up_or_can_be_repaid() -> None:
    plain = subscription("monthly")
    assert (plain.end_reason, plain.payment_update_url) == (None, None)
    assert subscription("monthly", end_reason="payment_failed").end_reason == "payment_failed"


@pytest.mark.parametrize("locale", ["en", "es"])
def test_a_later_receipt_names_the_one_it_takes_the_place_of(locale: str) -> None:
    first = receipt(ORGANIZATION, locale, "one_time", 2_606, ReceiptKind.receipt)
    assert first.frozen.get("replaces", "") == ""
    assert first.frozen["amount_text"] == amount(2_606, "usd", get_language(locale))
    for kind, left in ((ReceiptKind.corrected, 1_000), (ReceiptKind.void, 0)):
        later = receipt(ORGANIZATION, locale, "one_time", left, kind)
        assert later.frozen["replaces"] == first.number != later.number
