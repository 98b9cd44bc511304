"""PDFs: tagged PDF/UA with an embedded font, any donor name, and the same bytes each time."""

import io
from typing import Any

import pytest
from pypdf import PdfReader

from campaign.receipts.font_coverage import FONTS, covered, printable
from campaign.receipts.pdf_documents import print_queue_pdf, receipt_pdf, statement_pdf

RECEIPT: dict[str, Any] = {
    "kind": "receipt",
    "replaces": "",
    "replaced_by": "",
    "voided": False,
    "locale": "en",
    "number": "2026-000001",
    "organization_name": "The Harbor Ledger",
    "organization_ein": "12-3456789",
    "organization_address_lines": ["1 Wharf Street", "Astoria, OR 97103"],
    "donor_name": "Žofie Núñez",
    "donor_email": "zofie@example.org",
    "amount_text": "$1,025.50",
    "gift_date_text": "December 22, 2026",
    "issued_text": "December 23, 2026",
    "campaign_title": "Nine days",
    "frequency_text": "One-time gift",
    "wording": ["No goods or services were provided in exchange for this gift."],
}
STATEMENT = RECEIPT | {
    "year": "2026",
    "totals": ["$50"],
    "gifts": [
        {
            "date_text": f"Dec {day}, 2026",
            "number": f"2026-{day:06d}",
            "campaign_title": "Nine days",
            "amount_text": "$25",
        }
        for day in (1, 2)
    ],
}


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def text(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in read(pdf).pages).split())


@pytest.mark.parametrize("locale", ["en", "es"])
@pytest.mark.parametrize("kind", ["receipt", "statement", "mailing"])
def test_it_is_tagged_titled_and_brings_its_typeface(kind: str, locale: str) -> None:
    receipt, statement = RECEIPT | {"locale": locale}, STATEMENT | {"locale": locale}
    made = {
        "receipt": lambda: receipt_pdf(receipt),
        "statement": lambda: statement_pdf(statement),
        "mailing": lambda: print_queue_pdf(
            [{"kind": "receipt", "context": receipt, "address": ["A"]}]
        ),
    }[kind]()
    reader = read(made)
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"].value is True
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == locale
    assert reader.metadata is not None
    assert "The Harbor Ledger" in str(reader.metadata.title)
    assert b"pdfuaid:part>1<" in root["/Metadata"].get_data()
    page: Any = reader.pages[0]
    for font in page["/Resources"]["/Font"].values():
        (inner,) = font.get_object()["/DescendantFonts"]
        assert "NotoSerif" in inner.get_object()["/BaseFont"]
        assert {"/FontFile2", "/FontFile3"} & set(inner.get_object()["/FontDescriptor"])


def test_the_text_of_a_receipt_can_be_read_out() -> None:
    said = text(receipt_pdf(RECEIPT))
    for part in ("Receipt 2026-000001", "Žofie Núñez", "$1,025.50", "EIN 12-3456789"):
        assert part in said
    assert len(read(receipt_pdf(RECEIPT)).pages) == 1


def test_the_same_receipt_is_the_same_file() -> None:
    assert receipt_pdf(RECEIPT) == receipt_pdf(dict(RECEIPT))


@pytest.mark.parametrize(
    "name",
    ['#import "x" \\ $a$ ]', "*b* _i_ <label> @ref // c", "a\u202eb\x00c\nd", "\ud800x", "e\u0301"],
)
def test_a_name_is_never_more_than_text(name: str) -> None:
    assert " ".join(printable(name).split()) in text(receipt_pdf(RECEIPT | {"donor_name": name}))


@pytest.mark.parametrize("name", ["漢字", "🎉👩‍👩‍👧", "مرحبا", "\uffff"])
def test_what_the_typeface_lacks_is_replaced_and_stops_nothing(name: str) -> None:
    assert printable(f"Ana {name} B") == "Ana \ufffd B"
    assert "Ana" in text(receipt_pdf(RECEIPT | {"donor_name": f"Ana {name}"}))


def test_we_know_which_characters_the_typeface_has() -> None:
    every = "".join(map(chr, sorted(covered())))
    assert receipt_pdf(RECEIPT | {"donor_name": every, "organization_name": every})
    assert {ord(sent_email) for sent_email in "aßŽλЖ€"} <= covered()
    assert sum(path.stat().st_size for path in FONTS.glob("*.ttf")) < 1_000_000


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "corrected", "replaces": "2026-000000"}, "Corrected receipt 2026-000001"),
        ({"kind": "void", "voided": True, "replaces": "2026-000000"}, "Void receipt 2026-000001"),
        ({"replaced_by": "2026-000009"}, "Replaced by receipt 2026-000009."),
        ({"kind": "corrected", "locale": "es", "replaces": "1"}, "Recibo corregido 2026-000001"),
    ],
)
def test_a_receipt_that_changed_says_so(changes: dict[str, Any], said: str) -> None:
    assert said in text(receipt_pdf(RECEIPT | changes))


def test_a_void_receipt_names_no_amount_as_given() -> None:
    void = RECEIPT | {"kind": "void", "voided": True, "replaces": "2026-000000"}
    assert "$1,025.50" not in text(receipt_pdf(void))


def test_a_statement_lists_and_sums() -> None:
    said = text(statement_pdf(STATEMENT))
    assert "Your gifts in 2026" in said
    assert "Dec 2, 2026 2026-000002 Nine days $25 Total $50" in said


@pytest.mark.parametrize(("window", "width"), [("us", 612), ("din", 595)])
def test_each_letter_has_its_own_sheet(window: str, width: int) -> None:
    sent_emails = [
        {"kind": kind, "context": context, "address": [kind.title(), "5 Elm Street"]}
        for kind, context in (("receipt", RECEIPT), ("statement", STATEMENT))
    ]
    first, second = read(print_queue_pdf(sent_emails, window)).pages
    assert "5 Elm Street" in first.extract_text()
    assert "Statement" in second.extract_text()
    assert int(first.mediabox.width) == width
