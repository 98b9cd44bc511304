"""What is printed, as PDF/UA-1: receipts, statements of a year, letters for the post, deposit slips. Edges call it.

The same context gives the same bytes, on every machine: the typeface lies beside this file and no clock is read.
"""

from campaign.receipts.pdf_documents import (
    ADDRESSES,
    deposit_slip_pdf,
    letters_pdf,
    receipt_pdf,
    statement_pdf,
)
from campaign.receipts.receipt_labels import receipt_heading

__all__ = [
    "ADDRESSES",
    "deposit_slip_pdf",
    "letters_pdf",
    "receipt_heading",
    "receipt_pdf",
    "statement_pdf",
]
