"""The sheet mailed to one recipient: in their language, with the day's total, on one page."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pypdf import PdfReader

from campaign.campaigns.progress import Progress
from campaign.core.settings import Organization
from campaign.emails.sample_facts import campaign
from campaign.offline.coupon_codes import coupon_code
from campaign.offline.direct_mail_list import DirectMailRecipient
from campaign.offline.direct_mail_sheets import (
    MailingBatch,
    direct_mail_pdf,
    markdown_blocks,
    sheet_context,
)

ANA = DirectMailRecipient("Ana Reyes", "SID 7", "Two Rivers", ("1 Road", "Umatilla OR"), "en")
LUZ = replace(ANA, name="Luz", number="", locale="es")
HOUSE = Organization(
    name="The Harbor Ledger",
    ein="12-3456789",
    address_lines=("1 Wharf Street", "Astoria, OR 97103"),
    timezone="America/Los_Angeles",
    email="receipts@harbor-ledger.example",
)
# The evening of December 8 in Los Angeles.
AT = datetime(2026, 12, 9, 4, tzinfo=UTC)


def batch(
    organization: Organization = HOUSE, raised: int = 1_234_500, **changes: Any
) -> MailingBatch:
    wanted = {
        "appeal": "Tonight.",
        "suggested_amounts": [1000, 2500],
        "translations": {},
        "locale": "en",
        **changes,
    }
    shown = campaign()
    for name, value in wanted.items():
        setattr(shown, name, value)
    return MailingBatch(
        Progress(shown, raised, 0, 0, 9, 9, AT), organization, "https://give.example"
    )


def test_a_sheet_shows_the_total_with_its_date_and_the_last_postmark() -> None:
    sheet = sheet_context(batch(), ANA, "CODE")
    assert sheet["aim"] == "$50,000 to raise by December 31, 2026"
    assert "$12,345" in sheet["figure"]
    assert sheet["figure"].endswith("as of December 8, 2026.")
    assert sheet["postmark"] == "Checks postmarked by December 31, 2026 count toward this campaign."
    assert sheet["address"] == ["Ana Reyes, SID 7", "Two Rivers", "1 Road", "Umatilla OR"]
    assert (sheet["from"], sheet["code"]) == ("Ana Reyes, SID 7", "CODE")
    assert sheet["amounts"] == ["$10", "$25"]


def test_the_qr_code_contains_the_shared_code_and_no_recipients_own() -> None:
    shown = batch()
    code = coupon_code(shown.progress.campaign, "post")
    page = "https://give.example/c/year-end-2026"
    assert sheet_context(shown, ANA, "OWN")["qr"] == f"{page}?code={code}"
    assert sheet_context(shown, LUZ, "OWN")["qr"].startswith(f"{page}?code={code}&")


def test_a_sheet_uses_the_recipients_language_and_its_amounts() -> None:
    sheet = sheet_context(batch(), LUZ, "CODE")
    assert (sheet["lang"], sheet["from"]) == ("es", "Luz")
    assert "31 de diciembre de 2026" in sheet["aim"]
    assert sheet["coupon_word"] != sheet_context(batch(), ANA, "CODE")["coupon_word"]


def test_at_most_five_amounts_are_suggested_without_cents_if_there_are_none() -> None:
    shown = batch(currency="jpy", suggested_amounts=[100, 200, 300, 400, 500, 600])
    assert sheet_context(shown, ANA, "CODE")["amounts"] == ["¥100", "¥200", "¥300", "¥400", "¥500"]


def test_the_footer_has_only_details_that_the_organization_set() -> None:
    assert "EIN 12-3456789." in sheet_context(batch(), ANA, "CODE")["foot"]
    bare = sheet_context(batch(replace(HOUSE, ein="")), ANA, "CODE")["foot"]
    assert "EIN" not in bare
    assert bare.endswith("afford.")


def test_an_appeal_is_split_into_blocks_of_plain_and_bold_text() -> None:
    markdown = "# One\n\nTonight **we**\nvote.\n\n- [a](https://x.example)\n- b *c*\n\n<b>d</b>\n\n    code\n"
    assert markdown_blocks(markdown) == [
        {"kind": "heading", "runs": [["One", False]]},
        {"kind": "paragraph", "runs": [["Tonight ", False], ["we", True], [" vote.", False]]},
        {"kind": "item", "runs": [["a", False]]},
        {"kind": "item", "runs": [["b c", False]]},
        {"kind": "paragraph", "runs": [["<b>d</b>", False]]},
        {"kind": "paragraph", "runs": [["code\n", False]]},
    ]
    assert markdown_blocks("") == []


def test_a_long_appeal_fits_one_page_with_a_link_to_the_rest() -> None:
    long = batch(appeal="\n\n".join(["A story about a harbor. " * 20] * 60))
    sheets = [sheet_context(long, one, code) for one, code in ((ANA, "FIRST"), (LUZ, "SECOND"))]
    read = PdfReader(io.BytesIO(direct_mail_pdf(sheets)))
    first, second = (" ".join(page.extract_text().split()) for page in read.pages)
    assert ("FIRST" in first, "SECOND" in first) == (True, False)
    assert ("FIRST" in second, "SECOND" in second) == (False, True)
    assert "Read the full text at https://give.example/c/year-end-2026." in first
    # PDF viewers show the title, so it does not name the recipient.
    assert read.metadata is not None
    assert read.metadata.title == "The Harbor Ledger: Keep every story free to read"
    (short,) = PdfReader(io.BytesIO(direct_mail_pdf([sheet_context(batch(), ANA, "A")]))).pages
    assert "Read the full text" not in short.extract_text()


def test_every_text_of_a_sheet_is_there_for_the_donor_who_gives_on_paper() -> None:
    house = replace(HOUSE, registration="State registration 77.")
    sheet = sheet_context(batch(house), ANA, "CODE")
    wanted = {
        "lang": "en",
        "organization": "The Harbor Ledger",
        "organization_lines": ["1 Wharf Street", "Astoria, OR 97103"],
        "title": "Keep every story free to read",
        "appeal": "Tonight.",
        "text_lang": "en",
        "page": "https://give.example/c/year-end-2026",
        "how_word": "How to give by mail",
        "how": "Make a check or money order payable to The Harbor Ledger and send it with the coupon to:",
        "no_cash": "Please do not send cash.",
        "online": "A friend or relative can also give online:",
        "rest": "Read the full text at https://give.example/c/year-end-2026.",
        "coupon_word": "Coupon",
        "code_word": "Code",
        "gift_word": "My gift:",
        "other_word": "other",
        "from_word": "From",
        "moved_word": "My new address, if it has changed",
        "unnamed": "Do not publish my name",
        "foot": "The Harbor Ledger stays free to read, for those who give and for those who cannot."
        " Please give only what you can easily afford. EIN 12-3456789. State registration 77.",
    }
    assert {name: sheet[name] for name in wanted} == wanted


def test_a_hidden_total_is_on_no_sheet() -> None:
    sheet = sheet_context(batch(figures_hidden=True), ANA, "CODE")
    assert sheet["figure"] == ""
    assert "12,345" not in str(sheet)


def test_a_sheet_has_the_paper_of_its_envelope_and_the_first_ones_language() -> None:
    sheets = [sheet_context(batch(), one, "A") for one in (LUZ, ANA)]
    for window, width in (("us", 612), ("din", 595)):
        read = PdfReader(io.BytesIO(direct_mail_pdf(sheets, window)))
        root: Any = read.trailer["/Root"]
        assert (int(read.pages[0].mediabox.width), root["/Lang"]) == (width, "es")


def test_breaks_and_bold_in_a_list_stay_in_its_item() -> None:
    markdown = "1. **a**\n2. b\n   - **c**d\n\ne\\\nf\n\n```\ng\n```\n"
    assert markdown_blocks(markdown) == [
        {"kind": "item", "runs": [["a", True]]},
        {"kind": "item", "runs": [["b", False]]},
        {"kind": "item", "runs": [["c", True], ["d", False]]},
        {"kind": "paragraph", "runs": [["e f", False]]},
        {"kind": "paragraph", "runs": [["g\n", False]]},
    ]
