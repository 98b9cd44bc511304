"""The sample letters about a donor's own gifts, and the one to staff; `emails.samples` lists them."""

from datetime import date, timedelta
from typing import Any

from campaign.auth.staff_links import BY_COMMAND, BY_MAIL
from campaign.donations import tribute_cards
from campaign.donor_portal import emails as own_page
from campaign.emails import donation_emails
from campaign.emails.sample_facts import NAME, Make, donation, receipt, subscription
from campaign.mailer.email_context import Sender
from campaign.models import Donor, DonorLinkPurpose, Receipt, ReceiptKind, TributeCard
from campaign.staff.sign_in_emails import Opening, opening_letter

_STRIPE_PAGE = "https://invoice.stripe.com/i/sample"


def letters() -> list[tuple[str, str, Make]]:
    """Each with its name, the folder of its template, and what makes its context."""
    given_up = donation_emails.PAYMENT_FAILED
    return [
        ("receipt", "receipt", _receipt("one_time", 2_606, ReceiptKind.receipt)),
        ("receipt_monthly", "receipt", _receipt("monthly", 2_606, ReceiptKind.receipt)),
        ("receipt_yearly", "receipt", _receipt("yearly", 2_606, ReceiptKind.receipt)),
        ("receipt_corrected", "receipt", _receipt("one_time", 1_000, ReceiptKind.corrected)),
        ("receipt_void", "receipt", _receipt("one_time", 0, ReceiptKind.void)),
        ("renewal_failed", "renewal_failed", _renewing("monthly", mend_url=_STRIPE_PAGE)),
        ("renewal_failed_plain", "renewal_failed", _renewing("yearly")),
        ("renewal_upcoming", "renewal_upcoming", _upcoming),
        ("subscription_ended", "subscription_ended", _renewing("monthly")),
        (
            "subscription_given_up",
            "subscription_ended",
            _renewing("yearly", end_reason=given_up),
        ),
        ("statement", "statement", _statement),
        ("staff_alert", "staff_alert", _alert),
        ("own_page_link", "own_page_link", _own_page(DonorLinkPurpose.open)),
        ("own_page_address", "own_page_link", _own_page(DonorLinkPurpose.address)),
        *[(f"own_page_{about}", "own_page_note", _note(about)) for about in own_page.About],
        ("tribute_card", "tribute_card", _card("memory")),
        ("tribute_card_honor", "tribute_card", _card("honor")),
        ("sign_in_link", "sign_in_link", _opening(BY_MAIL)),
        ("sign_in_invitation", "sign_in_link", _opening(BY_COMMAND, "ana@newsroom.example")),
    ]


def _receipt(frequency: str, amount: int, kind: ReceiptKind) -> Make:
    def make(sender: Sender, locale: str) -> dict[str, Any]:
        made = receipt(sender.organization, locale, frequency, amount, kind)
        return donation_emails.receipt_letter(made, sender)

    return make


def _renewing(
    frequency: str, *, end_reason: str | None = None, mend_url: str | None = None
) -> Make:
    def make(sender: Sender, locale: str) -> dict[str, Any]:
        gift = subscription(frequency, end_reason=end_reason, mend_url=mend_url)
        return donation_emails.renewing_letter(gift, donation(locale, frequency), sender)

    return make


def _upcoming(sender: Sender, locale: str) -> dict[str, Any]:
    first = donation(locale, "yearly")
    return donation_emails.upcoming_letter(
        subscription("yearly"), first, date(2027, 12, 22), sender
    )


def _statement(sender: Sender, locale: str) -> dict[str, Any]:
    receipts = [
        Receipt(
            year=2026,
            sequence=month * 37,
            amount=month * 1_303,
            currency="usd",
            gift_date=date(2026, month, 22),
        )
        for month in (2, 7, 12)
    ]
    donor = Donor(name=NAME, locale=locale)
    return donation_emails.statement_letter(donor, 2026, receipts, sender)


def _alert(sender: Sender, locale: str) -> dict[str, Any]:
    problems = [
        "3 letters have failed since yesterday; “campaign mail list” names them.",
        "The job “recover” has been silent for 3 hours.",
    ]
    return donation_emails.alert_letter(problems, locale, sender)


def _own_page(purpose: DonorLinkPurpose) -> Make:
    def make(sender: Sender, locale: str) -> dict[str, Any]:
        url = sender.address("/me/link/sample")
        opening = own_page.Opening(purpose, "ana@example.org", url)
        return own_page.opening_letter(opening, locale, sender)

    return make


def _note(about: own_page.About) -> Make:
    return lambda sender, locale: own_page.note_letter(about, locale, sender)


def _card(kind: str) -> Make:
    def make(sender: Sender, locale: str) -> dict[str, Any]:
        gift = donation(locale, "one_time")
        gift.tribute_kind, gift.tribute_name = kind, "Rosa Reyes"
        message = "She read the paper aloud at breakfast.\nI thought of that today."
        card = TributeCard(
            way="email", name="Ben Ortiz", sender=NAME, message=message if kind == "memory" else ""
        )
        return {"organization": sender.organization, **tribute_cards.card_words(gift, card)}

    return make


def _opening(lifetime: timedelta, invited_by: str = "") -> Make:
    def make(sender: Sender, locale: str) -> dict[str, Any]:
        url = sender.address("/staff/sign-in/link/sample")
        opening = Opening("bea@newsroom.example", url, lifetime, invited_by)
        return opening_letter(opening, locale, sender)

    return make
