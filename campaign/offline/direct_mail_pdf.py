"""The appeal by post, one sheet for each reader, folded so that a window shows their address and nothing else."""

from collections.abc import Sequence
from typing import Any

import segno

from campaign.receipts.markdown_blocks import blocks
from campaign.receipts.pdf_documents import ADDRESSES
from campaign.receipts.typesetting import set_pdf


def posted_appeals_pdf(sheets: Sequence[dict[str, Any]], window: str = "us") -> bytes:
    """A sheet for each of `sheets` (`offline.direct_mail_sheets`), each on one page; `window` is a name in ADDRESSES.

    As much of the appeal is set as there is room for, in whole paragraphs; then it is told where the rest is.
    """
    written = {one["appeal"]: blocks(one["appeal"]) for one in sheets}
    values = {
        # It names no reader: programs show it in their windows.
        "title": f"{sheets[0]['organization']}: {sheets[0]['title']}",
        "lang": sheets[0]["lang"],
        "pages": [{**one, "appeal": written[one["appeal"]]} for one in sheets],
        "pictures": {
            address: _qr(address) for address in dict.fromkeys(one["qr"] for one in sheets)
        },
    }
    return set_pdf("posted_appeals", values | ADDRESSES[window])


def _qr(address: str) -> str:
    """The QR code as SVG (ISO/IEC 18004, level M)."""
    drawn: str = segno.make(address, error="m", micro=False).svg_inline(border=0, scale=4)
    return drawn
