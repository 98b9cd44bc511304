"""Letters from rows: each kind tells what stands now, and none is sent that has nothing to tell any more."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from time_machine import travel

from campaign.core import clock
from campaign.emails.contexts import Pointless, Sender, letter_context
from campaign.mailer.merge_fields import NAME, UNSUBSCRIBE_URL, fill
from campaign.mailer.outbox import EmailClaim
from campaign.mailer.render import Letter, render_letter
from campaign.models import (
    Campaign,
    CampaignStep,
    CampaignText,
    Donation,
    Donor,
    Extension,
    Receipt,
    Subscription,
    SubscriptionState,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.stripe import Facts

AFTER_THE_END = datetime(2100, 1, 2, tzinfo=UTC)
PLACES = {NAME: "Ana", UNSUBSCRIBE_URL: "https://give.example.org/unsubscribe/abc"}

Ask = Callable[..., Letter | str]


def claim(kind: str, key: str = "1", **values: Any) -> EmailClaim:
    blank = dict.fromkeys(EmailClaim.__dataclass_fields__)
    given = {"id": 1, "kind": kind, "subject_key": key, "recipient": "ana@example.org", **values}
    return EmailClaim(
        **{**blank, "name": "", "locale": "en", "details": {}, "bulk": False, **given}
    )


@pytest.fixture
def ask(installation: Installation) -> Ask:
    """The letter of a message of that kind; or why there is none."""

    def make(kind: str, key: str = "1", **values: Any) -> Letter | str:
        sender = Sender(installation.settings.organization, installation.address)
        with installation.sessions() as session:
            context = letter_context(session, claim(kind, key, **values), sender)
            if isinstance(context, Pointless):
                return context.reason
            return fill(render_letter(kind, context), PLACES)

    return make


@pytest.fixture
def step(installation: Installation, campaign: Campaign) -> dict[str, int]:
    """What a message of the step `nine_days` names."""
    query = select(CampaignStep.id).where(
        CampaignStep.campaign_id == campaign.id, CampaignStep.key == "nine_days"
    )
    with installation.sessions() as session:
        return {"campaign_id": campaign.id, "step_id": session.scalars(query).one()}


def text(letter: Letter | str) -> str:
    assert isinstance(letter, Letter), letter
    return " ".join(letter.text.split())


def change(installation: Installation, table: Any, **values: Any) -> None:
    with installation.sessions.begin() as session:
        session.execute(update(table).values(**values))


def test_an_appeal_tells_the_total_of_now(ask: Ask, step: dict[str, int], paid: Facts) -> None:
    said = text(ask("appeal", **step))
    assert "$25 of $50,000, from 1 reader" in said
    assert "$49,975 is still to raise" in said
    assert "/c/nine-days?code=mail-nine-days#give" in said


def test_an_appeal_is_written_in_the_readers_language(
    installation: Installation, campaign: Campaign, ask: Ask, step: dict[str, int]
) -> None:
    letter = ask("appeal", locale="es-MX", **step)
    assert '<html lang="es" dir="ltr">' in letter.html
    assert "nadie tiene la obligación de donar" in text(letter)
    assert campaign.title in text(letter)
    with installation.sessions.begin() as session:
        session.add(CampaignText(campaign_id=campaign.id, locale="es", title="Que todos lean"))
    assert "Que todos lean" in text(ask("appeal", locale="es-MX", **step))
    assert campaign.title in text(ask("appeal", **step))


def test_staffs_texts_are_read_when_the_letter_is_made(
    installation: Installation, ask: Ask, step: dict[str, int]
) -> None:
    texts = {"en": {"subject": "{left} to go", "opening": "One.\n\nTwo."}}
    change(installation, CampaignStep, texts=texts)
    letter = ask("appeal", **step)
    assert isinstance(letter, Letter)
    assert letter.subject == "$50,000 to go"
    assert "\nOne.\n\nTwo.\n" in letter.text


def test_an_extension_reaches_letters_that_were_queued_before(
    installation: Installation, ask: Ask, step: dict[str, int], campaign: Campaign
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
    assert "until midnight at the end of Thursday, January 7, Pacific time" in said
    assert "moved from Thursday, December 31 to Thursday, January 7" in said
    assert "A storm." in said


@pytest.mark.parametrize("kind", ["appeal", "reminder"])
def test_nobody_is_asked_after_the_end(ask: Ask, step: dict[str, int], kind: str) -> None:
    assert isinstance(ask(kind, **step), Letter)
    with travel(AFTER_THE_END, tick=False):
        assert ask(kind, **step) == "the campaign has ended"
    with travel(clock.now() - timedelta(days=1), tick=False):
        assert ask(kind, **step) == "the campaign has not begun"


@pytest.mark.parametrize("kind", ["wrap_up", "thank_you"])
def test_a_result_is_told_only_once_there_is_one(
    ask: Ask, step: dict[str, int], paid: Facts, kind: str
) -> None:
    assert ask(kind, **step) == "the campaign has not ended"
    with travel(AFTER_THE_END, tick=False):
        said = text(ask(kind, **step))
        assert "$49,975 short of its goal" in said
        assert "provisional until January 15, 2100" in said
    with travel(AFTER_THE_END + timedelta(days=30), tick=False):
        assert "This result is final." in text(ask(kind, **step))


def test_a_receipt_in_spanish_is_frozen_and_mailed_in_spanish(
    installation: Installation, ask: Ask, give: Callable[..., Facts], store: Callable[..., None]
) -> None:
    facts = give(amount=123_450)
    change(installation, Donation, locale="es")
    store(facts.completed())
    apply_due_events(installation)
    with installation.sessions() as session:
        receipt = session.scalars(select(Receipt)).one()
    assert receipt.frozen["locale"] == "es"
    assert receipt.frozen["amount_text"] == "$1,234.50"
    assert receipt.frozen["frequency_text"] == "Donativo único"
    change(installation, Donation, locale="en")
    assert "No se proporcionaron bienes" in text(ask("receipt", receipt_id=receipt.id))


@pytest.fixture
def yearly(installation: Installation, paid: Facts) -> dict[str, int]:
    """A yearly gift that renews in ten days."""
    with installation.sessions.begin() as session:
        first = session.scalars(select(Donation)).one()
        gift = Subscription(
            stripe_id="sub_1",
            campaign_id=first.campaign_id,
            donor_id=first.donor_id,
            frequency="yearly",
            amount=2_500,
            currency="usd",
            current_period_end=clock.now() + timedelta(days=10),
        )
        session.add(gift)
        session.flush()
        first.subscription_id = gift.id
        return {"subscription_id": gift.id}


def renewal_day(installation: Installation) -> date:
    zone = ZoneInfo(installation.settings.organization.timezone)
    return (clock.now() + timedelta(days=10)).astimezone(zone).date()


def test_a_coming_renewal_is_told_with_its_day(
    installation: Installation, ask: Ask, yearly: dict[str, int]
) -> None:
    day = renewal_day(installation)
    said = text(ask("renewal_upcoming", f"1:{day}", **yearly))
    assert f"It will next be charged on {day:%B} {day.day}, {day.year}." in said


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": "ended", "ended_at": datetime.now(UTC)}, "the gift does not renew"),
        ({"ends_at_period_end": True}, "the gift does not renew"),
        ({"state": "paused"}, "the gift rests"),
        (
            {"current_period_end": datetime(2050, 1, 1, tzinfo=UTC)},
            "the gift renews on another day",
        ),
    ],
)
def test_a_renewal_that_will_not_come_is_not_announced(
    installation: Installation, ask: Ask, yearly: dict[str, int], changes: dict[str, Any], why: str
) -> None:
    change(installation, Subscription, **changes)
    assert ask("renewal_upcoming", f"1:{renewal_day(installation)}", **yearly) == why


def test_a_renewal_is_not_announced_afterwards(
    installation: Installation, ask: Ask, yearly: dict[str, int]
) -> None:
    day = renewal_day(installation)
    with travel(clock.now() + timedelta(days=11), tick=False):
        told = ask("renewal_upcoming", f"1:{day}", **yearly)
    assert told == "the day of the renewal is past"


def test_a_failed_renewal_of_an_ended_gift_is_not_told(
    installation: Installation, ask: Ask, yearly: dict[str, int]
) -> None:
    change(installation, Subscription, failed_invoice_id="in_1", failed_at=clock.now())
    assert "did not go through" in text(ask("renewal_failed", "in_1:1", **yearly))
    ended = {"state": SubscriptionState.ended.value, "ended_at": clock.now()}
    change(installation, Subscription, **ended)
    assert ask("renewal_failed", "in_1:1", **yearly) == "the monthly gift has ended"


def test_a_statement_sums_the_valid_receipts_of_the_year(
    installation: Installation, ask: Ask, give: Callable[..., Facts], store: Callable[..., None]
) -> None:
    store(give(amount=2_500).completed(), give(amount=1_050).completed())
    apply_due_events(installation)
    with installation.sessions() as session:
        donor = session.scalars(select(Donor)).one()
        year = session.scalars(select(Receipt)).first().gift_date.year
    said = text(ask("statement", donor_id=donor.id, details={"year": year}))
    assert said.startswith(f"$35.50 Your gifts in {year}")
    none = ask("statement", donor_id=donor.id, details={"year": year - 1})
    assert none == f"nothing was given in {year - 1}, or all of it has gone back"
