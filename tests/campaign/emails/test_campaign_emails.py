"""Campaign emails from the rows of a message: current figures, and only while the campaign state allows it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from time_machine import travel

from campaign.core import clock
from campaign.mailer.render import RenderedEmail
from campaign.models import Campaign, CampaignStep, CampaignText, Extension
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.email_contexts import BuildEmail, change, text
from tests.support.stripe import Facts

AFTER_THE_END = datetime(2100, 1, 2, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def step(installation: Installation, campaign: Campaign) -> dict[str, int]:
    """The ids in a message of the step `nine_days`."""
    query = select(CampaignStep.id).where(
        CampaignStep.campaign_id == campaign.id, CampaignStep.key == "nine_days"
    )
    with installation.sessions() as session:
        return {"campaign_id": campaign.id, "step_id": session.scalars(query).one()}


def test_an_appeal_shows_the_current_total(
    installation: Installation, ask: BuildEmail, step: dict[str, int], paid: Facts
) -> None:
    # With a goal of which $25 is more than next to nothing.
    change(installation, Campaign, goal=50_000)
    said = text(ask("appeal", **step))
    assert "$25 of $500, from 1 reader" in said
    assert "We still need $475." in said
    assert "/c/nine-days?code=mail-nine-days#give" in said


def test_an_appeal_is_in_the_recipients_language(
    installation: Installation, campaign: Campaign, ask: BuildEmail, step: dict[str, int]
) -> None:
    sent_email = ask("appeal", locale="es-MX", **step)
    assert '<html lang="es" dir="ltr">' in sent_email.html
    assert "Nuestro sitio sigue siendo gratuito" in text(sent_email)
    assert campaign.title in text(sent_email)
    with installation.sessions.begin() as session:
        session.add(CampaignText(campaign_id=campaign.id, locale="es", title="Que todos lean"))
    assert "Que todos lean" in text(ask("appeal", locale="es-MX", **step))
    assert campaign.title in text(ask("appeal", **step))


def test_staff_texts_are_read_when_the_email_is_rendered(
    installation: Installation, ask: BuildEmail, step: dict[str, int]
) -> None:
    texts = {"en": {"subject": "{left} to go", "opening": "One.\n\nTwo."}}
    change(installation, CampaignStep, texts=texts)
    sent_email = ask("appeal", **step)
    assert isinstance(sent_email, RenderedEmail)
    assert sent_email.subject == "$50,000 to go"
    assert "\nOne.\n\nTwo.\n" in sent_email.text


def test_an_extension_appears_in_emails_queued_before_it(
    installation: Installation, ask: BuildEmail, step: dict[str, int], campaign: Campaign
) -> None:
    later = campaign.deadline + timedelta(days=7)
    with installation.sessions.begin() as session:
        session.get_one(Campaign, campaign.id).deadline = later
        extension = Extension(
            campaign_id=campaign.id,
            previous_deadline=campaign.deadline,
            deadline=later,
            reason="A storm.",
            recorded_by="staff",
        )
        session.add(extension)
    said = text(ask("appeal", **step))
    assert "until 11:59 p.m. on Thursday, January 7, Pacific time" in said
    assert "extended this campaign from Thursday, December 31 to Thursday, January 7" in said
    assert "A storm." in said


@pytest.mark.parametrize("kind", ["appeal", "reminder"])
def test_no_appeal_is_sent_after_the_end(ask: BuildEmail, step: dict[str, int], kind: str) -> None:
    assert isinstance(ask(kind, **step), RenderedEmail)
    with travel(AFTER_THE_END, tick=False):
        assert ask(kind, **step) == "the campaign has ended"
    with travel(clock.now() - timedelta(days=1), tick=False):
        assert ask(kind, **step) == "the campaign has not started"


@pytest.mark.parametrize("kind", ["wrap_up", "thank_you"])
def test_a_result_is_sent_only_after_the_end(
    ask: BuildEmail, step: dict[str, int], paid: Facts, kind: str
) -> None:
    assert ask(kind, **step) == "the campaign has not ended"
    with travel(AFTER_THE_END, tick=False):
        said = text(ask(kind, **step))
        assert "$49,975 short of its goal" in said
        assert "provisional until January 15, 2100" in said
    with travel(AFTER_THE_END + timedelta(days=30), tick=False):
        assert "This result is final." in text(ask(kind, **step))


@pytest.mark.parametrize(
    ("ask_kind", "told_kind"), [("appeal", "wrap_up"), ("reminder", "thank_you")]
)
def test_appeals_are_sent_until_the_last_moment_and_results_from_the_end(
    ask: BuildEmail, step: dict[str, int], campaign: Campaign, ask_kind: str, told_kind: str
) -> None:
    def shown(kind: str, at: datetime) -> str:
        with travel(at, tick=False):
            sent_email = ask(kind, **step)
        return "" if isinstance(sent_email, RenderedEmail) else sent_email

    assert shown(ask_kind, campaign.starts_at - MOMENT) == "the campaign has not started"
    assert shown(ask_kind, campaign.starts_at) == ""
    last = campaign.deadline - MOMENT
    assert (shown(ask_kind, last), shown(told_kind, last)) == ("", "the campaign has not ended")
    end = campaign.deadline
    assert (shown(ask_kind, end), shown(told_kind, end)) == ("the campaign has ended", "")


def extend(installation: Installation, campaign: Campaign, days: int, reason: str) -> None:
    with installation.sessions.begin() as session:
        found = session.get_one(Campaign, campaign.id)
        before, found.deadline = found.deadline, campaign.deadline + timedelta(days=days)
        session.add(
            Extension(
                campaign_id=campaign.id,
                previous_deadline=before,
                deadline=found.deadline,
                reason=reason,
                recorded_by="staff",
            )
        )


@pytest.mark.parametrize("kind", ["appeal", "reminder"])
def test_the_extension_that_set_the_current_deadline_is_shown(
    installation: Installation, ask: BuildEmail, step: dict[str, int], campaign: Campaign, kind: str
) -> None:
    assert "moved" not in text(ask(kind, **step))
    extend(installation, campaign, 7, "A storm.")
    extend(installation, campaign, 9, "A flood.")
    said = text(ask(kind, **step))
    assert "A flood." in said
    assert "A storm." not in said
    # Back at an end that was set before: for the latest reason.
    extend(installation, campaign, 7, "A fire.")
    said = text(ask(kind, **step))
    assert "A fire." in said
    assert "A storm." not in said


def test_a_deadline_without_an_extension_shows_none(
    installation: Installation, ask: BuildEmail, step: dict[str, int], campaign: Campaign
) -> None:
    extend(installation, campaign, 7, "A storm.")
    change(installation, Campaign, deadline=campaign.deadline + timedelta(days=3))
    assert "A storm." not in text(ask("appeal", **step))


def test_a_reminder_shows_the_current_total_in_the_recipients_language(
    installation: Installation,
    ask: BuildEmail,
    step: dict[str, int],
    give: Callable[..., Facts],
    store: Callable[..., None],
) -> None:
    reminder = {"campaign_id": step["campaign_id"]}
    change(installation, Campaign, goal=50_000)
    assert "Our goal is $500." in text(ask("reminder", **reminder))
    store(give(amount=123_450).completed())
    apply_due_events(installation)
    said = text(ask("reminder", locale="es", **reminder))
    assert "$1,234.50" in said
    assert "code=mail-reminder" in said
