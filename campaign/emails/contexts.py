"""Build the context of each kind of email from its rows, and detect emails that have become obsolete.

The context is built just before sending, so every email reports the current state.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.donations.tribute_cards import build_card_email
from campaign.donor_portal import emails as donor_page
from campaign.emails.campaign_emails import (
    appeal,
    extension,
    reminder,
    reminder_confirmation,
    thank_you,
    wrap_up,
)
from campaign.emails.campaign_tests import campaign_test
from campaign.emails.donation_emails import (
    INTERVAL_NAMES,
    PAYMENT_FAILED,
    receipt_email_context,
    renewal_email_context,
    renewal_upcoming_context,
    staff_alert_context,
    staff_notice_context,
    statement_email_context,
)
from campaign.emails.move_over import move_over
from campaign.ledger.subscription_donations import first_donation
from campaign.mailer.email_context import ObsoleteEmail, Sender
from campaign.mailer.kinds import EmailKind
from campaign.mailer.outbox import EmailClaim
from campaign.models import (
    Donation,
    Donor,
    OutboxMessage,
    Receipt,
    Subscription,
    SubscriptionState,
)
from campaign.receipts.receipts import valid_receipts
from campaign.receipts.statements import (
    COVERED_BY_CANONICAL_STATEMENT,
    covered_by_canonical_statement,
)
from campaign.staff.notices import read_notice
from campaign.staff.sign_in_emails import build_sign_in_email

__all__ = [
    "CONTEXT_BUILDERS",
    "INTERVAL_NAMES",
    "PAYMENT_FAILED",
    "ObsoleteEmail",
    "Sender",
    "build_email_context",
]


def build_email_context(
    session: Session, claim: EmailClaim, sender: Sender
) -> dict[str, Any] | ObsoleteEmail:
    """Return the template context of the claimed message, or why the message is obsolete."""
    return CONTEXT_BUILDERS[EmailKind(claim.kind)](session, claim, sender)


def _receipt(session: Session, claim: EmailClaim, sender: Sender) -> dict[str, Any]:
    return receipt_email_context(session.get_one(Receipt, claim.receipt_id), sender)


def _renewal_failed(
    session: Session, claim: EmailClaim, sender: Sender
) -> dict[str, Any] | ObsoleteEmail:
    subscription = session.get_one(Subscription, claim.subscription_id)
    invoice_id, _, attempt = claim.subject_key.rpartition(":")
    if subscription.state == SubscriptionState.ended:
        return ObsoleteEmail("the monthly gift has ended")
    if subscription.failed_invoice_id != invoice_id:
        return ObsoleteEmail("the renewal has been paid or is no longer due")
    if _later_try(session, invoice_id, int(attempt)):
        return ObsoleteEmail("a later attempt failed too and has its own email")
    first, to_confirm = first_donation(session, subscription), bool(claim.details.get("confirm"))
    return renewal_email_context(subscription, first, sender, to_confirm=to_confirm)


def _later_try(session: Session, invoice_id: str, attempt: int) -> bool:
    keys = session.scalars(
        select(OutboxMessage.subject_key).where(
            OutboxMessage.kind == EmailKind.renewal_failed,
            OutboxMessage.subject_key.startswith(f"{invoice_id}:", autoescape=True),
        )
    )
    return any(int(key.rpartition(":")[2]) > attempt for key in keys)


def _ended(session: Session, claim: EmailClaim, sender: Sender) -> dict[str, Any] | ObsoleteEmail:
    subscription = session.get_one(Subscription, claim.subscription_id)
    given = exists().where(
        Donation.subscription_id == subscription.id, Donation.paid_at.is_not(None)
    )
    if not session.scalar(select(given)):
        return ObsoleteEmail("nothing was ever given")
    return renewal_email_context(subscription, first_donation(session, subscription), sender)


def _upcoming(
    session: Session, claim: EmailClaim, sender: Sender
) -> dict[str, Any] | ObsoleteEmail:
    """The key contains the renewal date. A gift that renews on another date has, or will get, another email."""
    subscription = session.get_one(Subscription, claim.subscription_id)
    zone = ZoneInfo(sender.organization.timezone)
    renews_on = date.fromisoformat(claim.subject_key.rpartition(":")[2])
    ends = subscription.current_period_end
    if subscription.state == SubscriptionState.ended or subscription.ends_at_period_end:
        return ObsoleteEmail("the gift does not renew")
    if subscription.state == SubscriptionState.paused:
        return ObsoleteEmail("the gift is paused")
    if ends is None or ends.astimezone(zone).date() != renews_on:
        return ObsoleteEmail("the gift renews on another day")
    if ends <= clock.now():
        return ObsoleteEmail("the renewal date has passed")
    return renewal_upcoming_context(
        subscription, first_donation(session, subscription), renews_on, sender
    )


def _statement(
    session: Session, claim: EmailClaim, sender: Sender
) -> dict[str, Any] | ObsoleteEmail:
    year = int(claim.details["year"])
    donor = session.get_one(Donor, claim.donor_id)
    if covered_by_canonical_statement(session, donor, year):
        return ObsoleteEmail(COVERED_BY_CANONICAL_STATEMENT.format(donor.merged_into_id))
    receipts = valid_receipts(session, donor.id, year)
    if not receipts:
        return ObsoleteEmail(f"nothing was given in {year}, or all of it was returned")
    return statement_email_context(donor, year, receipts, sender)


def _staff_alert(session: Session, claim: EmailClaim, sender: Sender) -> dict[str, Any]:  # noqa: ARG001 - one signature for all kinds
    return staff_alert_context(claim.details["problems"], claim.locale, sender)


def _staff_notice(session: Session, claim: EmailClaim, sender: Sender) -> dict[str, Any]:  # noqa: ARG001 - one signature for all kinds
    return staff_notice_context(read_notice(claim.details), claim.locale, sender)


ContextBuilder = Callable[[Session, EmailClaim, Sender], dict[str, Any] | ObsoleteEmail]

CONTEXT_BUILDERS: Mapping[EmailKind, ContextBuilder] = {
    EmailKind.receipt: _receipt,
    EmailKind.statement: _statement,
    EmailKind.tribute_card: build_card_email,
    EmailKind.renewal_upcoming: _upcoming,
    EmailKind.renewal_failed: _renewal_failed,
    EmailKind.subscription_ended: _ended,
    EmailKind.donor_portal_link: donor_page.build_link_email,
    EmailKind.donor_portal_note: donor_page.build_note_email,
    EmailKind.sign_in_link: build_sign_in_email,
    EmailKind.staff_alert: _staff_alert,
    EmailKind.staff_notice: _staff_notice,
    EmailKind.campaign_test: campaign_test,
    EmailKind.appeal: appeal,
    EmailKind.extension: extension,
    EmailKind.reminder: reminder,
    EmailKind.reminder_confirmation: reminder_confirmation,
    EmailKind.thank_you: thank_you,
    EmailKind.wrap_up: wrap_up,
    EmailKind.move_over: move_over,
}
"""The function that builds the context of each kind of email."""
