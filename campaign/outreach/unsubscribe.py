"""Unsubscribe with the token of an email: show the recipient's preferences and change them."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from campaign.core.errors import NotFound
from campaign.mailer.suppressions import suppress
from campaign.models import Campaign, OutboxMessage, Suppression, SuppressionReason


@dataclass(frozen=True)
class EmailPreferences:
    """The recipient of an email, and which campaign emails they still get.

    `email` is '' if the address was erased. `locale` is the email's language and `campaign` what it was about.
    `all_stopped` and `campaign_stopped` mean no emails of any campaign, or of that campaign. `undoable` means that the
    recipient unsubscribed and can undo it.
    """

    email: str
    locale: str
    campaign: Campaign | None
    all_stopped: bool
    campaign_stopped: bool
    undoable: bool


def get_preferences(session: Session, token: str) -> EmailPreferences:
    """Return the current preferences. Raise NotFound if no email has the token."""
    message = _message(session, token)
    campaign = session.get(Campaign, message.campaign_id) if message.campaign_id else None
    found = session.execute(
        select(Suppression.campaign_id, Suppression.reason).where(
            Suppression.email == message.recipient.lower(), _scope(message)
        )
    ).all()
    return EmailPreferences(
        email=message.recipient,
        locale=message.locale,
        campaign=campaign,
        all_stopped=any(row.campaign_id is None for row in found),
        campaign_stopped=any(row.campaign_id is not None for row in found),
        undoable=any(row.reason == SuppressionReason.unsubscribed.value for row in found),
    )


def stop_all(session: Session, token: str) -> None:
    """Stop all campaign emails to the recipient. Repeating it changes nothing. Raise NotFound."""
    _stop(session, _message(session, token), campaign_id=None)


def stop_campaign(session: Session, token: str) -> None:
    """Stop the emails of the email's campaign, or all if it has no campaign. Raise NotFound."""
    message = _message(session, token)
    _stop(session, message, campaign_id=message.campaign_id)


def undo(session: Session, token: str) -> None:
    """Undo what the recipient stopped. Suppressions after a bounce or complaint remain. Raise NotFound."""
    message = _message(session, token)
    session.execute(
        delete(Suppression).where(
            Suppression.email == message.recipient.lower(),
            Suppression.reason == SuppressionReason.unsubscribed.value,
            _scope(message),
        )
    )


def _message(session: Session, token: str) -> OutboxMessage:
    found = None
    if "\0" not in token:
        found = session.scalar(select(OutboxMessage).where(OutboxMessage.token == token))
    if found is None:
        raise NotFound(
            "This unsubscribe link is not valid. Please open the link exactly as it appears in the email."
        )
    return found


def _scope(message: OutboxMessage) -> ColumnElement[bool]:
    return or_(Suppression.campaign_id.is_(None), Suppression.campaign_id == message.campaign_id)


def _stop(session: Session, message: OutboxMessage, campaign_id: int | None) -> None:
    if message.recipient:
        reason = SuppressionReason.unsubscribed
        suppress(session, message.recipient, reason, campaign_id=campaign_id)
