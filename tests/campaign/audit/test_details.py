"""What people read of an audit entry: amounts as money with their currency."""

import pytest

from campaign.audit.details import readable_details


@pytest.mark.parametrize(
    ("after", "currency", "shown"),
    [
        ({"amount": 2_500, "currency": "usd"}, None, "$25 USD"),
        ({"amount": 2_500}, "cad", "CA$25 CAD"),
        ({"amount": 2_500, "currency": "jpy"}, "usd", "¥2,500 JPY"),
        ({"amount": 2_500, "currency": "kwd"}, "usd", "KWD\u00a02.500"),
        ({"amount": 2_500}, None, "2500 (minor units)"),
    ],
)
def test_an_amount_is_money_in_its_own_currency_else_in_the_campaigns(
    after: dict[str, object], currency: str | None, shown: str
) -> None:
    assert readable_details({}, after, currency)[1]["amount"] == shown


def test_both_sides_are_money_and_other_values_text() -> None:
    before = {"suggested": [1_000, 2_550], "stretch_goal": None, "hidden": True}
    after = {"suggested": [1_000], "stretch_goal": 700_000, "gifts": 3, "moved": {"total": 500}}
    found = readable_details(before, after, "usd")
    assert found[0] == {
        "suggested": "$10 USD, $25.50 USD",
        "stretch_goal": "",
        "hidden": "yes",
    }
    assert found[1] == {
        "suggested": "$10 USD",
        "stretch_goal": "$7,000 USD",
        "gifts": "3",
        "moved": "total: $5 USD",
    }
