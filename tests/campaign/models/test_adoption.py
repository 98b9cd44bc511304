"""A request to take in payments forgets what it searched for when it has ended."""

import pytest
from sqlalchemy.exc import IntegrityError

from campaign.core.clock import now
from campaign.models import AdoptionRun
from campaign.runtime.context import Installation


def test_a_search_does_not_outlive_its_request(installation: Installation) -> None:
    with (
        pytest.raises(IntegrityError, match="ck_adoption_run_forgotten"),
        installation.sessions.begin() as session,
    ):
        session.add(
            AdoptionRun(
                requested_by="Fay",
                action="leave_alone",
                kind="payment",
                search="eva@example.org",
                finished_at=now(),
            )
        )
