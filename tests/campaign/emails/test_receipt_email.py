"""The receipt's letter: what each kind of receipt says, in the words that were frozen."""

from dataclasses import replace
from typing import Any

import pytest

from campaign.emails.donation_emails import receipt_letter
from campaign.emails.sample_facts import receipt
from campaign.mailer.render import Letter, render_letter
from campaign.models import ReceiptKind
from tests.support.sample_emails import ORGANIZATION, SENDER, sample_letter


def rendered(**changes: Any) -> Letter:
    made = receipt(ORGANIZATION, "en", "one_time", 2_606, ReceiptKind.receipt)
    made.frozen = made.frozen | changes
    return render_letter("receipt", receipt_letter(made, SENDER))


@pytest.mark.parametrize("name", ["<b>A</b>\r\nBcc: x@example.org", "A\nB", "{{ 7 * 7 }}%(x)s"])
def test_a_name_cannot_write_markup_or_headers(name: str) -> None:
    letter = rendered(donor_name=name, organization_name=name)
    assert "<b>A</b>" not in letter.html
    assert "\n" not in letter.subject
    assert "49" not in letter.html.split("</style>")[1]


def test_somebody_without_a_name_is_thanked_and_named_by_address() -> None:
    letter = rendered(donor_name="")
    assert "Thank you. Your gift has arrived." in letter.text
    assert "Donor:      ana@example.org" in letter.text


def test_a_receipt_without_a_language_was_written_in_english() -> None:
    made = receipt(ORGANIZATION, "en", "one_time", 2_606, ReceiptKind.receipt)
    made.frozen = {name: value for name, value in made.frozen.items() if name != "locale"}
    assert receipt_letter(made, SENDER)["locale"] == "en"


def test_it_is_headed_by_the_name_and_address_of_the_day_of_issue() -> None:
    made = receipt(ORGANIZATION, "en", "one_time", 2_606, ReceiptKind.receipt)
    moved = replace(ORGANIZATION, name="Another Name", address_lines=("9 New Road",))
    letter = render_letter("receipt", receipt_letter(made, replace(SENDER, organization=moved)))
    for part in (letter.subject, letter.text, letter.html):
        assert "The Harbor Ledger" in part
        assert "Another Name" not in part
        assert "9 New Road" not in part


def test_a_corrected_receipt_names_the_one_it_replaces() -> None:
    letter = sample_letter("receipt_corrected")
    assert letter.subject == "Corrected receipt 2026-000057 for your gift to The Harbor Ledger"
    for body in (letter.text, letter.html):
        said = " ".join(body.split())
        assert "takes the place of receipt 2026-000041" in said
        assert "$10 of it remains given" in said
        assert "Thank you" not in said


def test_a_void_receipt_says_so_first() -> None:
    letter = sample_letter("receipt_void")
    assert letter.subject.endswith("has gone back: receipt 2026-000041 is void")
    for body in (letter.text, letter.html):
        said = " ".join(body.split())
        assert said.index("Void: your gift has gone back to you.") < said.index("Donor")
        assert "Receipt 2026-000041 can no longer be used for taxes" in said


def test_a_monthly_gifts_receipt_leads_to_its_page() -> None:
    address = "https://give.example.org/subscriptions/sample-gift"
    letter = sample_letter("receipt_monthly")
    assert f"Change, pause or end it:\n{address}\n" in letter.text
    assert f'href="{address}"' in letter.html
    assert "repeats every month" in letter.text
    assert "repeats every year" in sample_letter("receipt_yearly").text
    assert "repeats" not in sample_letter("receipt").text


def test_in_spanish_the_law_is_told_in_spanish() -> None:
    said = " ".join(sample_letter("receipt", "es").text.split())
    for part in (
        "22 de diciembre de 2026",
        "No se proporcionaron bienes ni servicios a cambio de este donativo.",
        "501(c)(3)",
        "EIN 12-3456789",
        "$26.06",
    ):
        assert part in said
