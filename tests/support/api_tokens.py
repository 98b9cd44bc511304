"""Tokens of the read API in tests, and gifts to read with them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from campaign.audit.audit_log import Actor
from campaign.integrations.tokens import Scope, create_token
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events

EVERYTHING = [scope.value for scope in Scope]


def bearer(
    installation: Installation, *scopes: str, expires_at: datetime | None = None
) -> dict[str, str]:
    with installation.sessions.begin() as session:
        made = create_token(
            session,
            "the CRM",
            list(scopes),
            Actor.command_line(),
            datetime(2026, 1, 1, tzinfo=UTC),
            expires_at=expires_at,
        )
    return {"Authorization": f"Bearer {made.secret}"}


@pytest.fixture
def gifts(give: Any, store: Any, installation: Installation) -> list[str]:
    found = [give(f"reader{number}@example.org") for number in range(5)]
    store(*(one.completed() for one in found))
    apply_due_events(installation)
    return [one.donation.public_id for one in found]
