"""A short siege: thieves' attempts reach Stripe without the protection, few do with it, and donors give either way."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import pytest

from bench.siege import SiegePlan
from bench.siege.siege import Outcome, SiegeRow, play, table
from campaign.audit.audit_log import Actor
from campaign.card_testing.policy import Demand
from campaign.card_testing.siege import begin_siege
from campaign.core import clock
from campaign.models import Campaign
from campaign.runtime.context import Installation
from campaign.web.giving import card_testing_gate, tickets
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address

SHORT = SiegePlan(attempts=60, donors=12, at_once=6, readers=3, hours=0.1, proofs_per_minute=1)


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def short_siege(installation: Installation, stripe: StripeSandbox) -> Outcome:
    with installation.sessions.begin() as session:
        begin_siege(session, "a short siege", Actor.command_line(), clock.now())
    behind = replace(installation, settings=replace(installation.settings, trusted_proxies=1))
    return play(SHORT, 20, behind, stripe)


@contextmanager
def nothing_is_asked() -> Iterator[None]:
    with patch.object(card_testing_gate, "assess", lambda _here, _attempt: Demand("none")):
        yield


def test_in_a_siege_few_of_the_thieves_attempts_reach_stripe_and_every_donor_gives(
    installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    # In six minutes, the places of twenty would be enough for every patient thief.
    with patch.object(tickets, "WAITS", 2):
        found = short_siege(installation, stripe)
    assert found.total.attempts == 60
    assert found.total.sessions <= 15, found.thieves
    assert found.donors.given + found.at_once.given == 12
    assert found.donors.turned_away + found.at_once.turned_away == 0
    assert found.at_once.proofs + found.at_once.waits == 6


def test_without_the_protection_each_of_them_does(
    installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    with nothing_is_asked():
        found = short_siege(installation, stripe)
    assert found.total.sessions == 60
    assert found.total.cards > 150
    assert [row.failed for row in table("short", found) if "thieves, all" in row.text] == [True]
    assert SiegeRow("x", failed=True).line() == "x  MISSED"
