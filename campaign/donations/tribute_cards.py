"""Tribute cards, which announce a gift in someone's honor or memory: save, queue, build, purge.

The form saves a card with its donation, and the payment queues it once. Before the email is sent, the card checks again
that the gift is paid. Cards by mail wait in `receipts.print_queue` until staff print them. Both are purged later.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.core.i18n import Language, get_language
from campaign.mailer.email_context import ObsoleteEmail, Sender
from campaign.mailer.kinds import EmailKind
from campaign.mailer.outbox import WAITING, EmailClaim
from campaign.mailer.queue import NewEmail, queue_email
from campaign.mailer.redaction import redact_emails
from campaign.mailer.suppressions import is_suppressed
from campaign.models import (
    Campaign,
    CardDelivery,
    Donation,
    DonationState,
    OutboxMessage,
    TributeCard,
)

MEMORY = "memory"
FUNDED_STATES = (DonationState.paid.value, DonationState.partially_refunded.value)
"""States of a gift that is at least partly paid."""
RETENTION = timedelta(days=90)
"""How long a card is kept after the final result and after the gift, in case the donor asks about it."""
_AT_ONCE = 1000


@dataclass(frozen=True)
class CardRequest:
    """A card from the form. `way` is email or post, and the address that it needs is not empty."""

    delivery: str
    name: str
    email: str = ""
    address: str = ""
    message: str = ""
    sender: str = ""


def save_card(session: Session, donation: Donation, card: CardRequest) -> None:
    """Save the card of `donation`; sending the same form again changes nothing."""
    session.execute(
        insert(TributeCard)
        .values(
            donation_id=donation.id,
            delivery=card.delivery,
            name=card.name,
            email=card.email if card.delivery == CardDelivery.email else "",
            address=card.address if card.delivery == CardDelivery.post else "",
            message=card.message,
            sender=card.sender,
        )
        .on_conflict_do_nothing()
    )


def find_card(session: Session, donation: Donation) -> TributeCard | None:
    """Return the card of `donation`, or None."""
    return session.scalar(select(TributeCard).where(TributeCard.donation_id == donation.id))


def queue_card(session: Session, donation: Donation, mail_domain: str) -> None:
    """Queue the email card of a paid gift, once, however often this is called."""
    card = find_card(session, donation)
    if card is None or card.delivery != CardDelivery.email:
        return
    email = NewEmail(
        kind=EmailKind.tribute_card,
        subject_key=donation.public_id,
        recipient=card.email,
        name=card.name,
        locale=donation.locale,
        # Erasing the donor finds and redacts this email together with the donor's own.
        donor_id=donation.donor_id,
    )
    queue_email(session, email, mail_domain)


def build_card_email(
    session: Session, claim: EmailClaim, sender: Sender
) -> dict[str, Any] | ObsoleteEmail:
    """Return the template context of a card that is due, or why it is obsolete."""
    donation = session.scalars(
        select(Donation).where(Donation.public_id == claim.subject_key)
    ).one()
    card = find_card(session, donation)
    if card is None:
        return ObsoleteEmail("the card was deleted")
    if donation.state not in FUNDED_STATES:
        return ObsoleteEmail(f"the gift is {donation.state}")
    if is_suppressed(session, card.email):
        return ObsoleteEmail("the address is suppressed")
    return {"organization": sender.organization, **card_context(donation, card)}


def purge_cards(session: Session, at: datetime) -> int:
    """Delete the cards of old campaigns and redact their recipients, except waiting cards. Returns the number."""
    to_print = (
        (TributeCard.delivery == CardDelivery.post.value)
        & TributeCard.mailed_at.is_(None)
        & Donation.state.in_(FUNDED_STATES)
    )
    to_send = exists().where(
        OutboxMessage.kind == EmailKind.tribute_card,
        OutboxMessage.subject_key == Donation.public_id,
        OutboxMessage.state.in_(WAITING),
    )
    # Lock the donations first, in the same order as an erasure; a locked one is handled in the next run.
    due = session.execute(
        select(Donation.id, Donation.public_id)
        .join(TributeCard, TributeCard.donation_id == Donation.id)
        .join(Campaign, Campaign.id == Donation.campaign_id)
        .where(
            Campaign.finalized_at <= at - RETENTION,
            TributeCard.created_at <= at - RETENTION,
            ~to_print,
            ~to_send,
        )
        .order_by(Donation.id)
        .limit(_AT_ONCE)
        .with_for_update(of=Donation, skip_locked=True)
    ).all()
    theirs = OutboxMessage.subject_key.in_([public_id for _, public_id in due])
    redact_emails(
        session,
        (OutboxMessage.kind == EmailKind.tribute_card) & theirs,
        "the campaign ended long ago",
    )
    session.execute(
        delete(TributeCard)
        .where(TributeCard.donation_id.in_([donation_id for donation_id, _ in due]))
        .execution_options(synchronize_session=False)
    )
    return len(due)


def card_context(donation: Donation, card: TributeCard) -> dict[str, Any]:
    """Return the content of the card, for email and print. It never includes the amount."""
    language = get_language(donation.locale)
    return {
        "locale": language.locale,
        "memory": donation.tribute_kind == MEMORY,
        "tribute_name": _line(donation.tribute_name),
        "name": _line(card.name),
        "sender": _line(card.sender),
        "message": [line for line in card.message.splitlines() if line.strip()],
    }


def card_heading(context: dict[str, Any], language: Language) -> str:
    """Format `A gift in memory of Rosa Reyes`; `context` comes from `card_context`."""
    heading = (
        language.gettext("A gift in memory of %(name)s")
        if context["memory"]
        else language.gettext("A gift in honor of %(name)s")
    )
    return heading % {"name": context["tribute_name"]}


def card_sentence(context: dict[str, Any], organization_name: str, language: Language) -> str:
    """Format who gave to which organization in whose honor or memory."""
    sentence = (
        language.gettext("%(sender)s made a gift to %(organization)s in memory of %(honored)s.")
        if context["memory"]
        else language.gettext("%(sender)s made a gift to %(organization)s in honor of %(honored)s.")
    )
    return sentence % {
        "sender": context["sender"],
        "organization": organization_name,
        "honored": context["tribute_name"],
    }


def _line(text: str) -> str:
    return " ".join(text.split())
