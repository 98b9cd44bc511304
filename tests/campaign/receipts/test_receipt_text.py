"""Receipt text: amounts of money, descriptions of shares, and no deduction for a fund's grant."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from campaign.models import Donation, OfflineGift, Receipt
from campaign.receipts.receipt_text import AcknowledgedGift, frozen_content
from campaign.runtime.context import Installation
from tests.support.ledger import add_donation_to, campaign_in
from tests.support.stripe import Facts

Give = Callable[..., Facts]
DAYS = (date(2026, 12, 31), date(2027, 1, 2))
BEFORE = Receipt(year=2026, sequence=7, amount=2606)


def offline(kind: str, description: str = "", reversal_reason: str | None = None) -> OfflineGift:
    return OfflineGift(kind=kind, description=description, reversal_reason=reversal_reason)


@pytest.fixture
def freeze(installation: Installation, give: Give) -> Callable[..., dict[str, Any]]:
    """Return the frozen text of a receipt for $25 plus $1.06 for fees, with `changes`."""

    def frozen(about: AcknowledgedGift, **changes: Any) -> dict[str, Any]:
        facts = give(**{"fee_cover": 106, **changes})
        with installation.sessions() as session:
            donation = session.get_one(Donation, facts.donation.id)
            return frozen_content(donation, installation.settings.organization, about)

    return frozen


Freeze = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("amount", "replaces", "kind", "renamed"),
    [
        (2606, None, "receipt", False),
        (0, None, "receipt", False),
        (2606, BEFORE, "corrected", True),
        (1, BEFORE, "corrected", False),
        (0, BEFORE, "void", False),
    ],
)
def test_its_kind_follows_from_what_it_replaces_and_what_is_left(
    amount: int, replaces: Receipt | None, kind: str, renamed: bool
) -> None:
    about = AcknowledgedGift(amount, DAYS, replaces)
    assert (about.kind, about.renamed) == (kind, renamed)


def test_a_first_receipt_names_all_that_was_charged_and_both_days(freeze: Freeze) -> None:
    said = freeze(AcknowledgedGift(2606, DAYS))
    assert (said["amount_text"], said["acknowledges"], said["replaces"]) == ("$26.06", "money", "")
    assert (said["gift_date_text"], said["issued_text"]) == (
        "December 31, 2026",
        "January 2, 2027",
    )
    assert said["wording"][0] == (
        "The Harbor Ledger received your gift of $26.06 on December 31, 2026."
    )
    assert said["wording"][-1] == "Please keep this receipt for your tax records."
    assert (said["gone"], said["frequency_text"]) == ("", "One-time gift")


def test_a_corrected_receipt_shows_the_remaining_amount_and_what_it_replaces(
    freeze: Freeze,
) -> None:
    said = freeze(AcknowledgedGift(606, DAYS, BEFORE))
    assert said["wording"][0].endswith(
        "your gift of $26.06 on December 31, 2026. The remaining amount is $6.06."
    )
    assert said["wording"][1].startswith("This receipt replaces receipt 2026-000007, ")
    assert (said["kind"], said["replaces"], said["amount_text"]) == (
        "corrected",
        "2026-000007",
        "$6.06",
    )


def test_the_same_amount_under_another_name_mentions_no_return(freeze: Freeze) -> None:
    said = freeze(AcknowledgedGift(2606, DAYS, BEFORE), name="Bo Lund")
    assert (said["renamed"], said["donor_name"]) == (True, "Bo Lund")
    assert "remaining" not in " ".join(said["wording"])


@pytest.mark.parametrize(
    ("reversal_reason", "why"),
    [
        ("bounced", "The bank returned it unpaid."),
        ("mistake", "We recorded it by mistake."),
        ("returned", ""),
        (None, ""),
    ],
)
def test_a_void_receipt_says_why_nothing_remains(
    freeze: Freeze, reversal_reason: str | None, why: str
) -> None:
    gift = offline("cheque", reversal_reason=reversal_reason)
    said = freeze(AcknowledgedGift(0, DAYS, BEFORE, gift))
    assert said["gone"] == why
    assert said["wording"][0].endswith(why or "It was later returned in full.")
    assert said["wording"][1].startswith("This voids receipt 2026-000007, ")
    assert len(said["wording"]) == 2


def test_shares_are_described_and_never_valued(freeze: Freeze) -> None:
    gift = offline("stock", "10 shares of EXMP")
    said = freeze(AcknowledgedGift(2606, DAYS, None, gift))
    words = " ".join(said["wording"])
    assert (said["acknowledges"], said["amount_text"]) == ("property", "10 shares of EXMP")
    assert "received your gift of 10 shares of EXMP on" in words
    assert "does not state its value" in words
    assert "$" not in words
    assert freeze(AcknowledgedGift(0, DAYS, BEFORE, gift))["amount_text"] == "$0"


@pytest.mark.parametrize(
    ("fund", "source"),
    [("Tide Fund", "from Tide Fund"), ("", "from a donor-advised fund")],
)
def test_a_grant_promises_no_deduction(freeze: Freeze, fund: str, source: str) -> None:
    gift = offline("donor_advised_fund", fund)
    said = freeze(AcknowledgedGift(2606, DAYS, None, gift))
    words = " ".join(said["wording"])
    assert said["acknowledges"] == "grant"
    assert f"a grant of $26.06 on December 31, 2026 {source}" in words
    assert "not a tax receipt" in words
    assert "tax-deductible" not in words
    void = freeze(AcknowledgedGift(0, DAYS, BEFORE, gift))
    assert void["wording"][1] == "This voids acknowledgment 2026-000007."


def test_it_is_worded_in_the_language_and_currency_of_the_gift(
    installation: Installation,
) -> None:
    facts = add_donation_to(
        installation, campaign_in(installation, "jpy"), 2500, locale="es", frequency="yearly"
    )
    with installation.sessions() as session:
        donation = session.get_one(Donation, facts.donation.id)
        organization = installation.settings.organization
        said = frozen_content(donation, organization, AcknowledgedGift(2500, DAYS))
    assert said["locale"] == "es"
    assert "2500" in said["amount_text"].replace(".", "").replace(",", "").replace("\xa0", "")
    assert "diciembre" in said["gift_date_text"]
    assert "25,00" not in " ".join(said["wording"])


def test_a_percent_sign_in_a_name_is_only_a_percent_sign(freeze: Freeze) -> None:
    gift = offline("donor_advised_fund", "100%(given)s Fund")
    said = freeze(AcknowledgedGift(2606, DAYS, None, gift))
    assert "from 100%(given)s Fund, at your" in said["wording"][0]
