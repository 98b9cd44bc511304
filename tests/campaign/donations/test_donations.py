"""Creating donations: one row per intended gift, within the campaign's window."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from campaign.core.clock import now
from campaign.core.errors import CampaignNotOpen, CampaignPaused, NotFound
from campaign.donations import donations, gift_dates, tribute_cards
from campaign.donations.donations import (
    Gift,
    WallRequest,
    begin_donation,
    find_donation,
    lock_donation,
)
from campaign.donations.tribute_cards import CardRequest, find_card
from campaign.models import Campaign, Donation, DonationState, Donor, WallEntry
from campaign.runtime.context import Installation
from tests.support.campaigns import add_campaign
from tests.support.donors import add_donor
from tests.support.frozen import assert_unchangeable, dataclasses_of
from tests.support.ledger import run_sql
from tests.support.waiting import someone_waits, wait_until

BLINK = timedelta(microseconds=1)


def gift(**changes: Any) -> Gift:
    wanted: dict[str, Any] = {
        "email": "ana@example.org",
        "amount": 2500,
        "frequency": "one_time",
        "attempt": "a",
        "name": "Ana Reyes",
    }
    return Gift(**{**wanted, **changes})


def begin(installation: Installation, campaign: Campaign, **changes: Any) -> Donation:
    with installation.sessions.begin() as session:
        return begin_donation(session, campaign, gift(**changes), now())


def count(installation: Installation, table: type[Any] = Donation) -> int:
    with installation.sessions() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_the_same_form_is_one_donation_even_sent_concurrently(
    installation: Installation, campaign: Campaign
) -> None:
    with ThreadPoolExecutor(4) as pool:
        begun = list(pool.map(lambda _: begin(installation, campaign).id, range(4)))
    assert begin(installation, campaign, email="ANA@example.org").id == begun[0]
    assert (len({*begun}), count(installation), count(installation, Donor)) == (1, 1, 1)


@pytest.mark.parametrize(
    "changes",
    [{"email": "ben@example.org"}, {"amount": 2501}, {"frequency": "monthly"}, {"attempt": "b"}],
)
def test_a_different_gift_is_another_donation(
    installation: Installation, campaign: Campaign, changes: dict[str, Any]
) -> None:
    assert begin(installation, campaign).id != begin(installation, campaign, **changes).id


def test_the_same_form_in_another_campaign_is_another_donation(
    installation: Installation, campaign: Campaign
) -> None:
    winter = add_campaign(installation)
    first, second = begin(installation, campaign), begin(installation, winter)
    assert (first.campaign_id, second.campaign_id) == (campaign.id, winter.id)
    assert first.attempt != second.attempt


def test_after_a_donation_is_closed_the_same_form_starts_a_new_one(
    installation: Installation, campaign: Campaign
) -> None:
    first = begin(installation, campaign)
    with installation.sessions.begin() as session:
        session.get_one(Donation, first.id).state = "expired"
    second = begin(installation, campaign)
    assert second.id != first.id
    assert {first.public_id, first.token}.isdisjoint({second.public_id, second.token})


def test_gifts_are_accepted_from_the_start_until_just_before_the_deadline(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    with installation.sessions() as session:
        for at in (campaign.starts_at, campaign.deadline - BLINK):
            begin_donation(session, campaign, gift(attempt=str(at)), at)
        for at in (campaign.starts_at - BLINK, campaign.deadline):
            with pytest.raises(CampaignNotOpen, match="not accepting gifts right now"):
                begin_donation(session, campaign, gift(), at)
        campaign.pause_reason = "Card testing"
        with pytest.raises(CampaignPaused, match="Card testing"):
            begin_donation(session, campaign, gift(), now())


def test_a_known_donor_keeps_their_name_whatever_is_typed(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        # Who gave by post has no address and is nobody's match.
        add_donor(session, "")
        known = add_donor(session, "Ana@Example.org", "Ana María", locale="es")
    begun = begin(installation, campaign, name="Somebody", locale="en")
    assert (begun.donor_id, begun.name, begun.locale) == (known.id, "Somebody", "en")
    with installation.sessions() as session:
        kept = session.get_one(Donor, known.id)
        assert (kept.email, kept.name, kept.locale) == ("Ana@Example.org", "Ana María", "es")


def test_requests_with_the_gift_are_saved_once(
    installation: Installation, campaign: Campaign
) -> None:
    card = CardRequest("email", "Bo", email="bo@example.org", sender="Ana")
    for place in ("Astoria", "Salem"):
        begun = begin(installation, campaign, card=card, wall=WallRequest(place, "Show my name"))
    with installation.sessions() as session:
        entry = session.scalars(select(WallEntry)).one()
        kept = find_card(session, begun)
    assert (entry.place, entry.first_name, entry.wording) == ("Salem", "Ana", "Show my name")
    assert kept is not None
    assert (kept.email, kept.sender) == ("bo@example.org", "Ana")


def test_a_donation_is_found_by_its_token_alone(
    installation: Installation, campaign: Campaign
) -> None:
    begun = begin(installation, campaign)
    with installation.sessions() as session:
        assert find_donation(session, begun.token).id == begun.id
        with pytest.raises(NotFound):
            find_donation(session, begun.public_id)
        assert lock_donation(session, begun.token) is None
        locked = lock_donation(session, begun.public_id)
        assert locked is not None
        assert locked.id == begun.id


def test_a_gift_is_saved_as_the_donor_chose_it(
    installation: Installation, campaign: Campaign
) -> None:
    chosen: dict[str, Any] = {
        "email": "Ana@example.org",
        "amount": 4000,
        "frequency": "monthly",
        "fee_cover": 151,
        "name": "Ana Reyes",
        "locale": "es",
        "anonymous": True,
        "comment": "Thank you",
        "tribute_kind": "memory",
        "tribute_name": "Rosa Reyes",
        "shared_computer": True,
        "code": "article-7",
        "consent_wording": "Email me",
    }
    begun = begin(installation, campaign, **chosen)
    assert {name: getattr(begun, name) for name in chosen} == chosen
    assert (begun.campaign_id, begun.currency, begun.state) == (campaign.id, "usd", "pending")
    assert (begun.charged_at, begun.paid_at, begun.session_id) == (None, None, None)
    plain = begin(installation, campaign, attempt="b", name="")
    assert (plain.fee_cover, plain.locale, plain.anonymous) == (0, "en", False)
    assert (plain.comment, plain.tribute_kind, plain.tribute_name, plain.code) == ("", "", "", "")
    assert (plain.consent_wording, plain.shared_computer) == ("", False)
    with installation.sessions() as session:
        donor = session.get_one(Donor, begun.donor_id)
    assert (donor.email, donor.name, donor.locale) == ("Ana@example.org", "Ana Reyes", "es")


def test_the_comment_of_the_form_is_kept_for_the_wall(
    installation: Installation, campaign: Campaign
) -> None:
    begin(installation, campaign, wall=WallRequest("Salem", "Show my name", "For the newsroom"))
    with installation.sessions() as session:
        entry = session.scalars(select(WallEntry)).one()
    assert (entry.place, entry.wording, entry.comment) == (
        "Salem",
        "Show my name",
        "For the newsroom",
    )


def test_a_donation_that_is_being_changed_is_waited_for_and_read_as_it_became(
    installation: Installation, campaign: Campaign
) -> None:
    begun = begin(installation, campaign)
    with installation.sessions.begin() as session:
        seen = session.get_one(Donation, begun.id)
        with ThreadPoolExecutor(1) as threads, installation.sessions.begin() as other:
            other.get_one(Donation, begun.id).name = "Ana Ortiz"
            other.flush()
            found = threads.submit(lock_donation, session, begun.public_id)
            wait_until(lambda: someone_waits(installation))
            other.commit()
            assert found.result() is seen
        assert seen.name == "Ana Ortiz"


@pytest.mark.parametrize("state", DonationState)
def test_only_an_open_donation_is_returned_for_the_same_form(
    installation: Installation, campaign: Campaign, state: DonationState
) -> None:
    first = begin(installation, campaign)
    statement = "UPDATE donation SET state = :state, charged_at = now(), paid_at = now()"
    run_sql(installation, statement, state=state.value)
    again = begin(installation, campaign)
    is_open = state in {DonationState.pending, DonationState.processing}
    assert (again.id == first.id) is is_open


@pytest.mark.parametrize("kind", dataclasses_of(donations, tribute_cards, gift_dates))
def test_what_the_form_said_cannot_be_changed_on_the_way(kind: type[Any]) -> None:
    assert_unchangeable(kind)
