"""The letters: which rows each kind tells of, and when there is nothing to tell any more.

The outbox's edge asks for a letter when its turn comes, so it always says how things stand then.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.donations.tribute_cards import card_letter
from campaign.donor_portal import emails as own_page
from campaign.emails.campaign_emails import appeal, reminder, thank_you, wrap_up
from campaign.emails.donation_emails import (
    EVERY,
    PAYMENT_FAILED,
    alert_letter,
    receipt_letter,
    renewing_letter,
    statement_letter,
    upcoming_letter,
)
from campaign.ledger.subscription_donations import first_donation
from campaign.mailer.email_context import Pointless, Sender
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
from campaign.receipts.statements import TOLD_BY_ANOTHER, told_by_another
from campaign.staff.sign_in_emails import link_letter

__all__ = [
    "EVERY",
    "MAKERS",
    "PAYMENT_FAILED",
    "Pointless",
    "Sender",
    "letter_context",
]


def letter_context(
    session: Session, claim: EmailClaim, sender: Sender
) -> dict[str, Any] | Pointless:
    """What the template of the claimed message's kind is filled with; or that it has become pointless."""
    return MAKERS[EmailKind(claim.kind)](session, claim, sender)


def _receipt(session: Session, claim: EmailClaim, sender: Sender) -> dict[str, Any]:
    return receipt_letter(session.get_one(Receipt, claim.receipt_id), sender)


def _renewal_failed(
    session: Session, claim: EmailClaim, sender: Sender
) -> dict[str, Any] | Pointless:
    subscription = session.get_one(Subscription, claim.subscription_id)
    invoice_id, _, attempt = claim.subject_key.rpartition(":")
    if subscription.state == SubscriptionState.ended:
        return Pointless("the monthly gift has ended")
    if subscription.failed_invoice_id != invoice_id:
        return Pointless("the renewal has been paid, or is no longer asked for")
    if _later_try(session, invoice_id, int(attempt)):
        return Pointless("a later try failed too, and has its own letter")
    return renewing_letter(subscription, first_donation(session, subscription), sender)


def _later_try(session: Session, invoice_id: str, attempt: int) -> bool:
    keys = session.scalars(
        select(OutboxMessage.subject_key).where(
            OutboxMessage.kind == EmailKind.renewal_failed,
            OutboxMessage.subject_key.startswith(f"{invoice_id}:", autoescape=True),
        )
    )
    return any(int(key.rpartition(":")[2]) > attempt for key in keys)


def _ended(session: Session, claim: EmailClaim, sender: Sender) -> dict[str, Any] | Pointless:
    subscription = session.get_one(Subscription, claim.subscription_id)
    given = exists().where(
        Donation.subscription_id == subscription.id, Donation.paid_at.is_not(None)
    )
    if not session.scalar(select(given)):
        return Pointless("nothing was ever given")
    return renewing_letter(subscription, first_donation(session, subscription), sender)


def _upcoming(session: Session, claim: EmailClaim, sender: Sender) -> dict[str, Any] | Pointless:
    """The key names the day that was to be told; a gift that renews on another has, or gets, another letter."""
    subscription = session.get_one(Subscription, claim.subscription_id)
    zone = ZoneInfo(sender.organization.timezone)
    told = date.fromisoformat(claim.subject_key.rpartition(":")[2])
    ends = subscription.current_period_end
    if subscription.state == SubscriptionState.ended or subscription.ends_at_period_end:
        return Pointless("the gift does not renew")
    if subscription.state == SubscriptionState.paused:
        return Pointless("the gift rests")
    if ends is None or ends.astimezone(zone).date() != told:
        return Pointless("the gift renews on another day")
    if ends <= clock.now():
        return Pointless("the day of the renewal is past")
    return upcoming_letter(subscription, first_donation(session, subscription), told, sender)


def _statement(session: Session, claim: EmailClaim, sender: Sender) -> dict[str, Any] | Pointless:
    year = int(claim.details["year"])
    donor = session.get_one(Donor, claim.donor_id)
    if told_by_another(session, donor, year):
        return Pointless(TOLD_BY_ANOTHER.format(donor.merged_into_id))
    receipts = valid_receipts(session, donor.id, year)
    if not receipts:
        return Pointless(f"nothing was given in {year}, or all of it has gone back")
    return statement_letter(donor, year, receipts, sender)


def _staff_alert(session: Session, claim: EmailClaim, sender: Sender) -> dict[str, Any]:  # noqa: ARG001 - one signature for all kinds
    return alert_letter(claim.details["problems"], claim.locale, sender)


Maker = Callable[[Session, EmailClaim, Sender], dict[str, Any] | Pointless]

MAKERS: Mapping[EmailKind, Maker] = {
    EmailKind.receipt: _receipt,
    EmailKind.statement: _statement,
    EmailKind.tribute_card: card_letter,
    EmailKind.renewal_upcoming: _upcoming,
    EmailKind.renewal_failed: _renewal_failed,
    EmailKind.subscription_ended: _ended,
    EmailKind.donor_portal_link: own_page.link_letter,
    EmailKind.donor_portal_note: own_page.note,
    EmailKind.sign_in_link: link_letter,
    EmailKind.staff_alert: _staff_alert,
    EmailKind.appeal: appeal,
    EmailKind.reminder: reminder,
    EmailKind.thank_you: thank_you,
    EmailKind.wrap_up: wrap_up,
}
"""What makes the context of each kind of email."""
