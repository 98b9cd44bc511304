"""Who may be written to and who must not, steps, reminders and moved deadlines, as the tables keep them. Raw."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from campaign.models import (
    Campaign,
    CampaignStep,
    Extension,
    Reminder,
    Subscriber,
    Suppression,
)
from campaign.runtime.context import Installation
from tests.support.raw_sql import insert, refusals

MOMENT = datetime(2026, 12, 22, 8, tzinfo=UTC)


def test_a_subscriber_is_one_person_in_any_case(installation: Installation) -> None:
    agreed: dict[str, Any] = {"consent_source": "form", "consent_at": MOMENT}
    insert(installation, Subscriber, email="ana@example.org", **agreed)
    with pytest.raises(IntegrityError, match="uq_subscriber_lower_email"):
        insert(installation, Subscriber, email="Ana@Example.org", **agreed)


def test_an_address_is_suppressed_once_at_all_and_once_a_campaign(
    installation: Installation, campaign: Campaign
) -> None:
    entry: dict[str, Any] = {"email": "ana@example.org", "reason": "unsubscribed"}
    insert(installation, Suppression, **entry)
    insert(installation, Suppression, campaign_id=campaign.id, **entry)
    with pytest.raises(IntegrityError, match="uq_suppression_email"):
        insert(installation, Suppression, **entry)
    with pytest.raises(IntegrityError, match="uq_suppression_email_campaign_id"):
        insert(installation, Suppression, campaign_id=campaign.id, **entry)
    rules = {
        "email = 'Ana@example.org'": "ck_suppression_email",
        "email = ''": "ck_suppression_email",
        "reason = 'bored'": "ck_suppression_reason",
    }
    assert refusals(installation, "suppression", rules) == rules


def test_a_reader_is_reminded_once_of_a_campaign(
    installation: Installation, campaign: Campaign
) -> None:
    asked: dict[str, Any] = {"campaign_id": campaign.id, "choice": "tomorrow", "due_at": MOMENT}
    insert(installation, Reminder, email="ana@example.org", **asked)
    insert(installation, Reminder, email="ben@example.org", **asked)
    with pytest.raises(IntegrityError, match="uq_reminder_campaign_id"):
        insert(installation, Reminder, email="ANA@example.org", **asked)
    assert refusals(installation, "reminder", ["choice = 'never'"]) == {
        "choice = 'never'": "ck_reminder_choice"
    }


def test_a_step_is_one_of_its_name_and_lies_on_the_right_side(
    installation: Installation, campaign: Campaign
) -> None:
    insert(installation, CampaignStep, campaign_id=campaign.id, key="own", basis="opening")
    with pytest.raises(IntegrityError, match="uq_campaign_step_campaign_id_key"):
        insert(installation, CampaignStep, campaign_id=campaign.id, key="own", basis="after_end")
    rules = {
        '"offset" = -1': "ck_campaign_step_offset",
        '"offset" = 0': "",
        "expires_after = 0": "ck_campaign_step_expires_after",
        "expires_after = 1": "",
        "expires_after = NULL": "",
        "basis = 'whenever'": "ck_campaign_step_basis",
    }
    assert refusals(installation, "campaign_step", rules) == rules


def test_a_deadline_moves_for_a_reason_and_may_come_earlier(
    installation: Installation, campaign: Campaign
) -> None:
    insert(
        installation, Extension, campaign_id=campaign.id, previous_deadline=MOMENT,
        deadline=MOMENT + timedelta(days=1), reason="The storm", recorded_by="Ada",
    )  # fmt: skip
    rules = {
        "deadline = previous_deadline": "ck_extension_moved",
        "deadline = previous_deadline - interval '1 second'": "",
        "reason = ''": "ck_extension_reason",
    }
    assert refusals(installation, "extension", rules) == rules


@pytest.mark.parametrize(
    ("later", "early"), [(timedelta(seconds=1), False), (-timedelta(seconds=1), True)]
)
def test_a_deadline_that_came_earlier_closed_the_campaign_early(
    later: timedelta, early: bool
) -> None:
    assert Extension(previous_deadline=MOMENT, deadline=MOMENT + later).closed_early is early
