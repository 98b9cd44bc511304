"""“Remind me later”: one email at the chosen time; then the address is erased."""

from datetime import datetime

import pytest
from sqlalchemy import func, select, update

from campaign.core.errors import ReminderInvalid
from campaign.mailer.outbox import CLAIMED, EmailClaim
from campaign.models import Campaign, OutboxMessage, Reminder, ReminderChoice, Suppression
from campaign.outreach import eligibility, reminders
from campaign.runtime.context import Installation
from tests.support.subscribers import (
    DOMAIN,
    at,
    counts,
    donate,
    new_campaign,
    send_reminders,
    sent_emails,
    subscribe,
)

MIDDAY = "2026-12-26T12:00-08:00"
NEXT_DAY = "2026-12-27T12:00-08:00"


@pytest.fixture
def winter(installation: Installation) -> Campaign:
    with installation.sessions.begin() as session:
        return new_campaign(session)


def ask(
    installation: Installation,
    campaign: Campaign,
    email: str = "ana@example.org",
    choice: str = "tomorrow",
    moment: str = MIDDAY,
    locale: str = "en",
) -> Reminder:
    with installation.sessions.begin() as session:
        return reminders.request_reminder(session, campaign, email, choice, locale, at(moment))


def kept(installation: Installation) -> list[Reminder]:
    with installation.sessions() as session:
        return list(session.scalars(select(Reminder)))


def claim(installation: Installation) -> EmailClaim:
    with installation.sessions() as session:
        newest = select(*CLAIMED).order_by(OutboxMessage.id.desc()).limit(1)
        return EmailClaim(**session.execute(newest).one()._asdict())


def claims(installation: Installation) -> list[EmailClaim]:
    with installation.sessions() as session:
        rows = session.execute(select(*CLAIMED).order_by(OutboxMessage.id))
        return [EmailClaim(**row._asdict()) for row in rows]


def why(installation: Installation, sent_email: EmailClaim, moment: str = NEXT_DAY) -> str:
    with installation.sessions() as session:
        return eligibility.ineligibility_reason(session, sent_email, at(moment))


@pytest.mark.parametrize(
    ("moment", "offered"),
    [
        (
            MIDDAY,
            {
                "tomorrow": "2026-12-27T12:00-08:00",
                "three_days": "2026-12-29T12:00-08:00",
                "last_day": "2026-12-31T09:00-08:00",
            },
        ),
        (
            "2026-12-29T12:00-08:00",
            {"tomorrow": "2026-12-30T12:00-08:00", "last_day": "2026-12-31T09:00-08:00"},
        ),
        # Nothing is sent at night: it comes at nine on the day that was chosen.
        (
            "2026-12-29T23:30-08:00",
            {"tomorrow": "2026-12-30T09:00-08:00", "last_day": "2026-12-31T09:00-08:00"},
        ),
        (
            "2026-12-30T02:00-08:00",
            {"tomorrow": "2026-12-31T09:00-08:00", "last_day": "2026-12-31T09:00-08:00"},
        ),
        # Nine at night is night, a minute before is not, and so it is in the morning.
        (
            "2026-12-29T20:59-08:00",
            {"tomorrow": "2026-12-30T20:59-08:00", "last_day": "2026-12-31T09:00-08:00"},
        ),
        (
            "2026-12-29T21:00-08:00",
            {"tomorrow": "2026-12-30T09:00-08:00", "last_day": "2026-12-31T09:00-08:00"},
        ),
        (
            "2026-12-30T08:59-08:00",
            {"tomorrow": "2026-12-31T09:00-08:00", "last_day": "2026-12-31T09:00-08:00"},
        ),
        (
            "2026-12-30T09:01-08:00",
            {"tomorrow": "2026-12-31T09:01-08:00", "last_day": "2026-12-31T09:00-08:00"},
        ),
        (
            "2026-12-26T22:15-08:00",
            {
                "tomorrow": "2026-12-27T09:00-08:00",
                "three_days": "2026-12-29T09:00-08:00",
                "last_day": "2026-12-31T09:00-08:00",
            },
        ),
        ("2026-12-31T08:59:59-08:00", {"last_day": "2026-12-31T09:00-08:00"}),
        ("2026-12-31T09:00-08:00", {}),
        ("2026-12-31T10:00-08:00", {}),
        ("2027-01-01T00:00-08:00", {}),
        ("2026-11-30T12:00-08:00", {}),
    ],
)
def test_only_moments_before_the_end_are_offered(
    winter: Campaign, moment: str, offered: dict[str, str]
) -> None:
    found = {choice.value: due for choice, due in reminders.choices(winter, at(moment))}
    assert found == {choice: at(due) for choice, due in offered.items()}


def test_the_same_time_tomorrow_is_the_same_on_the_clock_when_clocks_change(
    installation: Installation,
) -> None:
    with installation.sessions.begin() as session:
        autumn = new_campaign(session, start="2026-10-01", deadline="2026-11-10")
    found = dict(reminders.choices(autumn, at("2026-10-31T12:00-07:00")))
    assert found[ReminderChoice.tomorrow] == at("2026-11-01T12:00-08:00")


def test_the_moment_of_the_deadline_is_too_late_for_a_reminder(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        early = new_campaign(session, deadline="2026-12-28T15:00:00-08:00")
    noon = {choice.value: due for choice, due in reminders.choices(early, at(MIDDAY))}
    assert noon == {
        "tomorrow": at("2026-12-27T12:00-08:00"),
        "last_day": at("2026-12-28T09:00-08:00"),
    }
    for moment, last in (("2026-12-27T14:59:59-08:00", True), ("2026-12-27T15:00-08:00", False)):
        found = dict(reminders.choices(early, at(moment)))
        assert (ReminderChoice.tomorrow in found) is last


def test_asking_again_changes_when_it_comes(installation: Installation, winter: Campaign) -> None:
    first = ask(installation, winter)
    again = ask(installation, winter, " ANA@example.org ", "last_day", locale="es")
    (one,) = kept(installation)
    assert first.id == again.id == one.id
    assert (one.choice, one.locale, one.email) == ("last_day", "es", "ANA@example.org")
    assert one.due_at == at("2026-12-31T09:00-08:00")


@pytest.mark.parametrize(
    ("email", "choice", "moment"),
    [
        ("ana@example.org", "next_year", MIDDAY),
        ("ana@example.org", "three_days", "2026-12-29T12:00-08:00"),
        ("ana@example.org", "tomorrow", "2027-01-01T12:00-08:00"),
        ("ana", "tomorrow", MIDDAY),
        ("", "tomorrow", MIDDAY),
        ("ana@example.org\r\nBcc: bo@example.org", "tomorrow", MIDDAY),
        ("a" * 60 + "@" + "b" * 200 + ".org", "tomorrow", MIDDAY),
    ],
)
def test_what_cannot_be_kept_is_refused(
    installation: Installation, winter: Campaign, email: str, choice: str, moment: str
) -> None:
    with pytest.raises(ReminderInvalid):
        ask(installation, winter, email, choice, moment)
    assert kept(installation) == []


@pytest.mark.parametrize(
    ("email", "choice", "moment", "said"),
    [
        ("ana@example.org", "next_year", MIDDAY, "Choose when we should remind you."),
        (
            "ana@example.org",
            "three_days",
            "2026-12-29T12:00-08:00",
            "That is after the campaign ends.",
        ),
        ("ana", "tomorrow", MIDDAY, "Enter an email address such as"),
    ],
)
def test_a_refusal_says_what_to_do(
    installation: Installation, winter: Campaign, email: str, choice: str, moment: str, said: str
) -> None:
    with pytest.raises(ReminderInvalid) as refused:
        ask(installation, winter, email, choice, moment)
    assert str(refused.value).startswith(said)


def test_an_address_may_have_254_characters() -> None:
    longest = f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example"
    assert len(longest) == 251
    assert reminders.require_address(f" {longest}.uk \n") == f"{longest}.uk"
    with pytest.raises(ReminderInvalid):
        reminders.require_address(f"{longest}.com")


def test_it_is_queued_once_when_it_is_due(installation: Installation, winter: Campaign) -> None:
    asked = ask(installation, winter, locale="es")
    assert counts(send_reminders(installation, "2026-12-27T11:59-08:00")) == {}
    assert counts(send_reminders(installation, NEXT_DAY)) == {"reminder/reminder": 1}
    assert counts(send_reminders(installation, "2026-12-27T12:05-08:00")) == {}
    (sent_email,) = sent_emails(installation)
    assert (sent_email.kind, sent_email.subject_key, sent_email.bulk) == (
        "reminder",
        str(asked.id),
        True,
    )
    assert (sent_email.recipient, sent_email.locale) == ("ana@example.org", "es")
    assert sent_email.campaign_id == winter.id
    assert sent_email.expires_at == winter.deadline
    assert why(installation, claim(installation)) == ""


def test_one_that_a_missing_run_left_waits_for_the_morning(
    installation: Installation, winter: Campaign
) -> None:
    ask(installation, winter)
    assert counts(send_reminders(installation, "2026-12-27T22:00-08:00")) == {}
    assert counts(send_reminders(installation, "2026-12-28T09:00-08:00")) == {
        "reminder/reminder": 1
    }


def test_after_it_is_sent_the_address_is_nowhere(
    installation: Installation, winter: Campaign
) -> None:
    for name in ("ben", "ana"):
        ask(installation, winter, f"{name}@example.org")
    send_reminders(installation, NEXT_DAY)
    (done,) = [one for one in claims(installation) if one.recipient == "ana@example.org"]
    with installation.sessions.begin() as session:
        session.execute(update(OutboxMessage).values(name="Somebody"))
        reminders.erase_reminder(session, done)
    assert [one.email for one in kept(installation)] == ["ben@example.org"]
    rows = {one.id: (one.recipient, one.name) for one in sent_emails(installation)}
    assert rows.pop(done.id) == ("", "")
    assert list(rows.values()) == [("ben@example.org", "Somebody")], "others keep theirs"


def test_two_erased_addresses_do_not_conflict(installation: Installation, winter: Campaign) -> None:
    for name in ("ana", "bo"):
        ask(installation, winter, f"{name}@example.org")
        send_reminders(installation, NEXT_DAY)
        with installation.sessions.begin() as session:
            reminders.erase_reminder(session, claim(installation))
    assert [sent_email.recipient for sent_email in sent_emails(installation)] == ["", ""]


@pytest.mark.parametrize("reason", ["gave", "unsubscribed", "bounced", "complained", "refused"])
@pytest.mark.parametrize("moment", [NEXT_DAY, "2026-12-27T23:00-08:00"])
def test_people_who_gave_or_unsubscribed_are_not_reminded_and_are_erased(
    installation: Installation, winter: Campaign, reason: str, moment: str
) -> None:
    ask(installation, winter, "ANA@example.org")
    with installation.sessions.begin() as session:
        if reason == "gave":
            donate(session, winter, "Ana@example.org", "paid")
        else:
            session.add(Suppression(email="ana@example.org", reason=reason))
    assert counts(send_reminders(installation, moment)) == {}
    assert kept(installation) == []


def test_another_campaigns_gift_or_suppression_stops_no_reminder(
    installation: Installation, winter: Campaign
) -> None:
    ask(installation, winter)
    with installation.sessions.begin() as session:
        other = new_campaign(session, slug="other", start="2027-06-01", deadline="2027-06-30")
        donate(session, other, "ana@example.org", "paid")
        gone = Suppression(email="ana@example.org", campaign_id=other.id, reason="unsubscribed")
        session.add(gone)
    assert counts(send_reminders(installation, NEXT_DAY)) == {"reminder/reminder": 1}


@pytest.mark.parametrize(
    ("state", "before_the_end", "after_the_end"),
    [
        # One that failed may be sent again while the campaign lasts; one being sent keeps its address until it is done.
        ("queued", True, True),
        ("sending", True, True),
        ("failed", True, False),
        ("sent", False, False),
        ("dropped", False, False),
    ],
)
def test_a_finished_reminder_is_erased_by_the_next_run(
    installation: Installation,
    winter: Campaign,
    state: str,
    before_the_end: bool,
    after_the_end: bool,
) -> None:
    ask(installation, winter)
    send_reminders(installation, NEXT_DAY)
    with installation.sessions.begin() as session:
        sent_at = at(NEXT_DAY) if state == "sent" else None
        session.execute(update(OutboxMessage).values(state=state, sent_at=sent_at, name="Ana"))
    moment = at("2026-12-27T13:00-08:00")
    for late, keeps in ((False, before_the_end), (True, after_the_end)):
        send_reminders(installation, winter.deadline if late else moment)
        (row,) = sent_emails(installation)
        assert (row.recipient, row.name) == (("ana@example.org", "Ana") if keeps else ("", ""))
        # After the end no request is kept; the email's own row has the address until it is done.
        assert bool(kept(installation)) is (keeps and not late)


def test_the_end_of_a_campaign_erases_only_its_own_reminders(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        other = new_campaign(session, slug="other", deadline="2027-01-31")
        subscribe(session, "reader@example.org")
    for campaign in (winter, other):
        ask(installation, campaign)
        ask(installation, campaign, "ben@example.org", "last_day")
    send_reminders(installation, NEXT_DAY)
    with installation.sessions.begin() as session:
        session.execute(update(OutboxMessage).values(state="dropped"))
    with installation.sessions.begin() as session:
        reminders.queue_due(session, winter, winter.deadline, DOMAIN)
    assert sorted(one.email for one in kept(installation)) == ["ana@example.org", "ben@example.org"]
    assert {one.campaign_id for one in kept(installation)} == {other.id}
    left = [
        (one.kind, one.campaign_id, one.recipient) for one in sent_emails(installation) if one.kind
    ]
    assert sorted(left) == [
        ("appeal", winter.id, "reader@example.org"),
        ("appeal", other.id, "reader@example.org"),
        ("reminder", winter.id, ""),
        ("reminder", other.id, "ana@example.org"),
    ]


def test_asking_again_while_it_is_queued_cancels_the_first(
    installation: Installation, winter: Campaign
) -> None:
    ask(installation, winter)
    ask(installation, winter, "ben@example.org")
    with installation.sessions.begin() as session:
        other = new_campaign(session, slug="other")
    ask(installation, other)
    send_reminders(installation, NEXT_DAY)
    first = next(one for one in claims(installation) if one.campaign_id == winter.id)
    ask(installation, winter, choice="last_day", moment=NEXT_DAY)
    assert "canceled or moved" in why(installation, first)
    with installation.sessions.begin() as session:
        reminders.erase_reminder(session, first)
    assert sorted((one.campaign_id, one.email, one.choice) for one in kept(installation)) == [
        (winter.id, "ana@example.org", "last_day"),
        (winter.id, "ben@example.org", "tomorrow"),
        (other.id, "ana@example.org", "tomorrow"),
    ]
    queued = [
        one.count for one in send_reminders(installation, "2026-12-31T09:00-08:00") if one.count
    ]
    assert queued == [1], "the other two were queued before"


def test_after_the_end_every_reminder_is_forgotten(
    installation: Installation, winter: Campaign
) -> None:
    def addresses_kept() -> int:
        known = select(func.count()).where(OutboxMessage.recipient != "")
        with installation.sessions() as session:
            return (session.scalar(known) or 0) + len(kept(installation))

    ask(installation, winter)
    ask(installation, winter, "bo@example.org", "last_day")
    send_reminders(installation, NEXT_DAY)
    over: datetime = winter.deadline
    assert "over" in why(installation, claim(installation), over.isoformat())
    with installation.sessions.begin() as session:
        session.connection().exec_driver_sql("UPDATE outbox_message SET state = 'dropped'")
    send_reminders(installation, over)
    assert addresses_kept() == 0
