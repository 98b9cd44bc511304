"""The printed appeal: exactly one sheet, and a QR code that links to the appeal with the coupon's code."""

import io
from collections.abc import Callable

import pytest
import zxingcpp
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.journeys.conftest import Running
from tests.support.accessibility import no_findings

pytestmark = pytest.mark.browser
Open = Callable[..., Page]

SHEETS = {"letter": (215.9, 279.4), "a4": (210.0, 297.0)}


@pytest.mark.parametrize("large", ["", "&large=1"])
@pytest.mark.parametrize("size", SHEETS)
def test_it_is_one_sheet_of_the_requested_size(
    running: Running, open_page: Open, size: str, large: str
) -> None:
    page = open_page(f"{running.appeal}/c/nine-days/print?size={size}{large}&article=harbor-lights")
    sheets = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    assert len(sheets) == 1
    millimeters = [float(side) / 72 * 25.4 for side in sheets[0].mediabox[2:]]
    assert millimeters == pytest.approx(SHEETS[size], abs=0.5)
    text = sheets[0].extract_text()
    assert "1 Wharf Street" in text or "Coupon" in text
    no_findings(page)


@pytest.mark.parametrize("width", [360, 1280])
def test_it_can_be_read_on_a_screen(running: Running, open_page: Open, width: int) -> None:
    no_findings(
        open_page(f"{running.appeal}/c/nine-days/print", viewport={"width": width, "height": 800})
    )


def test_its_qr_code_and_its_coupon_name_campaign_and_article(
    running: Running, open_page: Open
) -> None:
    page = open_page(
        f"{running.appeal}/c/nine-days/print?article=Harbor%20Lights", device_scale_factor=3
    )
    code = page.locator(".coupon [data-code]").get_attribute("data-code") or ""
    assert code.startswith("NINE-DAYS/HARBORLIGHTS-")
    expect(page.locator("body")).to_have_attribute("data-code", code)
    picture = page.locator(".qr").screenshot()
    assert read(open_page, picture) == f"{running.appeal}/c/nine-days?code={code}"


def read(open_page: Open, picture: bytes) -> str:
    """Return the content of the QR code in a PNG, which the browser decodes."""
    gray = open_page("about:blank").evaluate(
        """async (bytes) => {
            const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
            const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
            context.drawImage(bitmap, 0, 0);
            const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
            return [bitmap.width, bitmap.height, Array.from(data.filter((_, index) => index % 4 === 0))];
        }""",
        list(picture),
    )
    width, height, pixels = gray
    shape = memoryview(bytes(pixels)).cast("B", (height, width))
    found = zxingcpp.read_barcodes(shape)
    assert len(found) == 1
    return found[0].text
