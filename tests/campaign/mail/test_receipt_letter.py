"""The receipt's letter, word for word."""

from pathlib import Path

from campaign.config import Organization
from campaign.mail import render_letter

EXPECTED = Path(__file__).with_name("receipt.txt").read_text(encoding="utf-8")

ORGANIZATION = Organization(
    name="The Harbor Ledger",
    ein="12-3456789",
    address_lines=("214 Wharf Street", "Astoria, OR 97103"),
    timezone="America/Los_Angeles",
    email="giving@harbor-ledger.example",
)


def context(**changes: object) -> dict[str, object]:
    receipt = {
        "number": "2026-000001",
        "organization_name": ORGANIZATION.name,
        "organization_ein": ORGANIZATION.ein,
        "organization_address_lines": list(ORGANIZATION.address_lines),
        "donor_name": "Ana Reyes",
        "donor_email": "ana@example.org",
        "amount_text": "$25",
        "gift_date_text": "November 22, 2026",
        "issued_text": "November 23, 2026",
        "campaign_title": "Keep every story free to read",
        "frequency_text": "Monthly gift",
        "wording": ["No goods or services were provided in exchange for this gift."],
        "kind": "receipt",
        "replaces": "",
        "replaced_by": "",
        "voided": False,
        **changes,
    }
    return {
        "receipt": receipt,
        "receipt_url": "https://give.example.org/receipts/abc",
        "donation_frequency": "monthly",
        "organization": ORGANIZATION,
        "locale": "en",
    }


def test_the_plain_text_is_written_as_such() -> None:
    assert render_letter("receipt", context()).text == EXPECTED


def test_the_html_carries_its_styles_in_line_and_no_picture() -> None:
    html = render_letter("receipt", context()).html
    assert 'style="' in html
    assert "prefers-color-scheme: dark" in html
    assert "<img" not in html
    assert len(html) < 20_000


def test_a_name_cannot_write_markup_or_headers() -> None:
    letter = render_letter("receipt", context(donor_name="<b>A</b>\r\nBcc: x@example.org"))
    assert "<b>A</b>" not in letter.html
    assert "\n" not in letter.subject


def test_a_corrected_receipt_names_the_one_it_replaces() -> None:
    letter = render_letter(
        "receipt", context(kind="corrected", replaces="2026-000001", number="2026-000007")
    )
    assert letter.subject == "Corrected receipt 2026-000007 for your gift to The Harbor Ledger"
    for body in (letter.text, letter.html):
        assert "takes the place of receipt 2026-000001" in body
        assert "Thank you" not in body
        assert "every month" not in body


def test_a_void_receipt_says_so_first() -> None:
    letter = render_letter("receipt", context(kind="void", replaces="2026-000001", voided=True))
    assert letter.subject.endswith("has gone back: receipt 2026-000001 is void")
    assert "VOID. Your gift has gone back to you." in letter.text
    assert "Receipt 2026-000001 can no longer be used for taxes" in letter.html
