"""Each fault of the account's setup is found, in a sentence that says what to do."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from campaign.core import clock
from campaign.core.errors import GatewayForbidden, GatewayUnavailable
from campaign.doctor import stripe_checks
from campaign.doctor.findings import Check, Finding, Level
from campaign.gateway.client import StripeGateway
from campaign.runtime.context import Installation
from campaign.stripe_events.registry import HANDLERS
from sandbox.stripe import StripeSandbox
from sandbox.stripe.objects import portal
from tests.conftest import UNREACHABLE, sandbox_address
from tests.support.stripe_shapes import shape

FAULT, NOTE, OK = Level.fault, Level.note, Level.ok
SITE = "https://give.example.org"
Change = Callable[..., None]


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def here(installation: Installation) -> Installation:
    """The installation at a public address."""
    return replace(installation, settings=replace(installation.settings, site_url=SITE))


def add_endpoint(stripe: StripeSandbox, **changes: object) -> str:
    made = portal.webhook_endpoint(f"{SITE}/stripe/webhook", list(HANDLERS), stripe.now())
    found = {**made, "api_version": "2026-10-28.endive", **changes}
    with stripe.account.transaction():
        stripe.account.add(found)
    return str(found["id"])


def levels(found: Iterable[Finding]) -> list[Level]:
    return [one.level for one in found]


def only_fault(check: Check, installation: Installation) -> str:
    (found,) = [one.text for one in check(installation) if one.level == FAULT]
    return found


@pytest.mark.parametrize(
    ("key", "site", "level"),
    [
        ("sk_test_x", SITE, NOTE),
        ("rk_test_x", "http://localhost:8000", NOTE),
        ("sk_live_x", SITE, OK),
        ("rk_live_x", "http://localhost:8000", FAULT),
        ("sk_live_x", "https://127.0.0.1", FAULT),
        ("sk_live_x", "http://give.example.org", FAULT),
    ],
)
def test_the_keys_mode_fits_the_address(
    installation: Installation, key: str, site: str, level: Level
) -> None:
    settings = replace(installation.settings, stripe_secret_key=key, site_url=site)
    found = stripe_checks.check_key(replace(installation, settings=settings))
    assert levels(found) == [level]


def test_what_stops_the_start_with_a_live_key_is_named(installation: Installation) -> None:
    assert levels(stripe_checks.check_live_settings(installation)) == [OK]
    settings = replace(installation.settings, stripe_secret_key="sk_live_x")
    live = replace(installation, settings=settings)
    said = [one.text for one in stripe_checks.check_live_settings(live)]
    assert all(one.startswith("The service does not start with a live key. ") for one in said)
    named = " ".join(said)
    for name in ("SECRET_KEY", "SITE_URL", "STRIPE_API_BASE", "STRIPE_WEBHOOK_SECRET"):
        assert f"{name}: " in named
    good = replace(
        settings,
        secret_key="8f3c1e0a7d5b9264e1f07a3c5d8b2946f0e1d2c3b4a59687c8d9e0f1a2b3c4d5",
        site_url=SITE,
        stripe_api_base="https://api.stripe.com",
        stripe_webhook_secrets=("whsec_9fK2mXq7LrT4vB8nZc1PwS6dHy3GjE5A",),
        database_url="postgresql+psycopg://db/campaign",
    )
    assert levels(stripe_checks.check_live_settings(replace(installation, settings=good))) == [OK]


@pytest.mark.parametrize("version", ["2019-12-03", "2024-06-20"])
def test_the_accounts_default_version_is_worth_knowing(
    here: Installation, stripe: StripeSandbox, version: str
) -> None:
    assert levels(stripe_checks.check_answer(here)) == [OK, OK]
    stripe.use_version(version)
    agreed, told = stripe_checks.check_answer(here)
    assert (agreed.level, told.level) == (OK, NOTE)
    assert version in told.text


@pytest.mark.parametrize("seconds", [-90, 90])
def test_a_wrong_clock_is_a_fault(
    here: Installation, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=seconds))
    assert "Turn on time synchronization" in only_fault(stripe_checks.check_answer, here)


def test_a_key_that_is_rejected_and_a_stripe_out_of_reach_are_errors(
    here: Installation, stripe: StripeSandbox
) -> None:
    wrong = replace(here, make_gateway=lambda: StripeGateway("sk_nothing", stripe.url))
    with pytest.raises(GatewayForbidden):
        list(stripe_checks.check_answer(wrong))
    away = replace(here, make_gateway=lambda: StripeGateway("sk_test_x", UNREACHABLE))
    with pytest.raises(GatewayUnavailable):
        list(stripe_checks.check_answer(away))
    stripe.fault("GET /v1/events", "500")
    with pytest.raises(GatewayUnavailable):
        list(stripe_checks.check_answer(here))


def test_each_missing_permission_is_named(here: Installation, stripe: StripeSandbox) -> None:
    restricted = replace(here, make_gateway=lambda: StripeGateway("rk_test_x", stripe.url))
    assert levels(stripe_checks.check_permissions(restricted)) == [OK]
    stripe.take_permissions(["rak_dispute_read", "rak_subscription_read"])
    found = list(stripe_checks.check_permissions(restricted))
    assert levels(found) == [FAULT, FAULT]
    assert "may not read disputes (rak_dispute_read)" in found[0].text
    assert "may not read subscriptions (rak_subscription_read)" in found[1].text


@pytest.mark.parametrize("events", [["*"], [*HANDLERS]])
@pytest.mark.parametrize("version", ["2026-10-28.endive", None])
def test_a_good_endpoint_is_ok(
    here: Installation, stripe: StripeSandbox, events: list[str], version: str | None
) -> None:
    add_endpoint(stripe, url=f"{SITE}/elsewhere", api_version="2019-12-03", enabled_events=[])
    add_endpoint(stripe, enabled_events=events, api_version=version)
    assert levels(stripe_checks.check_endpoint(here)) == [OK, OK]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"url": "https://other.example.org/stripe/webhook"},
            f"no webhook endpoint at {SITE}/stri",
        ),
        ({"status": "disabled"}, "is disabled. Enable it"),
        ({"livemode": True}, "is disabled"),
        ({"api_version": "2024-06-20"}, "is in API version 2024-06-20, ours is 2026-10-28.endive"),
        (
            {"enabled_events": sorted(set(HANDLERS) - {"invoice.paid", "charge.failed"})},
            "is not subscribed to charge.failed, invoice.paid.",
        ),
    ],
    ids=lambda value: str(value)[:20],
)
def test_each_fault_of_an_endpoint_is_named(
    here: Installation, stripe: StripeSandbox, changes: dict[str, object], said: str
) -> None:
    add_endpoint(stripe, **changes)
    assert said in only_fault(stripe_checks.check_endpoint, here)


def test_an_endpoint_without_a_version_has_the_accounts(
    here: Installation, stripe: StripeSandbox
) -> None:
    add_endpoint(stripe, api_version=None)
    stripe.use_version("2024-06-20")
    assert "is in API version 2024-06-20" in only_fault(stripe_checks.check_endpoint, here)


def test_two_endpoints_may_share_the_event_types(here: Installation, stripe: StripeSandbox) -> None:
    first, *others = HANDLERS
    add_endpoint(stripe, enabled_events=[first])
    add_endpoint(stripe, enabled_events=others)
    assert levels(stripe_checks.check_endpoint(here)) == [OK, OK, OK]


def test_the_portal_has_to_be_saved_and_to_let_donors_change_their_card(
    here: Installation, stripe: StripeSandbox
) -> None:
    assert levels(stripe_checks.check_portal(here)) == [OK]
    stripe.set_portal(saved=False)
    assert "were never saved" in only_fault(stripe_checks.check_portal, here)
    stripe.set_portal(saved=True, updates_cards=False)
    assert "does not let donors change" in only_fault(stripe_checks.check_portal, here)


@pytest.mark.parametrize(
    ("metadata", "adapted", "level"),
    [
        ({"donation_id": "don_1"}, {"enabled": True}, FAULT),
        ({"donation_id": "don_1"}, {"enabled": False}, OK),
        ({"donation_id": "don_1"}, None, OK),
        ({}, {"enabled": True}, OK),
    ],
)
def test_adaptive_pricing_is_seen_on_the_newest_gift(
    here: Installation,
    stripe: StripeSandbox,
    metadata: dict[str, str],
    adapted: dict[str, bool] | None,
    level: Level,
) -> None:
    changes = {"metadata": metadata, "adaptive_pricing": adapted}
    found = {**shape("checkout-session-payment").object, **changes}
    with stripe.account.transaction():
        stripe.account.add(found)
    assert levels(stripe_checks.check_adaptive_pricing(here)) == [level]
