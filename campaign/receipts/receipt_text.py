"""The words of a receipt, frozen when it is issued: nothing that changes later may reach it. For `receipts`.

Money is acknowledged with its amount. Of property a receipt says what it was, and never what it is worth:
https://www.irs.gov/pub/irs-pdf/p1771.pdf. A grant that a donor-advised fund makes at somebody's advice is acknowledged
without promising a deduction, since that person has deducted the gift to the fund:
https://www.irs.gov/charities-non-profits/charitable-organizations/donor-advised-funds.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from campaign.campaigns import formatting
from campaign.core.i18n import Words, words
from campaign.core.settings import Organization
from campaign.models import (
    Donation,
    Frequency,
    OfflineGift,
    OfflineKind,
    Receipt,
    ReceiptKind,
    TakenBack,
)

MONEY, PROPERTY, GRANT = "money", "property", "grant"
"""What a receipt acknowledges."""


@dataclass(frozen=True)
class Acknowledged:
    """What a receipt is about: `amount` in minor units, the days of the gift and of the issue where the organisation
    is, the receipt before it, and how the gift came if Stripe knows nothing of it.
    """

    amount: int
    days: tuple[date, date]
    replaces: Receipt | None = None
    offline: OfflineGift | None = None

    @property
    def kind(self) -> ReceiptKind:
        if self.replaces is None:
            return ReceiptKind.receipt
        return ReceiptKind.corrected if self.amount else ReceiptKind.void

    @property
    def renamed(self) -> bool:
        """Whether it says what the one before said, to another name or address."""
        return self.replaces is not None and self.replaces.amount == self.amount

    @property
    def what(self) -> str:
        came = self.offline.kind if self.offline else ""
        if came == OfflineKind.stock:
            return PROPERTY
        return GRANT if came == OfflineKind.donor_advised_fund else MONEY

    @property
    def described(self) -> str:
        """Which shares, or which fund."""
        return self.offline.described if self.offline else ""


def frozen_words(
    donation: Donation, organization: Organization, about: Acknowledged
) -> dict[str, Any]:
    """Every word and name as issued, in the donation's language."""
    said = words(donation.locale)
    gift_date, issued = (formatting.long_date(day, said) for day in about.days)
    amount_text = formatting.amount(about.amount, donation.currency, said)
    if about.what == PROPERTY and about.amount:
        amount_text = about.described
    return {
        "locale": said.locale,
        "kind": about.kind.value,
        "acknowledges": about.what,
        "replaces": about.replaces.number if about.replaces else "",
        "renamed": about.renamed,
        "organization_name": organization.name,
        "organization_ein": organization.ein,
        "organization_address_lines": list(organization.address_lines),
        "donor_name": donation.name,
        "donor_email": donation.email,
        "amount_text": amount_text,
        "gift_date_text": gift_date,
        "issued_text": issued,
        "campaign_title": donation.campaign.title_in(said.locale),
        "frequency_text": _frequency(donation, said),
        "gone": _gone(about, said) if about.kind == ReceiptKind.void else "",
        "wording": _wording(donation, organization, about, said),
    }


def _frequency(donation: Donation, said: Words) -> str:
    return {
        Frequency.one_time: said.gettext("One-time gift"),
        Frequency.monthly: said.gettext("Monthly gift"),
        Frequency.yearly: said.gettext("Yearly gift"),
    }[Frequency(donation.frequency)]


def _wording(
    donation: Donation, organization: Organization, about: Acknowledged, said: Words
) -> list[str]:
    given = formatting.amount(donation.charge, donation.currency, said)
    values = {
        "organization": organization.name,
        "ein": organization.ein,
        "given": about.described if about.what == PROPERTY else given,
        "fund": about.described,
        "left": formatting.amount(about.amount, donation.currency, said),
        "date": formatting.long_date(about.days[0], said),
        "number": about.replaces.number if about.replaces else "",
    }
    received = _received(about, said)
    if about.kind == ReceiptKind.receipt:
        sentences = [received, *_after(about, said)]
    elif about.kind == ReceiptKind.corrected:
        remains = said.gettext("%(left)s of it remains given.")
        replaced = said.gettext(
            "This replaces receipt %(number)s, which can no longer be used for taxes."
        )
        # The same amount under another name: nothing has gone.
        told = received if about.amount == donation.charge else f"{received} {remains}"
        sentences = [told, replaced, *_after(about, said)]
    else:
        gone = _gone(about, said) or said.gettext("All of it has gone back since.")
        sentences = [f"{received} {gone}", _voided(about, said)]
    return [sentence % values for sentence in sentences]


def _received(about: Acknowledged, said: Words) -> str:
    if about.what != GRANT:
        return said.gettext("%(organization)s received your gift of %(given)s on %(date)s.")
    if about.described:
        return said.gettext(
            "%(organization)s received a grant of %(given)s on %(date)s from %(fund)s, at your recommendation."
        )
    return said.gettext(
        "%(organization)s received a grant of %(given)s on %(date)s from a donor-advised fund, at your"
        " recommendation."
    )


def _gone(about: Acknowledged, said: Words) -> str:
    """Why nothing is left, where it did not simply go back to the donor; '' where it did."""
    reason = about.offline.taken_back if about.offline else None
    if reason == TakenBack.bounced:
        return said.gettext("The bank returned it unpaid.")
    if reason == TakenBack.mistake:
        return said.gettext("We had recorded it by mistake.")
    return ""


def _voided(about: Acknowledged, said: Words) -> str:
    if about.what == GRANT:
        return said.gettext("This voids acknowledgment %(number)s.")
    return said.gettext("This voids receipt %(number)s, which can no longer be used for taxes.")


def _after(about: Acknowledged, said: Words) -> list[str]:
    none_given = said.gettext("No goods or services were provided in exchange for this gift.")
    if about.what == GRANT:
        fund = said.gettext(
            "This letter is not a receipt for taxes: the sponsor of the fund acknowledged your gift when you gave"
            " to the fund."
        )
        return [none_given, fund]
    exempt = said.gettext(
        "%(organization)s is a tax-exempt organization under section 501(c)(3) of the Internal Revenue"
        " Code. EIN %(ein)s. Your gift is tax-deductible to the extent the law allows."
    )
    keep = said.gettext("Please keep this receipt for your tax records.")
    if about.what == PROPERTY:
        value = said.gettext(
            "We describe the property and do not state its value, which is for you to determine."
        )
        return [value, none_given, exempt, keep]
    return [none_given, exempt, keep]
