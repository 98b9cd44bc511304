"""Emails about a donor's gifts and staff alerts: what each says and links to."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from campaign.core.i18n import get_language
from campaign.emails.donation_emails import (
    greeting,
    receipt_email_context,
    renewal_email_context,
    renewal_upcoming_context,
    staff_alert_context,
    statement_email_context,
)
from campaign.emails.sample_facts import donation, receipt, subscription
from campaign.mailer.render import RenderedEmail, render_email
from campaign.models import Donor, Receipt, ReceiptKind
from tests.support.sample_emails import ORGANIZATION, SENDER, sample_email

GIFT_PAGE = "https://give.example.org/subscriptions/sample-gift"


def rendered(**changes: Any) -> RenderedEmail:
    made = receipt(ORGANIZATION, "en", "one_time", 2_606, ReceiptKind.receipt)
    made.frozen = made.frozen | changes
    return render_email("receipt", receipt_email_context(made, SENDER))


@pytest.mark.parametrize("name", ["<b>A</b>\r\nBcc: x@example.org", "A\nB", "{{ 7 * 7 }}%(x)s"])
def test_a_name_cannot_write_markup_or_headers(name: str) -> None:
    sent_email = rendered(donor_name=name, organization_name=name)
    assert "<b>A</b>" not in sent_email.html
    assert "\n" not in sent_email.subject
    assert "49" not in sent_email.html.split("</style>")[1]


def test_a_donor_without_a_name_is_thanked_and_identified_by_address() -> None:
    sent_email = rendered(donor_name="")
    assert "Thank you. We received your gift" in sent_email.text
    assert "Donor:      ana@example.org" in sent_email.text


def test_a_receipt_without_a_language_was_written_in_english() -> None:
    made = receipt(ORGANIZATION, "en", "one_time", 2_606, ReceiptKind.receipt)
    made.frozen = {name: value for name, value in made.frozen.items() if name != "locale"}
    assert receipt_email_context(made, SENDER)["locale"] == "en"


def test_it_shows_the_name_and_address_at_the_time_of_issue() -> None:
    made = receipt(ORGANIZATION, "en", "one_time", 2_606, ReceiptKind.receipt)
    moved = replace(ORGANIZATION, name="Another Name", address_lines=("9 New Road",))
    sent_email = render_email(
        "receipt", receipt_email_context(made, replace(SENDER, organization=moved))
    )
    for part in (sent_email.subject, sent_email.text, sent_email.html):
        assert "The Harbor Ledger" in part
        assert "Another Name" not in part
        assert "9 New Road" not in part


def test_a_corrected_receipt_names_the_one_it_replaces() -> None:
    sent_email = sample_email("receipt_corrected")
    assert sent_email.subject == "Corrected receipt 2026-000057 for your gift to The Harbor Ledger"
    for body in (sent_email.text, sent_email.html):
        said = " ".join(body.split())
        assert "This receipt replaces receipt 2026-000041." in said
        assert "The remaining amount is $10." in said
        assert "Thank you" not in said


def test_a_void_receipt_says_so_first() -> None:
    sent_email = sample_email("receipt_void")
    assert sent_email.subject.endswith("was returned: receipt 2026-000041 is void")
    for body in (sent_email.text, sent_email.html):
        said = " ".join(body.split())
        assert said.index("Void: your gift was returned to you.") < said.index("Donor")
        assert "Receipt 2026-000041 is no longer valid for tax purposes" in said


def test_a_monthly_gifts_receipt_links_to_its_page() -> None:
    address = "https://give.example.org/subscriptions/sample-gift"
    sent_email = sample_email("receipt_monthly")
    assert f"Change, pause or cancel:\n{address}\n" in sent_email.text
    assert f'href="{address}"' in sent_email.html
    assert "repeats every month" in sent_email.text
    assert "repeats every year" in sample_email("receipt_yearly").text
    assert "repeats" not in sample_email("receipt").text


def test_the_legal_text_is_in_spanish_on_a_spanish_receipt() -> None:
    said = " ".join(sample_email("receipt", "es").text.split())
    for part in (
        "22 de diciembre de 2026",
        "No se proporcionaron bienes ni servicios a cambio de esta donación.",
        "501(c)(3)",
        "EIN 12-3456789",
        "$26.06",
    ):
        assert part in said


def test_a_failed_renewal_links_to_stripes_page_and_to_ours() -> None:
    sent_email = sample_email("renewal_failed")
    for part in (sent_email.text, sent_email.html):
        assert "https://invoice.stripe.com/i/sample" in part
        assert GIFT_PAGE in part


def test_without_stripes_page_the_card_is_updated_on_ours() -> None:
    sent_email = sample_email("renewal_failed_plain")
    for part in (sent_email.text, sent_email.html):
        assert "stripe.com" not in part
        assert GIFT_PAGE in part


def test_an_ended_gift_says_whether_it_was_given_up() -> None:
    assert "have stopped trying" in " ".join(sample_email("subscription_given_up").text.split())
    assert "We tried your card" not in sample_email("subscription_ended").text


def test_an_upcoming_renewal_shows_amount_date_and_how_to_cancel() -> None:
    sent_email = sample_email("renewal_upcoming")
    assert sent_email.subject == "Your yearly gift of $26.06 renews on December 22, 2027"
    assert f"Change or cancel this gift:\n{GIFT_PAGE}\n" in sent_email.text


def test_a_name_cannot_inject_markup_into_a_renewal_email() -> None:
    first = donation("en", "monthly")
    first.name = "<b>A</b>\n\nB"
    context = renewal_email_context(subscription("monthly"), first, SENDER)
    sent_email = render_email("renewal_failed", context)
    assert "<b>A</b>" not in sent_email.html
    assert "Dear <b>A</b> B," in sent_email.text


def test_a_yearly_gift_is_called_yearly() -> None:
    for name in ("subscription_given_up", "renewal_failed_plain"):
        assert "monthly" not in sample_email(name).text


def test_an_alert_lists_its_problems_a_line_each() -> None:
    problems = ["One\nthing.", "<b>Another</b> thing."]
    sent_email = render_email("staff_alert", staff_alert_context(problems, "en", SENDER))
    assert "\n- One thing.\n\n- <b>Another</b> thing.\n" in sent_email.text
    assert "<li>&lt;b&gt;Another&lt;/b&gt; thing.</li>" in sent_email.html
    assert sent_email.subject == "2 problems need attention: One thing."


def test_one_problem_is_singular_and_a_long_one_is_cut_in_the_subject() -> None:
    sent_email = render_email("staff_alert", staff_alert_context(["word " * 60], "en", SENDER))
    assert sent_email.subject.startswith("1 problem needs attention: word")
    assert len(sent_email.subject) <= 100


def test_a_statement_totals_each_currency_and_keeps_the_order_of_the_receipts() -> None:
    receipts = [
        Receipt(year=2026, sequence=n, amount=amount, currency=code, gift_date=date(2026, n, 2))
        for n, amount, code in ((3, 2_550, "usd"), (1, 5_000, "jpy"), (2, 1_000, "usd"))
    ]
    shown = statement_email_context(Donor(name="Ana", locale="en"), 2026, receipts, SENDER)
    assert shown["total_text"] == "\u00a55,000 + $35.50"
    assert [(one["number"], one["amount_text"]) for one in shown["gifts"]] == [
        ("2026-000003", "$25.50"),
        ("2026-000001", "\u00a55,000"),
        ("2026-000002", "$10"),
    ]
    assert shown["donor_page_url"] == "https://give.example.org/me"


def test_dates_use_the_organizations_time_zone_and_the_language_of_the_gift() -> None:
    gift = subscription("yearly")
    # The evening of December 31 in Los Angeles.
    gift.failed_at, gift.ended_at = datetime(2027, 1, 1, 7, 59, tzinfo=UTC), None
    shown = renewal_email_context(gift, donation("es", "yearly"), SENDER)
    assert shown["failed_date_text"] == "31 de diciembre de 2026"
    assert shown["ended_date_text"] == ""
    assert (shown["locale"], shown["yearly"], shown["given_up"]) == ("es", True, False)
    assert shown["give_url"] == "https://give.example.org/?lang=es"
    assert renewal_email_context(gift, donation("en", "yearly"), SENDER)["give_url"].endswith(
        ".org/"
    )


def test_a_renewal_is_announced_with_its_whole_charge() -> None:
    shown = renewal_upcoming_context(
        subscription("yearly"), donation("en", "yearly"), date(2027, 3, 1), SENDER
    )
    assert (shown["renewal_date_text"], shown["amount_text"]) == ("March 1, 2027", "$26.06")


@pytest.mark.parametrize(
    ("name", "locale", "shown"),
    [
        (" Ana\n Reyes ", "en", "Dear Ana Reyes,"),
        (" ", "en", "Hello,"),
        ("100 % Ana", "en", "Dear 100 % Ana,"),
    ],
)
def test_a_donor_without_a_name_is_greeted_too(name: str, locale: str, shown: str) -> None:
    assert greeting(name, get_language(locale)) == shown
    assert greeting(name, get_language("es")) not in ("", shown)
