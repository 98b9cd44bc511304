"""A donation that Stripe names is created again with its ids, once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from campaign.campaigns.campaigns import find_campaign
from campaign.donations.donations import find_donation
from campaign.donations.recreated import LostGift, names_donation, recreate_donation
from campaign.models import Campaign, Donation, Donor
from campaign.runtime.context import Installation

AT = datetime(2026, 12, 1, 20, tzinfo=UTC)
LOST = LostGift(
    public_id="don_bc2d77dc8cef24bb4c37",
    frequency="one_time",
    amount=7500,
    fee_cover=200,
    currency="usd",
    created_at=AT,
    email="late@example.org",
    name="Late Donor",
    locale="es",
    code="street",
    token="t" * 22,
    session_id="cs_test_1",
)


def recreate(installation: Installation, lost: LostGift = LOST) -> Donation:
    with installation.sessions.begin() as session:
        return recreate_donation(session, find_campaign(session, "nine-days"), lost)


def counts(installation: Installation) -> tuple[int, int]:
    with installation.sessions() as session:
        return (
            session.scalar(select(func.count()).select_from(Donation)) or 0,
            session.scalar(select(func.count()).select_from(Donor)) or 0,
        )


def test_a_donation_has_the_ids_and_the_page_it_had(
    installation: Installation, campaign: Campaign
) -> None:
    made = recreate(installation)
    assert (made.public_id, made.session_id) == (LOST.public_id, "cs_test_1")
    with installation.sessions() as session:
        for token in (LOST.token, made.token):
            assert find_donation(session, token).public_id == LOST.public_id
    assert (made.amount, made.fee_cover, made.currency, made.state) == (7500, 200, "usd", "pending")
    assert (made.email, made.name, made.locale, made.code) == (
        "late@example.org",
        "Late Donor",
        "es",
        "street",
    )
    assert (made.created_at, made.consent_wording) == (AT, "")
    with installation.sessions() as session:
        donor = session.get_one(Donor, made.donor_id)
        assert (donor.email, donor.name) == ("late@example.org", "Late Donor")


def test_it_is_created_once_also_concurrently(
    installation: Installation, campaign: Campaign
) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: recreate(installation).id, range(8)))
    assert len(set(made)) == 1
    assert counts(installation) == (1, 1)


def test_a_page_that_is_another_gifts_by_now_gets_a_new_address(
    installation: Installation, campaign: Campaign
) -> None:
    recreate(installation)
    other = recreate(installation, replace(LOST, public_id="don_0c2d77dc8cef24bb4c37"))
    unknown = recreate(installation, replace(LOST, public_id="don_1c2d77dc8cef24bb4c37", token=""))
    assert len({other.token, unknown.token, LOST.token}) == 3
    assert len(other.token) >= 16


def test_a_known_donor_gets_another_gift_and_one_without_address_is_nobody_known(
    installation: Installation, campaign: Campaign
) -> None:
    first = recreate(installation)
    second = replace(LOST, public_id="don_0c2d77dc8cef24bb4c37", email="LATE@example.org")
    assert recreate(installation, second).donor_id == first.donor_id
    for last in "12":
        bare = replace(LOST, public_id=f"don_{last}c2d77dc8cef24bb4c37", email="", name="")
        recreate(installation, bare)
    assert counts(installation) == (4, 3)


@pytest.mark.parametrize(
    ("public_id", "slug", "ours"),
    [
        (LOST.public_id, "nine-days", True),
        (LOST.public_id.upper(), "nine-days", False),
        ("don_1", "nine-days", False),
        (LOST.public_id, "", False),
        (LOST.public_id, "a\x00b", False),
        (None, "nine-days", False),
        (LOST.public_id, None, False),
        (LOST.public_id, 7, False),
    ],
)
def test_metadata_is_ours_if_it_has_our_form(public_id: object, slug: object, ours: bool) -> None:
    assert names_donation(public_id, slug) is ours


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_read(public_id: str, slug: str) -> None:
    assert names_donation(public_id, slug) in {True, False}
