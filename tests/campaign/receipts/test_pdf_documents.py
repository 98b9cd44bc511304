"""PDFs: tagged PDF/UA with an embedded font, any donor name, and the same bytes each time."""

import io
from typing import Any

import pytest
from pypdf import PdfReader

from campaign.core.settings import Organization
from campaign.receipts.font_coverage import FONTS, covered, printable
from campaign.receipts.pdf_documents import (
    deposit_slip_pdf,
    print_queue_pdf,
    receipt_pdf,
    report_pdf,
    statement_pdf,
)

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


@pytest.mark.parametrize(
    ("locale", "columns"),
    [("en", "Date Receipt Campaign Amount"), ("es", "Fecha Recibo Campaña Monto")],
)
def test_a_statement_says_whose_it_is_and_heads_its_columns(locale: str, columns: str) -> None:
    pdf = statement_pdf(STATEMENT | {"locale": locale})
    said = text(pdf)
    for part in (
        "The Harbor Ledger 1 Wharf Street Astoria, OR 97103 EIN 12-3456789",
        f"Žofie Núñez {columns} Dec 1, 2026 2026-000001 Nine days $25",
        "No goods or services were provided in exchange for this gift.",
    ):
        assert part in said
    assert int(read(pdf).pages[0].mediabox.width) == 612


def test_a_report_is_in_english_on_letter_paper_with_its_title() -> None:
    pdf = report_pdf(
        {
            "organization_name": "The Harbor Ledger",
            "title": "Nine days",
            "standing": "The result is final.",
            "as_of": "January 2, 2027",
            "headlines": [("Raised", "$1,000", "of $900")],
            "sections": [],
            "moved": ["It was moved once."],
            "comments": [("Well done.", "Ana")],
        }
    )
    reader = read(pdf)
    assert int(reader.pages[0].mediabox.width) == 612
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == "en"
    for part in ("The result is final. As of January 2, 2027.", "Raised: $1,000", "Well done."):
        assert part in text(pdf)


@pytest.mark.parametrize(("window", "width"), [("us", 612), ("din", 595)])
def test_each_letter_has_its_own_sheet(window: str, width: int) -> None:
    sent_emails = [
        {"kind": kind, "context": context, "address": [kind.title(), "5 Elm Street"]}
        for kind, context in (("receipt", RECEIPT), ("statement", STATEMENT))
    ]
    pdf = read(print_queue_pdf(sent_emails, window))
    first, second = pdf.pages
    for page, heading in ((first, "Receipt 2026-000001"), (second, "Your gifts in 2026")):
        assert "5 Elm Street" in page.extract_text()
        assert heading in page.extract_text()
    assert int(first.mediabox.width) == width


def places(pdf: bytes, said: str) -> tuple[float, float]:
    """Return how many inches from the left and the top of the first sheet this text stands."""
    page = read(pdf).pages[0]
    found: list[tuple[float, float]] = []

    def visit(text: str, cm: Any, tm: Any, _font: Any, _size: Any) -> None:
        if said in text:
            x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
            y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
            found.append((x / 72, (float(page.mediabox.height) - y) / 72))

    page.extract_text(visitor_text=visit)
    return found[0]


@pytest.mark.parametrize(
    ("window", "left", "top", "bottom"),
    [
        # The lower window of a #10 envelope for a letter folded in three.
        ("us", 0.75, 2.06, 3.0),
        # DIN 5008, form B: 25 mm from the left, 62.7 to 90 mm from the top.
        ("din", 0.984, 2.48, 3.54),
    ],
)
def test_the_address_is_in_the_window_of_the_envelope(
    window: str, left: float, top: float, bottom: float
) -> None:
    lines = ["Bo Lund", "5 Elm Street", "Salem, OR 97301"]
    pdf = print_queue_pdf([{"kind": "receipt", "context": RECEIPT, "address": lines}], window)
    for line in lines:
        x, y = places(pdf, line)
        assert abs(x - left) < 0.02
        assert top < y < bottom
    assert text(pdf).startswith("The Harbor Ledger")


@pytest.mark.parametrize(("window", "left", "top"), [("us", 0.5, 0.625), ("din", 0.984, 1.9)])
def test_the_sender_is_above_the_address_in_the_upper_window_or_the_same(
    window: str, left: float, top: float
) -> None:
    letter = {"kind": "receipt", "context": RECEIPT, "address": ["Bo Lund"]}
    x, y = places(print_queue_pdf([letter], window), "The Harbor Ledger")
    assert abs(x - left) < 0.02
    assert top < y < top + 0.2


def test_letters_have_their_organizations_title_and_the_first_ones_language() -> None:
    letters = [
        {"kind": "receipt", "context": RECEIPT | {"locale": "es"}, "address": ["A"]},
        {"kind": "receipt", "context": RECEIPT, "address": ["B"]},
        {
            "kind": "receipt",
            "context": RECEIPT | {"organization_name": "The Bay Ledger"},
            "address": ["C"],
        },
    ]
    reader = read(print_queue_pdf(letters))
    assert reader.metadata is not None
    assert reader.metadata.title == "The Harbor Ledger · The Bay Ledger"
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == "es"
    assert len(reader.pages) == 3
    assert "Recibo" in reader.pages[0].extract_text()
    assert "Receipt 2026-000001" in reader.pages[1].extract_text()


def test_a_receipt_lists_who_gave_when_to_what_how_often_and_what_it_replaces() -> None:
    said = text(receipt_pdf(RECEIPT | {"kind": "corrected", "replaces": "2026-000000"}))
    for part in (
        "1 Wharf Street Astoria, OR 97103",
        "Issued December 23, 2026",
        "Donor: Žofie Núñez",
        "Date: December 22, 2026",
        "Campaign: Nine days",
        "How often: One-time gift",
        "Replaces receipt: 2026-000000",
        "No goods or services were provided in exchange for this gift.",
    ):
        assert part in said
    plain = text(receipt_pdf(RECEIPT | {"donor_name": "", "organization_ein": ""}))
    assert "Donor: zofie@example.org" in plain
    assert "Replaces receipt" not in plain
    assert "EIN" not in plain


CARD: dict[str, Any] = {
    "locale": "en",
    "organization": Organization(
        name="The Harbor Ledger",
        ein="12-3456789",
        address_lines=("1 Wharf Street",),
        timezone="America/Los_Angeles",
        email="desk@example.org",
    ),
    "memory": True,
    "tribute_name": "Rosa Reyes",
    "name": "Cora Diaz",
    "sender": "Ana Reyes",
    "message": ["With love."],
}


def test_a_card_says_who_gave_in_whose_memory_and_is_no_receipt() -> None:
    card = {"kind": "card", "context": CARD, "address": ["Cora Diaz", "9 Pier Road"]}
    said = text(print_queue_pdf([card]))
    for part in (
        "The Harbor Ledger",
        "1 Wharf Street",
        "9 Pier Road",
        "A gift in memory of Rosa Reyes",
        "Dear Cora Diaz,",
        "Ana Reyes made a gift to The Harbor Ledger in memory of Rosa Reyes.",
        "With love.",
    ):
        assert part in said
    assert "EIN" not in said
    assert "$" not in said


@pytest.mark.parametrize(
    ("checks", "counted", "width"),
    [(1, "1 check $50.00", 612), (2, "2 checks $50.00", 595)],
)
def test_a_deposit_slip_lists_each_check_and_adds_the_cash(
    checks: int, counted: str, width: int
) -> None:
    context = {
        "organization_name": "The Harbor Ledger",
        "organization_address_lines": ["1 Wharf Street"],
        "name": "December 1",
        "dated": "Deposited December 3, 2026",
        "bank_reference": "B-77",
        "checks": [
            (str(n), f"check {100 + n}", f"Donor {n}", f"${25 * n}.00")
            for n in range(1, checks + 1)
        ],
        "checks_total": "$50.00",
        "cash_total": "$7.25",
        "total": "$57.25",
        "currency": "USD",
    }
    pdf = deposit_slip_pdf(context, "us-letter" if width == 612 else "a4")
    said = text(pdf)
    for part in (
        "Deposit December 1",
        "Deposited December 3, 2026",
        "Reference B-77",
        "Number From Amount",
        *(f"{n} check {100 + n} Donor {n} ${25 * n}.00" for n in range(1, checks + 1)),
        counted,
        "Cash $7.25",
        "Total, USD $57.25",
    ):
        assert part in said
    assert "EIN" not in said
    assert int(read(pdf).pages[0].mediabox.width) == width
    # The ordinal numbers have no heading.
    assert abs(places(pdf, "Number")[0] - places(pdf, "check 101")[0]) < 0.02
    assert "Reference" not in text(deposit_slip_pdf(context | {"bank_reference": ""}))
