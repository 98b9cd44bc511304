"""Email attachments. `emails.delivery` builds them before it connects to the mail server."""

from collections.abc import Sequence

from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.core.settings import Organization
from campaign.mailer.kinds import EmailKind
from campaign.mailer.message import Attachment
from campaign.mailer.outbox import EmailClaim
from campaign.models import Receipt
from campaign.receipts.pdf_documents import receipt_pdf, statement_pdf
from campaign.receipts.receipts import receipt_context
from campaign.receipts.statements import statement_context

PDF = "application/pdf"

log = get_logger(__name__)


def attachments(
    session: Session, claim: EmailClaim, organization: Organization
) -> Sequence[Attachment]:
    """Return the receipt or the statement as a PDF, or nothing for other kinds of email.

    If a receipt's PDF fails, log the error and send the email without it: the email itself contains the whole receipt.
    A statement's email says that the PDF is attached, so the error is raised and the email is retried later.
    """
    try:
        return _made(session, claim, organization)
    except Exception as error:
        if claim.kind != EmailKind.receipt:
            raise
        log.warning("paper_not_made", message=claim.id, kind=claim.kind, error=type(error).__name__)
        return ()


def _made(session: Session, claim: EmailClaim, organization: Organization) -> Sequence[Attachment]:
    if claim.kind == EmailKind.receipt:
        receipt = session.get_one(Receipt, claim.receipt_id)
        name = f"receipt-{receipt.number}.pdf"
        return [Attachment(name, PDF, receipt_pdf(receipt_context(receipt)))]
    if claim.kind == EmailKind.statement and claim.donor_id is not None:
        year = int(claim.details["year"])
        context = statement_context(session, claim.donor_id, year, organization)
        return [Attachment(f"statement-{year}.pdf", PDF, statement_pdf(context))]
    return ()
