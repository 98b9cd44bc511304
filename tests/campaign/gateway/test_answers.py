"""Stripe's lists are read page by page, each page only when it is needed."""

from typing import Any

import pytest

from campaign.core.errors import GatewayUnavailable
from campaign.gateway.answers import PAGE, listed
from campaign.gateway.client import StripeGateway
from tests.support.scripted_stripe import PreparedAnswer, ScriptedStripe, list_of


def ids(stripe: ScriptedStripe, most: int = 100) -> list[str]:
    client = StripeGateway("sk_test_x", stripe.url, timeout=30)._client
    asked: Any = {"limit": PAGE}
    found = listed(lambda: client.v1.payouts.list(params=asked), asked)
    return [one["id"] for one, _ in zip(found, range(most), strict=False)]


def payouts(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": f"po_{number}", "object": "payout"} for number in numbers]


def test_each_page_begins_after_the_last_object_of_the_one_before() -> None:
    answers = (list_of(*payouts(1, 2), more=True), list_of(*payouts(3)))
    with ScriptedStripe(*answers) as stripe:
        assert ids(stripe) == ["po_1", "po_2", "po_3"]
    starts = [call.values().get("starting_after") for call in stripe.calls]
    assert starts == [None, "po_2"]
    assert {call.values()["limit"] for call in stripe.calls} == {"100"}


def test_a_page_is_asked_for_only_when_it_is_needed() -> None:
    with ScriptedStripe(list_of(*payouts(1, 2), more=True), list_of()) as stripe:
        assert ids(stripe, most=1) == ["po_1"]
    assert len(stripe.calls) == 1


def test_an_empty_page_ends_the_list_whatever_it_says() -> None:
    with ScriptedStripe(list_of(more=True)) as stripe:
        assert ids(stripe) == []
    assert len(stripe.calls) == 1


def test_a_later_page_that_fails_is_an_error_and_no_shorter_list() -> None:
    failed = PreparedAnswer({"error": {"message": "down", "type": "api_error"}}, 500)
    with (
        ScriptedStripe(list_of(*payouts(1), more=True), failed) as stripe,
        pytest.raises(GatewayUnavailable),
    ):
        ids(stripe)
