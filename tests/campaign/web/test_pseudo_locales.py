"""Pages in a made-up language: nothing that a reader sees bypasses the catalog."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select, update

from campaign.campaigns.matching_gifts import MatchingGiftFields, add_matching_gift
from campaign.campaigns.milestones import record_milestones
from campaign.core.clock import now
from campaign.models import Campaign, Donation, DonationState, Donor, OutboxMessage, Receipt
from campaign.models.states import SETTLED_STATES
from campaign.runtime.context import Installation
from sandbox.outbox.receiver import MailReceiver
from sandbox.stripe import StripeSandbox
from tests.campaign.web.giving.test_unsubscribe import SentEmail, sent_email
from tests.campaign.web.portal.test_subscriptions import stripe_api_base
from tests.support.campaigns import ADMIN, add_booked_gift, add_campaign
from tests.support.donor_portal import open_donor_page, send
from tests.support.monthly_gifts import Begin
from tests.support.pseudo_locales import (
    PSEUDO,
    made_up,
    set_locale,
    untranslated_in_markup,
    untranslated_on_page,
)
from tests.support.stripe import Facts

__all__ = ["made_up", "sent_email", "stripe_api_base"]


def test_shared_pages_have_no_english(client: FlaskClient, campaign: Campaign) -> None:
    here = ["", "?amount=7", "/donors", "/remind", "/print", "/print?large=1&size=a4", "/embed"]
    elsewhere = ["/x", "/campaigns", "/finished", "/me", "/me/sent", "/me/finished", "/me/link/x"]
    for path in [*(f"/c/nine-days{one}" for one in here), *elsewhere]:
        left = untranslated_on_page(client, f"{path}{'&' if '?' in path else '?'}lang={PSEUDO}")
        assert (path, left) == (path, [])


def test_nothing_open_has_no_english(client: FlaskClient) -> None:
    assert untranslated_on_page(client, f"/?lang={PSEUDO}") == []


ANSWERS: list[tuple[str, dict[str, str], int]] = [
    ("donate", {}, 422),
    ("donate", {"amount": "25,00", "email": "x@y", "frequency": "daily"}, 422),
    ("donate", {"amount": "0.10", "email": "ana@example.org", "tribute_kind": "honor"}, 422),
    ("donate", {"amount": "999999999", "tribute_name": "Bo", "comment": "x" * 2000}, 422),
    ("donate", {"amount": "25", "amount_other": "30", "email": "ana@example.org"}, 422),
    ("donate", {"amount": "25", "email": "ana@example.org", "step": "review"}, 200),
    (
        "donate",
        {"amount": "25", "email": "ana@example.org", "step": "review", "frequency": "yearly"}
        | {"cover_fees": "yes", "subscribe": "yes", "shared": "yes", "anonymous": "yes"},
        200,
    ),
    ("remind", {"email": "x", "when": "never"}, 422),
    ("remind", {"email": "ana@example.org", "when": "last_day"}, 200),
    ("remind", {"email": "x" * 100_000}, 413),
    ("donate", {"amount": "25", "email": "ana@example.org"}, 503),
]


def test_answers_to_forms_have_no_english(
    client: FlaskClient, campaign: Campaign, stripe: StripeSandbox
) -> None:
    for path, typed, status in ANSWERS:
        if status == 503:
            stripe.stop()
        answer = client.post(f"/c/nine-days/{path}?lang={PSEUDO}", data=typed | {"lang": PSEUDO})
        assert (typed, answer.status_code) == (typed, status)
        left = [one for one in untranslated_in_markup(answer.text) if "xxx" not in one]
        assert (typed, left) == (typed, [])


def test_leaving_has_no_english(
    client: FlaskClient, sent_email: SentEmail, installation: Installation
) -> None:
    at = f"/unsubscribe/{sent_email()}"
    with installation.sessions.begin() as session:
        session.execute(update(OutboxMessage).values(locale=PSEUDO))
    assert untranslated_on_page(client, at) == []
    for scope in ("campaign", "all", "undo"):
        assert untranslated_in_markup(client.post(at, data={"scope": scope}).text) == []


def test_a_donors_pages_have_no_english(
    client: FlaskClient, installation: Installation, begin: Begin
) -> None:
    gift = begin()
    set_locale(installation, PSEUDO)
    with installation.sessions.begin() as session:
        paid, receipt = (
            session.scalars(select(Donation)).one(),
            session.scalars(select(Receipt)).one(),
        )
    assert untranslated_on_page(client, f"/receipts/{receipt.token}") == []
    for state in [*SETTLED_STATES, DonationState.failed]:
        _becomes(installation, paid, state)
        assert (state, untranslated_on_page(client, f"/donations/{paid.token}")) == (state, [])
    gift_at = f"/subscriptions/{gift.token}"
    assert untranslated_on_page(client, gift_at) == []
    assert untranslated_on_page(client, f"{gift_at}/cancel") == []
    for path, typed in CHANGES:
        answer = client.post(f"{gift_at}/{path}", data=typed, follow_redirects=True)
        assert (path, untranslated_in_markup(answer.text)) == (path, [])


def test_the_donors_own_page_has_no_english(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, begin: Begin
) -> None:
    begin()
    set_locale(mailing, PSEUDO)
    with mailing.sessions.begin() as session:
        session.execute(update(Donor).values(locale=PSEUDO))
    assert untranslated_in_markup(open_donor_page(client, mailing, mailbox)) == []
    for path in ("details", "erasure", "gifts"):
        assert (path, untranslated_on_page(client, f"/me/{path}")) == (path, [])
    for path, typed in OWN_CHANGES:
        answer = send(client, f"/me/{path}", **typed)
        shown = client.get(answer.location) if answer.status_code == 303 else answer
        assert (path, untranslated_in_markup(shown.text)) == (path, [])


OWN_CHANGES: list[tuple[str, dict[str, str]]] = [
    ("details", {"name": "", "language": "xx"}),
    ("details", {"name": "", "language": PSEUDO}),
    ("address", {"email": "x"}),
    ("address", {"email": "bo@example.org"}),
    ("preferences", {"wanted": "yes"}),
    ("preferences", {"wanted": ""}),
    ("erasure", {}),
    ("erasure/withdraw", {}),
    ("finish", {}),
]
CHANGES: list[tuple[str, dict[str, str]]] = [
    ("amount", {"amount": "**"}),
    ("amount", {"amount": "30"}),
    ("pause", {}),
    ("pause", {"months": "2"}),
    ("resume", {}),
    ("cancel", {}),
    ("amount", {"amount": "35"}),
]


def _becomes(installation: Installation, donation: Donation, state: DonationState) -> None:
    with installation.sessions.begin() as session:
        changed = update(Donation).where(Donation.id == donation.id)
        session.execute(changed.values(state=state.value))


def test_a_gift_under_way_has_no_english(
    client: FlaskClient, installation: Installation, give: Callable[..., Facts]
) -> None:
    donation = give().donation
    set_locale(installation, PSEUDO)
    for state in ("pending", "declined", "expired", "processing", "failed"):
        _becomes(installation, donation, DonationState(state))
        assert (state, untranslated_on_page(client, f"/donations/{donation.token}")) == (state, [])


@pytest.mark.parametrize("days", [0, 9.5, 10.5, 300])
def test_an_appeal_with_all_its_parts_has_no_english_whenever_it_is_read(
    client: FlaskClient, installation: Installation, days: float
) -> None:
    campaign = add_campaign(installation, goal="100", stretch_goal=40_000)
    with installation.sessions.begin() as session:
        add_matching_gift(session, campaign, MatchingGiftFields("Rosa", "5000"), ADMIN, now())
        for _ in range(6):
            add_booked_gift(session, campaign, 2_000, timedelta(hours=1))
        record_milestones(session, now())
    with time_machine.travel(now() + timedelta(days=days), tick=True):
        page = client.get(f"/c/winter?lang={PSEUDO}").text
        assert 'class="log"' in page
        assert ("Rosa" in page) is (days < 10)
        assert untranslated_in_markup(page) == []
        assert untranslated_on_page(client, f"/c/winter/print?lang={PSEUDO}") == []
        assert untranslated_on_page(client, f"/c/winter/embed?lang={PSEUDO}") == []
        assert untranslated_on_page(client, f"/campaigns?lang={PSEUDO}") == []
