"""The checkbox on the donation form: never checked by default, effective once the gift is paid, and stored once."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from campaign.core.clock import now
from campaign.core.i18n import get_language
from campaign.donations.consents import consent_wording, record_consent
from campaign.mailer.suppressions import is_suppressed, suppress
from campaign.models import Campaign, Subscriber, Suppression, SuppressionReason
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.campaigns import add_booked_gift
from tests.support.stripe import Facts

WORDING = consent_wording(get_language("en"), 3)

Give = Callable[..., Facts]
Store = Callable[..., None]


def subscribers(installation: Installation) -> list[Subscriber]:
    with installation.sessions() as session:
        return list(session.scalars(select(Subscriber)))


def test_the_box_is_never_checked_by_default(client: FlaskClient, campaign: Campaign) -> None:
    for query in ("", "?subscribe=yes"):
        page = client.get(f"/c/nine-days{query}").text
        box = re.search(r'<input type="checkbox" id="subscribe"[^>]*>', page)
        assert box is not None
        assert "checked" not in box.group()
        assert WORDING in page


def test_a_checked_box_stays_checked_next_to_another_error(
    client: FlaskClient, campaign: Campaign
) -> None:
    answer = client.post("/c/nine-days/donate", data={"amount": "x", "subscribe": "yes"})
    assert answer.status_code == 422
    box = re.search(r'<input type="checkbox" id="subscribe"[^>]*>', answer.text)
    assert box is not None
    assert "checked" in box.group()


def test_a_paid_gift_creates_a_subscriber_with_the_wording_shown(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give(consent_wording=WORDING)
    assert subscribers(installation) == []
    store(facts.completed(), facts.completed())
    apply_due_events(installation)
    (found,) = subscribers(installation)
    assert (found.email, found.name) == ("ana@example.org", "Ana Reyes")
    assert (found.consent_source, found.consent_wording) == ("donation form", WORDING)
    assert found.consent_at == facts.donation.created_at


def test_a_gift_without_the_check_creates_none(installation: Installation, paid: Facts) -> None:
    assert subscribers(installation) == []


def test_a_second_gift_keeps_the_first_consent(
    installation: Installation, give: Give, store: Store
) -> None:
    for email in ("ana@example.org", "ANA@example.org"):
        facts = give(email, consent_wording=WORDING)
        store(facts.completed())
        apply_due_events(installation)
    (found,) = subscribers(installation)
    assert found.email == "ana@example.org"


@pytest.mark.parametrize("reason", SuppressionReason)
def test_opting_in_again_lifts_only_the_donors_own_unsubscribe(
    installation: Installation, give: Give, store: Store, reason: SuppressionReason
) -> None:
    with installation.sessions.begin() as session:
        suppress(session, "ana@example.org", reason)
    facts = give(consent_wording=WORDING)
    store(facts.completed())
    apply_due_events(installation)
    with installation.sessions() as session:
        stays = is_suppressed(session, "ana@example.org")
    assert stays is (reason is not SuppressionReason.unsubscribed)


def test_unsubscribing_after_the_form_was_sent_wins(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give(consent_wording=WORDING)
    with installation.sessions.begin() as session:
        suppress(session, "ana@example.org", SuppressionReason.unsubscribed)
    store(facts.completed())
    apply_due_events(installation)
    with installation.sessions() as session:
        assert is_suppressed(session, "ana@example.org")


def test_a_subscriber_keeps_the_name_and_language_of_the_form(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give("ben@example.org", name="Ben Ortiz", locale="es", consent_wording="Escríbanme")
    store(facts.completed())
    apply_due_events(installation)
    (found,) = subscribers(installation)
    assert (found.email, found.name, found.locale) == ("ben@example.org", "Ben Ortiz", "es")
    assert (found.consent_wording, found.timezone) == ("Escríbanme", None)


def test_a_gift_without_the_box_or_without_an_address_lifts_no_unsubscribe(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        suppress(session, "reader@example.org", SuppressionReason.unsubscribed)
        for wording, email in (("", "reader@example.org"), (WORDING, "")):
            gift = add_booked_gift(session, campaign, consent_wording=wording, email=email)
            gift.created_at = now() + timedelta(days=1)
            record_consent(session, gift)
    assert subscribers(installation) == []
    with installation.sessions() as session:
        assert is_suppressed(session, "reader@example.org")


@pytest.mark.parametrize(("seconds", "lifted"), [(-1, True), (0, False), (1, False)])
def test_only_an_unsubscribe_before_the_form_is_lifted(
    installation: Installation, campaign: Campaign, seconds: int, lifted: bool
) -> None:
    with installation.sessions.begin() as session:
        gift = add_booked_gift(session, campaign, email="Ana@Example.org", consent_wording=WORDING)
        for address in ("ana@example.org", "ben@example.org"):
            suppress(session, address, SuppressionReason.unsubscribed)
        at = gift.created_at + timedelta(seconds=seconds)
        session.execute(update(Suppression).values(created_at=at))
        for _ in range(2):
            record_consent(session, gift)
    with installation.sessions() as session:
        assert is_suppressed(session, "ana@example.org") is not lifted
        assert is_suppressed(session, "ben@example.org"), "another reader's stays"
    (found,) = subscribers(installation)
    assert found.email == "Ana@Example.org"


def test_the_consent_names_the_cap_that_is_kept() -> None:
    assert "at most 3 emails in any 7 days" in WORDING
    assert "at most 1 email in any 7 days" in consent_wording(get_language("en"), 1)
    assert "como máximo 2 correos en 7 días" in consent_wording(get_language("es"), 2)
