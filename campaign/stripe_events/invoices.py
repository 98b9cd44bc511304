"""Events of invoices, which monthly and yearly gifts make."""

from sqlalchemy.orm import Session

from campaign.core.booking_context import Books, Outcome
from campaign.gateway import Event, read_invoice, read_invoice_payment
from campaign.subscriptions.invoices import apply_invoice, apply_invoice_payment
from campaign.subscriptions.subscription_events import apply_failed_invoice


def invoice_paid(session: Session, event: Event, books: Books) -> Outcome:
    """A first or a renewed gift was charged."""
    return apply_invoice(session, read_invoice(event.object), event.created, books)


def invoice_failed(session: Session, event: Event, books: Books) -> Outcome:
    """A renewal could not be charged; Stripe will try again, or give up."""
    return apply_failed_invoice(session, read_invoice(event.object), event.created, books)


def invoice_payment_made(session: Session, event: Event, books: Books) -> Outcome:
    """An invoice was paid by a payment intent, which neither of the two says."""
    return apply_invoice_payment(session, read_invoice_payment(event.object), books)
