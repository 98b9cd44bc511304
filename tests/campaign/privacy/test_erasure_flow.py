"""Erasing nobody changes nothing."""

from sqlalchemy import select

from campaign.models import InboxEvent
from campaign.privacy.erasure_flow import stored_events
from campaign.privacy.personal_data_export import DataSubject
from campaign.runtime.context import Installation
from tests.support.stripe import Facts


def test_without_a_person_no_event_is_redacted(installation: Installation, paid: Facts) -> None:
    def bodies() -> list[bytes]:
        with installation.sessions() as session:
            return list(session.scalars(select(InboxEvent.body).order_by(InboxEvent.id)))

    before = bodies()
    assert before
    assert stored_events(installation, DataSubject([], [], []), forget=True) == []
    assert bodies() == before
