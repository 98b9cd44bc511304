"""Open, pause, close early, finalize: each is public, happens once, and is in the audit log."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import text

from campaign.campaigns import status_changes
from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.extensions import close_early, extend, public_extensions
from campaign.campaigns.finalization import late_entries
from campaign.core.clock import now
from campaign.core.errors import CampaignPaused, ExtensionRefused, StateRefused
from campaign.donations.donations import Gift, begin_donation
from campaign.mailer.outbox import EmailClaim
from campaign.models import Campaign, CampaignState
from campaign.outreach import eligibility
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, add_booked_gift, add_campaign, audited
from tests.support.campaigns import current_progress as progress_of
from tests.support.subscribers import counts, mark_all_sent, send_reminders, sent_emails, subscribe
from tests.support.waiting import wait_until

REASON = "we have what we need"


def found(installation: Installation, slug: str = "winter") -> Campaign:
    with installation.sessions() as session:
        return find_campaign(session, slug)


def close(installation: Installation, reason: str = REASON) -> bool:
    with installation.sessions.begin() as session:
        campaign = find_campaign(session, "winter")
        return close_early(session, campaign, reason, ADMIN.name, ADMIN).repeated


def test_closed_early_it_ends_now_and_earlier_charges_still_count(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org")
        add_booked_gift(session, campaign, 1_000)
    send_reminders(installation, now())
    assert close(installation) is False
    ended = found(installation)
    assert ended.state(now()) == CampaignState.closed
    assert timedelta() < now() - ended.deadline < timedelta(minutes=5)
    assert close(installation, "another") is True
    with installation.sessions.begin() as session:
        (moved,) = public_extensions(session, ended)
        assert (moved.closed_early, moved.reason) == (True, REASON)
        add_booked_gift(session, ended, 2_000, timedelta(hours=1))
    assert progress_of(installation, campaign).raised == 3_000
    assert [one.action for one in audited(installation)] == ["campaign.closed"]
    assert all(one.expires_at and one.expires_at <= now() for one in sent_emails(installation))


def test_closed_early_and_reopened_every_change_is_public(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    close(installation)
    with installation.sessions.begin() as session:
        again = extend(session, campaign, campaign.deadline.isoformat(), "it rained", "ada", now())
        assert again.reopened
    close(installation, "it stopped")
    with installation.sessions() as session:
        moved = public_extensions(session, campaign)
    assert [one.closed_early for one in moved] == [True, False, True]
    assert [one.action for one in audited(installation)] == [
        "campaign.closed",
        "deadline.extended",
        "campaign.closed",
    ]
    assert audited(installation)[1].actor == "command line: ada"


def test_closed_early_recipients_still_get_the_wrap_up(installation: Installation) -> None:
    add_campaign(installation)
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org", "ben@example.org", timezone=noon())
    assert counts(send_reminders(installation, now())) == {"opening/appeal": 2}
    mark_all_sent(installation)
    close(installation)
    assert counts(send_reminders(installation, now())) == {"wrap_up/wrap_up": 2}


def test_only_an_open_campaign_can_be_closed_and_only_with_a_reason(
    installation: Installation,
) -> None:
    add_campaign(installation, start="2098-01-01", deadline="2098-02-01")
    with pytest.raises(ExtensionRefused, match="upcoming"):
        close(installation)
    with pytest.raises(ExtensionRefused, match="Enter a reason"):
        close(installation, " ")


def test_an_upcoming_campaign_opens_at_once_with_its_first_email(
    installation: Installation,
) -> None:
    add_campaign(installation, start="2098-01-01", deadline="2098-02-01")
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org", timezone=noon())
    assert counts(send_reminders(installation, now())) == {}
    with installation.sessions.begin() as session:
        assert status_changes.open_now(session, find_campaign(session, "winter"), ADMIN)
    with installation.sessions.begin() as session:
        assert not status_changes.open_now(session, find_campaign(session, "winter"), ADMIN)
    assert found(installation).is_open(now())
    assert counts(send_reminders(installation, now())) == {"opening/appeal": 1}
    assert [one.action for one in audited(installation)] == ["campaign.opened"]


def noon() -> str:
    """Return a time zone in which it is about noon."""
    hours = now().hour - 12
    return f"Etc/GMT{hours:+d}" if hours else "Etc/GMT"


def test_while_paused_no_gift_starts_and_no_campaign_email_is_sent(
    installation: Installation, client: FlaskClient
) -> None:
    campaign = add_campaign(installation)
    wait_until(lambda: "Your gift" in client.get("/c/winter").text)
    with installation.sessions.begin() as session:
        assert status_changes.pause(session, campaign, "Someone tests stolen cards.", ADMIN, now())
    wait_until(lambda: "Gifts by card are paused" in client.get("/c/winter").text)
    page = client.get("/c/winter").text
    assert "Someone tests stolen cards." in page
    assert "data-form" not in page
    assert "1 Wharf Street" in page
    form = {"amount": "25", "email": "ana@example.org", "frequency": "one_time", "attempt": "a"}
    answer = client.post("/c/winter/donate", data=form)
    assert answer.status_code == 409
    assert "Someone tests stolen cards" in answer.text
    assert "1 Wharf Street" in answer.text
    paused = found(installation)
    with installation.sessions() as session:
        with pytest.raises(CampaignPaused):
            begin_donation(session, paused, Gift("a@example.org", 2500, "one_time", "x"), now())
        later = eligibility.postponed_until(session, claim(paused, "appeal"), now())
        assert later is not None
        assert later > now()
        assert eligibility.postponed_until(session, claim(paused, "thank_you"), now()) is None
    with installation.sessions.begin() as session:
        assert status_changes.resume(session, paused, ADMIN)
        assert not status_changes.resume(session, paused, ADMIN)
    wait_until(lambda: "Your gift" in client.get("/c/winter").text)
    assert [one.action for one in audited(installation)] == ["campaign.paused", "campaign.resumed"]


def claim(campaign: Campaign, kind: str) -> EmailClaim:
    return EmailClaim(
        id=1,
        kind=kind,
        subject_key="1",
        receipt_id=None,
        donor_id=None,
        subscription_id=None,
        campaign_id=campaign.id,
        step_id=None,
        recipient="ana@example.org",
        name="",
        locale="en",
        timezone=noon(),
        token="",
        details={},
        message_id="<x@y>",
        attempts=1,
        expires_at=None,
        bulk=True,
    )


def test_a_result_can_be_finalized_by_hand_only_after_the_grace_period(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 1_000)
    with installation.sessions() as session, pytest.raises(StateRefused, match="late gifts"):
        status_changes.finalize_now(
            session, campaign, ADMIN, campaign.final_from - timedelta(seconds=1)
        )
    with installation.sessions.begin() as session:
        assert status_changes.finalize_now(session, campaign, ADMIN, campaign.final_from)
        assert not status_changes.finalize_now(session, campaign, ADMIN, campaign.final_from)
    assert found(installation).final_raised == 1_000
    (entry,) = audited(installation)
    assert (entry.action, entry.after) == ("campaign.finalized", {"final_raised": 1_000})
    with installation.sessions() as session:
        assert late_entries(session, campaign) == []


def pause(installation: Installation, reason: str = REASON, at: datetime | None = None) -> bool:
    with installation.sessions.begin() as session:
        campaign = find_campaign(session, "winter")
        return status_changes.pause(session, campaign, reason, ADMIN, at or now())


def test_a_pause_begins_once_and_a_new_reason_replaces_the_old(installation: Installation) -> None:
    campaign = add_campaign(installation)
    first = now() - timedelta(hours=1)
    assert pause(installation, "We test  stolen cards.", first)
    assert not pause(installation, "We test stolen cards")
    assert pause(installation, "We wait")
    paused = found(installation)
    assert (paused.paused_at, paused.pause_reason) == (first, "We wait")
    with installation.sessions.begin() as session:
        assert status_changes.resume(session, campaign, ADMIN)
    resumed = found(installation)
    assert (resumed.paused_at, resumed.pause_reason) == (None, None)
    entries = audited(installation)
    assert [(one.action, one.before, one.after) for one in entries] == [
        ("campaign.paused", {}, {"pause_reason": "We test stolen cards"}),
        (
            "campaign.paused",
            {"pause_reason": "We test stolen cards"},
            {"pause_reason": "We wait"},
        ),
        ("campaign.resumed", {"paused_at": first.isoformat(), "pause_reason": "We wait"}, {}),
    ]
    for one in entries:
        assert (one.actor, one.subject_kind, one.subject_key) == (ADMIN.name, "campaign", "winter")
        assert one.campaign_id == campaign.id


def test_only_an_open_campaign_can_be_paused(installation: Installation) -> None:
    campaign = add_campaign(installation)
    blink = timedelta(microseconds=1)
    for moment in (campaign.starts_at - blink, campaign.deadline):
        with pytest.raises(StateRefused, match="Only an open campaign"):
            pause(installation, at=moment)
    assert pause(installation, at=campaign.starts_at)
    assert audited(installation)[0].action == "campaign.paused"


def test_a_public_reason_is_one_printable_sentence() -> None:
    assert status_changes.public_sentence(" We  wait\nhere... ") == "We wait here"
    assert status_changes.public_sentence("x" * 300 + ".") == "x" * 300
    for wrong, said in (
        (" . ", "Enter a reason"),
        ("x" * 301, "at most 300"),
        ("a\0b", "at most 300"),
    ):
        with pytest.raises(StateRefused, match=said):
            status_changes.public_sentence(wrong)


def test_an_ended_campaign_is_not_opened_and_opening_is_on_record(
    installation: Installation,
) -> None:
    ended = add_campaign(installation)
    close(installation)
    with installation.sessions() as session, pytest.raises(StateRefused, match="extend its"):
        status_changes.open_now(session, ended, ADMIN)
    coming = add_campaign(installation, slug="spring", start="2098-01-01", deadline="2098-02-01")
    with installation.sessions.begin() as session:
        assert status_changes.open_now(session, coming, ADMIN)
    opened = found(installation, "spring")
    assert abs(now() - opened.starts_at) < timedelta(minutes=1)
    entry = audited(installation)[-1]
    assert (entry.action, entry.subject_key) == ("campaign.opened", "spring")
    assert entry.before == {"starts_at": coming.starts_at.isoformat()}
    assert entry.after == {"starts_at": opened.starts_at.isoformat()}


def test_a_closed_campaign_whose_deadline_just_passed_cannot_be_closed_early(
    installation: Installation,
) -> None:
    add_campaign(installation)
    with installation.sessions.begin() as session:
        campaign = find_campaign(session, "winter")
        extend(session, campaign, (now() + timedelta(days=12)).isoformat(), "rain", "ada", now())
    later = time_machine.travel(now() + timedelta(days=13), tick=False)
    with later, pytest.raises(ExtensionRefused, match="winter is closed"):
        close(installation)
    assert [one.action for one in audited(installation)] == ["deadline.extended"]


def test_a_result_is_frozen_from_the_first_instant_after_the_grace_period(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    blink = timedelta(microseconds=1)
    with installation.sessions() as session, pytest.raises(StateRefused):
        status_changes.finalize_now(session, campaign, ADMIN, campaign.final_from - blink)
    assert found(installation).finalized_at is None
    with installation.sessions.begin() as session:
        assert status_changes.finalize_now(session, campaign, ADMIN, campaign.final_from)
    assert found(installation).finalized_at == campaign.final_from


def test_a_pause_and_its_end_wait_for_no_gift_and_an_opening_does(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    with installation.sessions() as giving, installation.sessions.begin() as session:
        add_booked_gift(giving, campaign)
        session.execute(text("SET LOCAL lock_timeout = '2s'"))
        assert status_changes.pause(session, campaign, "We wait", ADMIN, now())
        session.flush()
        assert status_changes.resume(session, campaign, ADMIN)
    coming = add_campaign(installation, slug="spring", start="2098-01-01", deadline="2098-02-01")

    def opening() -> bool:
        with installation.sessions.begin() as session:
            return status_changes.open_now(session, coming, ADMIN)

    with ThreadPoolExecutor(1) as pool, installation.sessions() as giving:
        add_booked_gift(giving, coming)
        opened = pool.submit(opening)
        with pytest.raises(TimeoutError):
            opened.result(timeout=0.7)
        giving.commit()
        assert opened.result(timeout=30)
