"""Leaving, by the token of a letter that came: what stands for its reader, and changing it."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from campaign.core.errors import NotFound
from campaign.mailer.suppressions import suppress
from campaign.models import Campaign, OutboxMessage, Suppression, SuppressionReason


@dataclass(frozen=True)
class EmailPreferences:
    """Whom a letter was to, and which mail they still get.

    `email` is '' where the address was forgotten. `locale` is the letter's. `campaign` is the one that the
    letter was about. `all_stopped`, `campaign_stopped`: no appeals at all, or none of that campaign.
    `undoable`: they said so themselves.
    """

    email: str
    locale: str
    campaign: Campaign | None
    all_stopped: bool
    campaign_stopped: bool
    undoable: bool


def get_preferences(session: Session, token: str) -> EmailPreferences:
    """As it is now; raises NotFound for a token of no letter."""
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
    """No more appeals to whom the letter was to. Repeating it changes nothing; raises NotFound."""
    _stop(session, _message(session, token), campaign_id=None)


def stop_campaign(session: Session, token: str) -> None:
    """No more mail about the campaign that the letter was about; about none, no more appeals. Raises NotFound."""
    message = _message(session, token)
    _stop(session, message, campaign_id=message.campaign_id)


def undo(session: Session, token: str) -> None:
    """It was a mistake: what they stopped themselves goes on. A bounce or a complaint stands. Raises NotFound."""
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
            "This address belongs to no letter of ours. Please open the link as it stands in the letter."
        )
    return found


def _scope(message: OutboxMessage) -> ColumnElement[bool]:
    return or_(Suppression.campaign_id.is_(None), Suppression.campaign_id == message.campaign_id)


def _stop(session: Session, message: OutboxMessage, campaign_id: int | None) -> None:
    if message.recipient:
        reason = SuppressionReason.unsubscribed
        suppress(session, message.recipient, reason, campaign_id=campaign_id)
