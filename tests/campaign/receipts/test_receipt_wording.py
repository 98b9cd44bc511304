"""The sentences of every kind of receipt, word for word: they are what a tax office reads."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from campaign.models import Donation, OfflineGift, Receipt
from campaign.receipts.receipt_text import AcknowledgedGift, frozen_content
from campaign.runtime.context import Installation
from tests.support.stripe import Facts

DAYS = (date(2026, 12, 31), date(2027, 1, 2))
BEFORE = Receipt(year=2026, sequence=7, amount=2606)

RECEIVED = "The Harbor Ledger received your gift of $26.06 on December 31, 2026."
SHARES = "The Harbor Ledger received your gift of 10 shares of EXMP on December 31, 2026."
GRANT = (
    "The Harbor Ledger received a grant of $26.06 on December 31, 2026 from Tide Fund, at your"
    " recommendation."
)
NAMELESS = (
    "The Harbor Ledger received a grant of $26.06 on December 31, 2026 from a donor-advised fund,"
    " at your recommendation."
)
REPLACES = "This receipt replaces receipt 2026-000007, which is no longer valid for tax purposes."
VOIDS = "This voids receipt 2026-000007, which is no longer valid for tax purposes."
NOTHING_GIVEN = "No goods or services were provided in exchange for this gift."
VALUE = (
    "This receipt describes the property and does not state its value. You are responsible for"
    " determining the value."
)
EXEMPT = (
    "The Harbor Ledger is a tax-exempt organization under section 501(c)(3) of the Internal Revenue"
    " Code. EIN 12-3456789. Your gift is tax-deductible to the extent the law allows."
)
KEEP = "Please keep this receipt for your tax records."
NO_TAX_RECEIPT = (
    "This acknowledgment is not a tax receipt. The sponsor of the fund acknowledged your gift when"
    " you gave to the fund."
)


@pytest.fixture
def freeze(installation: Installation, give: Callable[..., Facts]) -> Callable[..., dict[str, Any]]:
    """Return the frozen text of a receipt for $25 plus $1.06 for fees, with `changes`."""

    def frozen(about: AcknowledgedGift, **changes: Any) -> dict[str, Any]:
        facts = give(**{"fee_cover": 106, **changes})
        organization = replace(installation.settings.organization, email="desk@example.org")
        with installation.sessions() as session:
            donation = session.get_one(Donation, facts.donation.id)
            return frozen_content(donation, organization, about)

    return frozen


Freeze = Callable[..., dict[str, Any]]


def stock() -> OfflineGift:
    return OfflineGift(kind="stock", description="10 shares of EXMP")


def fund(description: str = "Tide Fund", reason: str | None = None) -> OfflineGift:
    return OfflineGift(kind="donor_advised_fund", description=description, reversal_reason=reason)


LEFT = "The remaining amount is $6.06."
RETURNED = "It was later returned in full."
MONEY_END = [NOTHING_GIVEN, EXEMPT, KEEP]
PROPERTY_END = [VALUE, NOTHING_GIVEN, EXEMPT, KEEP]
GRANT_END = [NOTHING_GIVEN, NO_TAX_RECEIPT]


@pytest.mark.parametrize(
    ("amount", "replaces", "offline", "wording"),
    [
        (2606, None, None, [RECEIVED, *MONEY_END]),
        (2606, None, OfflineGift(kind="cheque"), [RECEIVED, *MONEY_END]),
        (2606, None, OfflineGift(kind="cash"), [RECEIVED, *MONEY_END]),
        (606, BEFORE, None, [f"{RECEIVED} {LEFT}", REPLACES, *MONEY_END]),
        (2606, BEFORE, None, [RECEIVED, REPLACES, *MONEY_END]),
        (0, BEFORE, None, [f"{RECEIVED} {RETURNED}", VOIDS]),
        (2606, None, stock(), [SHARES, *PROPERTY_END]),
        (2606, BEFORE, stock(), [SHARES, REPLACES, *PROPERTY_END]),
        (0, BEFORE, stock(), [f"{SHARES} {RETURNED}", VOIDS]),
        (2606, None, fund(), [GRANT, *GRANT_END]),
        (2606, None, fund(""), [NAMELESS, *GRANT_END]),
        (606, BEFORE, fund(), [f"{GRANT} {LEFT}", REPLACES, *GRANT_END]),
        (
            0,
            BEFORE,
            fund(reason="mistake"),
            [
                f"{GRANT} We recorded it by mistake.",
                "This voids acknowledgment 2026-000007.",
            ],
        ),
    ],
)
def test_each_kind_of_receipt_has_its_sentences_in_order(
    freeze: Freeze,
    amount: int,
    replaces: Receipt | None,
    offline: OfflineGift | None,
    wording: Sequence[str],
) -> None:
    assert freeze(AcknowledgedGift(amount, DAYS, replaces, offline))["wording"] == wording


def test_a_receipt_keeps_who_gave_and_to_whom(freeze: Freeze) -> None:
    said = freeze(AcknowledgedGift(2606, DAYS), email="bo@example.org", name="Bo Lund")
    assert (said["donor_name"], said["donor_email"]) == ("Bo Lund", "bo@example.org")
    assert (said["organization_name"], said["organization_ein"]) == (
        "The Harbor Ledger",
        "12-3456789",
    )
    assert said["organization_address_lines"] == ["1 Wharf Street", "Astoria, OR 97103"]
    assert said["campaign_title"] == "Keep every story free to read"


@pytest.mark.parametrize(
    ("frequency", "said"),
    [("one_time", "One-time gift"), ("monthly", "Monthly gift"), ("yearly", "Yearly gift")],
)
def test_a_receipt_says_how_often_the_donor_gives(
    freeze: Freeze, frequency: str, said: str
) -> None:
    assert freeze(AcknowledgedGift(2606, DAYS), frequency=frequency)["frequency_text"] == said


@pytest.mark.parametrize(
    ("amount", "replaces", "shown"),
    [
        (2606, None, "10 shares of EXMP"),
        (2606, BEFORE, "10 shares of EXMP"),
        (0, BEFORE, "$0"),
    ],
)
def test_property_is_shown_as_described_until_nothing_of_it_remains(
    freeze: Freeze, amount: int, replaces: Receipt | None, shown: str
) -> None:
    said = freeze(AcknowledgedGift(amount, DAYS, replaces, stock()))
    assert (said["amount_text"], said["acknowledges"]) == (shown, "property")


def test_a_reason_for_a_reversal_is_kept_only_on_the_void_receipt(freeze: Freeze) -> None:
    check = OfflineGift(kind="cheque", reversal_reason="bounced")
    assert freeze(AcknowledgedGift(606, DAYS, BEFORE, check))["gone"] == ""
    assert freeze(AcknowledgedGift(2606, DAYS, None, check))["gone"] == ""
    assert freeze(AcknowledgedGift(0, DAYS, BEFORE, check))["gone"] == (
        "The bank returned it unpaid."
    )
