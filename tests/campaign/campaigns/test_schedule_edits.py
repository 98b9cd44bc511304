"""Editing the email schedule: what a step accepts and rejects, and what the audit log records."""

import pytest
from sqlalchemy import select

from campaign.campaigns.schedule_edits import (
    MOST_DAYS,
    MOST_HOURS,
    NO_EXPIRY,
    StepChange,
    add_step,
    apply_to_copy,
    change_step,
    changed_texts,
    find_known_step,
    find_step,
    remove_step,
)
from campaign.core.errors import NotFound, StepInvalid
from campaign.models import Campaign, CampaignStep, OutboxMessage
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, audited
from tests.support.schedule import local_time, windows
from tests.support.subscribers import new_campaign


@pytest.fixture
def winter(installation: Installation) -> Campaign:
    with installation.sessions.begin() as session:
        return new_campaign(session)


def test_a_step_can_be_moved_added_and_reworded(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        change_step(session, winter, "nine_days", StepChange(days=10, expires=NO_EXPIRY))
        own = StepChange(hours=36, locale="es", subject="Faltan {left}", opening="Uno.\n\nDos.")
        add_step(session, winter, "day_and_a_half", own)
        change_step(session, winter, "day_and_a_half", StepChange(subject="Still {left}"))
    found = windows(installation, winter)
    assert local_time(found["nine_days"].due, winter) == "2026-12-22 00:00"
    assert local_time(found["two_days"].closes, winter) == "2026-12-30 12:00"
    assert local_time(found["day_and_a_half"].closes, winter) == "2026-12-31 00:00"
    with installation.sessions.begin() as session:
        texts = session.scalar(
            select(CampaignStep.texts).where(CampaignStep.key == "day_and_a_half")
        )
        assert texts == {
            "es": {"subject": "Faltan {left}", "opening": "Uno.\n\nDos."},
            "en": {"subject": "Still {left}"},
        }
        change_step(session, winter, "day_and_a_half", StepChange(subject=""))
        step = change_step(session, winter, "day_and_a_half", StepChange(locale="es", opening=""))
        assert step.texts == {"es": {"subject": "Faltan {left}"}}


@pytest.mark.parametrize(
    ("key", "change", "reason"),
    [
        ("ninth_day", StepChange(days=9), "no step"),
        ("opening", StepChange(days=9), "its time cannot change"),
        ("wrap_up", StepChange(expires=NO_EXPIRY), "ends only when it expires"),
        ("nine_days", StepChange(days=9, hours=9), "either"),
        ("nine_days", StepChange(days=0), "from 1 to 366 days"),
        ("nine_days", StepChange(hours=9999), "from 1 to 8784 hours before"),
        ("nine_days", StepChange(expires=-5), "expiry from 1 to 8784 hours"),
        ("nine_days", StepChange(locale="tlh", subject="x"), "not in 'tlh'"),
        ("nine_days", StepChange(subject="x\r\nBcc: a@example.org"), "one line"),
        ("nine_days", StepChange(opening="x" * 5001), "at most"),
    ],
)
def test_invalid_changes_are_rejected(
    installation: Installation, winter: Campaign, key: str, change: StepChange, reason: str
) -> None:
    with pytest.raises(StepInvalid, match=reason), installation.sessions.begin() as session:
        change_step(session, winter, key, change)


def test_a_second_step_with_the_same_name_is_rejected(
    installation: Installation, winter: Campaign
) -> None:
    for key in ("nine_days", "Nine Days", ""):
        with pytest.raises(StepInvalid), installation.sessions.begin() as session:
            add_step(session, winter, key, StepChange(days=9))


@pytest.mark.parametrize(
    ("least", "most", "beyond"),
    [
        (StepChange(days=1), StepChange(days=MOST_DAYS), StepChange(days=MOST_DAYS + 1)),
        (StepChange(hours=1), StepChange(hours=MOST_HOURS), StepChange(hours=MOST_HOURS + 1)),
        (StepChange(expires=1), StepChange(expires=MOST_HOURS), StepChange(expires=MOST_HOURS + 1)),
        (StepChange(subject="x"), StepChange(subject="x" * 150), StepChange(subject="x" * 151)),
    ],
)
def test_a_step_accepts_the_minimum_and_maximum_and_nothing_beyond(
    installation: Installation,
    winter: Campaign,
    least: StepChange,
    most: StepChange,
    beyond: StepChange,
) -> None:
    with installation.sessions() as session:
        for change in (least, most):
            change_step(session, winter, "nine_days", change)
        with pytest.raises(StepInvalid):
            change_step(session, winter, "nine_days", beyond)


def test_the_audit_log_has_only_what_differs(installation: Installation, winter: Campaign) -> None:
    for _ in range(2):
        with installation.sessions.begin() as session:
            change_step(session, winter, "nine_days", StepChange(days=9, enabled=False), ADMIN)
    (entry,) = audited(installation)
    assert (entry.action, entry.subject_key, entry.actor) == (
        "step.changed",
        "winter/nine_days",
        ADMIN.name,
    )
    assert (entry.before, entry.after) == ({"enabled": True}, {"enabled": False})


def test_a_preview_changes_no_step(installation: Installation, winter: Campaign) -> None:
    with installation.sessions.begin() as session:
        step = find_step(session, winter, "nine_days")
        copy = apply_to_copy(step, StepChange(days=4, subject="Soon"))
        assert (copy.id, copy.offset, copy.texts) == (step.id, 4, {"en": {"subject": "Soon"}})
        assert not session.new
        assert not session.dirty
    with installation.sessions() as session:
        kept = find_step(session, winter, "nine_days")
        assert (kept.offset, kept.texts) == (9, {})


def test_an_address_of_an_unknown_step_is_not_found(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions() as session:
        with pytest.raises(
            NotFound, match="winter has no step 'ninth_day'; its steps are opening, "
        ):
            find_known_step(session, winter, "ninth_day")
        assert find_known_step(session, winter, "wrap_up").key == "wrap_up"


def test_a_name_has_forty_characters_at_most(installation: Installation, winter: Campaign) -> None:
    with installation.sessions() as session:
        assert add_step(session, winter, "x" * 40, StepChange(days=5)).expires_after is None
        with pytest.raises(StepInvalid, match="not a valid step name"):
            add_step(session, winter, "x" * 41, StepChange(days=5))


def test_an_added_step_can_be_removed_and_default_steps_cannot(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        add_step(session, winter, "five_days", StepChange(days=5), ADMIN)
        for _ in range(2):
            remove_step(session, winter, "five_days", ADMIN)
        with pytest.raises(StepInvalid, match="Turn it off"):
            remove_step(session, winter, "nine_days", ADMIN)
    assert "five_days" not in windows(installation, winter)
    assert "nine_days" in windows(installation, winter)
    assert [one.action for one in audited(installation)] == ["step.added", "step.removed"]


def test_a_step_with_emails_cannot_be_removed(installation: Installation, winter: Campaign) -> None:
    with installation.sessions.begin() as session:
        step = add_step(session, winter, "five_days", StepChange(days=5))
        session.add(
            OutboxMessage(
                kind="appeal",
                subject_key="a",
                campaign_id=winter.id,
                step_id=step.id,
                recipient="ana@example.org",
                message_id="<a@example.org>",
                bulk=True,
                state="dropped",
            )
        )
    with installation.sessions() as session:
        with pytest.raises(StepInvalid, match="five_days already has emails"):
            remove_step(session, winter, "five_days")
        assert find_step(session, winter, "five_days").id == step.id


def test_removing_the_last_text_removes_the_language() -> None:
    texts = {"en": {"subject": "Soon"}, "es": {"opening": "Hola."}}
    assert changed_texts(texts, "es", None, " ") == {"en": {"subject": "Soon"}}
    assert changed_texts(texts, "tlh", None, None) == texts
    assert texts["es"] == {"opening": "Hola."}
