"""Unsubscribing with an email's token: current preferences, what a click stops and what can be undone."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.errors import NotFound
from campaign.mailer.suppressions import suppress
from campaign.models import Campaign, OutboxMessage, Suppression, SuppressionReason
from campaign.outreach import unsubscribe
from tests.support.subscribers import new_campaign

SentEmail = Callable[..., str]


@pytest.fixture
def sent_email(session: Session, campaign: Campaign) -> SentEmail:
    """Queue an email and return its token."""

    def queued(recipient: str = "Ana@example.org", about: int | None = campaign.id) -> str:
        message = OutboxMessage(
            kind="appeal",
            subject_key=f"{about}:{recipient}",
            campaign_id=about,
            recipient=recipient,
            locale="es",
            message_id=f"<{about}-{recipient}>",
            bulk=True,
        )
        session.add(message)
        session.flush()
        session.refresh(message)
        return message.token

    return queued


def stops(session: Session, token: str) -> tuple[bool, bool, bool]:
    """Return whether all emails or this campaign's are stopped, and whether that can be undone."""
    found = unsubscribe.get_preferences(session, token)
    return found.all_stopped, found.campaign_stopped, found.undoable


def test_at_first_nothing_is_stopped(
    session: Session, campaign: Campaign, sent_email: SentEmail
) -> None:
    found = unsubscribe.get_preferences(session, sent_email())
    assert (found.email, found.locale) == ("Ana@example.org", "es")
    assert found.campaign is not None
    assert found.campaign.id == campaign.id
    assert (found.all_stopped, found.campaign_stopped, found.undoable) == (False, False, False)


def test_all_or_one_campaign_is_stopped_once_and_undone(
    session: Session, sent_email: SentEmail
) -> None:
    token = sent_email()
    for _ in range(2):
        unsubscribe.stop_campaign(session, token)
        assert stops(session, token) == (False, True, True)
    for _ in range(2):
        unsubscribe.stop_all(session, token)
        assert stops(session, token) == (True, True, True)
    assert session.scalars(select(Suppression.email)).all() == ["ana@example.org"] * 2
    for _ in range(2):
        unsubscribe.undo(session, token)
        assert stops(session, token) == (False, False, False)


def test_an_email_without_a_campaign_stops_all(session: Session, sent_email: SentEmail) -> None:
    token = sent_email(about=None)
    assert unsubscribe.get_preferences(session, token).campaign is None
    unsubscribe.stop_campaign(session, token)
    assert stops(session, token) == (True, False, True)


def test_what_was_stopped_elsewhere_or_by_another_stays(
    session: Session, sent_email: SentEmail
) -> None:
    other = new_campaign(session)
    token, about_other = sent_email(), sent_email(about=other.id)
    unsubscribe.stop_campaign(session, about_other)
    unsubscribe.stop_all(session, sent_email("ben@example.org"))
    assert stops(session, token) == (False, False, False)
    unsubscribe.undo(session, token)
    assert stops(session, about_other) == (False, True, True)
    assert session.scalar(select(Suppression).where(Suppression.email == "ben@example.org"))


@pytest.mark.parametrize("reason", ["bounced", "complained", "imported"])
def test_what_they_did_not_say_themselves_they_cannot_take_back(
    session: Session, sent_email: SentEmail, reason: str
) -> None:
    token = sent_email()
    suppress(session, "ana@example.org", SuppressionReason(reason))
    unsubscribe.stop_all(session, token)
    assert stops(session, token) == (True, False, False)
    unsubscribe.undo(session, token)
    assert stops(session, token) == (True, False, False)


def test_who_unsubscribes_after_a_refusal_of_the_mail_server_has_said_so_themselves(
    session: Session, sent_email: SentEmail
) -> None:
    token = sent_email()
    suppress(session, "ana@example.org", SuppressionReason.refused)
    unsubscribe.stop_all(session, token)
    assert stops(session, token) == (True, False, True)
    unsubscribe.undo(session, token)
    assert stops(session, token) == (False, False, False)


def test_an_email_whose_address_was_erased_stops_nobody(
    session: Session, sent_email: SentEmail
) -> None:
    token = sent_email("")
    for change in (unsubscribe.stop_all, unsubscribe.stop_campaign, unsubscribe.undo):
        change(session, token)
    assert unsubscribe.get_preferences(session, token).email == ""
    assert session.scalars(select(Suppression)).all() == []


@pytest.mark.parametrize("token", ["", "nobody", "a\x00b"])
def test_an_unknown_token_gets_a_clear_error(session: Session, token: str) -> None:
    for ask in (unsubscribe.get_preferences, unsubscribe.stop_all, unsubscribe.undo):
        with pytest.raises(NotFound, match="unsubscribe link is not valid"):
            ask(session, token)
