"""Render emails from rows in tests, as the worker does when it sends them."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from campaign.emails.contexts import ObsoleteEmail, Sender, build_email_context
from campaign.mailer.merge_fields import NAME, UNSUBSCRIBE_URL, fill
from campaign.mailer.outbox import EmailClaim
from campaign.mailer.render import RenderedEmail, render_email
from campaign.runtime.context import Installation

MERGE_FIELDS = {NAME: "Ana", UNSUBSCRIBE_URL: "https://give.example.org/unsubscribe/abc"}

BuildEmail = Callable[..., RenderedEmail | str]


def claim(kind: str, key: str = "1", **values: Any) -> EmailClaim:
    blank = dict.fromkeys(EmailClaim.__dataclass_fields__)
    given = {"id": 1, "kind": kind, "subject_key": key, "recipient": "ana@example.org", **values}
    return EmailClaim(
        **{**blank, "name": "", "locale": "en", "details": {}, "bulk": False, **given}
    )


@pytest.fixture
def ask(installation: Installation) -> BuildEmail:
    """Render the email for a message of that kind, or return the reason why it is obsolete."""

    def make(kind: str, key: str = "1", **values: Any) -> RenderedEmail | str:
        sender = Sender(installation.settings.organization, installation.address)
        with installation.sessions() as session:
            context = build_email_context(session, claim(kind, key, **values), sender)
            if isinstance(context, ObsoleteEmail):
                return context.reason
            return fill(render_email(kind, context), MERGE_FIELDS)

    return make


def text(email: RenderedEmail | str) -> str:
    assert isinstance(email, RenderedEmail), email
    return " ".join(email.text.split())


def change(installation: Installation, table: Any, **values: Any) -> None:
    with installation.sessions.begin() as session:
        session.execute(update(table).values(**values))
