"""The text of a receipt, frozen when it is issued so that later changes never affect it. Used by `receipts`.

A gift of money is acknowledged with its amount. For property, a receipt describes it and never states its value:
https://www.irs.gov/pub/irs-pdf/p1771.pdf. A grant that a donor-advised fund makes on a donor's recommendation is
acknowledged without promising a deduction, because the donor already deducted the gift to the fund:
https://www.irs.gov/charities-non-profits/charitable-organizations/donor-advised-funds.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from campaign.campaigns import formatting
from campaign.core.i18n import Language, get_language
from campaign.core.settings import Organization
from campaign.models import (
    Donation,
    Frequency,
    OfflineGift,
    OfflineKind,
    Receipt,
    ReceiptKind,
    ReversalReason,
)

MONEY, PROPERTY, GRANT = "money", "property", "grant"
"""What a receipt acknowledges."""


@dataclass(frozen=True)
class AcknowledgedGift:
    """What a receipt acknowledges.

    `amount` is in minor units. `days` are the gift date and the issue date in the organization's time zone. `replaces`
    is the previous receipt. `offline` is the offline gift, if the gift did not come through Stripe.
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
        """Whether only the name or address changed since the previous receipt."""
        return self.replaces is not None and self.replaces.amount == self.amount

    @property
    def what(self) -> str:
        came = self.offline.kind if self.offline else ""
        if came == OfflineKind.stock:
            return PROPERTY
        return GRANT if came == OfflineKind.donor_advised_fund else MONEY

    @property
    def description(self) -> str:
        """Which shares were given, or which fund made the grant."""
        return self.offline.description if self.offline else ""


def frozen_content(
    donation: Donation, organization: Organization, about: AcknowledgedGift
) -> dict[str, Any]:
    """Return every text and name of the receipt as issued, in the donation's language."""
    language = get_language(donation.locale)
    gift_date, issued = (formatting.long_date(day, language) for day in about.days)
    amount_text = formatting.amount(about.amount, donation.currency, language)
    if about.what == PROPERTY and about.amount:
        amount_text = about.description
    return {
        "locale": language.locale,
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
        "campaign_title": donation.campaign.title_in(language.locale),
        "frequency_text": _frequency(donation, language),
        "gone": _gone(about, language) if about.kind == ReceiptKind.void else "",
        "wording": _wording(donation, organization, about, language),
    }


def _frequency(donation: Donation, language: Language) -> str:
    return {
        Frequency.one_time: language.gettext("One-time gift"),
        Frequency.monthly: language.gettext("Monthly gift"),
        Frequency.yearly: language.gettext("Yearly gift"),
    }[Frequency(donation.frequency)]


def _wording(
    donation: Donation, organization: Organization, about: AcknowledgedGift, language: Language
) -> list[str]:
    given = formatting.amount(donation.charge, donation.currency, language)
    values = {
        "organization": organization.name,
        "ein": organization.ein,
        "given": about.description if about.what == PROPERTY else given,
        "fund": about.description,
        "left": formatting.amount(about.amount, donation.currency, language),
        "date": formatting.long_date(about.days[0], language),
        "number": about.replaces.number if about.replaces else "",
    }
    received = _received(about, language)
    if about.kind == ReceiptKind.receipt:
        sentences = [received, *_after(about, language)]
    elif about.kind == ReceiptKind.corrected:
        remains = language.gettext("The remaining amount is %(left)s.")
        replaced = language.gettext(
            "This receipt replaces receipt %(number)s, which is no longer valid for tax purposes."
        )
        # The full amount under another name: nothing was returned.
        summary = received if about.amount == donation.charge else f"{received} {remains}"
        sentences = [summary, replaced, *_after(about, language)]
    else:
        gone = _gone(about, language) or language.gettext("It was later returned in full.")
        sentences = [f"{received} {gone}", _voided(about, language)]
    return [sentence % values for sentence in sentences]


def _received(about: AcknowledgedGift, language: Language) -> str:
    if about.what != GRANT:
        return language.gettext("%(organization)s received your gift of %(given)s on %(date)s.")
    if about.description:
        return language.gettext(
            "%(organization)s received a grant of %(given)s on %(date)s from %(fund)s, at your recommendation."
        )
    return language.gettext(
        "%(organization)s received a grant of %(given)s on %(date)s from a donor-advised fund, at your"
        " recommendation."
    )


def _gone(about: AcknowledgedGift, language: Language) -> str:
    """Return why the gift is void, or '' if it was simply returned to the donor."""
    reason = about.offline.reversal_reason if about.offline else None
    if reason == ReversalReason.bounced:
        return language.gettext("The bank returned it unpaid.")
    if reason == ReversalReason.mistake:
        return language.gettext("We recorded it by mistake.")
    return ""


def _voided(about: AcknowledgedGift, language: Language) -> str:
    if about.what == GRANT:
        return language.gettext("This voids acknowledgment %(number)s.")
    return language.gettext(
        "This voids receipt %(number)s, which is no longer valid for tax purposes."
    )


def _after(about: AcknowledgedGift, language: Language) -> list[str]:
    none_given = language.gettext("No goods or services were provided in exchange for this gift.")
    if about.what == GRANT:
        fund = language.gettext(
            "This acknowledgment is not a tax receipt. The sponsor of the fund acknowledged your gift when you gave"
            " to the fund."
        )
        return [none_given, fund]
    exempt = language.gettext(
        "%(organization)s is a tax-exempt organization under section 501(c)(3) of the Internal Revenue"
        " Code. EIN %(ein)s. Your gift is tax-deductible to the extent the law allows."
    )
    keep = language.gettext("Please keep this receipt for your tax records.")
    if about.what == PROPERTY:
        value = language.gettext(
            "This receipt describes the property and does not state its value. You are responsible for determining"
            " the value."
        )
        return [value, none_given, exempt, keep]
    return [none_given, exempt, keep]
