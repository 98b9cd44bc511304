"""The organization's own numbers and names of the journal's accounts."""

import pytest

from campaign.core.chart_of_accounts import (
    ACCOUNTS,
    FEES,
    LONGEST_NAME,
    STRIPE,
    BookAccount,
    ChartOfAccounts,
    parse_chart,
)


def test_an_account_that_is_not_set_has_our_name_and_no_number() -> None:
    assert parse_chart("") == ChartOfAccounts()
    assert ChartOfAccounts().account(FEES) == BookAccount("", FEES)
    assert ChartOfAccounts().unnumbered == list(ACCOUNTS)


def test_each_item_gives_a_number_a_name_or_both() -> None:
    chart = parse_chart("stripe = 1010 Stripe clearing; fees=6040\n bank = Bank: Operating ;")
    assert chart.account(STRIPE) == BookAccount("1010", "Stripe clearing")
    assert chart.account(FEES) == BookAccount("6040", FEES)
    assert chart.account("Bank") == BookAccount("", "Bank: Operating")
    assert [key for key in ACCOUNTS if key not in chart.unnumbered] == ["stripe", "fees"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("stripe", "must be written as"),
        ("stripe =", "must be written as"),
        ("cash = 1000", "'cash' is no account; the accounts are stripe, bank"),
        ("fees = 1; fees = 2", "'fees' is given twice"),
        (f"fees = {'x' * (LONGEST_NAME + 1)}", "longer than 100 characters"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse_chart(text)
    parse_chart(f"fees = {'x' * LONGEST_NAME}")
