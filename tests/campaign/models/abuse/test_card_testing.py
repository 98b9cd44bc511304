"""Sieges and openings in the database: one siege is open at a time."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.models import Siege

NOON = datetime(2026, 12, 24, 12, tzinfo=UTC)


def test_one_siege_is_open_at_a_time(session: Session) -> None:
    session.add(Siege(scope="scripts", reason="first", began_at=NOON, ended_at=NOON))
    session.add(Siege(scope="scripts", reason="second", began_at=NOON))
    session.flush()
    session.add(Siege(scope="everyone", reason="third", began_at=NOON))
    with pytest.raises(IntegrityError, match="uq_siege_open"):
        session.flush()
