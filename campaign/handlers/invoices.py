"""Events of invoices, which monthly and yearly gifts make."""

from sqlalchemy.orm import Session

from campaign.gateway import Event, read_invoice
from campaign.services.books import Books, Outcome
from campaign.services.invoices import apply_invoice


def invoice_paid(session: Session, event: Event, books: Books) -> Outcome:
    """A first or a renewed gift was charged."""
    return apply_invoice(session, read_invoice(event.object), event.created, books)
