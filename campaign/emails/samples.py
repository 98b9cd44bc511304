"""Every email with sample data, for the previews and for the tests.

The contexts come from the same functions as the real ones, from rows that are not in a database.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from campaign.auth.policies import STAFF_LINK, STAFF_LINK_BY_EMAIL
from campaign.campaigns.progress import MatchingStatus
from campaign.core.i18n import get_language
from campaign.donations import tribute_cards
from campaign.donor_portal import emails as donor_page
from campaign.emails import donation_emails
from campaign.emails.move_over import move_over_context
from campaign.emails.sample_facts import (
    END,
    NAME,
    OPENING,
    Make,
    donation,
    progress,
    receipt,
    subscription,
)
from campaign.mailer.email_context import Sender
from campaign.mailer.kinds import EmailKind
from campaign.mailer.merge_fields import NAME as NAME_FIELD
from campaign.mailer.merge_fields import UNSUBSCRIBE_URL, fill
from campaign.mailer.render import render_email
from campaign.models import (
    CampaignStep,
    Donor,
    DonorLinkPurpose,
    Extension,
    GiftElsewhere,
    MatchingGift,
    Receipt,
    ReceiptKind,
    TributeCard,
)
from campaign.outreach import campaign_email_content
from campaign.staff.notices import StaffNotice
from campaign.staff.sign_in_emails import SignInEmail, sign_in_email_context

_STRIPE_PAGE = "https://invoice.stripe.com/i/sample"


def _donation_emails() -> list[tuple[str, EmailKind, Make]]:
    """Return the name, the kind and the context builder of each sample."""
    given_up = donation_emails.PAYMENT_FAILED
    return [
        ("receipt", EmailKind.receipt, _receipt("one_time", 2_606, ReceiptKind.receipt)),
        ("receipt_monthly", EmailKind.receipt, _receipt("monthly", 2_606, ReceiptKind.receipt)),
        ("receipt_yearly", EmailKind.receipt, _receipt("yearly", 2_606, ReceiptKind.receipt)),
        (
            "receipt_corrected",
            EmailKind.receipt,
            _receipt("one_time", 1_000, ReceiptKind.corrected),
        ),
        ("receipt_void", EmailKind.receipt, _receipt("one_time", 0, ReceiptKind.void)),
        (
            "renewal_failed",
            EmailKind.renewal_failed,
            _renewing("monthly", payment_update_url=_STRIPE_PAGE),
        ),
        (
            "renewal_to_confirm",
            EmailKind.renewal_failed,
            _renewing("monthly", payment_update_url=_STRIPE_PAGE, to_confirm=True),
        ),
        ("renewal_failed_plain", EmailKind.renewal_failed, _renewing("yearly")),
        ("renewal_upcoming", EmailKind.renewal_upcoming, _upcoming),
        ("subscription_ended", EmailKind.subscription_ended, _renewing("monthly")),
        (
            "subscription_given_up",
            EmailKind.subscription_ended,
            _renewing("yearly", end_reason=given_up),
        ),
        ("statement", EmailKind.statement, _statement),
        ("staff_alert", EmailKind.staff_alert, _alert),
        ("staff_notice", EmailKind.staff_notice, _notice),
        ("campaign_test", EmailKind.campaign_test, _test),
        ("donor_page_link", EmailKind.donor_portal_link, _donor_page(DonorLinkPurpose.open)),
        ("donor_page_address", EmailKind.donor_portal_link, _donor_page(DonorLinkPurpose.address)),
        *[
            (f"donor_page_{about}", EmailKind.donor_portal_note, _note(about))
            for about in donor_page.PortalNote
        ],
        ("tribute_card", EmailKind.tribute_card, _card("memory")),
        ("tribute_card_honor", EmailKind.tribute_card, _card("honor")),
        ("sign_in_link", EmailKind.sign_in_link, _opening(STAFF_LINK_BY_EMAIL.lifetime)),
        (
            "sign_in_invitation",
            EmailKind.sign_in_link,
            _opening(STAFF_LINK.lifetime, "ana@newsroom.example"),
        ),
    ]


def _receipt(frequency: str, amount: int, kind: ReceiptKind) -> Make:
    def make(sender: Sender, locale: str) -> dict[str, Any]:
        made = receipt(sender.organization, locale, frequency, amount, kind)
        return donation_emails.receipt_email_context(made, sender)

    return make


def _renewing(
    frequency: str,
    *,
    end_reason: str | None = None,
    payment_update_url: str | None = None,
    to_confirm: bool = False,
) -> Make:
    def make(sender: Sender, locale: str) -> dict[str, Any]:
        gift = subscription(frequency, end_reason=end_reason, payment_update_url=payment_update_url)
        first = donation(locale, frequency)
        return donation_emails.renewal_email_context(gift, first, sender, to_confirm=to_confirm)

    return make


def _upcoming(sender: Sender, locale: str) -> dict[str, Any]:
    first = donation(locale, "yearly")
    return donation_emails.renewal_upcoming_context(
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
    return donation_emails.statement_email_context(donor, 2026, receipts, sender)


def _alert(sender: Sender, locale: str) -> dict[str, Any]:
    problems = [
        "3 emails have failed since yesterday; “campaign mail list” shows them.",
        "The job “recover” has not run for 3 hours.",
    ]
    return donation_emails.staff_alert_context(problems, locale, sender)


def _notice(sender: Sender, locale: str) -> dict[str, Any]:
    sentence = "The password of your account was changed."
    notice = StaffNotice(sentence, "ana@newsroom.example", END - timedelta(days=3))
    return donation_emails.staff_notice_context(notice, locale, sender)


def _test(sender: Sender, locale: str) -> dict[str, Any]:
    """Return a test of the appeal on the last day."""
    context = _appeal("last_day", END - timedelta(hours=15), 3_125_000)(sender, locale)
    shown = fill(
        render_email(EmailKind.appeal, context),
        {NAME_FIELD: NAME, UNSUBSCRIBE_URL: sender.address("/unsubscribe/sample-email")},
    )
    return {
        "locale": locale,
        "subject": shown.subject,
        "text": shown.text,
        "html": shown.html,
    }


def _donor_page(purpose: DonorLinkPurpose) -> Make:
    def make(sender: Sender, locale: str) -> dict[str, Any]:
        url = sender.address("/me/link/sample")
        opening = donor_page.PortalLinkEmail(purpose, "ana@example.org", url)
        return donor_page.link_email_context(opening, locale, sender)

    return make


def _note(about: donor_page.PortalNote) -> Make:
    return lambda sender, locale: donor_page.note_email_context(about, locale, sender)


def _card(kind: str) -> Make:
    def make(sender: Sender, locale: str) -> dict[str, Any]:
        gift = donation(locale, "one_time")
        gift.tribute_kind, gift.tribute_name = kind, "Rosa Reyes"
        message = "She read the paper aloud at breakfast.\nI thought of that today."
        card = TributeCard(
            delivery="email",
            name="Ben Ortiz",
            sender=NAME,
            message=message if kind == "memory" else "",
        )
        return {"organization": sender.organization, **tribute_cards.card_context(gift, card)}

    return make


def _opening(lifetime: timedelta, invited_by: str = "") -> Make:
    def make(sender: Sender, locale: str) -> dict[str, Any]:
        url = sender.address("/staff/sign-in/link/sample")
        opening = SignInEmail("bea@newsroom.example", url, lifetime, invited_by)
        return sign_in_email_context(opening, locale, sender)

    return make


@dataclass(frozen=True)
class Sample:
    """One sample email: its name in URLs, its kind, and the function that builds its context."""

    name: str
    kind: EmailKind
    make: Make


def samples() -> Mapping[str, Sample]:
    """Return all samples by name, in the order in which staff see them."""
    gifts = [Sample(name, kind, make) for name, kind, make in _donation_emails()]
    made = [*gifts, *_appeals(), *_results()]
    return {sample.name: sample for sample in made}


def _appeals() -> list[Sample]:
    moments = {
        "opening": OPENING,
        "nine_days": END - timedelta(days=9, hours=-9),
        "seven_days": END - timedelta(days=7, hours=-9),
        "three_days": END - timedelta(days=3, hours=-9),
        "two_days": END - timedelta(days=2, hours=-9),
        "last_day": END - timedelta(hours=15),
        "last_hours": END - timedelta(hours=4),
    }
    steps = [
        Sample(f"appeal_{key}", EmailKind.appeal, _appeal(key, at, raised))
        for (key, at), raised in zip(moments.items(), range(0, 4_200_000, 600_000), strict=True)
    ]
    staff = {
        "en": {
            "subject": "From our desk: {days_left}",
            "opening": "I edit these pages.\n\nWe have {raised} & need {left} <more>.",
        },
        "es": {
            "subject": "Desde la redacción: {days_left}",
            "opening": "Edito estas páginas.\n\nTenemos {raised} y nos faltan {left} <más>.",
        },
    }
    three = moments["three_days"]
    return [
        *steps,
        Sample(
            "appeal_own_words",
            EmailKind.appeal,
            _appeal("three_days", three, 3_125_000, texts=staff),
        ),
        Sample("appeal_goal_met", EmailKind.appeal, _appeal("two_days", three, 5_231_000)),
        Sample(
            "appeal_extended", EmailKind.appeal, _appeal("last_day", three, 3_125_000, moved=True)
        ),
        *_arguments(moments["seven_days"]),
        Sample("extension", EmailKind.extension, _extension(END - timedelta(days=7, hours=4))),
        Sample("extension_reopened", EmailKind.extension, _extension(END - timedelta(days=6))),
        Sample("reminder", EmailKind.reminder, _reminder(three)),
        Sample(
            "reminder_confirmation", EmailKind.reminder_confirmation, _reminder_confirmation(three)
        ),
    ]


def _arguments(at: datetime) -> list[Sample]:
    """Return the appeals that say something special about the campaign or to the recipient."""
    matched = MatchingGift(
        sponsor="the Reyes family",
        pool=1_000_000,
        ratio_percent=100,
        starts_at=OPENING,
        ends_at=at + timedelta(days=2),
    )
    appeals = {
        "appeal_first": _appeal("three_days", at, 1_250_000, first=True),
        "appeal_early": _appeal("nine_days", at, 20_000),
        "appeal_matched": _appeal("seven_days", at, 1_250_000, matched=matched),
        "appeal_stretch": _appeal("two_days", at, 5_231_000, stretch=6_000_000),
    }
    return [Sample(name, EmailKind.appeal, make) for name, make in appeals.items()]


def _appeal(
    key: str,
    at: datetime,
    raised: int,
    *,
    texts: Mapping[str, Any] | None = None,
    moved: bool = False,
    first: bool = False,
    matched: MatchingGift | None = None,
    stretch: int | None = None,
) -> Make:
    step = CampaignStep(key=key, texts=texts or {})
    opening = CampaignStep(key="opening", texts={}) if first else None
    shown = progress(at, raised)
    shown.campaign.stretch_goal = stretch
    if matched:
        shown = replace(shown, matching=(MatchingStatus(matched, 640_000),))
    return lambda sender, locale: campaign_email_content.appeal_context(
        shown, step, _moved() if moved else None, sender, get_language(locale), opening
    )


def _moved(at: datetime = END - timedelta(days=8)) -> Extension:
    return Extension(
        previous_deadline=END - timedelta(days=7),
        deadline=END,
        reason="a storm kept our office closed for a week",
        created_at=at,
    )


def _extension(at: datetime) -> Make:
    told = END - timedelta(days=7)
    return lambda sender, locale: campaign_email_content.extension_context(
        progress(at, 3_125_000), _moved(at), told, sender, get_language(locale)
    )


def _reminder(at: datetime) -> Make:
    return lambda sender, locale: campaign_email_content.reminder_context(
        progress(at, 3_125_000), None, sender, get_language(locale)
    )


def _reminder_confirmation(at: datetime) -> Make:
    return lambda sender, locale: campaign_email_content.reminder_confirmation_context(
        progress(at, 0).campaign, sender.address("/remind/sample"), sender, get_language(locale)
    )


def _results() -> list[Sample]:
    def result(at: datetime, raised: int) -> Make:
        return lambda sender, locale: campaign_email_content.result_context(
            progress(at, raised), sender, get_language(locale)
        )

    soon, later = END + timedelta(hours=9), END + timedelta(days=15)
    return [
        Sample("wrap_up", EmailKind.wrap_up, result(soon, 5_231_000)),
        Sample("wrap_up_short", EmailKind.wrap_up, result(later, 4_712_550)),
        Sample("thank_you", EmailKind.thank_you, result(soon, 5_231_000)),
        Sample("thank_you_short", EmailKind.thank_you, result(later, 4_712_550)),
        Sample("move_over", EmailKind.move_over, _move_over("monthly", "PayPal")),
        Sample("move_over_yearly", EmailKind.move_over, _move_over("yearly", "")),
    ]


def _move_over(frequency: str, processor: str) -> Make:
    gift = GiftElsewhere(amount=1_000, currency="usd", frequency=frequency, processor=processor)
    return lambda sender, locale: move_over_context(
        gift, progress(OPENING, 0).campaign.slug, sender, get_language(locale)
    )
